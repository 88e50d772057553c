"""What pydantic says is wrong, as the kernel's problems: a path into the data, a stable code, a message."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from pydantic_core import ErrorDetails

from elixirml.errors import Problem

__all__ = ["problems_of"]

_CODES: Final = {
    "missing": "missing",
    "extra_forbidden": "unknown",
    "enum": "choice",
    "literal_error": "choice",
    "union_tag_invalid": "choice",
    "union_tag_not_found": "missing",
    "greater_than": "range",
    "greater_than_equal": "range",
    "less_than": "range",
    "less_than_equal": "range",
    "multiple_of": "range",
    "finite_number": "range",
    "string_pattern_mismatch": "pattern",
}
_ENDINGS: Final = {"_too_short": "length", "_too_long": "length", "_type": "type", "_parsing": "type"}
_SHOWN: Final = 60


def problems_of(errors: Sequence[ErrorDetails], data: object) -> list[Problem]:
    """Return pydantic's errors as problems.

    Args:
        errors: As `pydantic.ValidationError.errors` gives them.
        data: What was validated; its shape tells which parts of a location are steps into it.
    """
    return [
        _problem(_path(each["loc"], data, absent=each["type"] == "missing"), each["type"], each["msg"], each["input"])
        for each in errors
    ]


def _problem(path: tuple[str | int, ...], kind: str, words: str, value: object) -> Problem:
    if kind == "missing":
        return Problem(path, _code(kind), "missing", expected="a value", got="nothing")
    got = _shown(value)
    return Problem(path, _code(kind), f"{words}, got {got}", expected=words, got=got)


def _code(kind: str) -> str:
    ending = next((code for end, code in _ENDINGS.items() if kind.endswith(end)), "invalid")
    return _CODES.get(kind, ending)


def _shown(value: object) -> str:
    text = repr(value)
    return f"{text if len(text) <= _SHOWN else text[:_SHOWN] + '...'} ({type(value).__name__})"


def _path(location: Sequence[str | int], data: object, *, absent: bool) -> tuple[str | int, ...]:
    """Return the steps of a location that lead into the data, and the last one where it is what is absent.

    Pydantic also names the member of a union, the validator and the side of a dictionary that it was at.
    """
    path: list[str | int] = []
    here: Any = data
    for step in location:
        key = _step(here, step)
        if key is not None:
            path.append(step)
            here = here[key]
    return (*path, location[-1]) if absent else tuple(path)


def _step(here: Any, step: str | int) -> str | int | None:
    """Return the key or position that a step of a location is in the data, if it is one."""
    if isinstance(here, Mapping):
        return next((each for each in (step, str(step)) if each in here), None)
    if isinstance(here, (list, tuple)) and isinstance(step, int):
        return step if step < len(cast("Sequence[Any]", here)) else None
    return None
