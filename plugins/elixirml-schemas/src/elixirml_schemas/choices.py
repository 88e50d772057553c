"""The shape of a choice: `Literal` and `Enum`."""

from collections.abc import Iterator
from enum import Enum
from typing import Any

from attrs import field, frozen

from elixirml.contracts.constraints import Description
from elixirml.errors import Problem, closest
from elixirml.identity import Json
from elixirml_schemas.marks import with_keywords
from elixirml_schemas.shape import Mark, Path, shown

__all__ = ["Choice", "Option"]


@frozen
class Option:
    """One member of a choice: as JSON, and as Python holds it."""

    json: str | int | float | bool | None
    typed: Any = field(hash=False)


@frozen
class Choice:
    """One of a list of values."""

    options: tuple[Option, ...]
    marks: tuple[Mark, ...] = ()
    takes: frozenset[type[Mark]] = field(default=frozenset({Description}), init=False, repr=False)
    hashable: bool = field(default=True, init=False, repr=False)

    @property
    def noun(self) -> str:
        """The members, in words."""
        return f"one of {', '.join(_word(each.json) for each in self.options)}"

    @property
    def forms(self) -> frozenset[str]:
        """The JSON types of the members."""
        return frozenset(_form(each.json) for each in self.options)

    @property
    def plain(self) -> bool:
        """Whether every member equals its JSON form: those of `Literal` and of `StrEnum` do."""
        return all(each.typed == each.json for each in self.options)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return with_keywords({"enum": [each.json for each in self.options]}, self.marks)

    def read(self, value: object, path: Path, problems: list[Problem]) -> Any:
        """Return the member that is the value, or whose JSON form equals it."""
        found = next(self._matching(value), None)
        if found is not None:
            return found.typed
        near = (
            closest(value, [each.json for each in self.options if isinstance(each.json, str)])
            if (isinstance(value, str))
            else None
        )
        hint = f". Did you mean {near}?" if near else ""
        problems.append(Problem.unlike(path, "choice", expected=self.noun, got=shown(value), more=hint))
        return None

    def dump(self, value: Any) -> Json:
        """Return the member's JSON form."""
        return next(self._matching(value)).json

    def _matching(self, value: object) -> Iterator[Option]:
        if isinstance(value, Enum):
            yield from (each for each in self.options if each.typed is value)
        yield from (each for each in self.options if _form(each.json) == _form(value) and each.json == value)


def _form(value: object) -> str:
    # Before numbers: Python counts True as 1, JSON does not.
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return "string" if isinstance(value, str) else "other"


def _word(value: object) -> str:
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
