"""Watching replies as they arrive: assertions over fields are judged as soon as the fields are complete."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from attrs import define, field

from elixirml.contracts.language_model import ModelRequest
from elixirml.contracts.signature import Signature
from elixirml.contracts.stream import FieldDelta
from elixirml.errors import ParseError, ValidationError
from elixirml.identity import Json
from elixirml.programs.compiled import AssertionNode
from elixirml.runtime.assertions import Judging
from elixirml.runtime.plain import field_of

__all__ = ["ReplyRefused", "Watch"]


class ReplyRefused(ParseError):
    """An assertion refused a reply while it arrived; to a strategy that draws several it is one that cannot be used.

    Args:
        node: The assertion.
        arguments: What it judged.
        request: What was asked.
        field: The field that was complete last.
    """

    default_code = "reply-refused"

    def __init__(self, node: AssertionNode, arguments: Mapping[str, Any], *, request: ModelRequest, field: str) -> None:
        super().__init__(
            f"The assertion `{node.name}` refused a reply as it arrived: {node.message}",
            failure="refused",
            path=(field,),
        )
        self.node = node
        self.arguments = arguments
        self.request = request
        self.field = field


@define(eq=False)
class Watch:
    """Judges the replies to one stage, for one value of it.

    Attributes:
        signature: The stage's own.
        nodes: What is judged early.
        known: Slot to value, for what they take besides fields.
        judging: Who says what holds.
        refused: Every refusal so far; a strategy may have gone on after some.
    """

    signature: Signature
    nodes: tuple[AssertionNode, ...]
    known: Mapping[str, Any]
    judging: Judging
    refused: list[ReplyRefused] = field(factory=list[ReplyRefused], init=False)

    def begin(self, task: Signature, request: ModelRequest) -> Callable[[FieldDelta], Awaitable[None]] | None:
        """Return what hears the fields of one reply; None where the reply has none that are judged.

        A strategy may ask for other things by the way: only fields as the stage declares them are judged.
        """
        fields = _common(self.signature, task)
        nodes = tuple(each for each in self.nodes if fields.issuperset(each.fields.values()))
        return _Reply(self, nodes, request).hear if nodes else None


def _common(one: Signature, other: Signature) -> frozenset[str]:
    """Return the names of the outputs that two tasks have alike."""
    return frozenset(each.name for each in one.outputs if each in other.outputs)


@define(eq=False)
class _Reply:
    """One reply that is watched."""

    watch: Watch
    nodes: tuple[AssertionNode, ...]
    request: ModelRequest
    _texts: dict[str, list[str]] = field(factory=dict[str, list[str]], init=False)
    _complete: dict[str, Json] = field(factory=dict[str, Json], init=False)

    async def hear(self, delta: FieldDelta) -> None:
        """Take more of a field; when it is complete, judge what waits for it.

        Raises:
            ReplyRefused: An assertion fails.
        """
        self._texts.setdefault(delta.field, []).append(delta.text)
        if not delta.last:
            return
        try:
            self._complete[delta.field] = self._value(delta.field)
        except ValueError:  # written in a way of the format's own: judged when the reply has been read
            return
        for node in self.nodes:
            if delta.field in node.fields.values() and self._complete.keys() >= set(node.fields.values()):
                await self._judge(node, delta.field)

    def _value(self, name: str) -> Json:
        text = "".join(self._texts.get(name, ()))
        declared = next((each for each in self.watch.signature.outputs if each.name == name), None)
        if declared is None:
            return None
        value: Json = text if declared.schema.get("type") == "string" else json.loads(text)
        return value

    async def _judge(self, node: AssertionNode, last: str) -> None:
        arguments = self._arguments(node)
        if arguments is None:
            return
        if not await self.watch.judging.says(node, arguments):
            refusal = ReplyRefused(node, arguments, request=self.request, field=last)
            self.watch.refused.append(refusal)
            raise refusal
        self.watch.judging.held(node, arguments)

    def _arguments(self, node: AssertionNode) -> dict[str, Any] | None:
        """Return what an assertion judges; None where fields are not of their types, as their reader will say."""
        assert node.early is not None  # noqa: S101 - only such nodes are watched
        try:
            typed = node.early.validate({name: self._complete[name] for name in node.fields.values()})
        except ValidationError:
            return None
        return {
            parameter: field_of(typed, node.fields[parameter]) if parameter in node.fields else self.watch.known[slot]
            for parameter, slot in node.arguments.items()
        }
