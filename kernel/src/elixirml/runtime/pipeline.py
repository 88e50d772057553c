"""One execution of a program: its nodes, each when what it takes is there."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from elixirml.contracts.adapter import Feedback
from elixirml.contracts.capabilities import Capabilities
from elixirml.contracts.language_model import ModelResponse
from elixirml.contracts.predictor import Exchange, Prediction
from elixirml.contracts.schema import Schema
from elixirml.errors import DeclarationError, did_you_mean
from elixirml.programs.compiled import (
    AssertionNode,
    CompiledProgram,
    Fallback,
    FunctionNode,
    Node,
    PredictNode,
    ProgramNode,
    input_slot,
    stage_slot,
)
from elixirml.programs.program import Program
from elixirml.runtime.assertions import Judging
from elixirml.runtime.bound import BoundProgram, Call
from elixirml.runtime.context import RunContext
from elixirml.runtime.events import Span
from elixirml.runtime.ordering import ORDERINGS, Strategy
from elixirml.runtime.plain import field_of, plain, shown
from elixirml.runtime.predicting import predict_once
from elixirml.runtime.result import Followed, StageRecord
from elixirml.runtime.watching import ReplyRefused, Watch

__all__ = ["Pipeline", "awaited"]


class Pipeline:
    """One execution of one compiled program.

    Args:
        compiled: What to run.
        program: The instance it was compiled from; the `self` of its stages.
        context: The run.
        capabilities: What is installed.
        span: Where its events belong.
        strategy: In which order the nodes run.
    """

    def __init__(
        self,
        compiled: CompiledProgram,
        program: Program[Any, Any],
        *,
        context: RunContext,
        capabilities: Capabilities,
        span: Span,
        strategy: Strategy = Strategy.SEQUENTIAL,
    ) -> None:
        self._compiled = compiled
        self._program = program
        self._context = context
        self._capabilities = capabilities
        self._span = span
        self._strategy = strategy
        self._slots: dict[str, Any] = {}
        self._judging = Judging(compiled, context, span, call=self._called, plain=self._plain)

    async def run(self, inputs: Mapping[str, Any], *, feedback: Feedback | None = None) -> Any:
        """Return the typed output for typed inputs.

        Args:
            inputs: Values by field.
            feedback: Why its last output was refused, where it is a sub-program that runs again.

        Raises:
            AssertionFailed: A check refused an input, or an ensure still failed after its attempts.
            ElixirError: A stage failed; see `elixirml.errors`.
        """
        self._slots = {input_slot(name): value for name, value in inputs.items()}
        if feedback is not None and self._compiled.answers is not None:
            self._judging.tell(self._compiled.answers, feedback)
        await ORDERINGS[self._strategy](self._compiled, self._step)
        return self._output()

    @property
    def reply(self) -> str:
        """The last reply the output is made of."""
        return self._judging.reply(self._compiled.answers)

    async def _step(self, node: Node) -> frozenset[str]:
        """Run one node; return the nodes to run again, none to go on."""
        if isinstance(node, AssertionNode):
            return await self._judge(node)
        if isinstance(node, FunctionNode) or not node.manual:
            self._slots[stage_slot(node.name)] = await self._made(node)
        return frozenset()

    def _arguments(self, node: Node) -> dict[str, Any]:
        return {name: self._slots[slot] for name, slot in node.arguments.items()}

    async def _value_of(
        self,
        node: FunctionNode | PredictNode | ProgramNode,
        arguments: Mapping[str, Any],
        span: Span,
        *,
        watch: Watch | None = None,
    ) -> Any:
        kind = type(node).__name__.removesuffix("Node").lower()
        with span.inside("stage", stage=self._compiled.path(node.name), kind=kind) as inner:
            match node:
                case PredictNode():
                    return await self._predict(node, arguments, inner, watch)
                case ProgramNode():
                    return await self._sub_program(node, arguments, inner)
                case _:
                    return await awaited(node.function(self._bound(node.name, inner), **arguments))

    def _bound(self, node: str, span: Span) -> BoundProgram:
        """Return the `self` of a stage; what it asks for is told inside its own span."""

        def call(name: str) -> Call:
            return self._callable(name, node, span)

        return BoundProgram(self._program, call=call, value=self._value)

    async def _called(self, name: str, function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
        return await awaited(function(self._bound(name, self._span), **arguments))

    async def _predict(self, node: PredictNode, arguments: Mapping[str, Any], span: Span, watch: Watch | None) -> Any:
        value, record = await predict_once(
            node,
            arguments,
            context=self._context,
            capabilities=self._capabilities,
            span=span,
            feedback=self._judging.feedback(node.name),
            watch=watch,
        )
        self._context.stages.append(record)
        if self._context.predicted is not None:
            self._context.predicted(record)
        self._judging.answered(node.name, record.exchanges[-1].response.text if record.exchanges else "")
        return value

    async def _sub_program(self, node: ProgramNode, arguments: Mapping[str, Any], span: Span) -> Any:
        member: Program[Any, Any] = self._compiled.declaration.members[node.name]
        inner = Pipeline(
            node.compiled,
            member,
            context=self._context,
            capabilities=self._capabilities,
            span=span,
            strategy=self._strategy,
        )
        typed = node.compiled.inputs.validate({name: self._plain(value) for name, value in arguments.items()})
        fields = {each.name: field_of(typed, each.name, each.default) for each in node.compiled.inputs.fields}
        output = await inner.run(fields, feedback=self._judging.feedback(node.name))
        self._judging.answered(node.name, inner.reply)
        return output

    async def _judge(self, node: AssertionNode) -> frozenset[str]:
        """Judge an assertion; return the nodes to run again, none to go on."""
        arguments = {
            name: field_of(value, node.fields[name]) if name in node.fields else value
            for name, value in self._arguments(node).items()
        }
        if await self._judging.holds(node, arguments):
            return frozenset()
        match self._judging.lapse(node, arguments):
            case Followed.RETRY if node.retries is not None:
                return self._compiled.downstream(node.retries)
            case Followed.FALLBACK if node.fallback is not None:
                replaced = node.fallback.replaces
                self._slots[stage_slot(replaced)] = await self._fallen_back(node.fallback)
                return self._compiled.downstream(replaced) - {replaced}
            case _:
                return frozenset()

    async def _made(self, node: FunctionNode | PredictNode | ProgramNode) -> Any:
        """Return the value of a stage; it is made again while an assertion refuses its reply as that arrives."""
        while True:
            self._judging.begun(node.name)
            arguments = self._arguments(node)
            watch = self._watch(node)
            try:
                value = await self._value_of(node, arguments, self._span, watch=watch)
            except ReplyRefused as refusal:
                self._note_refused(node, arguments, refusal)
                self._drop(watch, besides=refusal)
                followed = self._judging.lapse(refusal.node, refusal.arguments)
                if followed is Followed.FALLBACK and refusal.node.fallback is not None:
                    return await self._fallen_back(refusal.node.fallback)
                await self._begin_anew(node, refusal.field)
            else:
                self._drop(watch)
                return value

    def _watch(self, node: Node) -> Watch | None:
        early = self._compiled.early.get(node.name)
        if early is None or not isinstance(node, PredictNode):
            return None
        return Watch(node.signature, early, self._slots, self._judging)

    def _drop(self, watch: Watch | None, *, besides: ReplyRefused | None = None) -> None:
        """Record the refusals that a strategy has gone on after."""
        for each in () if watch is None else watch.refused:
            if each is not besides:
                self._judging.note(each.node, Followed.DROPPED)

    def _note_refused(self, node: Node, arguments: Mapping[str, Any], refusal: ReplyRefused) -> None:
        path = self._compiled.path(node.name)
        judged = {name: self._plain(refusal.arguments[held]) for held, name in refusal.node.fields.items()}
        given = {name: self._plain(value) for name, value in arguments.items()}
        exchange = Exchange(path, refusal.request, ModelResponse(refusal.reply, "refused"))
        self._context.stages.append(StageRecord(path, given, judged, (exchange,), refused=True))

    async def _begin_anew(self, node: Node, field: str) -> None:
        if self._context.listener is not None:
            await self._context.listener.begin_anew(self._compiled.path(node.name), field)

    async def _fallen_back(self, fallback: Fallback) -> Any:
        """Return what stands in for a stage's value, as a value of that stage's type."""
        node = self._node(fallback.name) if fallback.function is None else _method(fallback)
        arguments = {name: self._slots[slot] for name, slot in fallback.arguments.items()}
        value = await self._value_of(node, arguments, self._span)
        replaced = self._node(fallback.replaces)
        if isinstance(replaced, FunctionNode):
            return value
        output = replaced.output if isinstance(replaced, PredictNode) else replaced.compiled.output
        known = self._fields(value, output, of=fallback.name)
        typed = output.validate(known)
        if isinstance(replaced, PredictNode) and self._context.listener is not None:
            await self._context.listener.to(replaced.path).conclude(Prediction(known))
        return typed

    def _fields(self, value: Any, output: Schema, *, of: str) -> dict[str, Any]:
        """Return the plain fields of what a fallback gives, as far as the output it stands in for has them."""
        fields = self._plain(value)
        if not isinstance(fields, Mapping):
            raise DeclarationError(
                f"The fallback `{of}` of {self._program.name} gave {shown(value)}, which is no {output.name}.",
                hint=f"Return a {output.name}, or a mapping with: {', '.join(each.name for each in output.fields)}.",
                code="fallback",
            )
        given = cast("Mapping[str, Any]", fields)
        return {each.name: given[each.name] for each in output.fields if each.name in given}

    def _node(self, name: str) -> FunctionNode | PredictNode | ProgramNode:
        node = self._compiled.nodes[self._compiled.positions[name]]
        assert not isinstance(node, AssertionNode)  # noqa: S101 - only stages are named so
        return node

    def _output(self) -> Any:
        rule = self._compiled.rule
        if rule.whole is not None:
            return self._slots[rule.whole]
        gathered = {
            name: self._plain(self._slots[slot] if attribute is None else field_of(self._slots[slot], attribute))
            for name, (slot, attribute) in rule.fields.items()
        }
        return self._compiled.output.validate(gathered)

    def _plain(self, value: Any) -> Any:
        return plain(value, self._capabilities.dump)

    def _value(self, name: str) -> Any:
        return self._context.value(self._compiled.path(name))

    def _callable(self, name: str, caller: str, span: Span) -> Callable[..., Awaitable[Any]]:
        node = self._compiled.nodes[self._compiled.positions[name]]
        assert isinstance(node, (PredictNode, ProgramNode))  # noqa: S101 - only these are bound as calls

        async def call(*values: Any, **inputs: Any) -> Any:
            taken = node.signature.inputs if isinstance(node, PredictNode) else node.compiled.inputs.fields
            known = [each.name for each in taken]
            lacking = [each.name for each in taken if each.required and each.name not in inputs]
            unknown = [each for each in inputs if each not in known]
            if values or lacking or unknown:
                strange = unknown or (["values without a name"] if values else [])
                raise DeclarationError(
                    f"The call of `{self._compiled.path(name)}` in `{caller}` "
                    f"{f'does not take {_listed(strange)}' if strange else f'lacks {_listed(lacking)}'}.",
                    hint=did_you_mean(unknown[0], known) if unknown else f"Write `await self.{name}({_call(known)})`.",
                    code="call-inputs",
                )
            self._judging.asked(caller, name)
            return await self._value_of(node, inputs, span)

        return call


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" if name.isidentifier() else name for name in names)


def _call(names: list[str]) -> str:
    return ", ".join(f"{name}=..." for name in names)


def _method(fallback: Fallback) -> FunctionNode:
    """Return a method of the class as a stage."""
    assert fallback.function is not None  # noqa: S101 - else it is a stage already
    return FunctionNode(fallback.name, fallback.arguments, fallback.function, fallback.calls)


async def awaited(value: Any) -> Any:
    """Return a value, awaited when it can be."""
    return await value if inspect.isawaitable(value) else value
