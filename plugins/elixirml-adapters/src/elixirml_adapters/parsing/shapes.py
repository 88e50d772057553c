"""What a field's schema asks for, read once for all replies to one task.

Records and their fields are not frozen, for frozen ones are slow to make; nothing changes them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias, cast

from elixirml_adapters.parsing.names import NameIndex

__all__ = [
    "Anything",
    "Boolean",
    "Choice",
    "Field",
    "Integer",
    "ListOf",
    "MapOf",
    "Nothing",
    "Real",
    "Record",
    "Shape",
    "Text",
    "Union",
    "accepts_null",
    "accepts_text",
    "is_free_text",
    "is_textual",
    "record_of",
    "shape_of",
]

_ABSENT = object()
_UNION_WORDS = frozenset({"const", "enum", "anyOf"})


@dataclass(frozen=True)
class Anything:
    """Any value at all."""


@dataclass(frozen=True)
class Nothing:
    """Null."""


@dataclass(frozen=True)
class Text:
    """A string."""


@dataclass(frozen=True)
class Boolean:
    """A truth value."""


@dataclass(frozen=True)
class Integer:
    """A whole number."""


@dataclass(frozen=True)
class Real:
    """A number."""


@dataclass(frozen=True)
class Choice:
    """One of some constants."""

    members: tuple[Any, ...]


@dataclass(frozen=True)
class ListOf:
    """A list."""

    item: "Shape"


@dataclass(frozen=True)
class MapOf:
    """An object with any keys; no values are kept when `value` is None."""

    value: "Shape | None"


@dataclass(slots=True)
class Field:
    """One declared member of a record; `drops_null` says whether null counts as absent."""

    name: str
    shape: "Shape"
    required: bool
    default: Any = _ABSENT
    drops_null: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.drops_null = not self.required and not accepts_null(self.shape)

    @property
    def has_default(self) -> bool:
        """Whether the schema names a default."""
        return self.default is not _ABSENT


@dataclass(slots=True)
class Record:
    """An object with declared members; `names` finds the one that a written key means."""

    fields: tuple[Field, ...]
    names: NameIndex = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.names = NameIndex([each.name for each in self.fields])


@dataclass(slots=True)
class Union:
    """One of several shapes, never of one only, never nested; `text_last` has them with plain strings last."""

    members: tuple["Shape", ...]
    text_last: tuple["Shape", ...] = field(init=False, repr=False, compare=False)
    takes_null: bool = field(init=False, repr=False, compare=False)
    takes_text: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.text_last = tuple(sorted(self.members, key=lambda member: isinstance(member, Text)))
        self.takes_null = any(map(accepts_null, self.members))
        self.takes_text = any(map(accepts_text, self.members))


Shape: TypeAlias = Anything | Nothing | Text | Boolean | Integer | Real | Choice | ListOf | MapOf | Record | Union
"""What a value may look like."""


_SIMPLE: Mapping[str, Shape] = {
    "null": Nothing(),
    "string": Text(),
    "boolean": Boolean(),
    "integer": Integer(),
    "number": Real(),
}


def accepts_null(shape: Shape) -> bool:
    """Return whether null is a value of this shape."""
    match shape:
        case Union():
            return shape.takes_null
        case Choice():
            return any(member is None for member in shape.members)
        case _:
            return isinstance(shape, (Anything, Nothing))


def accepts_text(shape: Shape) -> bool:
    """Return whether any text is a value of this shape."""
    return shape.takes_text if isinstance(shape, Union) else isinstance(shape, (Anything, Text))


def shape_of(schema: Any) -> Shape:
    """Return the shape that a schema of the supported subset describes.

    Args:
        schema: `type`, `properties`, `required`, `items`, `additionalProperties`, `enum`, `const`, `anyOf`, `default`;
            other keywords do not matter for reading a reply.
    """
    if isinstance(schema, dict) and "properties" in schema:
        with suppress(TypeError, ValueError, RecursionError):  # values that JSON does not have
            return _known_shape(json.dumps(schema))
    return _shape(schema)


@lru_cache(maxsize=256)
def _known_shape(written: str) -> Shape:
    """Return the shape of a schema as it is written; every reply to one task is read by the same."""
    return _shape(json.loads(written))


def _shape(schema: Any) -> Shape:
    if isinstance(schema, dict) and _UNION_WORDS.isdisjoint(rules := cast("dict[str, Any]", schema)):
        kind = rules.get("type")
        if isinstance(kind, str):
            return _SIMPLE.get(kind) or _of_type(kind, rules)
    members = tuple(_members(schema))
    return members[0] if len(members) == 1 else Union(members)


def record_of(schema: Any) -> Record:
    """Return the record that a schema describes; one without fields where it describes none."""
    shape = shape_of(schema)
    return shape if isinstance(shape, Record) else Record(())


def is_textual(shape: Shape) -> bool:
    """Return whether what a format writes for this shape is text, not the source of another value."""
    if isinstance(shape, Union):
        return any(map(is_textual, shape.members))
    return isinstance(shape, (Anything, Text, Choice))


def is_free_text(schema: Any) -> bool:
    """Return whether a schema asks for any text, and for nothing else but perhaps null."""
    shape = shape_of(schema)
    members = shape.members if isinstance(shape, Union) else (shape,)
    return all(isinstance(member, (Text, Nothing)) for member in members) and accepts_text(shape)


def _members(schema: Any) -> Iterator[Shape]:
    """Yield the shapes that the schema allows, nested unions flattened."""
    rules: Mapping[str, Any] = cast("Mapping[str, Any]", schema) if isinstance(schema, Mapping) else {}
    if "const" in rules:
        yield Choice((rules["const"],))
    elif "enum" in rules:
        yield Choice(tuple(rules["enum"]))
    elif rules.get("anyOf"):
        for member in rules["anyOf"]:
            yield from _members(member)
    else:
        kinds: str | Sequence[str] = rules.get("type") or _implied_type(rules)
        for kind in [kinds] if isinstance(kinds, str) else kinds:
            yield _of_type(kind, rules)


def _implied_type(rules: Mapping[str, Any]) -> str:
    if "properties" in rules or "additionalProperties" in rules:
        return "object"
    return "array" if "items" in rules else ""


def _of_type(kind: str, rules: Mapping[str, Any]) -> Shape:
    if kind == "object":
        return _object_shape(rules)
    if kind == "array":
        return ListOf(_shape(rules.get("items")))
    return _SIMPLE.get(kind, Anything())


def _object_shape(rules: Mapping[str, Any]) -> Shape:
    properties: Mapping[str, Any] | None = rules.get("properties")
    if properties is None:
        values = rules.get("additionalProperties")
        return MapOf(None if values is False else _shape(values))
    required: Sequence[str] = rules.get("required") or ()
    fields: list[Field] = []
    for name, rule in properties.items():
        given: Mapping[str, Any] = cast("Mapping[str, Any]", rule) if isinstance(rule, (dict, Mapping)) else {}
        fields.append(Field(name, _shape(rule), name in required, given.get("default", _ABSENT)))
    return Record(tuple(fields))
