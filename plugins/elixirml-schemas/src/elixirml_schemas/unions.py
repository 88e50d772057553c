"""The shape of a union: `A | B` and `Optional`."""

from itertools import combinations
from typing import Any

from attrs import frozen

from elixirml.contracts.constraints import Description
from elixirml.errors import Problem
from elixirml.identity import Json
from elixirml_schemas.choices import Choice
from elixirml_schemas.marks import with_keywords
from elixirml_schemas.records import RecordShape
from elixirml_schemas.shape import Mark, Path, Shape, refuse, same

__all__ = ["AnyOf", "confusable"]


@frozen
class AnyOf:
    """A value of any of several types.

    The member whose JSON form is exactly the data wins; else the first in declared order that accepts it. So `3` is the
    whole number of `float | int`, and a record goes to the class that has exactly its fields.
    """

    members: tuple[Shape, ...]
    marks: tuple[Mark, ...] = ()

    @property
    def noun(self) -> str:
        """The members, in words."""
        return " or ".join(each.noun for each in self.members)

    @property
    def forms(self) -> frozenset[str]:
        """The JSON types of all members."""
        return frozenset[str]().union(*(each.forms for each in self.members))

    @property
    def takes(self) -> frozenset[type[Mark]]:
        """A description; other marks belong to members."""
        return frozenset({Description})

    @property
    def plain(self) -> bool:
        """Whether every member is plain."""
        return all(each.plain for each in self.members)

    @property
    def hashable(self) -> bool:
        """Whether every member may be in a set."""
        return all(each.hashable for each in self.members)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return with_keywords({"anyOf": [each.schema() for each in self.members]}, self.marks)

    def read(self, value: object, path: Path, problems: list[Problem]) -> Any:
        """Return the value as the member that fits best reads it."""
        fits = self._fits(value)
        if fits:
            return fits[0][1]
        near = [each for each in self.members if each.forms & _forms(value)]
        if len(near) == 1:
            return near[0].read(value, path, problems)
        return refuse(problems, path, self.noun, value)

    def dump(self, value: Any) -> Json:
        """Return the plain data of the member that holds the value."""
        return self._fits(value)[0][0].dump(value)

    def _fits(self, value: object) -> list[tuple[Shape, Any]]:
        """Return the members that accept a value, with what they make of it; the best first."""
        found: list[tuple[Shape, Any]] = []
        for member in self.members:
            wrong: list[Problem] = []
            typed = member.read(value, (), wrong)
            if not wrong:
                found.append((member, typed))
        if len(found) > 1:
            found.sort(key=lambda fit: fit[1] is not value and not same(fit[0].dump(fit[1]), value))
        return found


def _forms(value: object) -> frozenset[str]:
    """Return the JSON types data may be of."""
    match value:
        case None:
            return frozenset({"null"})
        case bool():
            return frozenset({"boolean"})
        case int() | float():
            return frozenset({"number"})
        case str():
            return frozenset({"string", "date", "date-time", "time", "uuid", "decimal"})
        case list() | tuple() | set() | frozenset():
            return frozenset({"array"})
        case _:
            return frozenset({"object"})


def confusable(members: tuple[Shape, ...]) -> tuple[Shape, Shape] | None:
    """Return two members whose values are different in Python and may be the same in JSON, or None.

    A date and a text are: reading back what was written could not tell which it was.
    """
    pairs = ((one, other) for one, other in combinations(members, 2) if one.forms & other.forms)
    return next((pair for pair in pairs if not all(each.plain for each in pair) and not _told_apart(*pair)), None)


def _told_apart(one: Shape, other: Shape) -> bool:
    match one, other:
        case RecordShape(), RecordShape():
            return _names(one) != _names(other) or _tagged(one, other)
        case Choice(), Choice():
            return {repr(each.json) for each in one.options}.isdisjoint(repr(each.json) for each in other.options)
        case _:
            return False


def _names(record: RecordShape) -> frozenset[str]:
    return frozenset(each.name for each in record.slots)


def _tagged(one: RecordShape, other: RecordShape) -> bool:
    """Return whether a field of both takes different choices in each, as a tag does."""
    tags = {each.name: each.shape for each in one.slots if isinstance(each.shape, Choice)}
    return any(
        each.name in tags and isinstance(each.shape, Choice) and _told_apart(tags[each.name], each.shape)
        for each in other.slots
    )
