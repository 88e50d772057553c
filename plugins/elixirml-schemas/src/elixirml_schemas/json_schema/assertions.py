"""The keywords that judge a value by itself, without looking at schemas inside."""

from collections.abc import Callable, Mapping, Sized
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from elixirml.identity import Json
from elixirml_schemas.json_schema.equality import identity_of
from elixirml_schemas.json_schema.formats import FORMATS
from elixirml_schemas.json_schema.kinds import KINDS, is_number, kinds_of
from elixirml_schemas.shape import shown

__all__ = ["ASSERTIONS", "Assertion"]

Assertion: TypeAlias = Callable[[Any, Json], str | None]
"""Returns what was expected when a value fails, and None when it does not."""


def _type(declared: Any, value: Json) -> str | None:
    names = kinds_of(declared)
    return None if any(KINDS[name](value) for name in names) else " or ".join(names)


def _enum(members: Any, value: Json) -> str | None:
    own = identity_of(value)
    if any(identity_of(each) == own for each in members):
        return None
    return f"one of {', '.join(shown(each) for each in members)}"


def _const(member: Any, value: Json) -> str | None:
    return None if identity_of(member) == identity_of(value) else shown(member)


def _multiple(step: Any, value: Json) -> str | None:
    whole = not is_number(value) or (_exact(value) / _exact(step)).denominator == 1
    return None if whole else f"a multiple of {step}"


def _exact(number: float) -> Fraction:
    # The decimal digits as written: 0.3 is a multiple of 0.1, though not of the binary number next to it.
    return Fraction(number) if isinstance(number, int) else Fraction(repr(number))


def _bound(keeps: Callable[[Any, Any], bool], words: str) -> Assertion:
    def judge(bound: Any, value: Json) -> str | None:
        return None if not is_number(value) or keeps(value, bound) else f"a number {words} {bound}"

    return judge


def _least(kind: type[Sized], things: str) -> Assertion:
    def judge(size: Any, value: object) -> str | None:
        return f"at least {size} {things}" if isinstance(value, kind) and len(value) < size else None

    return judge


def _most(kind: type[Sized], things: str) -> Assertion:
    def judge(size: Any, value: object) -> str | None:
        return f"at most {size} {things}" if isinstance(value, kind) and len(value) > size else None

    return judge


def _unique(wanted: Any, value: Json) -> str | None:
    if not wanted or not isinstance(value, list):
        return None
    return None if len({identity_of(each) for each in value}) == len(value) else "no item twice"


def _format(name: Any, value: Json) -> str | None:
    judge = FORMATS.get(name)
    return None if judge is None or not isinstance(value, str) or judge(value) else f"a text of the format {name}"


def _dependent(needed: Any, value: Json) -> str | None:
    if not isinstance(value, dict):
        return None
    absent = [
        f"`{each}` beside `{key}`"
        for key, names in needed.items()
        if key in value
        for each in names
        if each not in value
    ]
    return ", ".join(absent) or None


ASSERTIONS: Final[Mapping[str, Assertion]] = MappingProxyType(
    {
        "type": _type,
        "enum": _enum,
        "const": _const,
        "multipleOf": _multiple,
        "minimum": _bound(lambda value, bound: value >= bound, "from"),
        "maximum": _bound(lambda value, bound: value <= bound, "up to"),
        "exclusiveMinimum": _bound(lambda value, bound: value > bound, "above"),
        "exclusiveMaximum": _bound(lambda value, bound: value < bound, "below"),
        "minLength": _least(str, "characters"),
        "maxLength": _most(str, "characters"),
        "minItems": _least(list, "items"),
        "maxItems": _most(list, "items"),
        "minProperties": _least(dict, "keys"),
        "maxProperties": _most(dict, "keys"),
        "uniqueItems": _unique,
        "dependentRequired": _dependent,
        "format": _format,
    }
)
"""Each keyword with its judge."""
