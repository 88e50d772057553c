"""Answers in the words of the two wire formats, whole and as events."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from elixirml.testing.loopback.script import Answer

__all__ = ["anthropic_body", "anthropic_events", "cut", "embedding_body", "event_text", "openai_body", "openai_events"]

_ANTHROPIC_REASONS: Final = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}


def openai_body(answer: Answer, model: str) -> dict[str, Any]:
    """Return a chat completion."""
    message: dict[str, Any] = {"role": "assistant", "content": answer.text}
    if answer.reasoning:
        message["reasoning_content"] = answer.reasoning
    if answer.tool_calls:
        message["tool_calls"] = [
            {"id": each.id, "type": "function", "function": {"name": each.name, "arguments": each.arguments}}
            for each in answer.tool_calls
        ]
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1700000000,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": answer.reason, "logprobs": None}],
        "usage": _openai_usage(answer),
    }


def openai_events(answer: Answer, model: str) -> Iterator[str]:
    """Yield the events of a streamed chat completion."""

    def chunk(choices: list[dict[str, Any]], **more: Any) -> str:
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "model": model}
        return event_text({**head, "choices": choices, **more})

    def delta(said: Mapping[str, Any], finish: str | None = None) -> str:
        return chunk([{"index": 0, "delta": dict(said), "finish_reason": finish}])

    yield delta({"role": "assistant", "content": ""})
    for piece in cut(answer.reasoning, answer.pieces):
        yield delta({"reasoning_content": piece})
    for piece in cut(answer.text, answer.pieces):
        yield delta({"content": piece})
    for index, call in enumerate(answer.tool_calls):
        function = {"name": call.name, "arguments": ""}
        yield delta({"tool_calls": [{"index": index, "id": call.id, "type": "function", "function": function}]})
        for piece in cut(call.arguments, answer.pieces):
            yield delta({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield delta({}, answer.reason)
    yield chunk([], usage=_openai_usage(answer))
    yield "data: [DONE]\n\n"


def anthropic_body(answer: Answer, model: str) -> dict[str, Any]:
    """Return a message."""
    return {**_message(model), "content": _blocks(answer), "stop_reason": _reason(answer), "usage": _usage(answer)}


def anthropic_events(answer: Answer, model: str) -> Iterator[str]:
    """Yield the events of a streamed message."""

    def event(name: str, **data: Any) -> str:
        return f"event: {name}\n{event_text({'type': name, **data})}"

    start: dict[str, Any] = {
        **_message(model),
        "content": [],
        "stop_reason": None,
        "usage": {**_usage(answer), "output_tokens": 1},
    }
    yield event("message_start", message=start)
    yield event("ping")
    for index, block in enumerate(_blocks(answer)):
        kind = block["type"]
        name, text = {
            "thinking": ("thinking", answer.reasoning),
            "text": ("text", answer.text),
            "tool_use": ("partial_json", json.dumps(block.get("input"))),
        }[kind]
        empty: dict[str, Any] = {**block, "input": {}} if kind == "tool_use" else {"type": kind, name: ""}
        yield event("content_block_start", index=index, content_block=empty)
        delta = {"thinking": "thinking_delta", "text": "text_delta", "tool_use": "input_json_delta"}[kind]
        for piece in cut(text, answer.pieces):
            yield event("content_block_delta", index=index, delta={"type": delta, name: piece})
        yield event("content_block_stop", index=index)
    stop = {"stop_reason": _reason(answer), "stop_sequence": None}
    yield event("message_delta", delta=stop, usage={"output_tokens": answer.tokens_out})
    yield event("message_stop")


def embedding_body(texts: list[str], model: str, dimensions: int) -> dict[str, Any]:
    """Return vectors that depend on the length of their texts alone."""
    vectors = [[float(len(text) % 7) + at / dimensions for at in range(dimensions)] for text in texts]
    rows = [{"object": "embedding", "index": at, "embedding": each} for at, each in enumerate(vectors)]
    tokens = sum(len(text.split()) for text in texts)
    return {
        "object": "list",
        "data": rows,
        "model": model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def _openai_usage(answer: Answer) -> dict[str, Any]:
    return {
        "prompt_tokens": answer.tokens_in,
        "completion_tokens": answer.tokens_out,
        "total_tokens": answer.tokens_in + answer.tokens_out,
        "prompt_tokens_details": {"cached_tokens": answer.tokens_cached},
    }


def _message(model: str) -> dict[str, Any]:
    return {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "stop_sequence": None}


def _blocks(answer: Answer) -> list[dict[str, Any]]:
    thinking = [{"type": "thinking", "thinking": answer.reasoning, "signature": ""}] if answer.reasoning else []
    text = [{"type": "text", "text": answer.text}] if answer.text else []
    calls = [
        {"type": "tool_use", "id": each.id, "name": each.name, "input": json.loads(each.arguments)}
        for each in answer.tool_calls
    ]
    return [*thinking, *text, *calls]


def _reason(answer: Answer) -> str:
    return _ANTHROPIC_REASONS.get(answer.reason, answer.reason)


def _usage(answer: Answer) -> dict[str, Any]:
    return {
        "input_tokens": answer.tokens_in - answer.tokens_cached,
        "cache_read_input_tokens": answer.tokens_cached,
        "output_tokens": answer.tokens_out,
    }


def cut(text: str, size: int) -> Iterator[str]:
    """Return a text in pieces of so many signs."""
    return (text[at : at + size] for at in range(0, len(text), size))


def event_text(data: Mapping[str, Any]) -> str:
    """Return the lines of a server-sent event."""
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"
