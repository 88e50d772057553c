"""Parameters: the variables of a space as Optuna names and draws them, one after the other.

Choices become their index, numbers stay numbers, subsets become their size and the index of one of a few random orders
of the bank that the first entries are taken from. A variable that is not active has no parameter, so conditions of the
space are the branches of Optuna's define-by-run.
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Protocol, TypeAlias

from attrs import frozen

from elixirml.identity import Json, canonical_json
from elixirml.variables import Assignment, Banked, Boolean, Choice, Float, Integer, Space, Subset, Variable

__all__ = ["Drawn", "Index", "Kind", "Number", "Parameters"]


@frozen
class Index:
    """One of `count` things."""

    count: int


@frozen
class Number:
    """A number from `low` to `high`, both included.

    Attributes:
        low: The least.
        high: The most.
        whole: Whether it is a whole number.
        log: Whether ratios matter more than differences.
        step: The distance of values; None where there is none.
    """

    low: float
    high: float
    whole: bool = False
    log: bool = False
    step: float | None = None


Kind: TypeAlias = Index | Number
Drawn: TypeAlias = int | float
_Draw: TypeAlias = Callable[[str, Kind], Drawn]


class _Part(Protocol):
    """The parameters of one variable."""

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """The parameters by name."""
        ...

    def drawn(self, value: Json) -> dict[str, Drawn]:
        """Return a value of the variable as parameters."""
        ...

    def value(self, draw: _Draw) -> Json:
        """Draw each parameter, and return the value they make."""
        ...


@frozen(eq=False)
class _Listed:
    """A variable with a list of values."""

    name: str
    values: Sequence[Json]

    @property
    def kinds(self) -> Mapping[str, Kind]:
        return {self.name: Index(len(self.values))}

    def drawn(self, value: Json) -> dict[str, Drawn]:
        written = canonical_json(value)
        return {self.name: next(at for at, known in enumerate(self.values) if canonical_json(known) == written)}

    def value(self, draw: _Draw) -> Json:
        return self.values[int(draw(self.name, Index(len(self.values))))]


@frozen(eq=False)
class _Scaled:
    """A number."""

    variable: Float | Integer

    @property
    def _kind(self) -> Number:
        each = self.variable
        return Number(each.low, each.high, isinstance(each, Integer), each.scale == "log", each.step)

    @property
    def kinds(self) -> Mapping[str, Kind]:
        return {self.variable.name: self._kind}

    def drawn(self, value: Json) -> dict[str, Drawn]:
        assert isinstance(value, (int, float))  # noqa: S101 - the space has checked it
        return {self.variable.name: value}

    def value(self, draw: _Draw) -> Json:
        return self.variable.canonical(draw(self.variable.name, self._kind))


@frozen(eq=False)
class _Cut:
    """A subset: the first entries of one of a few orders of its bank."""

    variable: Subset
    orders: tuple[tuple[str, ...], ...]

    @property
    def _size(self) -> Number:
        most = min(self.variable.maximum, len(self.orders[0]))
        return Number(self.variable.minimum, max(self.variable.minimum, most), whole=True)

    @property
    def kinds(self) -> Mapping[str, Kind]:
        return {f"{self.variable.name}#size": self._size, f"{self.variable.name}#order": Index(len(self.orders))}

    def drawn(self, value: Json) -> dict[str, Drawn]:
        """Return the size, and the order whose first entries share most with the value."""
        ids = [str(entry) for entry in value] if isinstance(value, list) else []
        common = [len(set(order[: len(ids)]) & set(ids)) for order in self.orders]
        return dict(zip(self.kinds, (len(ids), common.index(max(common))), strict=True))

    def value(self, draw: _Draw) -> Json:
        size, order = (int(draw(name, kind)) for name, kind in self.kinds.items())
        return self.variable.canonical([*self.orders[order][:size]])


@frozen(eq=False)
class Parameters:
    """How the searchable variables of a space become parameters and back.

    Attributes:
        space: The space.
        base: What variables outside search keep.
        parts: Path to parameters, each after the variables its condition speaks of.
    """

    space: Space
    base: Assignment
    parts: Mapping[str, _Part]

    @classmethod
    def of(cls, space: Space, base: Assignment, *, rng: Random, orders: int) -> "Parameters":
        """Return the parameters of a space.

        Args:
            space: The space.
            base: What variables outside search keep.
            rng: Draws the orders of banks.
            orders: How many orders of each bank.
        """
        free = {variable.name for variable in space.searchable}
        found = ((each.name, _part(each, space, rng, orders)) for each in space.variables if each.name in free)
        return cls(space, base, {path: part for path, part in found if part is not None})

    def drawn(self, assignment: Mapping[str, Json]) -> dict[str, Drawn]:
        """Return the parameters of a valid assignment: those of its active variables."""
        active = self.space.canonical(assignment)
        return {
            name: drawn
            for path, part in self.parts.items()
            if path in active
            for name, drawn in part.drawn(active[path]).items()
        }

    @property
    def kinds(self) -> dict[str, Kind]:
        """Every parameter by name."""
        return {name: kind for part in self.parts.values() for name, kind in part.kinds.items()}

    def assignment(self, draw: _Draw) -> Assignment | None:
        """Return what drawing one parameter after the other gives, or None where a constraint refuses it.

        Args:
            draw: Asked for each parameter of an active variable; what was drawn before decides what is active.
        """
        values = self.base
        for path, part in self.parts.items():
            if path in self.space.settled(values).active:
                values = self.space.updated(values, {path: part.value(draw)})
        return None if self.space.settled(values).problems else values


def _part(variable: Variable, space: Space, rng: Random, orders: int) -> _Part | None:
    if isinstance(variable, Subset):
        ids = space.banks[variable.bank_name].ids
        shuffled = {tuple(rng.sample(ids, len(ids))) for _ in range(orders)}
        return _Cut(variable, tuple(sorted(shuffled)))
    if isinstance(variable, Banked):
        return _Listed(variable.name, space.banks[variable.bank_name].ids)
    if isinstance(variable, Boolean):
        return _Listed(variable.name, (False, True))
    if isinstance(variable, Choice):
        return _Listed(variable.name, variable.options)
    return _Scaled(variable) if isinstance(variable, (Float, Integer)) else None
