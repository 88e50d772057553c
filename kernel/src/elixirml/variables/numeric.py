"""Numbers as variables: Float and Integer."""

import math
import random
import sys
from abc import abstractmethod
from fractions import Fraction
from typing import ClassVar, Literal, TypeAlias, cast

from attrs import field, frozen

from elixirml.errors import DeclarationError, Problem
from elixirml.identity import Json
from elixirml.variables._json import is_json, is_number, show
from elixirml.variables.bank import Bank
from elixirml.variables.base import Variable

__all__ = ["Float", "Integer", "Scale"]

Scale: TypeAlias = Literal["linear", "log"]

_EXACT = 2**53
"""Beyond it neither floats nor other JSON readers hold every whole number."""


@frozen
class _Numeric(Variable):
    """What both kinds of number share: a range, a scale, a grid, and a position between 0 and 1.

    On a logarithmic scale the positions are spread evenly over log(value).
    """

    closed: ClassVar[bool] = True
    noun: ClassVar[str]
    unit: ClassVar[int | None] = None
    """The step that is meant where none is given."""

    low: float = field(kw_only=True)
    high: float = field(kw_only=True)
    scale: Scale = field(default="linear", kw_only=True)
    step: float | None = field(default=None, kw_only=True)

    @property
    @abstractmethod
    def _steps(self) -> int | None:
        """How many steps there are from low to high; None without a grid."""

    @abstractmethod
    def _at(self, index: int) -> Json:
        """Return the value of the grid after `index` steps."""

    @abstractmethod
    def _near(self, value: float) -> Json:
        """Return the value of the domain nearest to any number within its range."""

    def _check(self) -> None:
        for name in ("low", "high", "step"):
            self._check_bound(name, getattr(self, name))
        if self.low > self.high:
            self._refuse_range(f"low={self.low} lies above high={self.high}", "Swap the two bounds.")
        if not math.isfinite(float(self.high) - float(self.low)):
            self._refuse_range(f"the range from {self.low} to {self.high} is too wide", "Bring the bounds closer.")
        if self.scale not in {"linear", "log"}:
            self._refuse_range(f"there is no scale {self.scale!r}", 'Write scale="linear" or scale="log".')
        if self.scale == "log":
            self._check_log()
        if self.step is not None and self.step <= 0:
            self._refuse_range(f"step={self.step} is not above 0", "Give a positive step, or none.")

    def _check_bound(self, name: str, bound: object) -> None:
        if bound is None and name == "step":
            return
        if not is_number(bound) or not abs(bound) <= sys.float_info.max or self._misfit(bound):
            self._refuse_range(f"{name} is {bound!r}, which is no {self.noun}", f"Give a finite {self.noun}.")

    def _check_log(self) -> None:
        if self.low <= 0:
            self._refuse_range(f"a log scale needs low above 0, not {self.low}", 'Raise low or use scale="linear".')
        if self.step not in {None, self.unit}:
            self._refuse_range("a log scale takes no step", 'Leave step out or use scale="linear".')

    def _check_grid(self, low: Fraction | int, high: Fraction | int, step: Fraction | int) -> None:
        if (high - low) % step:
            self._refuse_range(
                f"step={self.step} does not divide the range from {self.low} to {self.high}",
                f"The last value on the grid is {float(high - (high - low) % step)}: use it as high, or change step.",
            )

    def _refuse_range(self, what: str, hint: str) -> None:
        raise DeclarationError(f"{self.where} has a bad range: {what}.", hint=hint)

    def _misfit(self, _value: float, /) -> str | None:
        """Return why a finite number is none of this kind, or None."""
        return None

    def _problems_of(self, value: object, _bank: Bank | None, /) -> tuple[Problem, ...]:
        if not is_number(value) or not is_json(value):
            return (self._problem("type", f"expected a {self.noun}, got {show(value)}"),)
        if not self.low <= value <= self.high:
            return (self._problem("range", f"{show(value)} is not within {self.low} to {self.high}"),)
        misfit = self._misfit(value)
        return (self._problem("type", misfit),) if misfit else self._off_grid(value)

    @abstractmethod
    def _off_grid(self, value: float) -> tuple[Problem, ...]:
        """Return the problem of a number in the range that lies between two steps."""

    def _step_problem(self, value: float, nearest: Json) -> Problem:
        message = f"{show(value)} is not {self.low} plus a multiple of {self.step}; the nearest value is {nearest}"
        return self._problem("step", message)

    def _size(self, _bank: Bank | None, /) -> float:
        return math.inf if self._steps is None and self.low < self.high else 1 + (self._steps or 0)

    def _domain(self) -> dict[str, Json]:
        return {"low": self.low, "high": self.high, "scale": self.scale, "step": self.step}

    def _position(self, value: float) -> float:
        """Return where `value` stands between low (0) and high (1)."""
        if self.low == self.high:
            return 0.0
        if self.scale == "log":
            share = (math.log(value) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        else:
            share = (value - self.low) / (self.high - self.low)
        return min(1.0, max(0.0, share))

    def _value_at(self, position: float) -> Json:
        """Return the value of the domain nearest to a position between 0 and 1."""
        if self.scale == "log":
            raw = math.exp(math.log(self.low) + position * (math.log(self.high) - math.log(self.low)))
        else:
            raw = self.low + position * (self.high - self.low)
        return self._near(min(self.high, max(self.low, raw)))

    def _moves(self, value: Json, rng: random.Random, _bank: Bank | None, /) -> tuple[Json, ...]:
        """Return one step each way on a grid, a random jump each way, and the ends if that led nowhere."""
        here = cast("float", value)
        position = self._position(here)
        jump = rng.uniform(0.02, 0.2)
        moves = [self._value_at(min(1.0, position + jump)), self._value_at(max(0.0, position - jump))]
        if self._steps is not None:
            index = self._index(here)
            moves += [self._at(other) for other in (index - 1, index + 1) if 0 <= other <= self._steps]
        if all(move == value for move in moves):
            moves += [self._near(self.low), self._near(self.high)]
        return tuple(moves)

    @abstractmethod
    def _index(self, value: float) -> int:
        """Return the number of steps from low that lie nearest to `value`."""

    def _encode(self, value: Json, _bank: Bank | None, /) -> tuple[float, ...]:
        return (self._position(cast("float", value)),)


@frozen
class Float(_Numeric):
    """A real number from `low` to `high`, both included.

    Attributes:
        scale: `log` where ratios matter more than differences; needs `low` above 0.
        step: Only `low`, `low + step`, ... are allowed; must divide the range. Grid values are decimal: 0.1 + 0.2
            and 0.3 are the same step, kept as 0.3.

    Example:
        >>> Float("temperature", default=0.7, low=0.0, high=2.0).canonical(1)
        1.0
    """

    kind: ClassVar[str] = "float"
    noun: ClassVar[str] = "number"

    def _check(self) -> None:
        super()._check()
        for name in ("low", "high", "step"):
            bound = getattr(self, name)
            object.__setattr__(self, name, None if bound is None else float(bound) + 0.0)
        if self.step is not None:
            self._check_grid(_exact(self.low), _exact(self.high), _exact(self.step))

    @property
    def _steps(self) -> int | None:
        return None if self.step is None else int((_exact(self.high) - _exact(self.low)) / _exact(self.step))

    def _at(self, index: int) -> Json:
        return float(_exact(self.low) + index * _exact(self.step or 0.0)) + 0.0

    def _index(self, value: float) -> int:
        return 0 if self.step is None else round((_exact(value) - _exact(self.low)) / _exact(self.step))

    def _near(self, value: float) -> Json:
        return float(value) + 0.0 if self.step is None else self._at(self._index(value))

    def _off_grid(self, value: float) -> tuple[Problem, ...]:
        nearest = cast("float", self._near(value))
        if self.step is None or math.isclose(value, nearest, rel_tol=1e-15, abs_tol=self.step * 1e-9):
            return ()
        return (self._step_problem(value, nearest),)

    def _canonical(self, value: object) -> Json:
        return self._near(float(cast("float", value)))

    def _draw(self, rng: random.Random, _bank: Bank | None, /) -> Json:
        return self._value_at(rng.random()) if self._steps is None else self._at(rng.randint(0, self._steps))

    def _read(self, text: str, _bank: Bank | None, /) -> object:
        try:
            return float(text)
        except ValueError:
            return text


@frozen
class Integer(_Numeric):
    """A whole number from `low` to `high`, both included.

    Attributes:
        scale: `log` where ratios matter more than differences; needs `low` above 0.
        step: Only `low`, `low + step`, ... are allowed; must divide the range.

    Example:
        >>> Integer("attempts", default=2, low=1, high=8).canonical(3.0)
        3
    """

    kind: ClassVar[str] = "integer"
    noun: ClassVar[str] = "whole number"
    unit: ClassVar[int | None] = 1

    def _check(self) -> None:
        super()._check()
        for name in ("low", "high", "step"):
            bound = getattr(self, name)
            object.__setattr__(self, name, 1 if bound is None else int(bound))
        if max(abs(self.low), abs(self.high), self.high - self.low) > _EXACT:
            self._refuse_range("it reaches beyond 2**53", "JSON readers lose digits there: use smaller bounds.")
        self._check_grid(int(self.low), int(self.high), int(self.step or 1))

    def _misfit(self, value: float, /) -> str | None:
        return None if int(value) == value else f"expected a whole number, got {show(value)}"

    @property
    def _steps(self) -> int:
        return int((self.high - self.low) // (self.step or 1))

    def _at(self, index: int) -> Json:
        return int(self.low + index * (self.step or 1))

    def _index(self, value: float) -> int:
        return round((value - self.low) / (self.step or 1))

    def _near(self, value: float) -> Json:
        return self._at(self._index(value))

    def _off_grid(self, value: float) -> tuple[Problem, ...]:
        return () if self._near(value) == value else (self._step_problem(value, self._near(value)),)

    def _canonical(self, value: object) -> Json:
        return int(cast("float", value))

    def _draw(self, rng: random.Random, _bank: Bank | None, /) -> Json:
        """Return a value evenly; on a log scale each value in proportion to the room it has on that scale."""
        if self.scale == "linear":
            return self._at(rng.randint(0, self._steps))
        raw = math.exp(rng.uniform(math.log(self.low - 0.5), math.log(self.high + 0.5)))
        return self._near(min(self.high, max(self.low, raw)))

    def _read(self, text: str, _bank: Bank | None, /) -> object:
        for read in (int, float):
            try:
                return read(text)
            except ValueError:
                continue
        return text


def _exact(number: float) -> Fraction:
    """Return the decimal number that people wrote, not the binary one nearest to it."""
    return Fraction(repr(float(number)))
