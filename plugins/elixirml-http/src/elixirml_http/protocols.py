"""The two protocols, as far as a client must tell them apart."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from attrs import field, frozen

from elixirml.contracts import Capability, ModelRequest, ModelResponse
from elixirml_http.anthropic_messages import MessageEvents, as_reply, messages_body, messages_response
from elixirml_http.config import EndpointConfig
from elixirml_http.openai_chat import ChatEvents, chat_body, chat_response
from elixirml_http.pieces import Piece

__all__ = ["Events", "Speech", "speech"]


class Events(Protocol):
    """Reads the events of one streamed reply."""

    over: bool
    model: str

    def read(self, data: str) -> Iterator[Piece]:
        """Yield what one event says."""
        ...

    def end(self) -> Iterator[Piece]:
        """Yield what is to be said when the bytes end."""
        ...


@frozen
class Speech:
    """How to speak to an endpoint.

    Attributes:
        path: What the base URL is followed by.
        body: Makes the body of a request: request, model, whether to stream.
        response: Reads a whole reply.
        events: Makes a reader of a streamed reply.
        finished: Has the last word on the reply that the pieces of a stream make.
        headers: Makes the headers that carry a key.
        capabilities: What models there can do.
    """

    path: str
    body: Callable[[ModelRequest, str, bool], dict[str, Any]]
    response: Callable[[Mapping[str, Any]], ModelResponse]
    events: Callable[[], Events]
    finished: Callable[[ModelResponse], ModelResponse]
    headers: Callable[[str | None], dict[str, str]] = field(repr=False)
    capabilities: frozenset[Capability]


def speech(endpoint: EndpointConfig) -> Speech:
    """Return how to speak to an endpoint."""
    if endpoint.protocol == "anthropic":
        return _ANTHROPIC
    grammar = {Capability.GRAMMAR} if endpoint.grammar else frozenset[Capability]()
    return Speech(
        path="/chat/completions",
        body=lambda request, model, stream: chat_body(request, model, stream=stream, tokens_name=endpoint.tokens_name),
        response=chat_response,
        events=ChatEvents,
        finished=lambda response: response,
        headers=lambda key: {} if key is None else {"authorization": f"Bearer {key}"},
        capabilities=_CHAT | grammar,
    )


_CHAT = frozenset(
    {
        Capability.STREAM,
        Capability.JSON_SCHEMA,
        Capability.JSON_MODE,
        Capability.TOOLS,
        Capability.REASONING,
        Capability.LOGPROBS,
        Capability.VISION,
        Capability.AUDIO,
        Capability.FILES,
    }
)
_ANTHROPIC = Speech(
    path="/messages",
    body=lambda request, model, stream: messages_body(request, model, stream=stream),
    response=messages_response,
    events=MessageEvents,
    finished=as_reply,
    headers=lambda key: {"anthropic-version": "2023-06-01", **({} if key is None else {"x-api-key": key})},
    capabilities=frozenset(
        {
            Capability.STREAM,
            Capability.JSON_SCHEMA,
            Capability.TOOLS,
            Capability.REASONING,
            Capability.VISION,
            Capability.FILES,
        }
    ),
)
