"""Dimensions: a space as a list of plain numbers, the only thing scikit-optimize is shown.

Categories become their index, numbers their position between 0 and 1, subsets their size and the index of one of a few
random orders of the bank that the first entries are taken from. Nothing else comes back from scikit-optimize either, so
values never change their type on the way.
"""

import math
from collections.abc import Mapping, Sequence
from random import Random
from typing import TypeAlias

from attrs import frozen

from elixirml.identity import Json, canonical_json
from elixirml.variables import Assignment, Banked, Boolean, Choice, Float, Integer, Space, Subset, Variable

__all__ = ["Category", "Coordinate", "Dimension", "Dimensions", "Number"]

Coordinate: TypeAlias = int | float


@frozen
class Category:
    """One of `count` things, by index; at least two."""

    count: int


@frozen
class Number:
    """A position between 0 and 1."""


Dimension: TypeAlias = Category | Number


@frozen(eq=False)
class _Listed:
    """A variable with a short list of values."""

    path: str
    values: tuple[Json, ...]

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        return (Category(len(self.values)),)

    def coordinates(self, value: Json) -> tuple[Coordinate, ...]:
        written = canonical_json(value)
        return (next(at for at, known in enumerate(self.values) if canonical_json(known) == written),)

    def value(self, coordinates: Sequence[Coordinate]) -> Json:
        return self.values[int(coordinates[0])]


@frozen(eq=False)
class _Scaled:
    """A numeric variable, evenly spread over its own scale."""

    path: str
    variable: Float | Integer

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        return (Number(),)

    def coordinates(self, value: Json) -> tuple[Coordinate, ...]:
        return (float(self.variable.encode(value)[0]),)

    def value(self, coordinates: Sequence[Coordinate]) -> Json:
        low, high, share = float(self.variable.low), float(self.variable.high), float(coordinates[0])
        if self.variable.scale == "log":
            raw = math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
        else:
            raw = low + share * (high - low)
        return self._on_grid(min(high, max(low, raw)))

    def _on_grid(self, raw: float) -> Json:
        step = self.variable.step or (1 if isinstance(self.variable, Integer) else None)
        if step is None:
            return raw
        snapped = self.variable.low + round((raw - self.variable.low) / step) * step
        return self.variable.canonical(int(snapped) if isinstance(self.variable, Integer) else snapped)


@frozen(eq=False)
class _Cut:
    """A subset variable: the first entries of one of a few orders of its bank."""

    path: str
    variable: Subset
    orders: tuple[tuple[str, ...], ...]

    @property
    def sizes(self) -> range:
        return range(self.variable.minimum, min(self.variable.maximum, len(self.orders[0])) + 1)

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        sized: tuple[Dimension, ...] = (Number(),) if len(self.sizes) > 1 else ()
        return (*sized, *((Category(len(self.orders)),) if len(self.orders) > 1 else ()))

    def coordinates(self, value: Json) -> tuple[Coordinate, ...]:
        """Return the size, and the order whose first entries share most with the value."""
        ids = [str(entry) for entry in value] if isinstance(value, list) else []
        share = (len(ids) - self.sizes.start) / max(1, len(self.sizes) - 1)
        common = [len(set(order[: len(ids)]) & set(ids)) for order in self.orders]
        sized: tuple[Coordinate, ...] = (min(1.0, max(0.0, share)),) if len(self.sizes) > 1 else ()
        return (*sized, *((common.index(max(common)),) if len(self.orders) > 1 else ()))

    def value(self, coordinates: Sequence[Coordinate]) -> Json:
        rest = list(coordinates)
        share = float(rest.pop(0)) if len(self.sizes) > 1 else 0.0
        order = self.orders[int(rest[0]) if rest else 0]
        return self.variable.canonical([*order[: self.sizes.start + round(share * (len(self.sizes) - 1))]])


_Part: TypeAlias = _Listed | _Scaled | _Cut


def _part(variable: Variable, space: Space, rng: Random, orders: int) -> _Part | None:
    if isinstance(variable, Subset):
        ids = space.banks[variable.bank_name].ids
        drawn = {tuple(rng.sample(ids, len(ids))) for _ in range(orders)}
        return _Cut(variable.name, variable, tuple(sorted(drawn)))
    if isinstance(variable, Banked):
        return _Listed(variable.name, space.banks[variable.bank_name].ids)
    if isinstance(variable, Boolean):
        return _Listed(variable.name, (False, True))
    if isinstance(variable, Choice):
        return _Listed(variable.name, variable.options)
    if isinstance(variable, (Float, Integer)):
        return _Scaled(variable.name, variable)
    return None


@frozen(eq=False)
class Dimensions:
    """How the searchable variables of a space become a point and back.

    Inactive variables have the coordinates of their defaults, so candidates of equal identity are one point.
    """

    space: Space
    base: Assignment
    parts: tuple[_Part, ...]

    @classmethod
    def of(cls, space: Space, base: Assignment, *, rng: Random, orders: int) -> "Dimensions":
        """Return the dimensions of a space; variables of a single value have none.

        Args:
            space: The space.
            base: What variables outside search keep.
            rng: Draws the orders of banks.
            orders: How many orders of each bank.
        """
        parts = [_part(variable, space, rng, orders) for variable in space.searchable]
        return cls(space, base, tuple(part for part in parts if part is not None and part.dimensions))

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """The dimensions of a point, in order."""
        return tuple(dimension for part in self.parts for dimension in part.dimensions)

    def point(self, assignment: Mapping[str, Json]) -> list[Coordinate]:
        """Return a valid assignment as a point."""
        active = self.space.canonical(assignment)
        return [
            coordinate
            for part in self.parts
            for coordinate in part.coordinates(active.get(part.path, self.space[part.path].default))
        ]

    def assignment(self, point: Sequence[Coordinate]) -> Assignment | None:
        """Return a point as an assignment, or None where a constraint refuses it."""
        values: dict[str, Json] = {}
        start = 0
        for part in self.parts:
            width = len(part.dimensions)
            values[part.path] = part.value(point[start : start + width])
            start += width
        assignment = self.space.updated(self.base, values)
        settled = self.space.settled(assignment)
        if settled.problems:
            return None
        rest = {path: self.space[path].default for path in values if path not in settled.active}
        return self.space.updated(assignment, rest)

    def random_point(self, rng: Random) -> list[Coordinate]:
        """Return a point drawn evenly."""
        return [
            rng.randrange(dimension.count) if isinstance(dimension, Category) else rng.random()
            for dimension in self.dimensions
        ]
