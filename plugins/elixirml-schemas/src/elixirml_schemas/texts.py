"""Texts as numbers and truth values, and back: what coercion does everywhere in this package."""

import json
import math
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["READERS", "text_of"]

_INTEGER: Final = re.compile(r"[+-]?\d+", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_TRUTHS: Final = MappingProxyType({"true": True, "false": False})


def _integer(text: str) -> int | None:
    trimmed = text.strip()
    try:
        return int(trimmed) if _INTEGER.fullmatch(trimmed) else None
    except ValueError:  # Python reads no more than some thousand digits
        return None


def _number(text: str) -> float | None:
    whole = _integer(text)
    if whole is not None:
        return whole
    trimmed = text.strip()
    number = float(trimmed) if _NUMBER.fullmatch(trimmed) else math.inf
    return number if math.isfinite(number) else None


def _truth(text: str) -> bool | None:
    return _TRUTHS.get(text.strip().lower())


READERS: Final[Mapping[str, Callable[[str], int | float | bool | None]]] = MappingProxyType(
    {"integer": _integer, "number": _number, "boolean": _truth}
)
"""What reads a text, blanks around it apart, as a kind of JSON value; None for a text that is none."""


def text_of(value: object) -> str | None:
    """Return a number or truth value as JSON writes it, and None for anything else.

    Example:
        >>> text_of(True), text_of(1.5), text_of([])
        ('true', '1.5', None)
    """
    if not isinstance(value, (int, float)) or (isinstance(value, float) and not math.isfinite(value)):
        return None
    try:
        return json.dumps(value)
    except ValueError:  # Python writes no more than some thousand digits
        return None
