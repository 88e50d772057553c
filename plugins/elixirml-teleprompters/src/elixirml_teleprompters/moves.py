"""Moves: new points by chance, by one small step, by crossing two points, and over the variables that cost no call."""

from collections.abc import Mapping, Sequence
from random import Random

from elixirml.identity import Json
from elixirml.variables import Assignment, Bank, Banked
from elixirml_teleprompters.features import Features, Point

__all__ = ["changed", "crossed", "scattered", "siblings", "stepped", "without_demos"]

MOST_SIBLINGS = 8
ZERO_SHOT_EVERY = 6
REDRAWN = 0.25


def changed(features: Features, start: Point, values: Mapping[str, Json], *, origin: str) -> Point | None:
    """Return the point with these canonical values, or None where they are not valid together.

    Where nothing depends on what changes, the space need not be asked again.
    """
    if features.deciding.isdisjoint(values) and values.keys() <= start.active.keys():
        return features.settled_point(start.assignment.with_values(values), {**start.active, **values}, origin=origin)
    if features.computing:
        assignment = features.space.updated(start.assignment, values)
    else:
        assignment = start.assignment.with_values(values)
    settled = features.space.settled(assignment)
    return None if settled.problems else features.settled_point(assignment, settled.active, origin=origin)


def without_demos(features: Features, start: Point) -> Point | None:
    """Return the point with every subset emptied, or None where that is not allowed."""
    emptied: dict[str, Json] = {variable.name: [] for variable, _ in features.subsets}
    return changed(features, start, emptied, origin=start.origin) if emptied else None


def scattered(features: Features, base: Assignment, rng: Random, *, count: int, origin: str) -> tuple[Point, ...]:
    """Return random points; where there are subsets, every sixth point is without demos whatever was drawn."""
    points: list[Point] = []
    for at in range(count):
        point = features.point(features.space.sample(rng, base=base), origin=origin)
        bare = without_demos(features, point) if at % ZERO_SHOT_EVERY == 0 else None
        points.append(bare or point)
    return tuple(points)


def stepped(features: Features, start: Point, rng: Random) -> Point | None:
    """Return a point that differs in one active variable: by one small step, or now and then by a fresh draw."""
    paths = [variable.name for variable in features.space.searchable if variable.name in start.active]
    if not paths:
        return None
    path = rng.choice(paths)
    variable, bank = features.space[path], _bank(features, path)
    if rng.random() < REDRAWN:
        return changed(features, start, {path: variable.sample(rng, bank=bank)}, origin="neighbour")
    values = variable.neighbours(start.active[path], rng=rng, bank=bank)
    return changed(features, start, {path: rng.choice(values)}, origin="neighbour") if values else None


def crossed(features: Features, one: Point, other: Point, rng: Random) -> Point | None:
    """Return a point that has each variable from either parent, or None where that is not valid.

    What is inactive in the other parent is taken from the first.
    """
    paths = [variable.name for variable in features.space.searchable if variable.name in other.active]
    values = {path: other.active[path] for path in paths if rng.random() < 0.5}
    return changed(features, one, values, origin="crossed")


def _bank(features: Features, path: str) -> Bank | None:
    variable = features.space[path]
    return features.space.banks[variable.bank_name] if isinstance(variable, Banked) else None


def siblings(features: Features, start: Point, rng: Random) -> tuple[Point, ...]:
    """Return the points that differ from `start` only in variables that cost no call; at most eight.

    They send the same requests, so a journal answers them for nothing.
    """
    found = {start.key: start}
    for path in features.free:
        for point in list(found.values()):
            for value in _values(features, point, path, rng):
                sibling = changed(features, point, {path: value}, origin="sibling")
                if sibling is not None:
                    found.setdefault(sibling.key, sibling)
    return tuple(found.values())[1 : 1 + MOST_SIBLINGS]


def _values(features: Features, point: Point, path: str, rng: Random) -> Sequence[Json]:
    """Return other values of a variable where it is active in `point`."""
    if path not in point.active:
        return ()
    return features.space[path].neighbours(point.active[path], rng=rng, bank=_bank(features, path))
