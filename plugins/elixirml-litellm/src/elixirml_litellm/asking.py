"""From requests to litellm's arguments, and from its replies, as plain data, to responses. Pure functions."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from attrs import define, field

from elixirml.contracts import (
    Attachment,
    Media,
    Message,
    ModelRequest,
    ModelResponse,
    ReasoningDelta,
    Role,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
)

__all__ = ["Gathering", "arguments", "chunk_deltas", "response_of"]

_Shown = TextDelta | ReasoningDelta | ToolCallDelta


def arguments(request: ModelRequest) -> dict[str, Any]:
    """Return what litellm is called with: the request, one attempt, and nothing kept."""
    told: dict[str, Any] = {
        "messages": [_message(each) for each in request.messages],
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "num_retries": 0,
        "max_retries": 0,
        "cache": {"no-cache": True, "no-store": True},
    }
    if request.stop:
        told["stop"] = list(request.stop)
    if request.seed is not None:
        told["seed"] = request.seed
    if request.top_p != 1.0:
        told["top_p"] = request.top_p
    if request.reasoning_effort is not None:
        told["reasoning_effort"] = request.reasoning_effort
    if request.tools:
        told["tools"] = [{"type": "function", "function": each.to_json()} for each in request.tools]
        told["tool_choice"] = _tool_choice(request.tool_choice)
    if request.json_schema is not None:
        schema = {"name": "reply", "strict": True, "schema": dict(request.json_schema)}
        told["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif request.json_mode:
        told["response_format"] = {"type": "json_object"}
    return {**told, **request.extra}


def _tool_choice(choice: str) -> Any:
    if choice in {"auto", "none", "required"}:
        return choice
    return {"type": "function", "function": {"name": choice}}


def _message(message: Message) -> dict[str, Any]:
    if message.role is Role.TOOL:
        return {"role": "tool", "tool_call_id": message.tool_call_id, "content": message.content}
    said: dict[str, Any] = {"role": str(message.role), "content": message.content}
    if message.attachments:
        parts = [_part(each) for each in message.attachments]
        said["content"] = [*parts, *([{"type": "text", "text": message.content}] if message.content else [])]
    if message.tool_calls:
        said["tool_calls"] = [
            {"id": each.id, "type": "function", "function": {"name": each.name, "arguments": each.arguments}}
            for each in message.tool_calls
        ]
    return said


def _part(attachment: Attachment) -> dict[str, Any]:
    address = attachment.url or f"data:{attachment.mime};base64,{attachment.data}"
    match attachment.media:
        case Media.IMAGE:
            return {"type": "image_url", "image_url": {"url": address}}
        case Media.AUDIO:
            sound = {"data": attachment.data, "format": attachment.mime.partition("/")[2]}
            return {"type": "input_audio", "input_audio": sound}
        case Media.FILE:
            return {"type": "file", "file": {"filename": attachment.name or "file", "file_data": address}}


@define
class _Call:
    """A tool call as it grows."""

    id: str = ""
    name: str = ""
    arguments: str = ""


@define
class Gathering:
    """Adds the pieces of a reply up."""

    text: str = ""
    reasoning: str = ""
    finish: str = ""
    model: str = ""
    usage: Usage = field(factory=lambda: Usage(calls=1, money=None))
    _calls: dict[int, _Call] = field(factory=dict[int, _Call], init=False)

    def take(self, delta: _Shown) -> None:
        """Add a piece."""
        match delta:
            case TextDelta(text):
                self.text += text
            case ReasoningDelta(text):
                self.reasoning += text
            case ToolCallDelta(index, id, name, more):
                call = self._calls.setdefault(index, _Call())
                call.id, call.name, call.arguments = call.id or id, call.name or name, call.arguments + more

    def note(self, data: Mapping[str, Any]) -> None:
        """Take what a reply, or a chunk of one, says beside its pieces."""
        self.model = self.model or _text(data, "model")
        for choice in _objects(data, "choices")[:1]:
            self.finish = _text(choice, "finish_reason") or self.finish
        used = _object(data, "usage")
        if used:
            cached = _number(_object(used, "prompt_tokens_details"), "cached_tokens")
            self.usage = Usage(1, _number(used, "prompt_tokens"), cached, _number(used, "completion_tokens"), None)

    def response(self) -> ModelResponse:
        """Return the reply that the pieces make."""
        return ModelResponse(
            text=self.text,
            finish=self.finish or "stop",
            usage=self.usage,
            reasoning=self.reasoning,
            tool_calls=tuple(
                ToolCall(each.id, each.name, each.arguments or "{}") for _, each in sorted(self._calls.items())
            ),
            model=self.model,
        )


def response_of(data: Mapping[str, Any]) -> ModelResponse:
    """Return the reply that a whole completion holds."""
    gathered = Gathering()
    gathered.note(data)
    for choice in _objects(data, "choices")[:1]:
        for delta in _deltas(_object(choice, "message")):
            gathered.take(delta)
    return gathered.response()


def chunk_deltas(data: Mapping[str, Any]) -> Iterator[_Shown]:
    """Yield the pieces of a streamed chunk."""
    for choice in _objects(data, "choices")[:1]:
        yield from _deltas(_object(choice, "delta"))


def _deltas(said: Mapping[str, Any]) -> Iterator[_Shown]:
    if _text(said, "reasoning_content"):
        yield ReasoningDelta(_text(said, "reasoning_content"))
    if _text(said, "content"):
        yield TextDelta(_text(said, "content"))
    for place, call in enumerate(_objects(said, "tool_calls")):
        index, function = call.get("index"), _object(call, "function")
        yield ToolCallDelta(
            index if isinstance(index, int) else place,
            _text(call, "id"),
            _text(function, "name"),
            _text(function, "arguments"),
        )


def _object(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: object = data.get(name)
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}


def _objects(data: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found: object = data.get(name)
    listed = cast("list[object]", found) if isinstance(found, list) else []
    return [cast("Mapping[str, Any]", each) for each in listed if isinstance(each, Mapping)]


def _text(data: Mapping[str, Any], name: str) -> str:
    found: object = data.get(name)
    return found if isinstance(found, str) else ""


def _number(data: Mapping[str, Any], name: str) -> int:
    found: object = data.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0
