"""Reads data that fits at several times the speed, and says nothing about data that does not.

Each shape is compiled into a function once. It carries no path and collects no problems: where something is wrong it
returns `REFUSED`, and the shape itself is asked what. Data that fits, which is most of it, pays for no message.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType, NoneType
from typing import Any, Final, TypeAlias, cast

from elixirml.errors import Problem
from elixirml_schemas.choices import Choice
from elixirml_schemas.containers import Entries, Items
from elixirml_schemas.marks import check
from elixirml_schemas.records import RecordShape
from elixirml_schemas.scalars import INTEGER, NOTHING, TEXT, TRUTH, Scalar
from elixirml_schemas.shape import REFUSED, Shape
from elixirml_schemas.unions import AnyOf

__all__ = ["Reader", "quick_reader"]

Reader: TypeAlias = Callable[[Any], Any]

_ABSENT: Final = object()
_AS_THEY_ARE: Final[Mapping[Scalar, type[Any]]] = MappingProxyType(
    {TEXT: str, INTEGER: int, TRUTH: bool, NOTHING: NoneType}
)


def quick_reader(shape: Shape) -> Reader:  # noqa: PLR0911 - a table
    """Return a function that does for data that fits what `shape.read` does, and returns `REFUSED` for other data."""
    match shape:
        case Scalar(marks=()):
            return shape.accept
        case Scalar():
            return _marked(shape)
        case Choice():
            return _choice(shape)
        case Items(marks=()) if shape.build is list:
            return _list(shape)
        case Entries(marks=()):
            return _entries(shape)
        case AnyOf(members=(one, other)) if NOTHING in {one, other}:
            return _optional(other if one == NOTHING else one)
        case RecordShape() if shape.rules.is_empty:
            return _record(shape)
        case _:
            return _thorough(shape)


def _exact(shape: Shape) -> type[Any] | None:
    """Return the class all of whose values a shape takes as they are, so that nothing needs to be called."""
    return _AS_THEY_ARE.get(shape) if isinstance(shape, Scalar) else None


def _thorough(shape: Shape) -> Reader:
    def read(value: Any) -> Any:
        problems: list[Problem] = []
        typed = shape.read(value, (), problems)
        return REFUSED if problems else typed

    return read


def _marked(shape: Scalar) -> Reader:
    accept, marks, kind = shape.accept, shape.marks, str(shape.keywords["type"])

    def read(value: Any) -> Any:
        typed = accept(value)
        if typed is REFUSED:
            return REFUSED
        problems: list[Problem] = []
        check(marks, typed, (), problems, kind=kind)
        return REFUSED if problems else typed

    return read


def _choice(shape: Choice) -> Reader:
    if not all(isinstance(each.json, str) for each in shape.options):
        return _thorough(shape)
    members = {each.json: each.typed for each in shape.options}
    thorough = _thorough(shape)

    def read(value: Any) -> Any:
        return members.get(value, REFUSED) if type(value) is str else thorough(value)

    return read


def _list(shape: Items) -> Reader:
    inner, alike = quick_reader(shape.item), frozenset({_exact(shape.item)})

    def read(value: Any) -> Any:
        if not isinstance(value, list):
            return REFUSED
        given = cast("list[object]", value)
        if alike.issuperset(map(type, given)):
            return given.copy()
        items = [inner(each) for each in given]
        return REFUSED if any(each is REFUSED for each in items) else items

    return read


def _entries(shape: Entries) -> Reader:
    inner = quick_reader(shape.value)

    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            return REFUSED
        entries = {key: inner(each) for key, each in cast("dict[object, object]", value).items()}
        fits = all(isinstance(key, str) and each is not REFUSED for key, each in entries.items())
        return entries if fits else REFUSED

    return read


def _optional(shape: Shape) -> Reader:
    inner = quick_reader(shape)

    def read(value: Any) -> Any:
        return None if value is None else inner(value)

    return read


def _record(shape: RecordShape) -> Reader:
    slots = [
        (each.name, each.argument, _exact(each.shape), quick_reader(each.shape), each.required) for each in shape.slots
    ]
    build = cast("Callable[..., Any]", dict) if shape.keyed else shape.cls

    def read(value: Any) -> Any:
        if type(value) is not dict:
            return REFUSED
        given, values = cast("dict[object, object]", value), dict[str, Any]()
        for name, argument, exact, inner, required in slots:
            typed = given.get(name, _ABSENT)
            if typed is _ABSENT:
                if required:
                    return REFUSED
                continue
            if type(typed) is not exact:
                typed = inner(typed)
                if typed is REFUSED:
                    return REFUSED
            values[argument] = typed
        if len(values) < len(given):
            return REFUSED
        try:
            return build(**values)
        except (TypeError, ValueError, AssertionError):  # a validator of the class itself
            return REFUSED

    return read
