"""The protocols, as far as a client must tell them apart."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import evolve, field, frozen

from elixirml.contracts import Capability, ModelRequest, ModelResponse
from elixirml_http.anthropic_messages import MessageEvents, as_reply, messages_body, messages_response
from elixirml_http.config import EndpointConfig
from elixirml_http.openai_chat import ChatEvents, chat_body, chat_response
from elixirml_http.openai_responses import ResponseEvents, responses_body, responses_response
from elixirml_http.pieces import Events
from elixirml_http.stopping import Stopping, stopped

__all__ = ["Speech", "speech"]


def _as_it_is(response: ModelResponse) -> ModelResponse:
    return response


@frozen
class Speech:
    """How to speak to an endpoint.

    Attributes:
        path: What the base URL is followed by.
        body: Makes the body of a request: request, model, whether to stream.
        response: Reads a whole reply to a request.
        events: Makes a reader of the streamed reply to a request.
        headers: Makes the headers that carry a key.
        capabilities: What models there can do.
        finished: Has the last word on the reply that the pieces of a stream make.
        embeddings: Whether texts become vectors there.
    """

    path: str
    body: Callable[[ModelRequest, str, bool], dict[str, Any]]
    response: Callable[[Mapping[str, Any], ModelRequest], ModelResponse]
    events: Callable[[ModelRequest], Events]
    headers: Callable[[str | None], dict[str, str]] = field(repr=False)
    capabilities: frozenset[Capability]
    finished: Callable[[ModelResponse], ModelResponse] = _as_it_is
    embeddings: bool = True


def speech(endpoint: EndpointConfig) -> Speech:
    """Return how to speak to an endpoint."""
    match endpoint.protocol:
        case "anthropic":
            return _ANTHROPIC
        case "responses":
            return _RESPONSES
        case "openai":
            return _chat(endpoint)


def _chat(endpoint: EndpointConfig) -> Speech:
    def body(request: ModelRequest, model: str, stream: bool) -> dict[str, Any]:  # noqa: FBT001 - as `Speech.body` has it
        return chat_body(request, model, stream=stream, tokens_name=endpoint.tokens_name)

    grammar = {Capability.GRAMMAR} if endpoint.grammar else frozenset[Capability]()
    return evolve(_CHAT, body=body, capabilities=_CHAT.capabilities | grammar)


def _bearer(key: str | None) -> dict[str, str]:
    return {} if key is None else {"authorization": f"Bearer {key}"}


def _response_events(request: ModelRequest) -> Events:
    return Stopping(ResponseEvents(), request.stop) if request.stop else ResponseEvents()


_COMMON: Final = frozenset(
    {
        Capability.STREAM,
        Capability.JSON_SCHEMA,
        Capability.TOOLS,
        Capability.VISION,
        Capability.FILES,
    }
)
_CHAT: Final = Speech(
    path="/chat/completions",
    body=lambda request, model, stream: chat_body(request, model, stream=stream),
    response=lambda body, _: chat_response(body),
    events=lambda _: ChatEvents(),
    headers=_bearer,
    capabilities=_COMMON | {Capability.JSON_MODE, Capability.LOGPROBS, Capability.AUDIO},
)
_RESPONSES: Final = Speech(
    path="/responses",
    body=lambda request, model, stream: responses_body(request, model, stream=stream),
    response=lambda body, request: stopped(responses_response(body), request.stop),
    events=_response_events,
    headers=_bearer,
    capabilities=_COMMON | {Capability.JSON_MODE, Capability.LOGPROBS},
)
_ANTHROPIC: Final = Speech(
    path="/messages",
    body=lambda request, model, stream: messages_body(request, model, stream=stream),
    response=lambda body, _: messages_response(body),
    events=lambda _: MessageEvents(),
    headers=lambda key: {"anthropic-version": "2023-06-01", **({} if key is None else {"x-api-key": key})},
    capabilities=_COMMON,
    finished=as_reply,
    embeddings=False,
)
