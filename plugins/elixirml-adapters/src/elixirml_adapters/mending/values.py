"""Values that can be made out although they are not written as they should be."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from attrs import frozen

from elixirml_adapters.parsing import ParseFailure, fit_text
from elixirml_adapters.parsing.shapes import Choice, Integer, Real, Union, shape_of

__all__ = ["MendedValue", "mended_value"]

_LONGEST: Final = 200  # signs; a longer text says more than a value
_NUMBER: Final = re.compile(r"[+-]?[$\u20ac\u00a3\u00a5]?(?:[0-9][0-9,_]*(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_LETTER: Final = re.compile(r"[^\W\d_]")
# A number beside one of these is not the value meant, or not the whole of it.
_SCALED: Final = re.compile(
    r"%|\u2030|[0-9]\s*(?:[kmbt]|bn|mn)\b"
    r"|\b(?:percent|per cent|dozens?|hundreds?|thousands?|millions?|billions?|trillions?|half|quarter)\b"
    r"|\b(?:minus|negative|not|no|never|unknown)\b|n['\u2019]t\b",
    re.IGNORECASE,
)
_DENIED: Final = re.compile(
    r"\b(?:not|no|never|neither|nor|none|cannot|without|unlike|rather than)\b|n['\u2019]t\b", re.IGNORECASE
)
_WORD_LENGTH: Final = 4  # a slip in a shorter word may make it another
_SLIPS: Final = ((8, 2), (_WORD_LENGTH, 1))


@frozen
class MendedValue:
    """A value, and how it was made out."""

    value: Any
    change: str


def mended_value(found: object, schema: Mapping[str, Any]) -> MendedValue | None:
    """Return the value of this schema that a text, or a list of one text, almost stands for; None where none is.

    The one number of a text is taken from the words around it (`12 kg`), unless they change what it says (`12 %`,
    `3 million`); the one label that is named in a sentence without a denial, and one that is misspelt by a sign or
    two.

    Example:
        >>> mended_value("12 kg", {"type": "integer"}).value, mended_value("positve", {"enum": ["positive"]}).value
        (12, 'positive')
        >>> mended_value("12 %", {"type": "integer"}) is None
        True
    """
    if isinstance(found, list) and len(cast("list[object]", found)) == 1:
        found = cast("list[object]", found)[0]
    if not isinstance(found, str) or len(found) > _LONGEST:
        return None
    meant = {_sign(value): value for candidate in _candidates(found, schema) for value in _fitted(candidate, schema)}
    if len(meant) != 1:
        return None
    (value,) = meant.values()
    return MendedValue(value, f"{value!r} was taken from {found!r}")


def _candidates(text: str, schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the text may be meant to say."""
    shape = shape_of(schema)
    members = shape.members if isinstance(shape, Union) else (shape,)
    if any(isinstance(each, (Integer, Real)) for each in members):
        yield from _number(text)
    choices = [each for each in members if isinstance(each, Choice)]
    yield from _label(text, [label for each in choices for label in each.members if isinstance(label, str) and label])


def _number(text: str) -> Iterator[str]:
    """Yield the one number of a text, if nothing beside it says that it is not the value."""
    numbers = list(_NUMBER.finditer(text))
    if len(numbers) == 1 and not _SCALED.search(text):
        before = text[: numbers[0].start()][-1:]
        if not _LETTER.match(before):
            yield numbers[0].group().rstrip(",_")


def _label(text: str, labels: Sequence[str]) -> Iterator[str]:
    """Yield the labels that a text names, or else those that its whole is a misspelling of."""
    if _DENIED.search(text):
        return
    named = [each for each in labels if re.search(rf"(?<!\w){re.escape(each)}(?!\w)", text, re.IGNORECASE)]
    # A label inside another one is named only where it stands by itself; that is not to be told here.
    if named:
        yield from named
        return
    word = text.strip().strip("\"'`*.").casefold()
    for each in labels:
        label = each.casefold()
        slips = next((slips for length, slips in _SLIPS if len(label) >= length), 0)
        # Another first sign may be a prefix that says the contrary.
        if word[:1] == label[:1] and abs(len(word) - len(label)) <= slips and _distance(word, label) <= slips:
            yield each


def _distance(one: str, other: str) -> int:
    """Return how many signs must be put in, left out or replaced (Levenshtein 1966)."""
    row = list(range(len(other) + 1))
    for number, sign in enumerate(one, start=1):
        above, row[0] = row[0], number
        for at, mark in enumerate(other, start=1):
            above, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, above + (sign != mark))
    return row[-1]


def _fitted(candidate: str, schema: Mapping[str, Any]) -> Iterator[Any]:
    try:
        yield fit_text(candidate, schema)
    except ParseFailure:
        return


def _sign(value: object) -> str:
    return f"{type(value).__name__} {value!r}"
