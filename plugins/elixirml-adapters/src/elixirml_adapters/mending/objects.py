"""JSON objects that were cut off, or of which there are several."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from elixirml_adapters.parsing import ParseFailure

__all__ = ["closed", "last_fitting"]

_MOST_OBJECTS: Final = 32  # each is read to the end of the reply


def closed(text: str) -> str | None:
    """Return the object that a text ends in, closed behind its last member that is whole; None where there is none.

    Example:
        >>> closed('Here: {"a": 1, "b": [2], "c": "x')
        '{"a": 1, "b": [2]}'
    """
    start = text.find("{")
    end = _whole_until(text, start) if start >= 0 else None
    return None if end is None else text[start:end] + "}"


def _whole_until(text: str, start: int) -> int | None:
    """Return where the last whole member of the object at `start` ends; None when it has none, or is not cut off."""
    depth, quoted, after_colon, end = 0, False, False, None
    signs = iter(range(start, len(text)))
    for at in signs:
        sign = text[at]
        if quoted:
            if sign == "\\":
                next(signs, None)
            elif sign == '"':
                quoted = False
                end = at + 1 if depth == 1 and after_colon else end
        elif sign == '"':
            quoted = True
        elif sign in "{[":
            depth += 1
        elif sign in "}]":
            depth -= 1
            if depth == 0:
                return None
            end = at + 1 if depth == 1 else end
        elif depth == 1 and sign in ":,":
            after_colon = sign == ":"
            end = end if after_colon else at
    return end


def last_fitting(text: str, read: Callable[[str], dict[str, Any]]) -> dict[str, Any] | None:
    """Return the fields of the last object that fits, of several; None where there are too many to look for it."""
    for start in _openings(text):
        try:
            return read(text[start:])
        except ParseFailure as failure:
            if failure.code != "ambiguous":
                return None
    return None


def _openings(text: str) -> Iterator[int]:
    at = -1
    for _ in range(_MOST_OBJECTS):
        at = text.find("{", at + 1)
        if at < 0:
            return
        yield at
