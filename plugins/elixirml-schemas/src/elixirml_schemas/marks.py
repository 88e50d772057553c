"""The marks of `Annotated`: as keywords of a JSON Schema and as checks."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from elixirml.contracts.constraints import Description, Length, Pattern, Range
from elixirml.errors import Problem
from elixirml_schemas.constraints import Above, Below, MultipleOf, Satisfies, Unique
from elixirml_schemas.shape import Mark, Path, same, shown

if TYPE_CHECKING:
    from fractions import Fraction

__all__ = ["check", "with_keywords"]

_LENGTHS: Final = {"string": ("Length", "characters"), "array": ("Items", "items"), "object": ("Properties", "entries")}


def with_keywords(base: dict[str, Any], marks: Sequence[Mark]) -> dict[str, Any]:
    """Return a JSON Schema with the keywords of the marks added.

    Two marks of one kind both hold, so the later one goes to `allOf` instead of taking the place of the earlier.
    """
    merged = dict(base)
    for mark in marks:
        keywords = _keywords(mark, str(base.get("type", "")))
        if merged.keys().isdisjoint(keywords):
            merged |= keywords
        else:
            merged.setdefault("allOf", []).append(keywords)
    return merged


def _keywords(mark: Mark, kind: str) -> dict[str, Any]:
    found: dict[str, Any]
    match mark:
        case Range(low=low, high=high):
            found = {"minimum": low, "maximum": high}
        case Above(low=low):
            found = {"exclusiveMinimum": low}
        case Below(high=high):
            found = {"exclusiveMaximum": high}
        case MultipleOf(step=step):
            found = {"multipleOf": step}
        case Length(minimum=least, maximum=most):
            noun, _ = _LENGTHS[kind]
            found = {f"min{noun}": least or None, f"max{noun}": most}
        case Unique():
            found = {"uniqueItems": True}
        case Pattern(regex=regex):
            found = {"pattern": regex}
        case Description(text=text):
            found = {"description": text}
        case Satisfies():
            found = {}
    return {key: value for key, value in found.items() if value is not None}


def check(marks: Sequence[Mark], value: Any, path: Path, problems: list[Problem], *, kind: str) -> None:
    """Add a problem for each mark that a value of the right type breaks.

    Args:
        marks: The marks of the value's shape.
        value: A number for `Range`, a text for `Pattern`, anything with a length for `Length`.
        path: Where the value stands.
        problems: Added to.
        kind: The JSON type of the value.
    """
    for mark in marks:
        broken = _broken(mark, value, kind)
        if broken is not None:
            code, expected, got = broken
            problems.append(Problem.unlike(path, code, expected=expected, got=got))


def _broken(mark: Mark, value: Any, kind: str) -> tuple[str, str, str] | None:  # noqa: PLR0911 - a table
    """Return the code of a mark that a value breaks, what was expected and what was got."""
    match mark:
        case Range(low=low, high=high) if not ((low is None or low <= value) and (high is None or value <= high)):
            return "range", f"a number {_bounds(low, high)}", repr(value)
        case Above(low=low) if not value > low:
            return "range", f"a number above {low}", repr(value)
        case Below(high=high) if not value < high:
            return "range", f"a number below {high}", repr(value)
        case MultipleOf(step=step) if (_exact(value) / _exact(step)).denominator != 1:
            return "range", f"a multiple of {step}", repr(value)
        case Length(minimum=least, maximum=most) if not (least <= len(value) and (most is None or len(value) <= most)):
            _, noun = _LENGTHS[kind]
            return "length", f"{_bounds(least or None, most)} {noun}", str(len(value))
        case Unique():
            twice = _repeated(value)
            return None if twice is None else ("duplicate", "a list without repeats", f"{twice} twice")
        case Pattern(regex=regex) if re.search(regex, value) is None:
            return "pattern", f"a text that matches {regex}", shown(value)
        case Satisfies(test=test, words=words) if not test(value):
            return "invalid", words, shown(value)
        case _:
            return None


def _bounds(low: float | None, high: float | None) -> str:
    if low is None:
        return f"up to {high}"
    return f"from {low}" if high is None else f"from {low} to {high}"


def _exact(number: Any) -> "Fraction":
    from fractions import Fraction  # few schemas need it, and all of them are waited for

    # The decimal digits as written: 0.3 is a multiple of 0.1, though not of the binary number next to it.
    return Fraction(repr(number)) if isinstance(number, float) else Fraction(number)


def _repeated(items: Any) -> str | None:
    if isinstance(items, (set, frozenset)):
        return None
    return next((shown(each) for place, each in enumerate(items) if any(same(each, it) for it in items[:place])), None)
