"""Reads replies that hold one JSON object."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from elixirml_adapters.parsing.failure import ParseFailure, bounded
from elixirml_adapters.parsing.fitting import fit
from elixirml_adapters.parsing.lenient_json import Reader, UnreadableError
from elixirml_adapters.parsing.shapes import Record, Shape, shape_of
from elixirml_adapters.parsing.thinking import answer_of, drop_orphan_thinking
from elixirml_adapters.parsing.values import MAX_DEPTH, Members, same
from elixirml_adapters.parsing.wrappers import MAX_WRAPPERS, wrapped

__all__ = ["parse_json_reply"]

_FENCE = "```"
_SHORT = 256  # signs; to compare longer objects with every later brace could take long
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
# A brace that none of these follows opens no object: most braces of prose are passed over here.
_OBJECT_START = re.compile(r"\{(?=\s*(?:[}/#\"'\u2018-\u201f]|\Z|(?:[^\W\d]|\$)[\w$-]*(?:[:/#]|\s+[:/#]|\s*\Z)))")


@bounded
def parse_json_reply(reply: str | None, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a reply that holds one JSON object, perhaps among prose, fences and thinking.

    Args:
        reply: What the model said; None when it said nothing.
        schema: An object schema with the fields as `properties`.

    Returns:
        The fields in schema order; optional ones that are absent and have no default are left out.

    Raises:
        ParseFailure: With one of the `CODES`; what was cut off is never repaired, what is ambiguous never guessed.

    Example:
        >>> schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
        >>> parse_json_reply("Here it is: {n: '3',}", schema)
        {'n': 3}
    """
    text = _decoded(drop_orphan_thinking(answer_of(reply)))
    shape = shape_of(schema)
    return _only_answer(_candidates(_readable_parts(text)), shape)


def _decoded(text: str) -> str:
    """Return the text that the whole text is the JSON string of, else the text."""
    bare = text.strip()
    if bare.startswith('"') and bare.endswith('"'):
        try:
            return str(json.loads(bare, strict=False))
        except ValueError:
            pass
    return text


def _readable_parts(text: str) -> Sequence[str]:
    """Return the distinct fenced blocks that hold a brace; the whole text when there is none."""
    return list(dict.fromkeys(block for block in _fenced_blocks(text) if "{" in block)) or [text]


def _fenced_blocks(text: str) -> Iterator[str]:
    """Yield what stands between fences; an object on the opening line belongs to the block."""
    if _FENCE not in text:
        return
    block: list[str] | None = None
    for line in _LINE.findall(text):
        bare = line.strip()
        if block is None and bare.startswith(_FENCE):
            block = [line.replace(_FENCE, "", 1)]
        elif block is not None and bare == _FENCE:
            yield "".join(block)
            block = None
        elif block is not None:
            block.append(line)
    if block is not None:
        yield "".join(block)


def _candidates(parts: Sequence[str]) -> Sequence[Members]:
    """Return every object that stands in the parts."""
    found: dict[str, Members] = {}
    truncated = False
    for part in parts:
        try:
            for written, members in _objects(part):
                found.setdefault(written, members)
        except UnreadableError as error:
            truncated = True
            if error.problem == "too_deep":
                raise ParseFailure("too_deep", (), f"More than {MAX_DEPTH} brackets are nested.") from None
    if found:
        return list(found.values())
    if truncated:
        raise ParseFailure("truncated", (), "The reply ends inside its JSON object.")
    if any("{" in part for part in parts):
        raise ParseFailure("malformed", (), "No brace of the reply opens a readable JSON object.")
    raise ParseFailure("no_object", (), "The reply holds no JSON object.")


def _objects(text: str) -> Iterator[tuple[str, Members]]:
    """Yield the objects in the text and how they are written; what is written as the one before is passed over."""
    reader = Reader(text)
    written = ""
    start = _OBJECT_START.search(text)
    while start is not None:
        position = start.start() + 1
        if written and text.startswith(written, start.start()):
            position = start.start() + len(written)
        elif (read := reader.read(start.start())) is not None:
            value, position = read
            if isinstance(value, Members):
                written = text[start.start() : position]
                yield written, value
                written = written if len(written) <= _SHORT else ""
        start = _OBJECT_START.search(text, position)


def _only_answer(candidates: Sequence[Members], shape: Shape) -> dict[str, Any]:
    """Return the one distinct record that the candidates hold."""
    demanding = shape if isinstance(shape, Record) and any(each.required for each in shape.fields) else None
    found: dict[str, Any] | None = None
    first: ParseFailure | None = None  # and no other: each holds what it came through
    for candidate in candidates:
        members = _unwrapped(candidate, shape)
        if first is not None and demanding is not None and not _names_any(members, demanding):
            continue
        try:
            answer = fit(members, shape, ())
        except ParseFailure as failure:
            first = first or failure
            continue
        if found is not None and not same(found, answer):
            raise ParseFailure("ambiguous", (), "The reply holds several objects that fit, with different values.")
        found = answer
    if found is None and first is not None:
        raise first
    return found or {}


def _names_any(members: Members, record: Record) -> bool:
    """Return whether one of the record's fields is in an object."""
    find = record.names.find
    for key, _ in members.pairs:  # noqa: SIM110 - a generator costs more than all else here
        if find(key) is not None:
            return True
    return False


def _unwrapped(members: Members, shape: Shape) -> Members:
    """Return the object inside the wrappers that models and tool calls put around it."""
    if not isinstance(shape, Record) or not shape.fields:
        return members
    for _ in range(MAX_WRAPPERS):
        if _names_any(members, shape):
            break
        inner = wrapped(members)
        if inner is None:
            break
        members = inner
    return members
