"""Reads what is JSON by the letter with the standard library's decoder, which is many times faster.

Its result counts only where the lenient reader would read the same: an object or list nested no deeper than
`MAX_DEPTH`, without halves of surrogate pairs, NaN or infinities.
"""

import json
import re
from itertools import accumulate
from typing import Any, Final

from elixirml_adapters.parsing.values import MAX_DEPTH, Members, Number, Value

__all__ = ["StrictReader"]

# The decoder pairs surrogates as the lenient reader does, but a half alone becomes no character there.
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_TEXT: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')
_BRACKET: Final = re.compile(r"[\[\]{}]")
_STEPS: Final = {"[": 1, "{": 1, "]": -1, "}": -1}


class StrictReader:
    """Reads objects and lists out of one text until one is not JSON by the letter; after that it reads no more.

    So a text is walked through in vain once at most.

    Args:
        text: What to read from.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._usable = _SURROGATE.search(text) is None

    def read(self, start: int) -> tuple[Value, int] | None:
        """Return the value whose opening bracket stands at `start` and the position behind it; None when unsure."""
        if not self._usable:
            return None
        try:
            value, end = _DECODER.raw_decode(self._text, start)
        except (ValueError, RecursionError):
            self._usable = False
            return None
        self._usable = not _is_deep(self._text, start, end)
        return (value, end) if self._usable else None


def _members(pairs: list[tuple[str, Any]]) -> Members:
    return Members(tuple(pairs))


def _refuse(word: str) -> Value:
    raise ValueError(word)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_members, parse_float=Number, parse_int=Number, parse_constant=_refuse
)


def _is_deep(text: str, start: int, end: int) -> bool:
    """Return whether more than `MAX_DEPTH` brackets are nested in the JSON that stands there."""
    if text.count("[", start, end) + text.count("{", start, end) <= MAX_DEPTH:
        return False
    brackets = _BRACKET.findall(_TEXT.sub("", text[start:end]))
    return max(accumulate(map(_STEPS.__getitem__, brackets))) > MAX_DEPTH
