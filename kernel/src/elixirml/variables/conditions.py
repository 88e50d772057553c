"""Conditions: when a variable takes part at all.

A condition speaks of other variables by path, is plain data (it can be compared, digested and shown), and is judged
on the *active* values only: a comparison with a variable that is itself inactive, or absent, does not hold.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Literal

from attrs import evolve, field, frozen

from elixirml.errors import DeclarationError
from elixirml.identity import Json, canonical_json
from elixirml.variables._json import is_json, is_number, plain, same

__all__ = ["Condition", "When", "when"]


class Condition(ABC):
    """A statement about the values of other variables; made by `when`, combined with `&`, `|` and `~`."""

    __slots__ = ()

    @property
    @abstractmethod
    def paths(self) -> tuple[str, ...]:
        """Every path the condition speaks of, sorted, each once."""

    @property
    @abstractmethod
    def mentions(self) -> tuple[tuple[str, Json], ...]:
        """Every (path, value) pair that an `equals` or `one_of` in it names."""

    @abstractmethod
    def holds(self, values: Mapping[str, Json]) -> bool:
        """Return whether the statement is true of the active `values`, by path."""

    @abstractmethod
    def describe(self) -> dict[str, Json]:
        """Return the condition as JSON, for digests and display."""

    @abstractmethod
    def within(self, prefix: str) -> "Condition":
        """Return the same statement about the paths below `prefix`."""

    def __and__(self, other: "Condition") -> "Condition":
        return _Combined(word="all", parts=(self, other))

    def __or__(self, other: "Condition") -> "Condition":
        return _Combined(word="any", parts=(self, other))

    def __invert__(self) -> "Condition":
        return _Negated(part=self)


@frozen(kw_only=True)
class _Comparison(Condition):
    """One variable against fixed values."""

    path: str
    word: Literal["equals", "one_of", "at_least", "at_most"]
    values: tuple[Json, ...] = field(eq=canonical_json)

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.path,)

    @property
    def mentions(self) -> tuple[tuple[str, Json], ...]:
        return tuple((self.path, value) for value in self.values if self.word in {"equals", "one_of"})

    def holds(self, values: Mapping[str, Json]) -> bool:
        if self.path not in values:
            return False
        found = values[self.path]
        if self.word in {"equals", "one_of"}:
            return any(same(found, value) for value in self.values)
        bound = self.values[0]
        if not is_number(found) or not is_number(bound):
            return False
        return found >= bound if self.word == "at_least" else found <= bound

    def describe(self) -> dict[str, Json]:
        return {"path": self.path, self.word: list(self.values) if self.word == "one_of" else self.values[0]}

    def within(self, prefix: str) -> Condition:
        return evolve(self, path=f"{prefix}.{self.path}")


@frozen(kw_only=True)
class _Combined(Condition):
    """All, or any, of several conditions."""

    word: Literal["all", "any"]
    parts: tuple[Condition, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(sorted({path for part in self.parts for path in part.paths}))

    @property
    def mentions(self) -> tuple[tuple[str, Json], ...]:
        return tuple(pair for part in self.parts for pair in part.mentions)

    def holds(self, values: Mapping[str, Json]) -> bool:
        judged = [part.holds(values) for part in self.parts]
        return all(judged) if self.word == "all" else any(judged)

    def describe(self) -> dict[str, Json]:
        return {self.word: [part.describe() for part in self.parts]}

    def within(self, prefix: str) -> Condition:
        return evolve(self, parts=tuple(part.within(prefix) for part in self.parts))


@frozen(kw_only=True)
class _Negated(Condition):
    """The opposite of a condition."""

    part: Condition

    @property
    def paths(self) -> tuple[str, ...]:
        return self.part.paths

    @property
    def mentions(self) -> tuple[tuple[str, Json], ...]:
        return self.part.mentions

    def holds(self, values: Mapping[str, Json]) -> bool:
        return not self.part.holds(values)

    def describe(self) -> dict[str, Json]:
        return {"not": self.part.describe()}

    def within(self, prefix: str) -> Condition:
        return evolve(self, part=self.part.within(prefix))


@frozen
class When:
    """The beginning of a condition: a path that waits for what is said about it."""

    path: str

    def equals(self, value: Json) -> Condition:
        """Return the condition that the variable has this value; numbers compare by value, True is not 1."""
        return _Comparison(path=self.path, word="equals", values=self._plain((value,)))

    def one_of(self, *values: "Json | tuple[Json, ...]") -> Condition:
        """Return the condition that the variable has one of these values: one after the other, or in one list.

        Raises:
            DeclarationError: No value is given, so the condition could never hold.
        """
        only = values[0] if len(values) == 1 else None
        listed = tuple(only) if isinstance(only, (list, tuple)) else values
        if not listed:
            raise DeclarationError(
                f"the condition on `{self.path}` names no value, so it can never hold.",
                hint=f'Write when("{self.path}").one_of("first", "second").',
            )
        return _Comparison(path=self.path, word="one_of", values=self._plain(listed))

    def at_least(self, bound: float) -> Condition:
        """Return the condition that the variable is a number not below `bound`."""
        return _Comparison(path=self.path, word="at_least", values=self._number(bound))

    def at_most(self, bound: float) -> Condition:
        """Return the condition that the variable is a number not above `bound`."""
        return _Comparison(path=self.path, word="at_most", values=self._number(bound))

    def _plain(self, values: tuple[object, ...]) -> tuple[Json, ...]:
        for value in values:
            if not is_json(value):
                raise DeclarationError(
                    f"the condition on `{self.path}` compares with {value!r}, which is not JSON.",
                    hint="Compare with null, a truth value, a finite number, a text, or lists and maps of them.",
                )
        return tuple(plain(value) for value in values)

    def _number(self, bound: object) -> tuple[Json, ...]:
        if not is_number(bound) or not is_json(bound):
            raise DeclarationError(
                f"the condition on `{self.path}` needs a finite number as its bound, not {bound!r}.",
                hint=f'For other kinds of value write when("{self.path}").equals(...) or .one_of(...).',
            )
        return (bound,)


def when(path: str) -> When:
    """Begin a condition about the variable at `path`.

    Example:
        >>> condition = when("reply.adapter").equals("choice") & ~when("reply.k").at_most(0)
        >>> condition.holds({"reply.adapter": "choice", "reply.k": 3})
        True
    """
    return When(path)
