"""Whatever a model says, the parsers answer: a value or a `ParseFailure`, in time in proportion to the reply."""

import json
import math
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elixirml_adapters.parsing import (
    CODES,
    ParseFailure,
    fit_text,
    parse_json_reply,
    parse_sections_reply,
    parse_xml_reply,
)
from elixirml_adapters.parsing.values import same

LENGTH = 120_000
HASHES: dict[str, Any] = {"template": "[[ ## {name} ## ]]", "end": "completed"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "a": {"type": "string"},
        "n": {"type": ["integer", "null"]},
        "l": {"type": "array", "items": {"anyOf": [{"type": "number"}, {"enum": ["x", "Y", None]}]}},
        "r": {"type": "object", "properties": {"b": {"type": "boolean"}}, "required": ["b"]},
        "m": {"type": "object", "additionalProperties": {"type": "array", "items": {}}},
        "u": {},
    },
    "required": ["a"],
}
FRAGMENTS = [
    "{", "}", "[", "]", ":", ",", '"', "'", "\\", "\\u12", "\\ud83d", "\u201c", "\u201d", "#", "//", "/*",
    "*/", "\n", " ", "a",
    "a:", "n", '"a"', "1", "1e999", "-", "null", "none", "true", "x", "```", "```json\n", "<think>",
    "</think>", "<a>", "</a>",
    "<a/>", "<l>", "</l>", "<item>", "</item>", "<r>", "</r>", "<m>", "</m>", "<entry key='k'>", "</entry>",
    "<![CDATA[", "]]>",
    "<!--", "-->", "<!", "<?", "?>", "&", "&#65;", "&lt;", "[[ ## ", " ## ]]", "completed", "\ufeff", "\u0000", "- ",
]  # fmt: skip
texts = st.text() | st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
records = st.fixed_dictionaries(
    {"a": st.text()},
    optional={
        "n": st.none() | st.integers(),
        "l": st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["x", "Y", None]), max_size=4),
        "r": st.fixed_dictionaries({"b": st.booleans()}),
        "m": st.dictionaries(st.text(), st.lists(values, max_size=3), max_size=3),
        "u": values,
    },
)


def outcome(parse: Callable[[], Any]) -> str:
    try:
        parse()
    except ParseFailure as failure:
        return failure.code
    return "ok"


def parse_all(reply: str) -> None:
    for parse in (
        lambda: parse_json_reply(reply, SCHEMA),
        lambda: parse_xml_reply(reply, SCHEMA),
        lambda: parse_sections_reply(reply, SCHEMA, template="[[ ## {name} ## ]]", end="completed"),
        lambda: parse_sections_reply(reply, SCHEMA, template="{name}:", end=None),
        *(lambda schema=schema: fit_text(reply, schema) for schema in SCHEMA["properties"].values()),
    ):
        assert outcome(parse) in {"ok", *CODES}


@given(texts)
@settings(max_examples=300, deadline=None)
def test_any_text_is_answered(reply: str) -> None:
    """No text, however broken, raises anything but `ParseFailure`."""
    parse_all(reply)


@given(records, st.data())
@settings(max_examples=150, deadline=None)
def test_damaged_json_is_answered(record: dict[str, Any], data: st.DataObject) -> None:
    """JSON with pieces cut out or put in never raises anything but `ParseFailure`."""
    reply = json.dumps(record, ensure_ascii=data.draw(st.booleans()))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(reply)))
        end = start + data.draw(st.integers(0, 5))
        reply = reply[:start] + data.draw(st.sampled_from(["", *FRAGMENTS])) + reply[end:]
    parse_all(reply)


@given(
    records, st.sampled_from(["%s", "So:\n```json\n%s\n```\nDone.", "<think>{}</think>%s", "[%s]"]), st.integers(0, 2)
)
@settings(max_examples=200, deadline=None)
def test_valid_json_comes_back_equal(record: dict[str, Any], around: str, indent: int) -> None:
    """Whatever fits the schema is returned as it was, wherever the object stands and however it is laid out."""
    written = json.dumps(record, indent=indent or None)
    assert same(parse_json_reply(around.replace("%s", written), SCHEMA), record)


@given(records)
@settings(max_examples=100, deadline=None)
def test_every_proper_beginning_of_an_object_is_truncated(record: dict[str, Any]) -> None:
    """Truncation is never repaired: no beginning of an object gives a value."""
    written = json.dumps(record)
    for length in range(1, len(written)):
        with pytest.raises(ParseFailure, match="truncated"):
            parse_json_reply(written[:length], SCHEMA)


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_come_back_from_their_own_spelling(number: float) -> None:
    """Python's spelling of a number, with or without thousands separators, is read back."""
    for spelling in (repr(number), f"{number:,}") if math.isfinite(number) else ():
        assert same(fit_text(spelling, {"type": "number"}), number)


REPEATED = [
    "[", "{", '{"a":', '{"a":[', "{a:[{b:'", '"', "'", "`", "```\n", "```{\n```\n", "\\", '{"', "{a", "{a:}",
    "{1} ", '{"a":1}', '{"",',
    "{#{\n", "{#", "{/*", "{/**/", "{   ", "<think>", "<think></think>", "</think>", "<think ", "<a>",
    "<a></a>", "<a/>", "<", "</a>",
    "<!--", "<?", "<![CDATA[", "<!DOCTYPE [", '<a x="', "<a '\"", "&", "&#", "[[ ## ", "[[ ## a ",
    "[[ ## a ## ]]", "\n[[ ## b ## ]]",
    "a:", "\na:", " ", "- ", "9", "[],", "[1],", "{},", "1,", "x,", '"x",', "a:x,", '{"n":1}', "{k:1}", "{a: b\n",
    "[[ ## a ## ]]x\n", "<item>1</item>", "<l>1</l>", "<k>1</k>", "#\n", "`", "``` x\n", "@@",
]  # fmt: skip


@pytest.mark.parametrize("piece", REPEATED)
def test_endless_repetition_is_answered(piece: str) -> None:
    """Nesting, repetition and unclosed signs cost time in proportion to their length; its square would be hours."""
    repeated = piece * (LENGTH // len(piece))
    for parse in (
        lambda: parse_json_reply(repeated, SCHEMA),
        lambda: parse_json_reply(f'{{"a": "x", "u": [{repeated}1]}}', SCHEMA),
        lambda: parse_json_reply(f'{{"a": "x", "l": [{repeated}1]}}', SCHEMA),
        lambda: parse_xml_reply(f"<a>x</a>{repeated}", SCHEMA),
        lambda: parse_xml_reply(f"<a>x</a><l>{repeated}</l>", SCHEMA),
        lambda: parse_sections_reply(f"[[ ## a ## ]]x[[ ## l ## ]]{repeated}", SCHEMA, **HASHES),
        lambda: parse_sections_reply(repeated, SCHEMA, **HASHES),
    ):
        assert outcome(parse) in {"ok", *CODES}


def calls_of(work: Callable[[], Any]) -> int:
    """Return how many functions, Python's and C's, were called."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("piece", REPEATED)
def test_twice_the_reply_is_at_most_twice_the_work(piece: str) -> None:
    """Counted in calls, so that no clock can blur it: work grows no faster than the reply, give or take a tenth."""

    def work(length: int) -> list[int]:
        repeated = piece * (length // len(piece))
        return [
            calls_of(lambda: outcome(lambda: parse_json_reply(repeated, SCHEMA))),
            calls_of(lambda: outcome(lambda: parse_json_reply(f'{{"a": "x", "u": [{repeated}1]}}', SCHEMA))),
            calls_of(lambda: outcome(lambda: parse_xml_reply(f"<a>x</a><l>{repeated}</l>", SCHEMA))),
            calls_of(lambda: outcome(lambda: parse_sections_reply(repeated, SCHEMA, **HASHES))),
        ]

    for once, twice in zip(work(4_000), work(8_000), strict=True):
        assert twice <= 2.2 * once + 100


@pytest.mark.parametrize(
    ("head", "piece", "tail"),
    [
        ("", "{a: 'x ", "' :"),  # every brace starts a text with one far, impossible end
        ("", "{a: x ", "," + "k:1," * 50_000 + "[;"),  # every brace comes to the same failing members
        ("", "{#{\n", ";"),  # every brace comes to the same comments
        ("{a:" * 199 + "[", "1,", ";]"),  # every brace fails at the same far end
        ('{"a": "', 'x"y', '"}'),
        ('{"a": "', '\\"', ""),
        ('"', "</think>", "{"),
    ],
)
def test_readings_that_fail_late_are_not_repeated(head: str, piece: str, tail: str) -> None:
    """Braces whose readings all fail at one far place are answered in time in proportion to the text."""
    reply = head + piece * (LENGTH // len(piece)) + tail
    assert outcome(lambda: parse_json_reply(reply, SCHEMA)) in {"ok", "malformed", "truncated"}
