"""The Anthropic messages format: requests to bodies, bodies and events to replies. Pure functions.

Source: Anthropic API reference, "Messages" and "Streaming messages".
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

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
    ToolCallDelta,
)
from elixirml_http.pieces import Broken, Done, Finished, Gathering, Piece, Used
from elixirml_http.reading import BadJson, objects, parsed, section, text, whole

__all__ = ["MessageEvents", "as_reply", "messages_body", "messages_response"]

_REASONS: Final = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tool_calls"}
_THINKING: Final = {"low": 1024, "medium": 4096, "high": 16384}
_REPLY_TOOL: Final = "reply"


def messages_body(request: ModelRequest, model: str, *, stream: bool) -> dict[str, Any]:
    """Return the body of a request; the stable front is marked for the provider's prompt cache."""
    system = [each.content for each in request.messages if each.role is Role.SYSTEM]
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "messages": _turns(request),
    }
    if system:
        stable = {"cache_control": {"type": "ephemeral"}} if request.stable else {}
        body["system"] = [{"type": "text", "text": "\n\n".join(system), **stable}]
    body |= _options(request)
    return {**body, **({"stream": True} if stream else {}), **request.extra}


def _options(request: ModelRequest) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if request.stop:
        told["stop_sequences"] = list(request.stop)
    if request.top_p != 1.0:
        told["top_p"] = request.top_p
    if request.reasoning_effort is not None:
        budget = _THINKING.get(request.reasoning_effort, _THINKING["medium"])
        told |= {
            "thinking": {"type": "enabled", "budget_tokens": budget},
            "max_tokens": request.max_tokens + budget,  # the provider counts thinking among what is written
            "temperature": 1.0,  # the only one it takes beside thinking
        }
    return told | _tools(request)


def _tools(request: ModelRequest) -> dict[str, Any]:
    """Return the tools; a schema of the reply is asked for as the one tool that must be called."""
    if request.json_schema is not None and not request.tools:
        schema = {"name": _REPLY_TOOL, "description": "Gives the reply.", "input_schema": dict(request.json_schema)}
        return {"tools": [schema], "tool_choice": {"type": "tool", "name": _REPLY_TOOL}}
    if not request.tools:
        return {}
    tools = [
        {"name": each.name, "description": each.description, "input_schema": dict(each.parameters)}
        for each in request.tools
    ]
    choices = {"auto": {"type": "auto"}, "none": {"type": "none"}, "required": {"type": "any"}}
    return {
        "tools": tools,
        "tool_choice": choices.get(request.tool_choice, {"type": "tool", "name": request.tool_choice}),
    }


def _turns(request: ModelRequest) -> list[dict[str, Any]]:
    """Return the turns after the system's; neighbours of one role are one turn, as the provider asks."""
    turns: list[dict[str, Any]] = []
    for message in request.messages:
        if message.role is Role.SYSTEM:
            continue
        role = "assistant" if message.role is Role.ASSISTANT else "user"
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += _blocks(message)
        else:
            turns.append({"role": role, "content": _blocks(message)})
    return turns


def _blocks(message: Message) -> list[dict[str, Any]]:
    if message.role is Role.TOOL:
        return [{"type": "tool_result", "tool_use_id": message.tool_call_id, "content": message.content}]
    shown = [_attachment(each) for each in message.attachments]
    said = [{"type": "text", "text": message.content}] if message.content else []
    calls = [
        {"type": "tool_use", "id": each.id, "name": each.name, "input": json.loads(each.arguments or "{}")}
        for each in message.tool_calls
    ]
    return [*shown, *said, *calls]


def _attachment(attachment: Attachment) -> dict[str, Any]:
    kind = "image" if attachment.media is Media.IMAGE else "document"
    if attachment.url is not None:
        return {"type": kind, "source": {"type": "url", "url": attachment.url}}
    source = {"type": "base64", "media_type": attachment.mime, "data": attachment.data}
    return {"type": kind, "source": source}


def messages_response(body: Mapping[str, Any]) -> ModelResponse:
    """Return the reply a body holds.

    Raises:
        BadJson: It holds no reply.
    """
    if not isinstance(body.get("content"), list):
        raise BadJson("the reply has no content")
    gathered = Gathering(model=text(body, "model"))
    for piece in _block_pieces(objects(body, "content")):
        gathered.take(piece)
    gathered.take(Finished(_reason(text(body, "stop_reason"))))
    gathered.take(_used(section(body, "usage")))
    return as_reply(gathered.response())


def as_reply(response: ModelResponse) -> ModelResponse:
    """Return the reply with the arguments of the reply's own tool as its text."""
    calls = response.tool_calls
    if len(calls) != 1 or calls[0].name != _REPLY_TOOL or response.text.strip():
        return response
    return evolve(response, text=calls[0].arguments, tool_calls=(), finish="stop")


def _block_pieces(blocks: Sequence[Mapping[str, Any]]) -> Iterator[Piece]:
    for index, block in enumerate(blocks):
        match text(block, "type"):
            case "text":
                yield TextDelta(text(block, "text"))
            case "thinking":
                yield ReasoningDelta(text(block, "thinking"))
            case "tool_use":
                arguments = json.dumps(section(block, "input"), ensure_ascii=False)
                yield ToolCallDelta(index, text(block, "id"), text(block, "name"), arguments)
            case _:
                pass


def _reason(stopped: str) -> str:
    return _REASONS.get(stopped, stopped) or "stop"


def _used(usage: Mapping[str, Any]) -> Used:
    cached = whole(usage, "cache_read_input_tokens")
    fresh = whole(usage, "input_tokens") + whole(usage, "cache_creation_input_tokens")
    return Used(fresh + cached, whole(usage, "output_tokens"), cached)


@define
class MessageEvents:
    """Reads the events of one streamed reply; over after `Done` or `Broken`."""

    over: bool = False
    model: str = ""
    _usage: dict[str, Any] = field(factory=dict[str, Any])

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
        yield from self._said(event)

    def end(self) -> Iterator[Piece]:
        """Yield what is to be said when the bytes end."""
        if not self.over:
            self.over = True
            yield Broken("truncated")

    def _said(self, event: Mapping[str, Any]) -> Iterator[Piece]:
        match text(event, "type"):
            case "message_start":
                message = section(event, "message")
                self.model = text(message, "model")
                self._usage = section(message, "usage")
            case "content_block_start":
                yield from self._begun(whole(event, "index"), section(event, "content_block"))
            case "content_block_delta":
                yield from self._more(whole(event, "index"), section(event, "delta"))
            case "message_delta":
                yield Finished(_reason(text(section(event, "delta"), "stop_reason")))
                self._usage = {**self._usage, **section(event, "usage")}
                yield _used(self._usage)
            case "message_stop":
                self.over = True
                yield Done()
            case "error":
                self.over = True
                error = section(event, "error")
                yield Broken(text(error, "type") or "unknown", text(error, "message") or None)
            case _:
                pass

    def _begun(self, index: int, block: Mapping[str, Any]) -> Iterator[Piece]:
        match text(block, "type"):
            case "tool_use":
                yield ToolCallDelta(index, text(block, "id"), text(block, "name"))
            case "text" if text(block, "text"):
                yield TextDelta(text(block, "text"))
            case "thinking" if text(block, "thinking"):
                yield ReasoningDelta(text(block, "thinking"))
            case _:
                pass

    def _more(self, index: int, delta: Mapping[str, Any]) -> Iterator[Piece]:
        match text(delta, "type"):
            case "text_delta" if text(delta, "text"):
                yield TextDelta(text(delta, "text"))
            case "thinking_delta" if text(delta, "thinking"):
                yield ReasoningDelta(text(delta, "thinking"))
            case "input_json_delta" if text(delta, "partial_json"):
                yield ToolCallDelta(index, arguments=text(delta, "partial_json"))
            case _:
                pass
