"""Small helpers over JSON values: copies, equality, and the difference between numbers and truth values."""

import json
import math
from collections.abc import Sequence
from typing import Final, TypeGuard, cast

from elixirml.identity import Json, canonical_json

__all__ = ["is_json", "is_number", "is_scalar", "plain", "same", "show"]

_ALWAYS_JSON: Final = frozenset({str, int, bool, type(None)})


def plain(value: object) -> Json:
    """Return a deep copy of `value` made of lists, dicts and scalars; nobody else holds a part of it.

    Raises:
        TypeError: The value is not JSON.
        ValueError: The value holds NaN or an infinity.
    """
    if is_scalar(value):
        return cast("Json", value)
    if _holds_scalars(value):
        return cast("Json", [*cast("Sequence[object]", value)])
    return cast("Json", json.loads(canonical_json(value)))


def is_scalar(value: object) -> bool:
    """Return whether `value` is a text, a finite number, a truth value or null: immutable, and JSON as it is."""
    return type(value) in _ALWAYS_JSON or (type(value) is float and math.isfinite(value))


def _holds_scalars(value: object) -> bool:
    """Return whether `value` is a list of scalars, as the ids of entries are."""
    return isinstance(value, (list, tuple)) and all(map(is_scalar, cast("Sequence[object]", value)))


def is_json(value: object) -> bool:
    """Return whether `value` has a canonical JSON."""
    if is_scalar(value):
        return True
    try:
        canonical_json(value)
    except (TypeError, ValueError):
        return False
    return True


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether `value` is a number; True and False are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def same(left: object, right: object) -> bool:
    """Return whether two JSON values are equal: numbers by value, all else by canonical JSON (True is not 1)."""
    if (type(left) is str and type(right) is str) or (is_number(left) and is_number(right)):
        return left == right
    return canonical_json(left) == canonical_json(right)


def show(value: object) -> str:
    """Return `value` as a message shows it: its JSON where it has one, shortened."""
    text = canonical_json(value) if is_json(value) else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
