"""What was read from a reply before it is fitted to a schema: JSON values that remember how they were written."""

import re
from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = ["JSON_NUMBER", "MAX_DEPTH", "Members", "Number", "Value", "describe", "same"]

JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
"""A number as JSON spells it."""

MAX_DEPTH = 200
"""How many brackets of JSON may be nested."""


# Not frozen: a reply may hold a million of them, and frozen instances are slow to make. Nothing changes them.
@dataclass(slots=True)
class Number:
    """A JSON number as written: `1.50` for a text field stays `1.50`."""

    source: str

    @property
    def is_whole(self) -> bool:
        """Whether it is written without point and exponent."""
        return self.source.removeprefix("-").isdigit()


@dataclass(slots=True)
class Members:
    """An object: its keys in order, repeated ones too."""

    pairs: tuple[tuple[str, "Value"], ...]


Value: TypeAlias = "str | bool | Number | list[Value] | Members | None"
"""What lenient JSON holds."""


def describe(value: Value) -> str:
    """Return the value in a few words for a message.

    Example:
        >>> describe("three")
        "the text 'three'"
    """
    match value:
        case None | bool():
            return str(value).lower() if value is not None else "null"
        case Number():
            return f"the number {_short(value.source)}"
        case str():
            return f"the text {_short(value)!r}"
        case Members():
            return "an object"
        case _:
            return f"a list of {len(value)}"


def same(left: Any, right: Any) -> bool:
    """Return whether two plain JSON values are equal; unlike `==`, true is not 1.

    Example:
        >>> same({"n": 3}, {"n": 3.0}), same(True, 1)
        (True, False)
    """
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)  # pyright: ignore[reportUnknownVariableType]
    return bool(left == right)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
