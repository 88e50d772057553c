"""Tests of the wire formats as they stream: `elixirml_http.sse`, `.openai_chat` and `.anthropic_messages`."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elixirml.contracts import ReasoningDelta, TextDelta, ToolCallDelta
from elixirml_http.anthropic_messages import MessageEvents
from elixirml_http.openai_chat import ChatEvents
from elixirml_http.pieces import Broken, Done, Finished, Used
from elixirml_http.sse import EventReader

CASES = Path(__file__).parents[3] / "tests/cases/sse.jsonl"
ROWS = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]


def pieces(provider: str, chunks: Iterable[bytes]) -> Iterator[Any]:
    """What a stream says."""
    reader, events = EventReader(), {"openai": ChatEvents, "anthropic": MessageEvents}[provider]()
    for chunk in chunks:
        for data in reader.feed(chunk):
            yield from events.read(data)
    for data in reader.close():
        yield from events.read(data)
    yield from events.end()


def event(piece: Any) -> list[dict[str, Any]]:  # noqa: PLR0911 - one for each kind
    """A piece in the words of the table."""
    match piece:
        case TextDelta(text):
            return [{"type": "text", "text": text}]
        case ReasoningDelta(text):
            return [{"type": "reasoning", "text": text}]
        case ToolCallDelta(index, identity, name, arguments):
            start = [{"type": "tool_start", "index": index, "id": identity, "name": name}] if name or identity else []
            return [*start, *([{"type": "tool_args", "index": index, "text": arguments}] if arguments else [])]
        case Finished(reason):
            return [{"type": "finish", "reason": reason}]
        case Used(tokens_in, tokens_out):
            return [{"type": "usage", "input": tokens_in, "output": tokens_out}]
        case Broken(code, message):
            return [{"type": "error", "code": code} | ({} if message is None else {"message": message})]
        case _:
            assert isinstance(piece, Done)
            return [{"type": "done"}]


def joined(found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Events with neighbouring texts of one kind joined."""
    events: list[dict[str, Any]] = []
    for each in found:
        last = events[-1] if events else {}
        same = last.get("type") == each["type"] and last.get("index") == each.get("index")
        if same and each["type"] in {"text", "reasoning", "tool_args"}:
            last["text"] += each["text"]
        else:
            events.append(dict(each))
    return events


def read(provider: str, chunks: Iterable[bytes]) -> list[dict[str, Any]]:
    return joined(each for piece in pieces(provider, chunks) for each in event(piece))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_the_table_of_streams(row: dict[str, Any]) -> None:
    """Each row gives its events, whatever the framing and the cuts."""
    chunks = [chunk.encode("latin-1") for chunk in row["input"]["chunks"]]
    assert read(row["input"]["provider"], chunks) == row["expected"]["events"]


@given(st.sampled_from(ROWS), st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_any_cut_gives_the_same_events(row: dict[str, Any], sizes: list[int]) -> None:
    """Where the network cuts the bytes, inside a sign even, changes nothing."""
    whole, chunks, at = "".join(row["input"]["chunks"]).encode("latin-1"), [], 0
    while at < len(whole):
        size = sizes[len(chunks) % len(sizes)]
        chunks.append(whole[at : at + size])
        at += size
    assert read(row["input"]["provider"], chunks) == row["expected"]["events"]


@given(st.sampled_from(["openai", "anthropic"]), st.lists(st.binary(max_size=30), max_size=8))
def test_no_bytes_break_the_reader(provider: str, chunks: list[bytes]) -> None:
    """Whatever a server sends ends in events, never in an exception of another kind."""
    found = read(provider, chunks)
    assert found[-1]["type"] in {"done", "error"}
