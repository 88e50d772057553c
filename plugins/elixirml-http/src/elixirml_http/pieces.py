"""What the wire formats come down to: the pieces of a streamed reply, and the reply they add up to."""

from collections.abc import Iterator
from typing import Protocol, TypeAlias

from attrs import define, field, frozen

from elixirml.contracts import ModelResponse, ReasoningDelta, TextDelta, ToolCall, ToolCallDelta, Usage

__all__ = ["Broken", "Done", "Events", "Finished", "Gathering", "Piece", "Used"]


@frozen
class Finished:
    """Why the model stopped: `stop`, `length`, `tool_calls`, or the provider's own word."""

    reason: str


@frozen
class Used:
    """Tokens, as the provider counts them."""

    tokens_in: int
    tokens_out: int
    tokens_cached: int = 0


@frozen
class Broken:
    """The stream says that something went wrong, or is no stream of this format."""

    code: str
    message: str | None = None


@frozen
class Done:
    """The end the format foresees."""


Piece: TypeAlias = TextDelta | ReasoningDelta | ToolCallDelta | Finished | Used | Broken | Done


class Events(Protocol):
    """Reads the events of one streamed reply."""

    @property
    def model(self) -> str:
        """The model that replies, in the provider's words; empty until it is told."""
        ...

    def read(self, data: str) -> Iterator[Piece]:
        """Yield what one event says."""
        ...

    def end(self) -> Iterator[Piece]:
        """Yield what is to be said when the bytes end."""
        ...


@define
class _Call:
    """A tool call as it grows."""

    id: str = ""
    name: str = ""
    arguments: list[str] = field(factory=list[str])


@define
class Gathering:
    """Adds pieces up."""

    _text: list[str] = field(factory=list[str])
    _reasoning: list[str] = field(factory=list[str])
    _calls: dict[int, _Call] = field(factory=dict[int, _Call])
    finish: str = ""
    used: Used = field(factory=lambda: Used(0, 0))
    model: str = ""

    def take(self, piece: Piece) -> None:
        """Add one piece."""
        match piece:
            case TextDelta(text):
                self._text.append(text)
            case ReasoningDelta(text):
                self._reasoning.append(text)
            case ToolCallDelta(index, id, name, arguments):
                call = self._calls.setdefault(index, _Call())
                call.id, call.name = call.id or id, call.name or name
                call.arguments.append(arguments)
            case Finished(reason):
                self.finish = reason
            case Used():
                self.used = piece
            case _:
                pass

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._text)

    def response(self) -> ModelResponse:
        """Return the reply that the pieces make."""
        calls = tuple(
            ToolCall(each.id, each.name, "".join(each.arguments) or "{}") for _, each in sorted(self._calls.items())
        )
        return ModelResponse(
            text=self.text,
            finish=self.finish or "stop",
            usage=Usage(
                calls=1,
                tokens_in=self.used.tokens_in,
                tokens_cached=self.used.tokens_cached,
                tokens_out=self.used.tokens_out,
                money=None,
            ),
            reasoning="".join(self._reasoning),
            tool_calls=calls,
            model=self.model,
        )
