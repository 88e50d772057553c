"""Moves: new points by chance, by one small step, by crossing two points, and over the variables that cost no call."""

from collections.abc import Iterable, Mapping, Sequence
from random import Random

from elixirml.identity import Json
from elixirml.variables import Assignment, Banked
from elixirml_teleprompters.features import Features, Point

__all__ = ["changed", "crossed", "scattered", "siblings", "stepped", "without_demos"]

MOST_SIBLINGS = 8
ZERO_SHOT_EVERY = 6


def changed(features: Features, start: Point, values: Mapping[str, Json], *, origin: str) -> Point | None:
    """Return the point with these values, or None where they are not valid together."""
    assignment = features.space.updated(start.assignment, values)
    return None if features.space.problems(assignment) else features.point(assignment, origin=origin)


def without_demos(features: Features, start: Point) -> Point | None:
    """Return the point with every subset emptied, or None where that is not allowed."""
    emptied: dict[str, Json] = {variable.name: [] for variable, _ in features.subsets}
    return changed(features, start, emptied, origin=start.candidate.origin) if emptied else None


def scattered(features: Features, base: Assignment, rng: Random, *, count: int, origin: str) -> tuple[Point, ...]:
    """Return random points; where there are subsets, every sixth point is without demos whatever was drawn."""
    points: list[Point] = []
    for at in range(count):
        point = features.point(features.space.sample(rng, base=base), origin=origin)
        bare = without_demos(features, point) if at % ZERO_SHOT_EVERY == 0 else None
        points.append(bare or point)
    return tuple(points)


def stepped(features: Features, start: Point, rng: Random, *, count: int) -> tuple[Point, ...]:
    """Return points one small step in one variable away."""
    steps = features.space.neighbours(start.assignment, rng, n=count)
    return tuple(features.point(assignment, origin="neighbour") for assignment in steps)


def crossed(features: Features, pairs: Iterable[tuple[Point, Point]], rng: Random) -> tuple[Point, ...]:
    """Return one point a pair, each variable from either parent; pairs without a valid child are passed over."""
    paths = [variable.name for variable in features.space.searchable]
    children: list[Point] = []
    for one, other in pairs:
        values = {path: other.assignment[path] for path in paths if rng.random() < 0.5}
        child = changed(features, one, values, origin="crossed")
        if child is not None:
            children.append(child)
    return tuple(children)


def siblings(features: Features, start: Point, rng: Random) -> tuple[Point, ...]:
    """Return the points that differ from `start` only in variables that cost no call; at most eight.

    They send the same requests, so a journal answers them for nothing.
    """
    found = {start.id: start}
    for path in features.free:
        for point in list(found.values()):
            for value in _values(features, point, path, rng):
                sibling = changed(features, point, {path: value}, origin="sibling")
                if sibling is not None:
                    found.setdefault(sibling.id, sibling)
    return tuple(found.values())[1 : 1 + MOST_SIBLINGS]


def _values(features: Features, point: Point, path: str, rng: Random) -> Sequence[Json]:
    """Return other values of a variable where it is active in `point`."""
    active = features.space.canonical(point.assignment)
    if path not in active:
        return ()
    variable = features.space[path]
    bank = features.space.banks[variable.bank_name] if isinstance(variable, Banked) else None
    return variable.neighbours(active[path], rng=rng, bank=bank)
