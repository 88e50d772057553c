"""When two pieces of plain data are the same, and how messages show them."""

from collections.abc import Hashable, Mapping
from typing import Final, cast

__all__ = ["identity", "shown", "text_of"]

_SHOWN: Final = 200


def identity(value: object) -> Hashable:
    """Return a key that equal pieces of plain data share: numbers are equal by value, and booleans are no numbers.

    Example:
        >>> identity([3, "a"]) == identity([3.0, "a"])
        True
        >>> identity(1) == identity(True)
        False
    """
    if isinstance(value, bool):
        return "boolean", value
    if isinstance(value, (int, float)):
        return "number", value
    if isinstance(value, Mapping):
        entries = cast("Mapping[object, object]", value)
        return "object", frozenset((key, identity(each)) for key, each in entries.items())
    if isinstance(value, (list, tuple)):
        return "list", tuple(identity(each) for each in cast("list[object]", value))
    return "value", value


def text_of(value: object) -> str:
    """Return the text that stands for a value: texts themselves, nothing for None, numbers as JSON writes them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def shown(value: object) -> str:
    """Return a value as feedback shows it, shortened when it is long."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
