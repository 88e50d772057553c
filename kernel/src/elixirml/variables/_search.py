"""Moving through a space: random points, neighbours, and points as numbers.

Everything here walks the searchable variables in the order of their paths, so two spaces of the same digest give the
same values for the same random numbers, however their variables were declared.
"""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Protocol

from elixirml.errors import DeclarationError, ValidationError
from elixirml.identity import Json, canonical_json
from elixirml.variables._resolution import Settled, bank_of
from elixirml.variables.assignment import Assignment
from elixirml.variables.bank import Bank
from elixirml.variables.base import Variable

__all__ = ["Searched", "encoded", "laid_out", "neighbouring", "sampled"]


class Searched(Protocol):
    """What search needs of a space."""

    @property
    def banks(self) -> Mapping[str, Bank]: ...

    @property
    def searchable(self) -> tuple[Variable, ...]: ...

    def canonical(self, assignment: Mapping[str, Json]) -> dict[str, Json]: ...

    def complete(self, partial: Mapping[str, Json]) -> Assignment: ...

    def updated(self, assignment: Mapping[str, Json], values: Mapping[str, Json]) -> Assignment: ...

    def settled(self, assignment: Mapping[str, Json]) -> Settled: ...


def sampled(space: Searched, rng: random.Random, *, attempts: int, base: Mapping[str, Json]) -> Assignment:
    """Return a random valid assignment by rejection.

    Every searchable variable is drawn each time, active or not, and inactive ones go back to their defaults.
    """
    start = space.complete(base)
    violations: Counter[str] = Counter()
    for _ in range(attempts):
        drawn = {
            variable.name: variable.sample(rng, bank=bank_of(variable, space.banks)) for variable in space.searchable
        }
        settled = space.settled(space.updated(start, drawn))
        if not settled.problems:
            return _tidied(space, settled.active, around=start)
        if len(settled.problems) > len(settled.violated):
            raise ValidationError("no sample can be drawn around these fixed values.", problems=settled.problems)
        violations.update(rule.name for rule in settled.violated)
    counts = ", ".join(f"`{name}` failed {count} times" for name, count in violations.most_common())
    raise DeclarationError(
        f"no assignment that satisfies every constraint was found in {attempts} attempts: {counts}.",
        hint="Loosen these constraints, narrow the ranges they speak of, or allow more attempts.",
        code="constraints-unsatisfied",
    )


def _tidied(space: Searched, active: Mapping[str, Json], *, around: Mapping[str, Json]) -> Assignment:
    """Return the active values, what lies outside search as it is in `around`, and defaults for the rest."""
    searched = {variable.name for variable in space.searchable}
    return space.updated({path: value for path, value in around.items() if path not in searched}, active)


def neighbouring(
    space: Searched, assignment: Mapping[str, Json], rng: random.Random, *, n: int
) -> tuple[Assignment, ...]:
    """Return up to `n` distinct valid assignments that differ from `assignment` in one searchable, active variable.

    What that variable switches on has its default, or, where search may not touch it, the value it has here.
    """
    here = space.canonical(assignment)
    moves = [
        (variable.name, value)
        for variable in space.searchable
        if variable.name in here
        for value in variable.neighbours(here[variable.name], rng=rng, bank=bank_of(variable, space.banks))
    ]
    rng.shuffle(moves)
    return tuple(islice(_valid(space, _tidied(space, here, around=assignment), moves), n))


def _valid(space: Searched, start: Assignment, moves: Iterable[tuple[str, Json]]) -> Iterator[Assignment]:
    """Yield what the moves lead to where it is valid and new."""
    seen = {canonical_json(space.canonical(start))}
    for path, value in moves:
        settled = space.settled(space.updated(start, {path: value}))
        key = canonical_json(settled.active)
        if not settled.problems and key not in seen:
            seen.add(key)
            yield _tidied(space, settled.active, around=start)


def encoded(space: Searched, assignment: Mapping[str, Json]) -> tuple[float, ...]:
    """Return the numbers of every searchable variable in turn; an inactive one has those of its default."""
    here = space.canonical(assignment)
    return tuple(
        number
        for variable in space.searchable
        for number in variable.encode(here.get(variable.name, variable.default), bank=bank_of(variable, space.banks))
    )


def laid_out(space: Searched) -> dict[str, slice]:
    """Return which numbers of an encoding belong to which path."""
    layout: dict[str, slice] = {}
    start = 0
    for variable in space.searchable:
        width = len(variable.encode(variable.default, bank=bank_of(variable, space.banks)))
        layout[variable.name] = slice(start, start + width)
        start += width
    return layout
