"""Schemas in use: one value, many, streams, the coercing mode, and dialects."""

import json
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import elixirml_schemas
from elixirml.contracts import FieldDeclaration, Range
from elixirml.errors import DeclarationError, Problem, ValidationError
from elixirml_schemas import (
    Batch,
    Checked,
    PythonSchemas,
    RecordSchema,
    SchemaField,
    compact_text,
    provider_strict,
    schema,
)
from elixirml_schemas.json_schema import validate as judge
from elixirml_schemas.quick import quick_reader
from elixirml_schemas.shape import REFUSED


@attrs.frozen
class Item:
    name: str
    price: Annotated[float, Range(0)]
    count: int = 1


@attrs.frozen
class Order:
    id: UUID
    items: list[Item]
    state: Literal["new", "paid"] | None
    total: Decimal = Decimal(0)
    notes: dict[str, int] = attrs.field(factory=dict[str, int])
    size: tuple[int, bool] = (1, True)
    code: int | str = 0


ORDER = PythonSchemas().schema(Order)
ID = "0f8b7d1e-3c2a-4b5d-9e6f-7a8b9c0d1e2f"
GOOD = {"id": ID, "items": [{"name": "a", "price": 2}], "state": "new", "total": "19.90", "notes": {"a": 1}}


def test_the_coercing_mode_bends_what_says_how() -> None:
    """Texts become numbers and truth values, numbers become texts, null counts as absent; strict by default."""
    data = {
        "id": ID,
        "items": [{"name": 7, "price": " 2.5 ", "count": "3"}, {"name": True, "price": 1, "count": None}],
        "state": " paid ",
        "total": 1.5,
        "notes": {"a": 2.0},
        "size": ["4", "FALSE"],
        "code": "12",
    }
    expected = Order(
        UUID(ID),
        [Item("7", 2.5, 3), Item("true", 1.0)],
        "paid",
        Decimal("1.5"),
        {"a": 2},
        (4, False),
        "12",
    )
    assert ORDER.coercing().validate(data) == ORDER.validate(data, coerce=True) == expected
    assert not ORDER.check(data).ok
    assert not ORDER.coercing().check(data, coerce=False).ok


def test_what_cannot_be_bent_is_reported_as_ever() -> None:
    """Coercion invents nothing: what is left over is wrong in the words and codes of the strict mode."""
    data = {"id": 7, "items": [{"name": None, "price": "-1", "count": "1.5"}], "state": "old", "size": [1], "code": [1]}
    assert [(each.path, each.code) for each in ORDER.check(data, coerce=True).problems] == [
        (("id",), "type"),
        (("items", 0, "name"), "type"),
        (("items", 0, "price"), "range"),
        (("items", 0, "count"), "type"),
        (("state",), "choice"),
        (("size",), "length"),
        (("code",), "type"),
    ]


def test_transforms_come_before_coercion_and_once() -> None:
    """In the coercing mode, too, data is transformed before its fields are looked at, and no more than once."""
    made = schema("One", {"a": int}, before=lambda data: {"a": data["raw"]}, coerce=True)
    assert made.validate({"raw": "4"}).a == 4
    assert [each.code for each in made.check({}).problems] == ["invalid"]


def test_many_are_validated_at_once() -> None:
    """Values come in order, errors with the places of theirs."""
    batch = ORDER.validate_many([GOOD, {}, GOOD, GOOD | {"state": "x"}])
    assert isinstance(batch, Batch)
    assert batch.values == (ORDER.validate(GOOD),) * 2
    assert {index: [each.code for each in found] for index, found in batch.errors.items()} == {
        1: ["missing", "missing", "missing"],
        3: ["choice"],
    }
    with pytest.raises(ValidationError, match="2 of 4 values") as caught:
        batch.unwrap()
    assert caught.value.problems[-1].path == (3, "state")
    assert ORDER.validate_many([GOOD]).unwrap() == (ORDER.validate(GOOD),)


def test_a_stream_is_validated_as_it_comes() -> None:
    """Nothing is taken from a source before it is asked for."""
    taken: list[int] = []
    source = (taken.append(number) or GOOD for number in range(3))
    stream = ORDER.validate_stream(source)
    assert taken == []
    assert next(stream) == Checked(0, ORDER.validate(GOOD))
    assert taken == [0]
    assert [each.index for each in stream] == [1, 2]


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_an_async_stream_is_validated_as_it_comes() -> None:
    """Async sources give async streams, with the same results."""

    async def source() -> AsyncIterator[object]:
        for each in (GOOD, {}, GOOD):
            yield each

    found = [each async for each in ORDER.validate_stream(source())]
    assert [(each.index, each.ok) for each in found] == [(0, True), (1, False), (2, True)]


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats() | st.sampled_from(["a", "new", "1", ID]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "price", "x"]), inner, max_size=2)
    ),
    max_leaves=5,
)
_TYPES = [
    str,
    int,
    float,
    bool,
    None,
    Any,
    UUID,
    Decimal,
    Item,
    list[int],
    list[Item],
    dict[str, float],
    tuple[int, str],
]
_TYPES += [
    set[str],
    Literal["a", 1],
    Literal["new", "a"],
    int | None,
    Item | None,
    int | str,
    Annotated[int, Range(0, 1)],
]


@pytest.mark.parametrize("annotation", _TYPES, ids=str)
@settings(max_examples=40)
@given(data=st.data())
def test_the_quick_way_is_the_thorough_way(annotation: Any, data: st.DataObject) -> None:
    """The compiled reader gives what the shape gives, and refuses exactly what the shape finds wrong."""
    shape = PythonSchemas().record("One", [FieldDeclaration("value", annotation)]).shape
    given_data = data.draw(st.fixed_dictionaries({"value": _VALUES}) | _VALUES)
    problems: list[Problem] = []
    typed = shape.read(given_data, (), problems)
    quick = quick_reader(shape)(given_data)
    if problems:
        assert quick is REFUSED
    else:
        assert quick == typed
        assert type(quick.value) is type(typed.value)


_Pair = tuple[Any, st.SearchStrategy[Any]]


def _record(pairs: list[_Pair]) -> _Pair:
    """Return a class made at run time with a field of each type, and a strategy of its values."""
    fields = [SchemaField(f"field_{number}", annotation) for number, (annotation, _) in enumerate(pairs)]
    made = schema("Inner", fields).type
    values = {f"field_{number}": each for number, (_, each) in enumerate(pairs)}
    return made, st.fixed_dictionaries(values).map(lambda given: made(**given))


_GENERATED: st.SearchStrategy[_Pair] = st.recursive(
    st.sampled_from(
        [
            (str, st.text(max_size=3)),
            (int, st.integers()),
            (float, st.floats(allow_nan=False, allow_infinity=False)),
            (UUID, st.uuids()),
            (date, st.dates()),
            (Decimal, st.decimals(-9, 9, places=2)),
            (Literal["a", 1, False], st.sampled_from(["a", 1, False])),
        ]
    ),
    lambda inner: (
        inner.map(lambda pair: (list[pair[0]], st.lists(pair[1], max_size=2)))  # type: ignore[name-defined]
        | inner.map(lambda pair: (dict[str, pair[0]], st.dictionaries(st.text(max_size=2), pair[1], max_size=2)))  # type: ignore[name-defined]
        | inner.map(lambda pair: (pair[0] | None, pair[1] | st.none()))
        | st.tuples(inner, inner).map(
            lambda pairs: (tuple[pairs[0][0], pairs[1][0]], st.tuples(*(p[1] for p in pairs)))
        )
        | st.lists(inner, min_size=1, max_size=3).map(_record)
    ),
    max_leaves=5,
)


@given(_GENERATED, st.data())
def test_values_of_any_type_survive_being_written(pair: _Pair, data: st.DataObject) -> None:
    """The law of schemas over types nobody thought of: `validate(dump(v)) == v`, through JSON text."""
    annotation, values = pair
    made = schema("Made", {"value": annotation})
    value = made.type(value=data.draw(values))
    written = json.loads(json.dumps(made.dump(value), allow_nan=False))
    assert made.validate(written) == value
    assert judge(made.json_schema(), written).ok


@pytest.mark.parametrize("annotation", _TYPES, ids=str)
@settings(max_examples=40)
@given(data=st.data())
def test_what_the_types_take_their_json_schema_takes(annotation: Any, data: st.DataObject) -> None:
    """Whatever is read and written again fits the JSON Schema, in the full dialect, and coercion changes none of it."""
    made = PythonSchemas().record("One", [FieldDeclaration("value", annotation)])
    checked = made.check({"value": data.draw(_VALUES)})
    if checked.ok:
        written = json.loads(json.dumps(made.dump(checked.value)))
        assert judge(made.json_schema(), written).ok
        assert made.validate(written, coerce=True) == checked.value


def test_the_strict_dialect_is_what_providers_take() -> None:
    """All properties are required and closed, what was optional may be null, bounds and defaults are gone."""
    made = schema(
        "Made",
        [
            SchemaField("a", int, constraints=[Range(0)], description="a number"),
            SchemaField("b", Literal["x", "y"], default="x", description="a choice"),
            SchemaField("c", list[Item], default=[]),
            SchemaField("d", tuple[int, str, int] | None, default=None),
        ],
        description="made",
    )
    item = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "price": {"type": "number"},
            "count": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        },
        "required": ["name", "price", "count"],
        "additionalProperties": False,
    }
    assert made.json_schema("strict") == {
        "type": "object",
        "description": "made",
        "properties": {
            "a": {"type": "integer", "description": "a number"},
            "b": {"anyOf": [{"enum": ["x", "y"]}, {"type": "null"}], "description": "a choice"},
            "c": {"anyOf": [{"type": "array", "items": item}, {"type": "null"}]},
            "d": {
                "anyOf": [
                    {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "string"}]}},
                    {"type": "null"},
                ]
            },
        },
        "required": ["a", "b", "c", "d"],
        "additionalProperties": False,
    }
    assert made.validate({"a": 1, "b": None, "c": None, "d": None}, coerce=True) == made.validate({"a": 1})


@pytest.mark.parametrize("annotation", [dict[str, int], Any, list[Any], list[dict[str, int]]], ids=str)
def test_the_strict_dialect_refuses_what_it_cannot_say(annotation: Any) -> None:
    """A map in a strict schema would come back empty, so it is refused with the way out."""
    made = PythonSchemas().record("One", [FieldDeclaration("value", annotation)])
    with pytest.raises(DeclarationError, match="`value`") as caught:
        provider_strict(made.json_schema())
    assert caught.value.code == "schema-dialect"


def test_the_compact_dialect_is_short_and_says_all() -> None:
    """A prompt holds types, bounds, defaults and descriptions in a line a field."""
    assert ORDER.json_schema("compact") == (
        "{\n"
        "  id: string (uuid)\n"
        "  items: {\n"
        "    name: string\n"
        "    price: number (0..)\n"
        "    count?: integer = 1\n"
        "  }[]\n"
        '  state: "new" | "paid" | null\n'
        '  total?: string (decimal) = "0"\n'
        "  notes?: {[key]: integer} = {}\n"
        "  size?: [integer, boolean] = [1, true]\n"
        "  code?: integer | string = 0\n"
        "}"
    )
    assert compact_text(
        {"type": "array", "items": {"type": ["string", "null"]}, "maxItems": 2, "uniqueItems": True}
    ) == ("(string | null)[] (..2 items, no repeats)")
    assert compact_text({}) == "any"


def test_the_front_door_is_complete_and_lazy() -> None:
    """Every public name is there, and none that is not."""
    assert all(getattr(elixirml_schemas, name) is not None for name in elixirml_schemas.__all__)
    assert elixirml_schemas.RecordSchema is RecordSchema
    assert dir(elixirml_schemas) == elixirml_schemas.__all__
    with pytest.raises(AttributeError, match="shema"):
        _ = elixirml_schemas.shema  # type: ignore[attr-defined]


def test_every_problem_says_what_was_expected_and_what_was_got() -> None:
    """All of them at once, each with its path, code, and the two sides."""
    with pytest.raises(ValidationError) as caught:
        PythonSchemas().schema(Order).validate({"items": [{"price": -1}], "state": "lost", "size": [1], "id": "x"})
    told = {".".join(map(str, each.path)): (each.code, each.expected, each.got) for each in caught.value.problems}

    assert told == {
        "id": ("type", "a UUID like 123e4567-e89b-12d3-a456-426614174000", "'x' (str)"),
        "items.0.name": ("missing", "text", "nothing"),
        "items.0.price": ("range", "a number from 0", "-1.0"),
        "state": ("choice", "one of new, paid", "'lost' (str)"),
        "size": ("length", "2 items", "1"),
    }
    spoken = [each for each in caught.value.problems if each.code != "missing"]
    assert all(each.message == f"expected {each.expected}, got {each.got}" for each in spoken)
