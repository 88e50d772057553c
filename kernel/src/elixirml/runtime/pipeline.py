"""One execution of a program: its nodes, each when what it takes is there."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from elixirml.contracts.adapter import Feedback
from elixirml.contracts.capabilities import Capabilities
from elixirml.errors import AssertionFailed, DeclarationError, did_you_mean
from elixirml.programs.compiled import (
    AssertionNode,
    CompiledProgram,
    FunctionNode,
    Node,
    PredictNode,
    ProgramNode,
    input_slot,
    stage_slot,
)
from elixirml.programs.program import Program
from elixirml.programs.stages import Then
from elixirml.runtime.bound import BoundProgram, Call
from elixirml.runtime.context import RunContext
from elixirml.runtime.events import Span
from elixirml.runtime.ordering import ORDERINGS, Strategy
from elixirml.runtime.plain import plain
from elixirml.runtime.predicting import predict_once
from elixirml.runtime.result import Lapse

__all__ = ["Pipeline", "awaited", "field_of"]


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
        self._made: dict[str, int] = {}
        self._feedback: dict[str, Feedback] = {}
        self._replies: dict[str, str] = {}
        self._asked: dict[str, str] = {}

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
            self._tell(self._compiled.answers, feedback)
        await ORDERINGS[self._strategy](self._compiled, self._step)
        return self._output()

    @property
    def reply(self) -> str:
        """The last reply the output is made of."""
        return self._replies.get(self._compiled.answers or "", "")

    async def _step(self, node: Node) -> frozenset[str]:
        """Run one node; return the nodes to run again, none to go on."""
        if isinstance(node, AssertionNode):
            again = await self._judge(node)
            return frozenset() if again is None else self._compiled.downstream(again)
        if not (isinstance(node, PredictNode) and node.manual):
            self._made[node.name] = self._made.get(node.name, 0) + 1
            self._slots[stage_slot(node.name)] = await self._value_of(node, self._arguments(node), self._span)
        return frozenset()

    def _arguments(self, node: Node) -> dict[str, Any]:
        return {name: self._slots[slot] for name, slot in node.arguments.items()}

    async def _value_of(
        self, node: FunctionNode | PredictNode | ProgramNode, arguments: Mapping[str, Any], span: Span
    ) -> Any:
        kind = type(node).__name__.removesuffix("Node").lower()
        with span.inside("stage", stage=self._compiled.path(node.name), kind=kind) as inner:
            match node:
                case PredictNode():
                    return await self._predict(node, arguments, inner)
                case ProgramNode():
                    return await self._sub_program(node, arguments, inner)
                case _:
                    return await awaited(node.function(self._bound(node.name, inner), **arguments))

    def _bound(self, node: str, span: Span) -> BoundProgram:
        """Return the `self` of a stage; what it asks for is told inside its own span."""

        def call(name: str) -> Call:
            return self._callable(name, node, span)

        return BoundProgram(self._program, call=call, value=self._value)

    async def _predict(self, node: PredictNode, arguments: Mapping[str, Any], span: Span) -> Any:
        value, record = await predict_once(
            node,
            arguments,
            context=self._context,
            capabilities=self._capabilities,
            span=span,
            feedback=self._feedback.pop(node.name, None),
        )
        self._context.stages.append(record)
        self._replies[node.name] = record.exchanges[-1].response.text if record.exchanges else ""
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
        output = await inner.run(fields, feedback=self._feedback.pop(node.name, None))
        self._replies[node.name] = inner.reply
        return output

    async def _judge(self, node: AssertionNode) -> str | None:
        """Judge an assertion; return the stage to run again, or None to go on."""
        verdict = await awaited(node.function(self._bound(node.name, self._span), **self._arguments(node)))
        name = self._compiled.path(node.name)
        if verdict is None:
            raise DeclarationError(
                f"The {node.kind} `{name}` returned None, so it says neither that it holds nor that it fails.",
                hint="Return True or False.",
                code="assertion-none",
            )
        if verdict:
            return None
        attempt = max(1, self._made.get(node.retries or "", 1))
        self._context.lapses.append(Lapse(name, node.message, attempt))
        self._span.tell("assertion.failed", assertion=name, message=node.message, attempt=attempt)
        if node.then is Then.RECORD:
            return None
        if node.then is Then.RETRY and node.retries is not None and attempt < node.attempts:
            said = self._replies.get(self._asked.get(node.retries, node.retries), "")
            self._tell(node.retries, Feedback(said, node.message))
            return node.retries
        raise AssertionFailed(
            f"{self._program.name}.{node.name}: {node.message}",
            assertion=name,
            value=self._arguments(node),
            attempts=attempt,
        )

    def _tell(self, name: str, feedback: Feedback) -> None:
        """Keep feedback for the next call of a stage; that of a Python stage is for what it asked last."""
        node = self._compiled.nodes[self._compiled.positions[name]]
        if isinstance(node, FunctionNode):
            name = self._asked.get(name, node.calls[0])
        self._feedback[name] = feedback

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
            self._asked[caller] = name
            return await self._value_of(node, inputs, span)

        return call


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" if name.isidentifier() else name for name in names)


def _call(names: list[str]) -> str:
    return ", ".join(f"{name}=..." for name in names)


def field_of(value: Any, name: str, default: Any = None) -> Any:
    """Return a field of a record, whether it is a mapping or an object; an absent one has the default."""
    if isinstance(value, Mapping):
        return cast("Mapping[str, Any]", value).get(name, default)
    return getattr(value, name)


async def awaited(value: Any) -> Any:
    """Return a value, awaited when it can be."""
    return await value if inspect.isawaitable(value) else value
