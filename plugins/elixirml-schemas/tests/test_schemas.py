"""Tests of the `python` schema engine: what it reads, what it refuses, and that nothing is lost on the way."""

import enum
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import InitVar, dataclass
from dataclasses import field as dataclass_field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from threading import Barrier
from typing import Annotated, Any, Literal, NamedTuple, NewType, NotRequired, Optional, TypedDict
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elixirml.contracts import NO_DEFAULT, FieldDeclaration
from elixirml.contracts.constraints import Description, Length, Pattern, Range
from elixirml.errors import DeclarationError, ValidationError
from elixirml_schemas.engine import PythonSchemas
from elixirml_schemas.record_schema import RecordSchema

ENGINE = PythonSchemas()


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Mood(enum.StrEnum):
    GOOD = "good"
    BAD = "bad"


@attrs.frozen
class Source:
    page: int
    title: str = "untitled"


@attrs.frozen
class Chapter:
    page: int
    title: str


@attrs.frozen
class Answer:
    """An answer.

    Attributes:
        answer: The answer itself,
            in a few words.
        confidence: Not used: the annotation speaks first.
    """

    answer: str
    confidence: Annotated[float, Range(0, 1), "how sure it is"]
    colour: Colour = Colour.RED
    sources: list[Source] = attrs.field(factory=list[Source])
    when: date | None = None
    note: str | None = attrs.field(default=None, metadata={"description": "anything else"})


@dataclass
class Box:
    label: str
    items: tuple[int, str] = (1, "one")
    seen: set[str] = dataclass_field(default_factory=set[str])
    size: int = dataclass_field(init=False, default=0)


class Row(TypedDict):
    text: str
    label: NotRequired[Literal["a", "b"]]


class Point(NamedTuple):
    x: int
    y: int = 0


def one(annotation: object, **kwargs: Any) -> RecordSchema:
    """Return the schema of a record with one field, `value`."""
    return ENGINE.record("One", [FieldDeclaration("value", annotation, **kwargs)])


def problems(schema: RecordSchema, data: Any) -> list[tuple[tuple[str | int, ...], str]]:
    """Return path and code of every problem of data that does not fit."""
    with pytest.raises(ValidationError) as caught:
        schema.validate(data)
    return [(each.path, each.code) for each in caught.value.problems]


@pytest.mark.parametrize(
    ("declared", "data", "value"),
    [
        (Answer, {"answer": "Oslo", "confidence": 1}, Answer("Oslo", 1.0)),
        (Box, {"label": "b", "items": [2, "two"], "seen": ["x"]}, Box("b", (2, "two"), {"x"})),
        (Row, {"text": "t"}, {"text": "t"}),
        (Point, {"x": 1}, Point(1, 0)),
    ],
    ids=["attrs", "dataclass", "typed-dict", "named-tuple"],
)
def test_each_kind_of_record_is_read_and_written_back(declared: Any, data: Any, value: Any) -> None:
    """Attrs classes, dataclasses, typed dictionaries and named tuples all become typed values and plain data again."""
    assert ENGINE.supports(declared)
    schema = ENGINE.schema(declared)
    assert schema.name == declared.__name__
    assert schema.validate(data) == value
    assert schema.validate(json.loads(json.dumps(schema.dump(value)))) == value


@pytest.mark.parametrize("declared", [str, int, dict, Colour, 3, "Answer", None, list[int]])
def test_what_is_no_record_is_left_to_other_engines(declared: object) -> None:
    """An engine claims only what it can read, so that several live side by side."""
    assert not ENGINE.supports(declared)
    with pytest.raises(DeclarationError, match="not a record type"):
        ENGINE.schema(declared)


def test_every_problem_is_reported_with_its_path_and_code() -> None:
    """A user mends all mistakes at once: validation never stops at the first."""
    data = {
        "anser": "Oslo",
        "confidence": 1.5,
        "colour": "reed",
        "sources": [{"page": "1"}, 7, {"page": 1, "titel": "x"}],
        "when": "2026-02-31",
    }
    assert problems(ENGINE.schema(Answer), data) == [
        (("answer",), "missing"),
        (("confidence",), "range"),
        (("colour",), "choice"),
        (("sources", 0, "page"), "type"),
        (("sources", 1), "type"),
        (("sources", 2, "titel"), "unknown"),
        (("when",), "type"),
        (("anser",), "unknown"),
    ]


def test_messages_suggest_the_nearest_name_and_member() -> None:
    """A slip of the pen is answered with the name that was meant."""
    with pytest.raises(ValidationError) as caught:
        ENGINE.schema(Answer).validate({"answer": "x", "confidence": 0, "colour": "reed", "notes": "y"})
    assert "Did you mean red?" in str(caught.value)
    assert "Did you mean `note`?" in str(caught.value)


@pytest.mark.parametrize(
    ("annotation", "wrong", "code"),
    [
        (str, 1, "type"),
        (str, None, "type"),
        (int, 3.0, "type"),
        (int, True, "type"),
        (int, "3", "type"),
        (float, "3", "type"),
        (float, True, "type"),
        (float, float("nan"), "type"),
        (float, 10**400, "type"),
        (bool, 1, "type"),
        (None, "null", "type"),
        (Literal[1, 2], True, "choice"),
        (Literal["a"], "A", "choice"),
        (Colour, Mood.GOOD, "choice"),
        (Colour, ["red"], "choice"),
        (list[int], (1,), "type"),
        (list[int], "12", "type"),
        (tuple[int, int], [1], "length"),
        (set[int], [1, 1], "duplicate"),
        (dict[str, int], [1], "type"),
        (dict[str, int], {1: 1}, "type"),
        (date, datetime(2026, 1, 1, tzinfo=UTC), "type"),
        (date, "20260101", "type"),
        (datetime, "2026-01-01", "type"),
        (datetime, "2026-01-01T25:00:00", "type"),
        (Source, "Source", "type"),
        (Any, {1: 2}, "type"),
        (Any, object(), "type"),
        (Any, float("inf"), "type"),
        (int | str, 1.5, "type"),
        (Annotated[int, Range(low=1)], 0, "range"),
        (Annotated[int | None, Range(high=1)], 2, "range"),
        (Annotated[str, Length(2, 3)], "a", "length"),
        (Annotated[list[int], Length(maximum=1)], [1, 2], "length"),
        (Annotated[dict[str, int], Length(1)], {}, "length"),
        (Annotated[str, Pattern("^a+$")], "b", "pattern"),
        (Annotated[Annotated[float, Range(0, 9)], Range(5, 20)], 12, "range"),
    ],
)
def test_values_are_never_bent_to_fit(annotation: object, wrong: object, code: str) -> None:
    """Strict by default: what is not of the declared type, or breaks a mark, is refused with the right code."""
    found = problems(one(annotation), {"value": wrong})
    assert [each for _, each in found] == [code]
    assert found[0][0][0] == "value"


@pytest.mark.parametrize(
    ("annotation", "data", "value"),
    [
        (float, 3, 3.0),
        (float | int, 3, 3),
        (int | float, 3.0, 3.0),
        (tuple[int, ...], [1, 2], (1, 2)),
        (tuple[()], [], ()),
        (frozenset[Colour], ["red"], frozenset({Colour.RED})),
        (set[date], [date(2026, 1, 1)], {date(2026, 1, 1)}),
        (date, "2026-01-31", date(2026, 1, 31)),
        (datetime, "2026-01-31T12:00:00z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        (date | datetime, "2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        (Mood, "good", Mood.GOOD),
        (Literal[Colour.RED, "x"], "red", Colour.RED),
        (dict, {"a": [1]}, {"a": [1]}),
        (list, [None, {"b": 1.5}], [None, {"b": 1.5}]),
        (object, "any", "any"),
        (NewType("Word", str), "w", "w"),
        (Source, Source(1), Source(1)),
        (Source | Point, {"x": 2}, Point(2, 0)),
        (Annotated[float | None, Range(0, 1)], None, None),
    ],
)
def test_what_fits_becomes_a_typed_value(annotation: object, data: object, value: object) -> None:
    """Plain data becomes typed values; values of the right class pass."""
    found = one(annotation).validate({"value": data}).value
    assert found == value
    assert type(found) is type(value)


def test_the_best_fitting_member_of_a_union_wins() -> None:
    """A record goes to the class that has exactly its fields, whichever was declared first."""

    @attrs.frozen
    class Wide:
        page: int
        title: str = "none"
        extra: int = 0

    schema = one(Wide | Source)
    assert schema.validate({"value": {"page": 1, "title": "t"}}).value == Source(1, "t")
    assert problems(one(Source | None), {"value": {"page": "1"}}) == [(("value", "page"), "type")]


@pytest.mark.parametrize(
    "annotation",
    [
        str | date,
        str | UUID,
        Decimal | str,
        Colour | str,
        list[int] | tuple[int, ...],
        dict[str, int] | Source,
        Any | date,
        Source | Chapter,
    ],
)
def test_unions_that_json_cannot_tell_apart_are_refused(annotation: object) -> None:
    """What is written must read back the same, so an ambiguous union is an error where it is declared."""
    with pytest.raises(DeclarationError, match=r"One\.value.*cannot tell apart"):
        one(annotation)


def test_records_with_different_tags_are_told_apart() -> None:
    """A Literal field of both records decides which one it is."""

    @attrs.frozen
    class Cat:
        kind: Literal["cat"]
        name: str

    @attrs.frozen
    class Dog:
        kind: Literal["dog"]
        name: str

    assert one(Cat | Dog).validate({"value": {"kind": "dog", "name": "Rex"}}).value == Dog("dog", "Rex")


@attrs.define
class Tree:
    children: "list[Tree]"


@attrs.define
class Lost:
    fine: int
    there: "Nowhere"  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore[reportUndefinedVariable]


@dataclass
class Initialised:
    value: InitVar[int]


class Permissions(enum.Flag):
    READ = 1


def odd(annotation: Any, default: Any = attrs.NOTHING) -> type[Any]:
    """Return a class with one field that cannot be read."""
    return attrs.make_class("Odd", {"bad": attrs.field(type=annotation, default=default)})


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        (odd(complex), ["Odd.bad", "complex", "Supported: str"]),
        (odd(dict[int, str]), ["Odd.bad", "int keys"]),
        (odd(set[list[int]]), ["Odd.bad", "cannot be in a set"]),
        (odd(Literal[b"x"]), ["Odd.bad", "b'x'"]),
        (odd(Permissions), ["Odd.bad", "Permissions"]),
        (odd(int, default="x"), ["Odd.bad", "default 'x'"]),
        (odd(str, default=None), ["Odd.bad", "| None"]),
        (odd(Annotated[bool, Range(0, 1)]), ["Odd.bad", "Range"]),
        (Tree, ["Tree.children", "holds itself"]),
        (Lost, ["Lost.there", "Nowhere"]),
        (Initialised, ["Initialised.value", "InitVar"]),
    ],
)
def test_a_declaration_error_names_the_field_and_what_is_possible(declared: Any, words: list[str]) -> None:
    """Declarations are refused before any data is read, with the field's name and the way out."""
    with pytest.raises(DeclarationError) as caught:
        ENGINE.schema(declared)
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize(
    "names",
    [["two words"], ["class"], ["_hidden"], ["self"], ["", "a"], ["a", "a"], ["\N{LATIN SMALL LIGATURE FI}"]],
    ids="+".join,
)
def test_a_run_time_record_refuses_bad_names(names: list[str]) -> None:
    """A record made from data of any origin still has names that Python can use."""
    with pytest.raises(DeclarationError):
        ENGINE.record("Made", [FieldDeclaration(each) for each in names])


def test_a_run_time_record_has_one_class_in_all_threads() -> None:
    """A class that several threads need first at the same moment is made once, so each takes the others' values."""
    schema = ENGINE.record("Made", [FieldDeclaration(f"field_{number}") for number in range(40)])
    data, ready = {each.name: "x" for each in schema.fields}, Barrier(4)

    def made(_: int) -> Any:
        ready.wait()
        return schema.validate(data)

    with ThreadPoolExecutor(4) as threads:
        values = list(threads.map(made, range(4)))
    assert [schema.validate(each) for each in values] == values
    assert {type(each) for each in values} == {schema.shape.cls}
    assert (schema.name, schema.shape.cls.__name__) == ("Made", "Made")


def test_a_run_time_record_has_frozen_values_with_attributes() -> None:
    """Records made at run time behave like declared classes, and never share a default."""
    schema = ENGINE.record(
        "Made",
        [
            FieldDeclaration("words", list[str], "some words", default=[]),
            FieldDeclaration("answer", str, "the answer", default=NO_DEFAULT),
            FieldDeclaration("mood", Mood, default="good"),
        ],
    )
    first, second = (schema.validate({"answer": each}) for each in "ab")
    first.words.append("x")
    assert (second.words, second.answer, second.mood) == ([], "b", Mood.GOOD)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        first.answer = "c"
    assert [(each.name, each.required, each.default, each.description) for each in schema.fields] == [
        ("words", False, [], "some words"),
        ("answer", True, None, "the answer"),
        ("mood", False, "good", ""),
    ]


def test_descriptions_come_from_metadata_annotations_and_docstrings() -> None:
    """What a class says about its fields reaches the model, wherever it says it."""
    described = {each.name: each.description for each in ENGINE.schema(Answer).fields}
    assert described["answer"] == "The answer itself, in a few words."
    assert described["confidence"] == "how sure it is"
    assert described["note"] == "anything else"
    assert one(Optional[Annotated[str, Description("a word")]]).fields[0].description == "a word"  # noqa: UP045


def test_private_attributes_and_fields_outside_the_constructor_are_handled() -> None:
    """Data is keyed by attribute names; what a constructor does not take is no field."""

    @attrs.define
    class Odd:
        _hidden: int
        made: int = attrs.field(init=False, default=7)

    schema = ENGINE.schema(Odd)
    assert [each.name for each in schema.fields] == ["_hidden"]
    assert schema.dump(schema.validate({"_hidden": 2})) == {"_hidden": 2}


def test_a_refusal_by_the_class_itself_is_a_problem() -> None:
    """Validators of the class count: their words are reported with the path."""

    @attrs.define
    class Even:
        number: int

        def __attrs_post_init__(self) -> None:
            if self.number % 2:
                raise ValueError("odd")

    assert problems(one(list[Even]), {"value": [{"number": 2}, {"number": 3}]}) == [(("value", 1), "invalid")]


def test_a_value_of_the_class_is_still_checked() -> None:
    """An attrs class does not check its own types, so a wrong value inside one is found here."""
    schema = ENGINE.schema(Source)
    good = Source(1)
    assert schema.validate(good) is good
    wrong: Any = "one"
    assert problems(schema, Source(wrong)) == [(("page",), "type")]
    with pytest.raises(ValidationError):
        schema.dump(Source(wrong))


def test_the_json_schema_says_what_validation_checks() -> None:
    """The schema a model sees is complete and needs no references."""
    assert ENGINE.schema(Answer).json_schema() == {
        "type": "object",
        "properties": {
            "answer": {"type": "string", "description": "The answer itself, in a few words."},
            "confidence": {"type": "number", "minimum": 0, "maximum": 1, "description": "how sure it is"},
            "colour": {"enum": ["red", "blue"], "default": "red"},
            "sources": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"page": {"type": "integer"}, "title": {"type": "string", "default": "untitled"}},
                    "required": ["page"],
                    "additionalProperties": False,
                },
                "default": [],
            },
            "when": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}], "default": None},
            "note": {
                "anyOf": [{"type": "string"}, {"type": "null"}],
                "default": None,
                "description": "anything else",
            },
        },
        "required": ["answer", "confidence"],
        "additionalProperties": False,
    }
    assert one(tuple[int, str]).fields[0].schema == {
        "type": "array",
        "prefixItems": [{"type": "integer"}, {"type": "string"}],
        "minItems": 2,
        "maxItems": 2,
    }
    assert one(Annotated[float, Range(0, 9), Range(5, 20)]).fields[0].schema == {
        "type": "number",
        "minimum": 0,
        "maximum": 9,
        "allOf": [{"minimum": 5, "maximum": 20}],
    }
    assert one(Literal["a", "b"]).fields[0].choices == ("a", "b")


def test_deep_data_exhausts_no_stack() -> None:
    """Data of any depth is read or refused, never a crash."""
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert one(Any).validate({"value": deep}).value is deep
    assert problems(one(int), {"value": deep}) == [(("value",), "type")]
    assert problems(one(str), {"value": 10**5000}) == [(("value",), "type")]


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
_MOMENTS = st.datetimes() | st.datetimes(
    min_value=datetime(1900, 1, 1),  # noqa: DTZ001 - hypothesis adds the offset
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))]),
)
_TYPES: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (str, st.text()),
    (int, st.integers()),
    (float, st.floats(allow_nan=False, allow_infinity=False)),
    (float | int, st.floats(allow_nan=False, allow_infinity=False) | st.integers()),
    (bool | None, st.booleans() | st.none()),
    (Colour, st.sampled_from(Colour)),
    (Mood | str, st.sampled_from(Mood) | st.text()),
    (Literal["a", 1, True] | None, st.sampled_from(["a", 1, True, None])),
    (date | datetime, st.dates() | _MOMENTS),
    (list[date], st.lists(st.dates())),
    (time | UUID | None, st.times() | st.uuids() | st.none()),
    (Decimal, st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20)),
    (Decimal | float, st.floats(allow_nan=False, allow_infinity=False) | st.decimals(-1, 1, places=3)),
    (tuple[int, Colour], st.tuples(st.integers(), st.sampled_from(Colour))),
    (tuple[str, ...], st.lists(st.text()).map(tuple)),
    (frozenset[date], st.frozensets(st.dates())),
    (set[Source], st.sets(st.builds(Source, st.integers(), st.text()))),
    (dict[str, Colour], st.dictionaries(st.text(), st.sampled_from(Colour))),
    (Any, _PLAIN),
    (Source | Point, st.builds(Source, st.integers(), st.text()) | st.builds(Point, st.integers(), st.integers())),
    (Row, st.fixed_dictionaries({"text": st.text()}, optional={"label": st.sampled_from(["a", "b"])})),
    (Box, st.builds(Box, st.text(), st.tuples(st.integers(), st.text()), st.sets(st.text()))),
]


@pytest.mark.parametrize(("annotation", "values"), _TYPES, ids=lambda each: str(each)[:30])
@given(data=st.data())
def test_what_is_written_reads_back_the_same(
    annotation: Any, values: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    """The law of schemas: `validate(dump(v)) == v`, through JSON text, with the same types."""
    schema = one(annotation)
    value = schema.validate({"value": data.draw(values)})
    again = schema.validate(json.loads(json.dumps(schema.dump(value), allow_nan=False)))
    assert again == value
    assert type(again.value) is type(value.value)


@pytest.mark.parametrize(
    "make",
    [lambda: Range(2, 1), lambda: Range(float("nan")), lambda: Length(-1), lambda: Length(3, 2), lambda: Pattern("(")],
)
def test_marks_that_hold_nothing_are_refused(make: Any) -> None:
    """A constraint nobody can meet is a mistake of the declaration."""
    with pytest.raises(DeclarationError):
        make()
