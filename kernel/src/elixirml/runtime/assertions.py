"""Judging: what assertions say of the values of one execution, what follows, and what is left of it in the trace."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from attrs import define, evolve, field

from elixirml.contracts.adapter import Feedback
from elixirml.errors import AssertionFailed
from elixirml.programs.compiled import AssertionNode, CompiledProgram, FunctionNode, ProgramNode
from elixirml.programs.deciding import verdict_of
from elixirml.programs.stages import Then
from elixirml.runtime.context import RunContext
from elixirml.runtime.events import Span
from elixirml.runtime.result import Followed, Lapse

__all__ = ["Judging"]

_LONGEST: Final = 1000
"""The most characters of a refused reply, and of the reason, that are told a model: prompts grow no further."""


@define(eq=False)
class Judging:
    """The assertions of one execution of one program.

    Attributes:
        compiled: Whose assertions they are.
        context: The run.
        span: Where events belong.
        call: Calls the function of an assertion: its name, the function, and its arguments.
        plain: Returns the plain data of a value.
    """

    compiled: CompiledProgram
    context: RunContext
    span: Span
    call: Callable[[str, Callable[..., Any], Mapping[str, Any]], Awaitable[Any]]
    plain: Callable[[Any], Any]
    _made: Counter[str] = field(factory=Counter[str], init=False)
    _asked: dict[str, str] = field(factory=dict[str, str], init=False)
    _replies: dict[str, str] = field(factory=dict[str, str], init=False)
    _feedback: dict[str, Feedback] = field(factory=dict[str, Feedback], init=False)
    _fallen: set[str] = field(factory=set[str], init=False)
    _lapses: dict[str, list[int]] = field(factory=dict[str, list[int]], init=False)
    _held: dict[str, Mapping[str, Any]] = field(factory=dict[str, Mapping[str, Any]], init=False)

    # What stages do

    def begun(self, stage: str) -> None:
        """Note that a stage begins to make its value, once more; nothing is known to hold of it."""
        self._made[stage] += 1
        for node in self.compiled.early.get(stage, ()):
            self._held.pop(node.name, None)

    def asked(self, caller: str, stage: str) -> None:
        """Note that a Python stage asks another one."""
        self._asked[caller] = stage

    def answered(self, stage: str, reply: str) -> None:
        """Note the last reply to a stage."""
        self._replies[stage] = reply

    def reply(self, stage: str | None) -> str:
        """Return the last reply to a stage; empty when there was none."""
        return self._replies.get(stage or "", "")

    def tell(self, stage: str, feedback: Feedback) -> None:
        """Keep feedback for the next call of a stage, in place of any older one."""
        self._feedback[self._asking(stage)] = feedback

    def feedback(self, stage: str) -> Feedback | None:
        """Return why the last reply to a stage was refused, once."""
        return self._feedback.pop(stage, None)

    def _asking(self, stage: str) -> str:
        """Return the stage itself, or what it asked last where it is a Python stage."""
        node = self.compiled.nodes[self.compiled.positions[stage]]
        return self._asked.get(stage, node.calls[0]) if isinstance(node, FunctionNode) and node.calls else stage

    # What assertions say

    async def says(self, node: AssertionNode, arguments: Mapping[str, Any]) -> bool:
        """Return whether an assertion holds.

        Raises:
            DeclarationError: It says neither.
        """
        said = await self.call(node.name, node.function, arguments)
        return verdict_of(said, kind=node.kind, name=self.compiled.path(node.name))

    async def holds(self, node: AssertionNode, arguments: Mapping[str, Any]) -> bool:
        """Return whether an assertion holds; where it has failed before, that is now mended.

        Raises:
            DeclarationError: It says neither.
        """
        held = self._held.pop(node.name, None)
        if not (held is not None and held == _fields(node, arguments)) and not await self.says(node, arguments):
            return False
        self._mended(node)
        return True

    def held(self, node: AssertionNode, arguments: Mapping[str, Any]) -> None:
        """Note that an assertion held of fields as they arrived, so that it is not judged twice of the same."""
        self._held[node.name] = _fields(node, arguments)

    # What follows

    def lapse(self, node: AssertionNode, arguments: Mapping[str, Any]) -> Followed:
        """Record that an assertion has failed and return what follows; a retry is told the reason.

        Raises:
            AssertionFailed: Nothing is left to be tried.
        """
        attempt = max(1, self._made[node.retries or ""])
        followed = self._following(node, attempt)
        self.note(node, followed)
        match followed:
            case Followed.RETRY:
                assert node.retries is not None  # noqa: S101 - else something else follows
                said = self._said(node, arguments)
                self.tell(node.retries, Feedback(_bounded(said), _bounded(node.message)))
                self._refuse(node.retries)
            case Followed.FALLBACK:
                self._fallen.add(node.name)
                if node.retries is not None:
                    self._refuse(node.retries)
            case Followed.RAISE:
                raise self._failure(node, arguments, attempt)
            case _:
                pass
        return followed

    def note(self, node: AssertionNode, followed: Followed) -> None:
        """Record that an assertion has failed."""
        name, attempt = self.compiled.path(node.name), max(1, self._made[node.retries or ""])
        self._lapses.setdefault(node.name, []).append(len(self.context.lapses))
        self.context.lapses.append(Lapse(name, node.message, attempt, followed))
        self.span.tell(
            "assertion.failed", assertion=name, message=node.message, attempt=attempt, followed=str(followed)
        )

    def _following(self, node: AssertionNode, attempt: int) -> Followed:
        if node.then is Then.RECORD:
            return Followed.RECORD
        if node.then is Then.RETRY and node.retries is not None and attempt < node.attempts:
            return Followed.RETRY
        if node.fallback is not None and node.name not in self._fallen:
            return Followed.FALLBACK
        return Followed.RAISE

    def _mended(self, node: AssertionNode) -> None:
        lapses = self._lapses.pop(node.name, [])
        for at in lapses:
            self.context.lapses[at] = evolve(self.context.lapses[at], mended=True)
        if lapses:
            self.span.tell("assertion.mended", assertion=self.compiled.path(node.name), failures=len(lapses))

    def _said(self, node: AssertionNode, arguments: Mapping[str, Any]) -> str:
        """Return what is refused: the fields that are judged, or else the whole reply."""
        if not node.fields:
            return self.reply(self._asking(node.retries or ""))
        fields = {name: self.plain(value) for name, value in _fields(node, arguments).items()}
        return json.dumps(fields, ensure_ascii=False)

    def _refuse(self, stage: str) -> None:
        """Mark the last record of a stage: what it shows is no good example."""
        path, records = self._answering(stage), self.context.stages
        at = next((at for at in range(len(records) - 1, -1, -1) if records[at].path == path), None)
        if at is not None:
            records[at] = evolve(records[at], refused=True)

    def _answering(self, stage: str) -> str:
        """Return the path of the predict stage whose reply is a stage's value."""
        name, compiled = self._asking(stage), self.compiled
        node = compiled.nodes[compiled.positions[name]]
        while isinstance(node, ProgramNode) and node.compiled.answers is not None:
            name, compiled = node.compiled.answers, node.compiled
            node = compiled.nodes[compiled.positions[name]]
        return compiled.path(name)

    def _failure(self, node: AssertionNode, arguments: Mapping[str, Any], attempt: int) -> AssertionFailed:
        also = f" (its fallback `{node.fallback.name}` too)" if node.fallback and node.name in self._fallen else ""
        return AssertionFailed(
            f"{self.compiled.name}.{node.name}: {node.message}{also}",
            assertion=self.compiled.path(node.name),
            value=dict(arguments),
            attempts=attempt,
        )


def _fields(node: AssertionNode, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields an assertion judges, by their own names."""
    return {name: arguments[parameter] for parameter, name in node.fields.items()}


def _bounded(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
