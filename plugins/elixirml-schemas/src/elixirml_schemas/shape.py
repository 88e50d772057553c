"""What a shape is: one type, as data must look and as Python holds it."""

from typing import Any, Final, Protocol, TypeAlias, cast

from elixirml.contracts.constraints import Description, Length, Pattern, Range
from elixirml.errors import Problem
from elixirml.identity import Json
from elixirml_schemas.constraints import Above, Below, MultipleOf, Satisfies, Unique

__all__ = ["REFUSED", "Mark", "Path", "Shape", "refuse", "same", "shown"]

Path: TypeAlias = tuple[str | int, ...]
Mark: TypeAlias = Range | Above | Below | MultipleOf | Length | Unique | Pattern | Satisfies | Description

_SHOWN: Final = 60

REFUSED: Final = object()
"""What a shape returns for a value that is not of its type, where it has no message to give."""


class Shape(Protocol):
    """One type of value."""

    @property
    def noun(self) -> str:
        """What messages call it: `text`, `a whole number`, ..."""
        ...

    @property
    def forms(self) -> frozenset[str]:
        """The JSON types its values take: `string`, `object`, ..."""
        ...

    @property
    def plain(self) -> bool:
        """Whether a typed value equals its JSON form, as a text does and a date does not."""
        ...

    @property
    def hashable(self) -> bool:
        """Whether typed values may be members of a set."""
        ...

    @property
    def marks(self) -> tuple[Mark, ...]:
        """What the values must keep to besides."""
        ...

    @property
    def takes(self) -> frozenset[type[Mark]]:
        """The kinds of mark that mean something here."""
        ...

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema (draft 2020-12)."""
        ...

    def read(self, value: object, path: Path, problems: list[Problem]) -> Any:
        """Return the typed value; what is wrong is added to `problems`, and the result then means nothing."""
        ...

    def dump(self, value: Any) -> Json:
        """Return the plain data of a typed value that `read` accepts."""
        ...


def shown(value: object) -> str:
    """Return a value as messages show it: short, with its type.

    Example:
        >>> shown(3)
        '3 (int)'
    """
    if value is None:
        return "null"
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # lists thousands deep, numbers of thousands of digits
        return f"a {type(value).__name__} too large to show"
    return f"{text if len(text) <= _SHOWN else text[:_SHOWN] + '...'} ({type(value).__name__})"


def refuse(problems: list[Problem], path: Path, expected: str, value: object) -> None:
    """Add the problem of a value that is of another type altogether."""
    problems.append(Problem.unlike(path, "type", expected=expected, got=shown(value)))


def same(one: object, other: object) -> bool:
    """Return whether two values are equal and of the same types throughout, so that 1, 1.0 and True all differ."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        lists = cast("list[object]", one), cast("list[object]", other)
        return len(lists[0]) == len(lists[1]) and all(map(same, *lists))
    if isinstance(one, dict):
        dicts = cast("dict[object, object]", one), cast("dict[object, object]", other)
        return dicts[0].keys() == dicts[1].keys() and all(same(dicts[0][key], dicts[1][key]) for key in dicts[0])
    return bool(one == other)
