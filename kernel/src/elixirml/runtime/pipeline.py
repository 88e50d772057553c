"""The sequential strategy: nodes in their order, one after the other."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from elixirml.contracts.adapter import Feedback
from elixirml.contracts.capabilities import Capabilities
from elixirml.errors import AssertionFailed
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
from elixirml.runtime.bound import BoundProgram
from elixirml.runtime.context import RunContext
from elixirml.runtime.plain import plain
from elixirml.runtime.predicting import predict_once
from elixirml.runtime.result import Lapse

__all__ = ["Pipeline", "awaited"]


class Pipeline:
    """One execution of one compiled program.

    Args:
        compiled: What to run.
        program: The instance it was compiled from; the `self` of its stages.
        context: The run.
        capabilities: What is installed.
    """

    def __init__(
        self,
        compiled: CompiledProgram,
        program: Program[Any, Any],
        *,
        context: RunContext,
        capabilities: Capabilities,
    ) -> None:
        self._compiled = compiled
        self._program = program
        self._context = context
        self._capabilities = capabilities
        self._slots: dict[str, Any] = {}
        self._feedback: dict[str, Feedback] = {}
        self._replies: dict[str, str] = {}
        self._attempts: dict[str, int] = {}
        self._self = BoundProgram(program, call=self._callable, value=self._value)

    async def run(self, inputs: Mapping[str, Any]) -> Any:
        """Return the typed output for typed inputs.

        Raises:
            AssertionFailed: A check refused an input, or an ensure still failed after its attempts.
            ElixirError: A stage failed; see `elixirml.errors`.
        """
        self._slots = {input_slot(name): value for name, value in inputs.items()}
        position = 0
        nodes = self._compiled.nodes
        while position < len(nodes):
            node = nodes[position]
            if isinstance(node, AssertionNode):
                retry = await self._assert(node)
                position = self._position(retry) if retry is not None else position + 1
            else:
                if not getattr(node, "manual", False):
                    self._slots[stage_slot(node.name)] = await self._value_of(node)
                position += 1
        return self._output()

    def _position(self, name: str) -> int:
        return next(at for at, node in enumerate(self._compiled.nodes) if node.name == name)

    async def _value_of(self, node: Node) -> Any:
        arguments = {name: self._slots[slot] for name, slot in node.arguments.items()}
        match node:
            case PredictNode():
                return await self._predict(node, arguments)
            case ProgramNode():
                return await self._sub_program(node, arguments)
            case FunctionNode() | AssertionNode():
                return await awaited(node.function(self._self, **arguments))

    async def _predict(self, node: PredictNode, arguments: Mapping[str, Any]) -> Any:
        value, record = await predict_once(
            node,
            arguments,
            context=self._context,
            capabilities=self._capabilities,
            feedback=self._feedback.pop(node.name, None),
        )
        self._context.stages.append(record)
        self._replies[node.name] = record.exchanges[-1].response.text if record.exchanges else ""
        return value

    async def _sub_program(self, node: ProgramNode, arguments: Mapping[str, Any]) -> Any:
        member: Program[Any, Any] = self._compiled.declaration.members[node.name]
        inner = Pipeline(node.compiled, member, context=self._context, capabilities=self._capabilities)
        typed = node.compiled.inputs.validate({name: plain(value) for name, value in arguments.items()})
        fields = {each.name: _field(typed, each.name) for each in node.compiled.inputs.fields}
        return await inner.run(fields)

    async def _assert(self, node: AssertionNode) -> str | None:
        """Judge an assertion; return the stage to run again, or None to go on."""
        if await self._value_of(node):
            return None
        attempt = self._attempts.get(node.name, 0) + 1
        self._attempts[node.name] = attempt
        self._context.lapses.append(Lapse(node.name, node.message, attempt))
        self._context.span.tell("assertion.failed", assertion=node.name, message=node.message, attempt=attempt)
        if node.then is Then.RECORD:
            return None
        if node.then is Then.RETRY and node.retries is not None and attempt < node.attempts:
            self._feedback[node.retries] = Feedback(self._replies.get(node.retries, ""), node.message)
            return node.retries
        raise AssertionFailed(
            f"{self._compiled.name}.{node.name}: {node.message}",
            assertion=node.name,
            value={name: self._slots[slot] for name, slot in node.arguments.items()},
            attempts=attempt,
        )

    def _output(self) -> Any:
        rule = self._compiled.rule
        if rule.whole is not None:
            return self._slots[rule.whole]
        gathered = {
            name: plain(self._slots[slot] if attribute is None else _field(self._slots[slot], attribute))
            for name, (slot, attribute) in rule.fields.items()
        }
        return self._compiled.output.validate(gathered)

    def _value(self, name: str) -> Any:
        prefix = self._compiled.prefix
        return self._context.value(f"{prefix}.{name}" if prefix else name)

    def _callable(self, name: str) -> Callable[..., Awaitable[Any]]:
        node = self._compiled.nodes[self._position(name)]

        async def call(**inputs: Any) -> Any:
            if isinstance(node, PredictNode):
                return await self._predict(node, inputs)
            if isinstance(node, ProgramNode):
                return await self._sub_program(node, inputs)
            raise TypeError(f"`{name}` is not a predict stage or a sub-program.")

        return call


def _field(value: Any, name: str) -> Any:
    return value[name] if isinstance(value, Mapping) else getattr(value, name)


async def awaited(value: Any) -> Any:
    """Return a value, awaited when it can be."""
    return await value if inspect.isawaitable(value) else value
