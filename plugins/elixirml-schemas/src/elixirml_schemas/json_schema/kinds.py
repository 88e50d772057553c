"""The kinds of JSON value, as JSON Schema counts them."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeGuard

from elixirml.identity import Json

__all__ = ["KINDS", "is_number", "kinds_of"]


def is_number(value: Json) -> TypeGuard[int | float]:
    """Return whether a value is a number; true and false, NaN and the infinities are none."""
    if isinstance(value, float):
        return value - value == 0
    return isinstance(value, int) and not isinstance(value, bool)


KINDS: Final[Mapping[str, Callable[[Json], bool]]] = MappingProxyType(
    {
        "null": lambda value: value is None,
        "boolean": lambda value: isinstance(value, bool),
        "integer": lambda value: is_number(value) and (isinstance(value, int) or value.is_integer()),
        "number": is_number,
        "string": lambda value: isinstance(value, str),
        "array": lambda value: isinstance(value, list),
        "object": lambda value: isinstance(value, dict),
    }
)
"""Whether a value is of a kind, by the word that `type` has for it."""


def kinds_of(declared: str | list[str]) -> tuple[str, ...]:
    """Return the words of a `type`, which is one word or a list of them."""
    return (declared,) if isinstance(declared, str) else tuple(declared)
