"""The responses format of OpenAI: requests to bodies, bodies and events to replies. Pure functions.

It differs from the chat format in its items (a tool call and its result are items, not parts of messages), in its
events, and in what it lacks: it knows no seed, and no texts that end a reply; see `elixirml_http.stopping`.

Source: OpenAI API reference, "Responses" and "Streaming events".
"""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import define, evolve, field

from elixirml.contracts import (
    Attachment,
    Media,
    Message,
    ModelRequest,
    ModelResponse,
    ReasoningDelta,
    Role,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
)
from elixirml_http.openai_chat import token_logprob
from elixirml_http.pieces import Broken, Done, Finished, Gathering, Piece, Used
from elixirml_http.reading import BadJson, ToldFailure, objects, parsed, section, text, whole

__all__ = ["ResponseEvents", "responses_body", "responses_response"]


def responses_body(request: ModelRequest, model: str, *, stream: bool) -> dict[str, Any]:
    """Return the body of a request; the provider is asked to keep nothing of it."""
    body: dict[str, Any] = {
        "model": model,
        "input": [item for message in request.messages for item in _items(message)],
        "max_output_tokens": request.max_tokens,
        "temperature": request.temperature,
        "store": False,
    }
    return {**body, **_options(request), **({"stream": True} if stream else {}), **request.extra}


def _options(request: ModelRequest) -> dict[str, Any]:
    """Return what is asked for beyond the usual."""
    told: dict[str, Any] = {}
    if request.top_p != 1.0:
        told["top_p"] = request.top_p
    if request.top_logprobs is not None:
        told |= {"top_logprobs": request.top_logprobs, "include": ["message.output_text.logprobs"]}
    if request.reasoning_effort is not None:
        told["reasoning"] = {"effort": request.reasoning_effort, "summary": "auto"}
    if request.tools:
        told["tools"] = [{"type": "function", "strict": False, **each.to_json()} for each in request.tools]
        told["tool_choice"] = _tool_choice(request.tool_choice)
    form = _form(request)
    return {**told, "text": {"format": form}} if form else told


def _form(request: ModelRequest) -> dict[str, Any]:
    """Return what the reply is held to; empty when it is free."""
    if request.json_schema is not None:
        return {"type": "json_schema", "name": "reply", "strict": True, "schema": dict(request.json_schema)}
    return {"type": "json_object"} if request.json_mode else {}


def _tool_choice(choice: str) -> Any:
    return choice if choice in {"auto", "none", "required"} else {"type": "function", "name": choice}


def _items(message: Message) -> Iterator[dict[str, Any]]:
    """Yield the items of a message: what is said, and each call, apart."""
    if message.role is Role.TOOL:
        yield {"type": "function_call_output", "call_id": message.tool_call_id, "output": message.content}
        return
    if message.attachments:
        parts = [_part(each) for each in message.attachments]
        said = [{"type": "input_text", "text": message.content}] if message.content else []
        yield {"role": str(message.role), "content": [*parts, *said]}
    elif message.content:
        yield {"role": str(message.role), "content": message.content}
    for call in message.tool_calls:
        yield {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments}


def _part(attachment: Attachment) -> dict[str, Any]:
    address = attachment.url or f"data:{attachment.mime};base64,{attachment.data}"
    if attachment.media is Media.IMAGE:
        return {"type": "input_image", "image_url": address, "detail": "auto"}
    if attachment.url is not None:
        return {"type": "input_file", "file_url": attachment.url}
    return {"type": "input_file", "filename": attachment.name or "file", "file_data": address}


def responses_response(body: Mapping[str, Any]) -> ModelResponse:
    """Return the reply a body holds.

    Raises:
        BadJson: It holds no reply.
        ToldFailure: It says that there is none, or the model refuses.
    """
    if not isinstance(body.get("output"), list):
        raise BadJson("the reply has no output")
    gathered = Gathering(model=text(body, "model"))
    for piece in _pieces(body):
        if isinstance(piece, Broken):
            raise ToldFailure(piece.code, piece.message)
        gathered.take(piece)
    return evolve(gathered.response(), logprobs=tuple(_logprobs(body)))


def _pieces(body: Mapping[str, Any]) -> Iterator[Piece]:
    calls = 0
    for item in objects(body, "output"):
        match text(item, "type"):
            case "message":
                yield from map(_said, objects(item, "content"))
            case "reasoning":
                parts = objects(item, "summary") or objects(item, "content")
                yield ReasoningDelta("".join(text(each, "text") for each in parts))
            case "function_call":
                yield ToolCallDelta(calls, text(item, "call_id"), text(item, "name"), text(item, "arguments"))
                calls += 1
            case _:
                pass
    yield from _ended(body, calls=calls)


def _said(part: Mapping[str, Any]) -> Piece:
    if text(part, "type") == "refusal":
        return Broken("refusal", text(part, "refusal"))
    return TextDelta(text(part, "text"))


def _ended(body: Mapping[str, Any], *, calls: int) -> Iterator[Piece]:
    """Yield how a reply ended: why, and with how many tokens."""
    if text(body, "status") == "failed":
        yield _failure(section(body, "error"))
        return
    reason = text(section(body, "incomplete_details"), "reason")
    why = "length" if reason == "max_output_tokens" else reason
    yield Finished(why or ("tool_calls" if calls else "stop"))
    usage = section(body, "usage")
    cached = whole(section(usage, "input_tokens_details"), "cached_tokens")
    yield Used(whole(usage, "input_tokens"), whole(usage, "output_tokens"), cached)


def _failure(error: Mapping[str, Any]) -> Broken:
    code = text(error, "code") or text(error, "type")
    return Broken(code or "unknown", text(error, "message") or None)


def _logprobs(body: Mapping[str, Any]) -> Iterator[TokenLogprob]:
    for item in objects(body, "output"):
        for part in objects(item, "content"):
            yield from map(token_logprob, objects(part, "logprobs"))


@define
class ResponseEvents:
    """Reads the events of one streamed reply; over after `Done` or `Broken`."""

    over: bool = False
    model: str = ""
    _calls: dict[int, int] = field(factory=dict[int, int])

    def read(self, data: str) -> Iterator[Piece]:
        """Yield what one event says."""
        if self.over:
            return
        try:
            event = parsed(data)
        except BadJson:
            self.over = True
            yield Broken("bad_json")
            return
        for piece in self._said(event):
            self.over = isinstance(piece, Broken | Done)
            yield piece

    def end(self) -> Iterator[Piece]:
        """Yield what is to be said when the bytes end."""
        if not self.over:
            self.over = True
            yield Broken("truncated")

    def _said(self, event: Mapping[str, Any]) -> Iterator[Piece]:
        match text(event, "type"):
            case "response.created":
                self.model = text(section(event, "response"), "model")
            case "response.output_text.delta" if text(event, "delta"):
                yield TextDelta(text(event, "delta"))
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" if text(event, "delta"):
                yield ReasoningDelta(text(event, "delta"))
            case "response.output_item.added":
                yield from self._begun(whole(event, "output_index"), section(event, "item"))
            case "response.function_call_arguments.delta" if text(event, "delta"):
                call = self._calls.get(whole(event, "output_index"), 0)
                yield ToolCallDelta(call, arguments=text(event, "delta"))
            case "response.refusal.done":
                yield Broken("refusal", text(event, "refusal"))
            case "response.completed" | "response.incomplete" | "response.failed":
                yield from _ended(section(event, "response"), calls=len(self._calls))
                yield Done()
            case "error":
                yield _failure(section(event, "error") or event)
            case _:
                pass

    def _begun(self, place: int, item: Mapping[str, Any]) -> Iterator[Piece]:
        if text(item, "type") == "function_call":
            number = self._calls.setdefault(place, len(self._calls))
            yield ToolCallDelta(number, text(item, "call_id"), text(item, "name"))
