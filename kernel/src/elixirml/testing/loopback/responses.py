"""Answers in the words of OpenAI's responses format, whole and as events."""

from collections.abc import Iterator
from typing import Any

from elixirml.testing.loopback.script import Answer
from elixirml.testing.loopback.wire import cut, event_text

__all__ = ["responses_body", "responses_events"]


def responses_body(answer: Answer, model: str) -> dict[str, Any]:
    """Return a response."""
    cut_short = answer.reason == "length"
    return {
        **_begun(model),
        "status": "incomplete" if cut_short else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut_short else None,
        "output": _items(answer),
        "usage": _usage(answer),
    }


def responses_events(answer: Answer, model: str) -> Iterator[str]:
    """Yield the events of a streamed response."""
    number = 0

    def event(kind: str, /, **data: Any) -> str:
        nonlocal number
        number += 1
        return f"event: {kind}\n{event_text({'type': kind, 'sequence_number': number - 1, **data})}"

    yield event("response.created", response=_begun(model))
    for place, item in enumerate(_items(answer)):
        where = {"output_index": place, "item_id": item["id"]}
        yield event("response.output_item.added", output_index=place, item=_empty(item))
        for kind, data in _pieces(item, answer.pieces):
            yield event(kind, **where, **data)
        yield event("response.output_item.done", output_index=place, item=item)
    whole = responses_body(answer, model)
    yield event(f"response.{whole['status']}", response=whole)


def _begun(model: str) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1700000000,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": model,
        "output": [],
        "parallel_tool_calls": True,
        "temperature": 0.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
    }


def _items(answer: Answer) -> list[dict[str, Any]]:
    thoughts = [{"type": "summary_text", "text": answer.reasoning}]
    thinking = [{"type": "reasoning", "id": "rs_1", "summary": thoughts}] if answer.reasoning else []
    part: dict[str, Any] = {"type": "output_text", "text": answer.text, "annotations": []}
    message: dict[str, Any] = {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": [part],
    }
    calls = [
        {
            "type": "function_call",
            "id": f"fc_{number}",
            "call_id": each.id,
            "name": each.name,
            "arguments": each.arguments,
            "status": "completed",
        }
        for number, each in enumerate(answer.tool_calls)
    ]
    return [*thinking, *([message] if answer.text else []), *calls]


def _empty(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item before anything of it has been written."""
    written: dict[str, dict[str, Any]] = {
        "reasoning": {"summary": []},
        "message": {"content": []},
        "function_call": {"arguments": ""},
    }
    status = {} if item["type"] == "reasoning" else {"status": "in_progress"}
    return {**item, **written[item["type"]], **status}


def _pieces(item: dict[str, Any], size: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the names and contents of the events that write an item."""
    if item["type"] == "function_call":
        for piece in cut(item["arguments"], size):
            yield "response.function_call_arguments.delta", {"delta": piece}
        yield "response.function_call_arguments.done", {"name": item["name"], "arguments": item["arguments"]}
        return
    thinks = item["type"] == "reasoning"
    part = item["summary" if thinks else "content"][0]
    said, wrapped = ("reasoning_summary_text", "reasoning_summary_part") if thinks else ("output_text", "content_part")
    place: dict[str, Any] = {"summary_index": 0} if thinks else {"content_index": 0}
    more: dict[str, Any] = {} if thinks else {"logprobs": []}
    yield f"response.{wrapped}.added", {**place, "part": {**part, "text": ""}}
    for piece in cut(part["text"], size):
        yield f"response.{said}.delta", {**place, "delta": piece, **more}
    yield f"response.{said}.done", {**place, "text": part["text"], **more}
    yield f"response.{wrapped}.done", {**place, "part": part}


def _usage(answer: Answer) -> dict[str, Any]:
    return {
        "input_tokens": answer.tokens_in,
        "input_tokens_details": {"cached_tokens": answer.tokens_cached, "cache_write_tokens": 0},
        "output_tokens": answer.tokens_out,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": answer.tokens_in + answer.tokens_out,
    }
