"""Reads the plain parts of lenient JSON with patterns, many signs at once: brackets without brackets inside.

Plain are values without escapes, comments, typographic quotes and brackets. The lenient reader would read the same,
sign by sign; what is not plain is left to it.

No pattern here goes over a second opening bracket of its kind, so that all of them together walk through a text once,
wherever readings begin.
"""

import re
from collections.abc import Iterator
from typing import Final

from elixirml_adapters.parsing.values import JSON_NUMBER, Members, Number, Value

__all__ = ["BARE_KEY", "bare_value", "flat_end", "flat_keys", "members_end", "read_flat", "read_items"]

BARE_KEY: Final = re.compile(r"(?:[^\W\d]|\$)[\w$-]*+")
"""A key without quotes."""

_BLANKS: Final = r"[^\S\r\n]*+"
_TEXT_END: Final = rf"(?={_BLANKS}[,:}}\]\r\n])"
_TEXT: Final = rf"\"[^\"\\{{\[\r\n]*+\"{_TEXT_END}|'[^'\\{{\[\r\n]*+'{_TEXT_END}"
_WORD: Final = r"[^\s,{}\[\]\"'\u2018-\u201f#/]++"
_VALUE: Final = rf"(?:{_TEXT}|{_WORD}(?:[^\S\r\n]++{_WORD})*+)(?={_BLANKS}[,}}\]\r\n])"
_NEXT: Final = rf"{_BLANKS}(?:,\s*+|[\r\n]\s*+(?:,\s*+)?)"
_PAIR: Final = rf"(?:{_TEXT}|{BARE_KEY.pattern})\s*+:\s*+{_VALUE}"

_PLAIN_OBJECT: Final = rf"\{{\s*+(?:{_PAIR}(?:{_NEXT}{_PAIR})*+(?:{_NEXT})?+)?{_BLANKS}\}}"
_ITEM: Final = rf"(?:{_VALUE}|{_PLAIN_OBJECT})"

_OBJECT: Final = re.compile(_PLAIN_OBJECT)
_PLAIN_LIST: Final = rf"\[\s*+(?:{_VALUE}(?:{_NEXT}{_VALUE})*+(?:{_NEXT})?+)?{_BLANKS}\]"
_LIST: Final = re.compile(_PLAIN_LIST)
_MEMBERS: Final = re.compile(rf"(?:(?:{_VALUE}|{_PLAIN_OBJECT}|{_PLAIN_LIST})({_NEXT}))++")
_PAIRS: Final = re.compile(rf"(?:{_PAIR}({_NEXT}))++")
_ITEMS: Final = re.compile(rf"(?:{_ITEM}({_NEXT}))++")
_EACH_PAIR: Final = re.compile(rf"({_TEXT}|{BARE_KEY.pattern})\s*+:\s*+({_VALUE})")
_EACH_ITEM: Final = re.compile(_ITEM)
_EACH_VALUE: Final = re.compile(_VALUE)

_WORDS: Final = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None}
_QUOTES: Final = "\"'"


def read_flat(text: str, start: int) -> tuple[Value, int] | None:
    """Return the object or list that begins at `start`, and the position behind it, where all in it is plain.

    Example:
        >>> read_flat("so {n: 3,}", 3)
        (Members(pairs=(('n', Number(source='3')),)), 10)
    """
    end = flat_end(text, start)
    if end is None:
        return None
    written = text[start:end]
    value = _members(written) if written[0] == "{" else list(map(_plain, _EACH_VALUE.findall(written, 1)))
    return value, end


def read_items(text: str, start: int) -> tuple[list[Value], int, bool] | None:
    """Return the plain items of a list, values and flat objects, that begin at `start` and have others behind them.

    Returns:
        The items, the position behind the last one's separator, and whether that was a comma, not only a line break.
    """
    found = _ITEMS.match(text, start)
    if found is None:
        return None
    written = _EACH_ITEM.findall(text, start, found.end())
    items = [_members(each) if each[0] == "{" else _plain(each) for each in written]
    return items, found.end(), "," in found[1]


def flat_end(text: str, start: int) -> int | None:
    """Return the position behind the object or list that begins at `start`, where all in it is plain and there."""
    found = (_OBJECT if text[start] == "{" else _LIST).match(text, start)
    return None if found is None else found.end()


def flat_keys(text: str, start: int, end: int) -> Iterator[str]:
    """Yield the keys of a plain object, by its place."""
    for pair in _EACH_PAIR.finditer(text, start + 1, end):
        key = pair[1]
        yield key[1:-1] if key[0] in _QUOTES else key


def members_end(text: str, start: int, *, of_object: bool) -> tuple[int, bool] | None:
    """Return the position behind the plain members of an object or a list that begin at `start` and have others behind.

    Returns:
        The position behind the last one's separator, and whether that was a comma, not only a line break.
    """
    found = (_PAIRS if of_object else _MEMBERS).match(text, start)
    return None if found is None else (found.end(), "," in found[1])


def bare_value(word: str) -> Value:
    """Return the value that a bare word stands for."""
    if word in _WORDS:
        return _WORDS[word]
    return Number(word) if JSON_NUMBER.fullmatch(word) else word


def _members(written: str) -> Members:
    # Written out, not called: replies may hold a hundred thousand pairs.
    return Members(
        tuple(
            [
                (key[1:-1] if key[0] in _QUOTES else key, value[1:-1] if value[0] in _QUOTES else bare_value(value))
                for key, value in _EACH_PAIR.findall(written, 1)
            ]
        )
    )


def _plain(written: str) -> Value:
    return written[1:-1] if written[0] in _QUOTES else bare_value(written)
