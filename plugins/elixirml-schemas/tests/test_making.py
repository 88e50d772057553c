"""Schemas made at run time: fields, rules, and schemas made of others."""

from dataclasses import dataclass, field
from typing import Any, Literal, NotRequired, TypedDict
from uuid import uuid4

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elixirml.contracts import FieldDeclaration, Length, Pattern, Range
from elixirml.errors import DeclarationError, Problem, ValidationError
from elixirml_schemas import (
    Above,
    Below,
    MultipleOf,
    PythonSchemas,
    RecordSchema,
    Satisfies,
    SchemaField,
    Unique,
    extend,
    infer,
    merge,
    omit,
    pick,
    schema,
)
from elixirml_schemas.json_schema import validate as judge


def problems(made: RecordSchema, data: Any) -> list[tuple[tuple[str | int, ...], str]]:
    """Return path and code of every problem of data."""
    return [(each.path, each.code) for each in made.check(data).problems]


SPAN = schema(
    "Span",
    [
        SchemaField("start", int, description="where it begins", examples=[3], constraints=[Range(0)]),
        SchemaField("end", int, default=10),
        SchemaField("label", Literal["a", "b"], required=False, metadata={"widget": "list"}),
    ],
    before=lambda data: {str(key).lower(): each for key, each in data.items()},
    validate=lambda span: span.start <= span.end or "it ends before it starts",
    after=lambda span: attrs.evolve(span, end=min(span.end, 100)),
    computed={"length": lambda span: span.end - span.start},
    description="A stretch.",
)


def test_a_field_says_everything_in_one_place() -> None:
    """Type, default, constraints, description, examples and metadata all arrive where they are asked for."""
    start, end, label = SPAN.fields
    assert (start.description, start.schema) == ("where it begins", {"type": "integer", "minimum": 0, "examples": [3]})
    assert (start.required, end.default, label.required, label.default) == (True, 10, False, None)
    assert SPAN.metadata["label"] == {"widget": "list"}
    assert SPAN.json_schema()["description"] == "A stretch."
    assert SPAN.json_schema()["properties"]["start"]["examples"] == [3]
    assert judge(SPAN.json_schema(), {"start": 1}).ok


def test_rules_are_carried_out_in_their_order() -> None:
    """Transforms of the data, then the fields, then checks, then transforms of the value; what is computed is there."""
    value = SPAN.validate({"START": 4, "End": 400})
    assert (value.start, value.end, value.label, value.length) == (4, 100, None, 96)
    assert SPAN.dump(value) == {"start": 4, "end": 100, "label": None}
    assert SPAN.computed(value) == {"length": 96}
    assert SPAN.validate(SPAN.dump(value)) == value
    assert problems(SPAN, {"start": 40}) == [((), "invalid")]
    assert problems(SPAN, {"start": "x"}) == [(("start",), "type")]
    with pytest.raises(ValidationError, match="it ends before it starts"):
        SPAN.dump(SPAN.type(start=5, end=1))


def test_a_made_class_keeps_its_rules_wherever_it_is_written() -> None:
    """The class of a schema is a type like any other, alone and inside other records."""
    whole = schema("Whole", {"spans": list[SPAN.type], "name": str})
    value = whole.validate({"spans": [{"START": 1}], "name": "n"})
    assert (value.spans[0].length, whole.validate(whole.dump(value))) == (9, value)
    assert problems(whole, {"spans": [{"start": 1}, {"start": 11}], "name": "n"}) == [(("spans", 1), "invalid")]
    assert PythonSchemas().schema(SPAN.type).validate({"START": 2}) == SPAN.validate({"start": 2})


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (lambda _: None, []),
        (lambda _: True, []),
        (lambda _: False, [((), "invalid")]),
        (lambda _: "wrong", [((), "invalid")]),
        (lambda _: Problem(("a",), "odd", "it is odd"), [(("a",), "odd")]),
        (lambda _: ["one", Problem(("a",), "odd", "two")], [((), "invalid"), (("a",), "odd")]),
        (lambda value: {}[value.a], [((), "invalid")]),
        (lambda value: int("x" * value.a), [((), "invalid")]),
    ],
)
def test_a_check_says_what_is_wrong_in_several_ways(check: Any, expected: Any) -> None:
    """Words, problems with their own paths, a plain no, and errors are all reported and never raised."""
    assert problems(schema("One", {"a": int}, validate=[check]), {"a": 1}) == expected


def test_transforms_that_fail_are_problems() -> None:
    """A transform that raises, or returns something else, is a problem of the data and no crash."""
    for rule in ({"before": lambda data: data["no"]}, {"before": lambda _: 3}, {"after": lambda _: 3}, {"after": max}):
        assert problems(schema("One", {"a": int}, **rule), {"a": 1}) == [((), "invalid")]
    broken = schema("One", {"a": int}, computed={"b": lambda one: [1][one.a]})
    assert problems(broken, {"a": 1}) == [(("b",), "invalid")]


@pytest.mark.parametrize(
    ("annotation", "marks", "good", "bad", "keywords"),
    [
        (int, [Above(0), Below(3)], 1, 3, {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 3}),
        (float, [MultipleOf(0.1)], 0.3, 0.35, {"type": "number", "multipleOf": 0.1}),
        (list[int], [Unique(), Length(1)], [1, 2], [1, 1], {"uniqueItems": True, "minItems": 1}),
        (str, [Pattern("^a"), Length(0, 2)], "ab", "b", {"pattern": "^a", "maxLength": 2}),
        (int, [Satisfies(lambda number: number % 2, "an odd number")], 3, 4, {"type": "integer"}),
        (int | None, [Above(0)], None, 0, {}),
    ],
)
def test_constraints_hold_and_are_written_down(annotation: Any, marks: Any, good: Any, bad: Any, keywords: Any) -> None:
    """A constraint is checked, and said in the JSON Schema where that has a word for it."""
    made = schema("One", [SchemaField("a", annotation, constraints=marks)])
    assert made.validate({"a": good}).a == good
    assert len(problems(made, {"a": bad})) == 1
    written = made.fields[0].schema
    assert {key: each for key, each in written.items() if key in keywords} == keywords


@pytest.mark.parametrize(
    "fields",
    [
        [SchemaField("a", int, required=True, default=1)],
        [SchemaField("a", int, default="x")],
        [SchemaField("a", int, examples=["x"])],
        [SchemaField("a", complex)],
        [SchemaField("a", str, constraints=[Range(0)])],
        [SchemaField("a"), FieldDeclaration("a")],
        [SchemaField("_a")],
        [SchemaField("length")],
    ],
)
def test_a_wrong_declaration_is_refused_at_once(fields: Any) -> None:
    """What could not be read, or never be used, is an error where it is declared."""
    with pytest.raises(DeclarationError):
        schema("Odd", fields, computed={"length": len})


class Row(TypedDict):
    text: str
    label: NotRequired[int]


@dataclass
class Numbered:
    text: str
    number: str = field(default_factory=lambda: str(uuid4()))
    tags: list[str] = field(default_factory=list)


def test_schemas_are_made_of_others() -> None:
    """Fields are taken over with all that was said of them; rules go with whole records only."""
    more = extend(
        "More", SPAN, [SchemaField("end", int, default=7), SchemaField("note")], computed={"twice": lambda s: 2}
    )
    assert [each.name for each in more.fields] == ["start", "end", "label", "note"]
    value = more.validate({"START": 1, "note": "n"})
    assert (value.end, value.length, value.twice) == (7, 6, 2)
    both = merge("Both", SPAN, omit("Rest", Numbered, ["number"]), pick("Text", Row, ["text"]))
    assert [each.name for each in both.fields] == ["start", "end", "label", "text", "tags"]
    assert both.validate({"START": 1, "text": "t"}).length == 9
    assert omit("Less", SPAN, ["start", "label"]).validate({}).end == 10
    less = pick("Less", SPAN, ["label", "start"])
    assert less.fields == (SPAN.fields[2], SPAN.fields[0])
    assert less.validate({"start": 50}).start == 50
    assert pick("Text", Row, ["label"]).validate({}).label is None


def test_what_cannot_be_joined_is_refused() -> None:
    """Contradictions, unknown names and defaults that cannot be taken over are named."""
    with pytest.raises(DeclarationError, match="means something else in Row"):
        merge("Both", schema("A", {"text": int}), Row)
    with pytest.raises(DeclarationError, match="Did you mean `start`"):
        pick("Less", SPAN, ["stat"])
    with pytest.raises(DeclarationError, match="made anew"):
        extend("More", Numbered, [])
    with pytest.raises(DeclarationError, match="neither a schema nor a record"):
        omit("Less", int, [])


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "two words"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), PLAIN, max_size=3), min_size=1, max_size=4))
def test_every_example_fits_what_was_inferred_from_it(examples: list[dict[str, Any]]) -> None:
    """The law of inference, for its types and for its JSON Schema alike."""
    made = infer("Made", examples)
    for each in examples:
        value = made.validate(each)
        assert made.validate(made.dump(value)) == value
        assert judge(made.json_schema(), each).ok


def test_inference_is_as_narrow_as_the_examples() -> None:
    """Optional fields, numbers, unions, records, maps and lists are told apart."""
    made = infer(
        "Made",
        [
            {"a": 1, "b": [1, 2.5], "c": {"x": None}, "m": {"two words": 1}},
            {"a": "x", "b": [], "d": [{"k": 1}, {"k": 2}], "m": {}},
        ],
    )
    kinds = {each.name: each.schema for each in made.fields}
    assert kinds["a"] == {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    assert kinds["b"] == {"type": "array", "items": {"type": "number"}}
    assert kinds["m"] == {"type": "object", "additionalProperties": {"type": "integer"}}
    assert [each.required for each in made.fields] == [True, True, False, True, False]
    assert made.validate({"a": 1, "b": [], "m": {}, "d": [{"k": 3}]}).d[0].k == 3


@pytest.mark.parametrize("examples", [[], [3], [{"two words": 1}], [{"a": object()}], [{"a": {1: 2}, "class": 1}]])
def test_examples_that_tell_nothing_are_refused(examples: Any) -> None:
    """Without plain objects whose keys can name fields there is no schema."""
    with pytest.raises(DeclarationError):
        infer("Made", examples)
