"""What a streamed reply is: pieces as they arrive, and at the end the whole response.

A provider's own events become four kinds of piece, whatever the wire format. The last piece is always a `ModelEnd`, and
what the pieces said equals what its response holds; a stream that breaks raises instead.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol, TypeAlias, cast, runtime_checkable

from attrs import frozen

from elixirml.contracts.language_model import Capability, LanguageModel, ModelRequest, ModelResponse

__all__ = [
    "CallStreamParser",
    "FieldDelta",
    "ModelDelta",
    "ModelEnd",
    "ReasoningDelta",
    "StreamParser",
    "StreamingModel",
    "TextDelta",
    "ToolCallDelta",
    "streamed",
]


@frozen
class TextDelta:
    """More text of the reply."""

    text: str


@frozen
class ReasoningDelta:
    """More of what the model thinks before it replies."""

    text: str


@frozen
class ToolCallDelta:
    """More of a tool call.

    Attributes:
        index: Which of the reply's calls, counting from 0.
        id: Given with the first piece of a call, else empty.
        name: Given with the first piece of a call, else empty.
        arguments: More of the JSON text of its arguments.
    """

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


@frozen
class ModelEnd:
    """The end of a reply that came whole."""

    response: ModelResponse


ModelDelta: TypeAlias = TextDelta | ReasoningDelta | ToolCallDelta | ModelEnd


@runtime_checkable
class StreamingModel(Protocol):
    """A language model with `Capability.STREAM`."""

    def stream(self, request: ModelRequest) -> AbstractAsyncContextManager[AsyncIterator[ModelDelta]]:
        """Return a context in which the reply arrives piece by piece; leaving it early ends the call at its source.

        Raises:
            ModelError: No reply came, or it broke off; `partial` then holds the text that had arrived.
        """
        ...


def streamed(model: LanguageModel, request: ModelRequest) -> AbstractAsyncContextManager[AsyncIterator[ModelDelta]]:
    """Return the reply of any model as a stream: of pieces where it can, else of one.

    Example:
        >>> async def show(model, request):
        ...     async with streamed(model, request) as deltas:
        ...         async for delta in deltas:
        ...             print(delta)
    """
    if Capability.STREAM in model.capabilities:
        return cast("StreamingModel", model).stream(request)
    return _whole(model, request)


@asynccontextmanager
async def _whole(model: LanguageModel, request: ModelRequest) -> AsyncGenerator[AsyncIterator[ModelDelta], None]:
    async def pieces() -> AsyncIterator[ModelDelta]:
        response = await model.complete(request)
        for piece in _pieces(response):
            yield piece

    deltas = pieces()
    try:
        yield deltas
    finally:
        await deltas.aclose()  # type: ignore[attr-defined]  # an async generator, seen as what it promises


def _pieces(response: ModelResponse) -> Sequence[ModelDelta]:
    calls = (ToolCallDelta(index, each.id, each.name, each.arguments) for index, each in enumerate(response.tool_calls))
    return [
        *([ReasoningDelta(response.reasoning)] if response.reasoning else []),
        *([TextDelta(response.text)] if response.text else []),
        *calls,
        ModelEnd(response),
    ]


@frozen
class FieldDelta:
    """More of one output field.

    Attributes:
        field: Its name.
        text: What came; for a text field, joined pieces equal the final value, else its source text.
        last: Whether the field is complete; told once a field.
    """

    field: str
    text: str
    last: bool = False


class StreamParser(Protocol):
    """Reads one reply as it arrives; see `StreamingAdapter`."""

    def feed(self, text: str) -> Sequence[FieldDelta]:
        """Take more of the reply, cut anywhere, and return what it adds to the fields."""
        ...

    def close(self) -> Sequence[FieldDelta]:
        """Take note that the reply has ended and return what was held back.

        Nothing is judged here: whether the reply holds the outputs is `Adapter.parse`'s to say.
        """
        ...


@runtime_checkable
class CallStreamParser(StreamParser, Protocol):
    """Reads replies that are tool calls, too.

    .. versionadded:: 0.1
    """

    def feed_call(self, call: ToolCallDelta) -> Sequence[FieldDelta]:
        """Take more of a tool call, its arguments cut anywhere, and return what it adds to the fields."""
        ...
