"""Features: assignments of a space as rows of numbers, and the points that carry both."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from attrs import frozen

from elixirml.contracts import FREE_OF_CALLS
from elixirml.identity import Json, canonical_json
from elixirml.variables import Assignment, Banked, Boolean, Choice, Computed, Space, Subset, Variable
from elixirml_teleprompters.rows import Rows

__all__ = ["Features", "Point", "distinct"]


@frozen(eq=False)
class Point:
    """A valid assignment with its row.

    Attributes:
        assignment: Values of every variable.
        active: Canonical values of the active ones.
        key: Their canonical JSON: points of equal key are one candidate.
        request: The same without the variables that cost no call: points of equal request send the same prompts.
        row: The point as numbers; one row.
        origin: Which operation made it.
    """

    assignment: Assignment
    active: Mapping[str, Json]
    key: str
    request: str
    row: Rows
    origin: str


def distinct(points: Iterable[Point]) -> tuple[Point, ...]:
    """Return each candidate once, as the first of the points that are it."""
    found: dict[str, Point] = {}
    for point in points:
        found.setdefault(point.key, point)
    return tuple(found.values())


def _codes(variable: Variable, space: Space) -> Mapping[str, int] | None:
    """Return the code of each value of a categorical variable, by canonical JSON; None for other kinds."""
    values: Sequence[Json]
    if isinstance(variable, Boolean):
        values = (False, True)
    elif isinstance(variable, Choice):
        values = () if variable.ordered else variable.options
    elif isinstance(variable, Banked) and not isinstance(variable, Subset):
        values = space.banks[variable.bank_name].ids
    else:
        values = ()
    return {canonical_json(value): code for code, value in enumerate(values)} if values else None


def _deciding(space: Space) -> frozenset[str]:
    conditions = [path for variable in space.variables if variable.active_if for path in variable.active_if.paths]
    inputs = [path for variable in space.variables if isinstance(variable, Computed) for path in variable.inputs]
    return frozenset([*conditions, *inputs, *(path for rule in space.constraints for path in rule.paths)])


@frozen(eq=False)
class Features:
    """How a space becomes rows.

    A subset enters twice: through its size (logarithmic, so that none and few are far apart) and through its members.

    Attributes:
        space: The space.
        free: Searchable variables that cost no call.
        categories: Searchable categorical variables, with the code of each value.
        numbers: Searchable numeric variables.
        subsets: Searchable subset variables, with the position of each entry.
        deciding: Paths on which conditions, constraints or computed values depend: changing one may change more.
        computing: Whether the space has computed variables.
    """

    space: Space
    free: tuple[str, ...]
    categories: tuple[tuple[str, Mapping[str, int]], ...]
    numbers: tuple[Variable, ...]
    subsets: tuple[tuple[Subset, Mapping[str, int]], ...]
    deciding: frozenset[str]
    computing: bool

    @classmethod
    def of(cls, space: Space) -> "Features":
        """Return the features of a space; single-valued and frozen variables have none."""
        coded = {variable.name: _codes(variable, space) for variable in space.searchable}
        return cls(
            space=space,
            free=tuple(variable.name for variable in space.searchable if variable.hint == FREE_OF_CALLS),
            categories=tuple((path, codes) for path, codes in coded.items() if codes is not None),
            numbers=tuple(
                variable
                for variable in space.searchable
                if coded[variable.name] is None and not isinstance(variable, Subset)
            ),
            subsets=tuple(
                (variable, {entry: at for at, entry in enumerate(space.banks[variable.bank_name].ids)})
                for variable in space.searchable
                if isinstance(variable, Subset)
            ),
            deciding=_deciding(space),
            computing=any(isinstance(variable, Computed) for variable in space.variables),
        )

    def favoured(self, rows: Rows, leader: Rows) -> Rows:
        """Return the rows as they would be with the leader's values of the variables that cost no call.

        Whoever is pulled brings its siblings along, so a point is worth what its best sibling is worth.
        """
        codes = [at for at, (path, _) in enumerate(self.categories) if path in self.free]
        numbers = [at for at, variable in enumerate(self.numbers) if variable.name in self.free]
        return rows.with_columns_of(
            leader, codes=np.array(codes, dtype=np.int64), numbers=np.array(numbers, dtype=np.int64)
        )

    def point(self, assignment: Assignment, *, origin: str) -> Point:
        """Return a valid assignment as a point.

        Raises:
            ValidationError: The assignment is not valid.
        """
        return self.settled_point(assignment, self.space.canonical(assignment), origin=origin)

    def settled_point(self, assignment: Assignment, active: Mapping[str, Json], *, origin: str) -> Point:
        """Return the point of an assignment whose canonical active values are known."""
        key = canonical_json(active)
        paid = {path: value for path, value in active.items() if path not in self.free}
        request = canonical_json(paid) if len(paid) < len(active) else key
        return Point(assignment, active, key, request, self._row(active), origin)

    def _row(self, active: Mapping[str, Json]) -> Rows:
        codes = [codes[canonical_json(active[path])] if path in active else -1 for path, codes in self.categories]
        numbers = [
            variable.encode(active[variable.name])[0] if variable.name in active else np.nan
            for variable in self.numbers
        ]
        members = tuple(np.zeros((1, len(positions))) for _, positions in self.subsets)
        for block, (variable, positions) in zip(members, self.subsets, strict=True):
            ids = active.get(variable.name)
            chosen = [positions[str(entry)] for entry in ids] if isinstance(ids, list) else []
            block[0, chosen] = 1.0
            size = np.log1p(len(chosen)) / np.log1p(variable.maximum)
            numbers.append(float(size) if isinstance(ids, list) else np.nan)
        present = [variable.name in active for variable, _ in self.subsets]
        return Rows(
            np.array([codes], dtype=np.int64).reshape(1, len(self.categories)),
            np.array([numbers], dtype=np.float64).reshape(1, len(numbers)),
            members,
            np.array([present], dtype=np.bool_).reshape(1, len(present)),
        )
