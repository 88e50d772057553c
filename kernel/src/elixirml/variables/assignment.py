"""Assignments: values for variables, by path."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import cast

from attrs import field, frozen

from elixirml.errors import Problem, ValidationError
from elixirml.identity import Json, canonical_json, digest
from elixirml.variables._json import is_json, plain, show

__all__ = ["Assignment"]


def _plain_values(values: object) -> dict[str, Json]:
    """Return a private copy of `values`; whatever is not a path or not JSON is reported at once."""
    if not isinstance(values, Mapping):
        message = f"an assignment is a mapping from path to JSON value, not {type(values).__name__}"
        raise ValidationError("this is no assignment.", problems=[Problem((), "type", message)])
    items = cast("Mapping[object, object]", values)
    problems = [_misfit(path, value) for path, value in items.items() if not _fits(path, value)]
    if problems:
        raise ValidationError("these values cannot be assigned.", problems=problems)
    return {str(path): plain(value) for path, value in items.items()}


def _fits(path: object, value: object) -> bool:
    return isinstance(path, str) and is_json(value)


def _misfit(path: object, value: object) -> Problem:
    if isinstance(path, str):
        return Problem((path,), "type", f"a value is finite JSON, not {value!r}")
    return Problem((), "type", f"a path is a text, not {path!r}")


@frozen(eq=False, repr=False)
class Assignment(Mapping[str, Json]):
    """Values by path: immutable, comparable and hashable by canonical JSON.

    Lists and maps are handed out as copies, so nothing a reader does changes the assignment. It equals any mapping
    with the same canonical JSON; 1, 1.0 and True are three values.

    Example:
        >>> Assignment({"temperature": 0.7}).with_values({"temperature": 0.2})
        Assignment({"temperature": 0.2})
    """

    _values: dict[str, Json] = field(factory=dict[str, Json], converter=_plain_values)

    @cached_property
    def canonical(self) -> str:
        """The canonical JSON text of all values."""
        return canonical_json(self._values)

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of all values as they stand; `Space.identity` gives that of the active ones only."""
        return digest(self._values)

    def with_values(self, values: Mapping[str, Json]) -> "Assignment":
        """Return a copy in which these values replace or join the present ones."""
        return Assignment({**self._values, **values})

    def to_json(self) -> dict[str, Json]:
        """Return the values as a plain dict; `from_json` reads it back."""
        return {path: self[path] for path in self}

    @classmethod
    def from_json(cls, data: object) -> "Assignment":
        """Read what `to_json` wrote.

        Raises:
            ValidationError: The data is no mapping from path to JSON; every misfit is listed.
        """
        return cls(_plain_values(data))

    def __getitem__(self, path: str) -> Json:
        value = self._values[path]
        return plain(value) if isinstance(value, (list, dict)) else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Assignment):
            return self.canonical == other.canonical
        if isinstance(other, Mapping):
            return is_json(cast("object", other)) and self.canonical == canonical_json(cast("object", other))
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.canonical)

    def __repr__(self) -> str:
        inside = ", ".join(f'"{path}": {show(value)}' for path, value in self._values.items())
        return f"Assignment({{{inside}}})"
