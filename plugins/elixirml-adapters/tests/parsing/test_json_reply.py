"""Finding the one object of a reply, its syntax, its keys and its wrappers."""

import json
from typing import Any

import pytest

from elixirml_adapters.parsing import ParseFailure, parse_json_reply

CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "n": {"type": "integer"}},
    "required": ["city", "n"],
}
ANY = {"type": "object", "properties": {"v": {}}, "required": ["v"]}
OSLO = {"city": "Oslo", "n": 3}
OBJECT = '{"city": "Oslo", "n": 3}'


def code(reply: str | None, schema: dict[str, Any]) -> tuple[Any, ...]:
    with pytest.raises(ParseFailure) as caught:
        parse_json_reply(reply, schema)
    return caught.value.code, *caught.value.path


@pytest.mark.parametrize(
    "reply",
    [
        f"\ufeff<think>a</think>\n<THINKING>b</THINKING> {OBJECT}",
        f"{{maybe}} hm</think>{OBJECT}",
        f"one</think> two </think>{OBJECT}",
        f"one</think><think>{{}}</think>{OBJECT}",
        json.dumps(OBJECT),
        f"```\nfoo\n```\n{OBJECT}",
        f"```{OBJECT}```",
        f"```json {OBJECT}\n```\nor {{'city': 'Rome', 'n': 1}}",
        f"\t```JSON\r\n{OBJECT}\r\n```\r\n{{'city': 'Rome', 'n': 1}}",
        f"```\n{{'city': 'Oslo',\n```\n```\n{OBJECT}\n```",
        f"{{ {{ {{x}} {{;}} {{1: 2}} {OBJECT}",
        f"[[{OBJECT}, {OBJECT}]]",
        f"{OBJECT} {{'city': 'Rome'",
    ],
)
def test_the_object_is_found(reply: str) -> None:
    """Marks, thinking, fences, prose and repetition around the object do not matter."""
    assert parse_json_reply(reply, CITY) == OSLO


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("\ufeff", "empty"),
        ("<think>x</think> \n", "empty"),
        ("<think>x </thinking> {}", "truncated"),
        ('""', "no_object"),
        ("just words", "no_object"),
        ("}", "no_object"),
        ("{1}", "malformed"),
        ('{"city": "Oslo", "n": 3]', "malformed"),
        ('{"city" = "Oslo"}', "malformed"),
        ('{"city": "Oslo",, "n": 3}', "malformed"),
        ('{, "city": "Oslo"}', "malformed"),
        ('{"city": "Oslo", "n": 3 # done', "truncated"),
        ("{'city': 'Oslo', 'n': [", "truncated"),
        ("{'city': 'Oslo', 'n': 3, x", "truncated"),
        ("```\n{'city': 'Oslo',\n```\n'n': 3}", "truncated"),
        (OBJECT + '{"v": ' + "[" * 200, "too_deep"),
        ("so <think>{'city': 'Rome', 'n': 1}</think>" + OBJECT, "ambiguous"),
    ],
)
def test_what_holds_no_object_says_why(reply: str, expected: str) -> None:
    """Each way to hold no single object has its own code, without a path."""
    assert code(reply, CITY) == (expected,)


def test_a_closing_tag_inside_a_text_is_text() -> None:
    """An odd number of quotes before a closing tag means that it stands in a text."""
    reply = '{"city": "a </think> b", "n": 3} {'
    assert parse_json_reply(reply.removesuffix(" {") + " {1}", CITY) == {"city": "a </think> b", "n": 3}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("'it''s'", "it''s"),
        ("\u201csaid \u201chi\u201d to\u201d", "said \u201chi\u201d to"),
        ("\u2018it\u2019s\u2019", "it\u2019s"),
        (r'"100\% \d \u12 \ud83d x"', r"100\% \d \u12 \ud83d x"),
        (r'"\\ud83d\ud83d\ude80"', "\\ud83d\U0001f680"),
        (r'"a\'b\"c\/d\\"', "a'b\"c/d\\"),
        ('"say "x" # y"', None),
        ("[1, 2,\n]", [1, 2]),
        ("[1 // one\n 2 /* two\n */ 3]", [1, 2, 3]),
        ("[1 /* one */ 2]", None),
        ("[1,\n, 2]", None),
        ("/* a */ # b\n // c\n 5", 5),
        ("a b  ", "a b"),
        ("007", "007"),
        ("-0.5e1", -5.0),
        ("TRUE", "TRUE"),
        ("[True, None, false]", [True, None, False]),
        ("http://x", None),
        ("{$a: 1, _b-c: 2, \u00e9: 3}", {"$a": 1, "_b-c": 2, "\u00e9": 3}),
        ("{1a: 1}", None),
        ("{'a b': {}}", {"a b": {}}),
        ("[[], {}, '']", [[], {}, ""]),
        ("1e999", None),
        ("12345678901234567890123", 12345678901234567890123),
    ],
)
def test_the_syntax_of_values(written: str, value: Any) -> None:
    """Values are read as the lenient syntax says; None here stands for a refusal."""
    if value is None:
        with pytest.raises(ParseFailure):
            parse_json_reply(f'{{"v": {written}}}', ANY)
    else:
        assert parse_json_reply(f'{{"v": {written}}}', ANY) == {"v": value}


def test_the_missing_comma_needs_a_line_break() -> None:
    """A line break stands for a comma, a blank does not."""
    assert parse_json_reply('{"city": "Oslo" // capital\n n: 3}', CITY) == OSLO
    assert parse_json_reply('{"city": "Oslo"\r"n": 3}', CITY) == OSLO
    assert code('{"city": ["Oslo"] "n": 3}', CITY) == ("malformed",)


@pytest.mark.parametrize("depth", [150, 199])
def test_two_hundred_brackets_may_nest(depth: int) -> None:
    """Exactly 200 nested brackets are read, whatever the schema wants of them; one more is refused."""
    lists, objects = "[" * depth + "]" * depth, '{"v": ' * depth + "{}" + "}" * depth
    schema: dict[str, Any] = {}
    for _ in range(depth):
        schema = {"type": "array", "items": schema}
    for wanted in ({}, schema):
        parse_json_reply(f'{{"v": {lists}}}', {"type": "object", "properties": {"v": wanted}})
    parse_json_reply(objects, {"type": "object", "additionalProperties": {}})
    assert code('{"v": ' + "[" * 200 + "]" * 200 + "}", ANY) == ("too_deep",)


def test_an_exact_key_beats_look_alikes() -> None:
    """Look-alike keys count only where the exact one is absent, and must agree."""
    assert parse_json_reply('{"City": "Rome", "city": "Oslo", "N": 3}', CITY) == OSLO
    assert parse_json_reply('{"City": "Oslo", "CITY": "Oslo", "n": 3, "n": "3"}', CITY) == OSLO
    assert code('{"city": "Oslo", "n": 3, "n": 4}', CITY) == ("ambiguous", "n")
    assert code('{"city": "Oslo", "n": 3, "n": "x"}', CITY) == ("ambiguous", "n")


@pytest.mark.parametrize(
    "wrapped",
    [
        '{"a": {"b": {"c": {"d": %s}}}}',
        '{"arguments": null, "input": %s}',
        '{"id": 1, "function": {"name": "f", "parameters": [%s]}}',
        '{"input": {"city": "Rome", "n": 1}, "arguments": %s}',
        '[{"result": %s}]',
    ],
)
def test_wrappers_are_opened(wrapped: str) -> None:
    """Up to four wrappers are opened, the known ones in their order, else the only key."""
    assert parse_json_reply(wrapped % OBJECT, CITY) == OSLO


def test_wrappers_stay_closed_where_a_field_is_seen() -> None:
    """An object that has one of the fields is no wrapper, nor is one with two other keys or two objects."""
    assert code(f'{{"n": 1, "arguments": {OBJECT}}}', CITY) == ("missing_field", "city")
    assert code(f'{{"x": {OBJECT}, "y": 1}}', CITY) == ("missing_field", "city")
    assert code(f'{{"x": {OBJECT}, "x": {{}}}}', CITY) == ("missing_field", "city")
    assert code(f'{{"x": [{OBJECT}, {OBJECT}]}}', CITY) == ("missing_field", "city")


def test_a_schema_without_fields_takes_any_object() -> None:
    """A map at the top keeps its keys as written and is never unwrapped."""
    schema = {"type": "object", "additionalProperties": {"type": "integer"}}
    assert parse_json_reply('{"A b": "1", "a_b": 2}', schema) == {"A b": 1, "a_b": 2}
    assert parse_json_reply('{"input": {"x": 1}}', {"type": "object"}) == {"input": {"x": 1}}
