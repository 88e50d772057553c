"""The OpenAI-compatible chat format: requests to bodies, bodies and events to replies.

Spoken by OpenAI, vLLM, Ollama, the llama.cpp server, OpenRouter and many others. Pure functions: no call is made here.

Source: OpenAI API reference, "Chat completions".
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
from elixirml_http.pieces import Broken, Done, Finished, Gathering, Piece, Used
from elixirml_http.reading import BadJson, objects, parsed, section, text, whole

__all__ = ["ChatEvents", "chat_body", "chat_response", "token_logprob"]


def chat_body(request: ModelRequest, model: str, *, stream: bool, tokens_name: str = "max_tokens") -> dict[str, Any]:
    """Return the body of a request.

    Args:
        request: What to ask.
        model: The provider's name of the model.
        stream: Whether the reply is to come piece by piece.
        tokens_name: What the endpoint calls the limit on written tokens; OpenAI's own is `max_completion_tokens`.
    """
    body: dict[str, Any] = {
        "model": model,
        "messages": [_message(each) for each in request.messages],
        tokens_name: request.max_tokens,
        "temperature": request.temperature,
    }
    body |= _options(request)
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return {**body, **request.extra}


def _options(request: ModelRequest) -> dict[str, Any]:
    """Return what is asked for beyond the usual."""
    told: dict[str, Any] = {}
    if request.stop:
        told["stop"] = list(request.stop)
    if request.seed is not None:
        told["seed"] = request.seed
    if request.top_p != 1.0:
        told["top_p"] = request.top_p
    if request.top_logprobs is not None:
        told |= {"logprobs": True, "top_logprobs": request.top_logprobs}
    if request.reasoning_effort is not None:
        told["reasoning_effort"] = request.reasoning_effort
    if request.tools:
        told["tools"] = [{"type": "function", "function": each.to_json()} for each in request.tools]
        told["tool_choice"] = _tool_choice(request.tool_choice)
    return told | _form(request)


def _form(request: ModelRequest) -> dict[str, Any]:
    """Return what the reply is held to: a grammar, a schema, or some object."""
    if request.grammar is not None:
        return {"grammar": request.grammar}
    if request.json_schema is not None:
        schema = {"name": "reply", "strict": True, "schema": dict(request.json_schema)}
        return {"response_format": {"type": "json_schema", "json_schema": schema}}
    return {"response_format": {"type": "json_object"}} if request.json_mode else {}


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


def chat_response(body: Mapping[str, Any]) -> ModelResponse:
    """Return the reply a body holds.

    Raises:
        BadJson: It holds no reply.
    """
    choices = objects(body, "choices")
    if not choices:
        raise BadJson("the reply has no choices")
    message = section(choices[0], "message")
    gathered = Gathering(model=text(body, "model"))
    gathered.take(ReasoningDelta(_reasoning(message)))
    gathered.take(TextDelta(text(message, "content")))
    for index, call in enumerate(objects(message, "tool_calls")):
        function = section(call, "function")
        gathered.take(ToolCallDelta(index, text(call, "id"), text(function, "name"), text(function, "arguments")))
    gathered.take(Finished(text(choices[0], "finish_reason") or "stop"))
    gathered.take(_used(section(body, "usage")))
    return _with_logprobs(gathered.response(), choices[0])


def _with_logprobs(response: ModelResponse, choice: Mapping[str, Any]) -> ModelResponse:
    written = objects(section(choice, "logprobs"), "content")
    return evolve(response, logprobs=tuple(map(token_logprob, written))) if written else response


def token_logprob(token: Mapping[str, Any]) -> TokenLogprob:
    """Return one written token with its alternatives."""
    others = {text(each, "token"): float(each.get("logprob", 0.0)) for each in objects(token, "top_logprobs")}
    return TokenLogprob(text(token, "token"), float(token.get("logprob", 0.0)), others)


def _reasoning(message: Mapping[str, Any]) -> str:
    return text(message, "reasoning_content") or text(message, "reasoning")


def _used(usage: Mapping[str, Any]) -> Used:
    cached = whole(section(usage, "prompt_tokens_details"), "cached_tokens")
    return Used(whole(usage, "prompt_tokens"), whole(usage, "completion_tokens"), cached)


@define
class ChatEvents:
    """Reads the events of one streamed reply; over after `Done` or `Broken`."""

    over: bool = False
    model: str = ""
    _started: set[int] = field(factory=set[int])

    def read(self, data: str) -> Iterator[Piece]:
        """Yield what one event says."""
        if self.over:
            return
        if data.strip() == "[DONE]":
            self.over = True
            yield Done()
            return
        try:
            event = parsed(data)
        except BadJson:
            self.over = True
            yield Broken("bad_json")
            return
        if event.get("error") is not None:
            self.over = True
            yield _broken(event)
            return
        self.model = self.model or text(event, "model")
        for choice in objects(event, "choices")[:1]:
            yield from self._choice(choice)
        if section(event, "usage"):
            yield _used(section(event, "usage"))

    def end(self) -> Iterator[Piece]:
        """Yield what is to be said when the bytes end."""
        if not self.over:
            self.over = True
            yield Broken("truncated")

    def _choice(self, choice: Mapping[str, Any]) -> Iterator[Piece]:
        delta = section(choice, "delta")
        if _reasoning(delta):
            yield ReasoningDelta(_reasoning(delta))
        if text(delta, "content"):
            yield TextDelta(text(delta, "content"))
        for call in objects(delta, "tool_calls"):
            yield from self._call(call)
        if text(choice, "finish_reason"):
            yield Finished(text(choice, "finish_reason"))

    def _call(self, call: Mapping[str, Any]) -> Iterator[Piece]:
        index, function = whole(call, "index"), section(call, "function")
        if index not in self._started:
            self._started.add(index)
            yield ToolCallDelta(index, text(call, "id"), text(function, "name"))
        if text(function, "arguments"):
            yield ToolCallDelta(index, arguments=text(function, "arguments"))


def _broken(event: Mapping[str, Any]) -> Broken:
    error = section(event, "error")
    if not error:
        return Broken("unknown", text(event, "error") or None)
    code = error.get("code")
    return Broken(str(code) if code else text(error, "type") or "unknown", text(error, "message") or None)
