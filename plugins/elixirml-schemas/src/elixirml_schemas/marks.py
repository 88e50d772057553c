"""The marks of `Annotated`: as keywords of a JSON Schema and as checks."""

import re
from collections.abc import Sequence
from typing import Any, Final

from elixirml.contracts.constraints import Description, Length, Pattern, Range
from elixirml.errors import Problem
from elixirml_schemas.shape import Mark, Path, shown

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
        case Length(minimum=least, maximum=most):
            noun, _ = _LENGTHS[kind]
            found = {f"min{noun}": least or None, f"max{noun}": most}
        case Pattern(regex=regex):
            found = {"pattern": regex}
        case Description(text=text):
            found = {"description": text}
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
        match mark:
            case Range(low=low, high=high) if not ((low is None or low <= value) and (high is None or value <= high)):
                problems.append(Problem(path, "range", f"expected a number {_bounds(low, high)}, got {value!r}"))
            case Length(minimum=least, maximum=most) if not (
                least <= len(value) and (most is None or len(value) <= most)
            ):
                _, noun = _LENGTHS[kind]
                message = f"expected {_bounds(least or None, most)} {noun}, got {len(value)}"
                problems.append(Problem(path, "length", message))
            case Pattern(regex=regex) if re.search(regex, value) is None:
                problems.append(Problem(path, "pattern", f"expected a text that matches {regex}, got {shown(value)}"))
            case _:
                pass


def _bounds(low: float | None, high: float | None) -> str:
    if low is None:
        return f"up to {high}"
    return f"from {low}" if high is None else f"from {low} to {high}"
