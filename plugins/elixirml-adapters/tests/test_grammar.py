"""GBNF grammars: what they accept, and what they refuse."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elixirml_adapters.grammar import choice_grammar, json_grammar, literal
from elixirml_adapters.notation import compact_type
from elixirml_adapters.rendering import compact_json

Accepts = Callable[[str, str], bool]

_LEAVES: list[tuple[dict[str, Any], st.SearchStrategy[Any]]] = [
    ({"type": "string"}, st.text(st.characters(exclude_categories=["Cs"]))),
    ({"type": "integer"}, st.integers(-(10**18), 10**18)),
    ({"type": "number"}, st.floats(allow_nan=False, allow_infinity=False)),
    ({"type": "boolean"}, st.booleans()),
    ({"type": "null"}, st.none()),
    ({"enum": ["a", 'say "b"', 3, None]}, st.sampled_from(["a", 'say "b"', 3, None])),
    ({"const": "back\\slash\nline"}, st.just("back\\slash\nline")),
    ({"type": ["integer", "null"]}, st.none() | st.integers(0, 9)),
    ({}, st.recursive(st.booleans() | st.text("ab{}[]", max_size=3), lambda part: st.lists(part, max_size=2))),
]


def _grown(part: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    def listed(inner: tuple[dict[str, Any], Any]) -> tuple[dict[str, Any], Any]:
        return {"type": "array", "items": inner[0]}, st.lists(inner[1], max_size=2)

    def mapped(inner: tuple[dict[str, Any], Any]) -> tuple[dict[str, Any], Any]:
        values = st.dictionaries(st.text("xyz", max_size=2), inner[1], max_size=2)
        return {"type": "object", "additionalProperties": inner[0]}, values

    def paired(inner: list[tuple[dict[str, Any], Any]]) -> tuple[dict[str, Any], Any]:
        return {"type": "array", "prefixItems": [schema for schema, _ in inner]}, st.tuples(*(s for _, s in inner)).map(
            list
        )

    def joined(inner: list[tuple[dict[str, Any], Any]]) -> tuple[dict[str, Any], Any]:
        return {"anyOf": [schema for schema, _ in inner]}, st.one_of([values for _, values in inner])

    def record(inner: list[tuple[tuple[dict[str, Any], Any], bool]]) -> tuple[dict[str, Any], Any]:
        named = {f"k{index}": each for index, each in enumerate(inner)}
        schema = {
            "type": "object",
            "properties": {name: schema for name, ((schema, _), _) in named.items()},
            "required": [name for name, (_, needed) in named.items() if needed],
        }
        needed = {name: values for name, ((_, values), required) in named.items() if required}
        optional = {name: values for name, ((_, values), required) in named.items() if not required}
        made = st.fixed_dictionaries(needed, optional=optional)
        return schema, made.map(lambda found: {name: found[name] for name in named if name in found})

    several = st.lists(part, min_size=1, max_size=2)
    return st.one_of(
        part.map(listed),
        part.map(mapped),
        several.map(paired),
        several.map(joined),
        st.lists(st.tuples(part, st.booleans()), min_size=1, max_size=3).map(record),
    )


_CASES = st.recursive(st.sampled_from(_LEAVES), _grown, max_leaves=4).flatmap(
    lambda case: st.tuples(st.just(case[0]), case[1])
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=_CASES)
def test_a_grammar_accepts_the_compact_json_of_every_value_of_its_schema(
    accepts: Accepts, case: tuple[dict[str, Any], Any]
) -> None:
    """What a demo shows is always something the grammar lets the model write."""
    schema, value = case

    assert accepts(json_grammar(schema), compact_json(value))


@pytest.mark.parametrize(
    "text",
    [
        '{"n": 3,"s":"x"}',
        '{"n":3, "s":"x"}',
        '{"s":"x","n":3}',
        '{"n":3}',
        '{"n":3,"s":"x","more":1}',
        '{"n":03,"s":"x"}',
        '{"n":"3","s":"x"}',
        '{"n":3,"s":"x',
        '{"n":3,"s":"x\n"}',
        '{"n":3,"s":"x"},',
        "",
    ],
)
def test_a_grammar_refuses_what_is_not_the_compact_json_of_its_schema(accepts: Accepts, text: str) -> None:
    """Free blanks, another order, missing and unknown keys, other kinds and cut texts cannot be written."""
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer"}, "s": {"type": "string"}},
        "required": ["n", "s"],
    }

    assert accepts(json_grammar(schema), '{"n":3,"s":"x"}')
    assert not accepts(json_grammar(schema), text)


@pytest.mark.parametrize("start", [(), ("a",), ("b",), ("a", "b")])
@pytest.mark.parametrize("end", [(), ("d",)])
def test_optional_members_keep_their_order_and_commas(
    accepts: Accepts, start: tuple[str, ...], end: tuple[str, ...]
) -> None:
    """Every subset of the optional members can be written, wherever the required one stands."""
    schema = {"type": "object", "properties": {name: {"const": 1} for name in "abcd"}, "required": ["c"]}

    assert accepts(json_grammar(schema), compact_json(dict.fromkeys([*start, "c", *end], 1)))
    assert not accepts(json_grammar(schema), compact_json(dict.fromkeys([*start, *end], 1)))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=4), other=st.text())
def test_a_choice_grammar_accepts_exactly_its_texts(accepts: Accepts, texts: list[str], other: str) -> None:
    """Quotes, backslashes, line breaks and signs beyond ASCII in labels come through unharmed."""
    grammar = choice_grammar(texts)

    assert all(accepts(grammar, text) for text in texts)
    assert accepts(grammar, other) == (other in texts)


def test_a_literal_escapes_what_gbnf_would_read_otherwise() -> None:
    """The escapes are those of the format's own reader."""
    assert literal('a"b\\c\nd\x01e') == r'"a\"b\\c\nd\x01e"'


def test_a_grammar_is_the_same_each_time() -> None:
    """Requests are keyed by their whole content, so the grammar's text must not vary."""
    schema = {"type": "object", "properties": {"a": {"type": "array", "items": {"enum": ["x"]}}, "b": {}}}

    assert json_grammar(schema) == json_grammar(json.loads(json.dumps(schema)))


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, "string"),
        ({"type": "number", "minimum": 0, "maximum": 1}, "number from 0 to 1"),
        ({"type": "integer", "minimum": 1}, "integer of at least 1"),
        ({"enum": ["a", 1, None]}, '"a" | 1 | null'),
        ({"const": "x"}, '"x"'),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string | null"),
        ({"type": ["integer", "null"]}, "integer | null"),
        ({"type": "array", "items": {"type": "integer"}}, "[integer, ...]"),
        ({"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}]}, "[string, integer]"),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "{string: number, ...}"),
        (
            {"type": "object", "properties": {"a": {"type": "string"}, "b": {}}, "required": ["a"]},
            '{"a": string, "b"?: any}',
        ),
    ],
)
def test_the_compact_type_of_a_schema(schema: dict[str, Any], expected: str) -> None:
    """Each construct has one short notation."""
    assert compact_type(schema) == expected
