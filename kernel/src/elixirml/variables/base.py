"""What every variable is: a tunable with a path, a default and a domain."""

import random
import re
from collections.abc import Hashable
from functools import cache
from typing import Any, ClassVar, Self, cast

from attrs import evolve, field, fields, frozen

from elixirml.errors import DeclarationError, Problem, ValidationError
from elixirml.identity import Json, canonical_json
from elixirml.variables._json import is_json, is_scalar, plain, show
from elixirml.variables.bank import Bank
from elixirml.variables.conditions import Condition

__all__ = ["Variable", "check_path"]

_PATH = re.compile(r"[^\W\d][\w-]*(\.[\w-]+)*")


def check_path(path: str) -> None:
    """Refuse a path that is not made of words joined by dots.

    Raises:
        DeclarationError: The path holds blanks, glob signs, empty parts, or starts with a digit.
    """
    if not _PATH.fullmatch(path):
        raise DeclarationError(
            f"{path!r} is no path for a variable.",
            hint="A path is words of letters, digits, `_` and `-`, joined by dots: reply.temperature.",
        )


@cache
def _names_of(kind: Hashable) -> tuple[str, ...]:
    """Return what a variable of a kind holds; a class has a hash, though mypy looks for that of its instances."""
    return tuple(each.name for each in fields(cast("type[Any]", kind)))


@frozen
class Variable:
    """Something that may be tuned.

    Subclasses are the kinds. They fill the hooks whose names begin with `_`; everything public is here, so that
    every kind refuses, freezes and reports in the same way. Values are JSON. It is no abstract class by `abc`, since
    asking whether a variable is of a kind would take ten times as long, and is asked for every variable of every space.

    Attributes:
        name: The last part of its path where it is declared; the whole dotted path once it is bound to a program.
        default: The value it has when nothing else is said; kept in canonical form.
        active_if: When it takes part; None means always.
        frozen: It keeps its value and is no dimension of search. A user may still set it.
        hint: What it does and which values make sense, for people and for proposers; no part of the digest.
    """

    kind: ClassVar[str]
    closed: ClassVar[bool] = False
    """Whether the domain is known from the declaration alone."""

    name: str = ""
    default: Json = field(kw_only=True, eq=canonical_json)
    active_if: Condition | None = field(default=None, kw_only=True)
    frozen: bool = field(default=False, kw_only=True)
    hint: str | None = field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.name:
            check_path(self.name)
        self._check()
        problems = self._problems_of(self.default, None)
        if problems:
            reasons = "; ".join(problem.message for problem in problems)
            raise DeclarationError(
                f"the default of {self.where} is outside its domain: {reasons}.",
                hint="Change the default or widen the domain.",
            )
        object.__setattr__(self, "default", self._canonical(self.default))

    @property
    def where(self) -> str:
        """How messages call this variable."""
        return f"variable `{self.name}`" if self.name else f"this {self.kind} variable (not bound to a path yet)"

    def problems(self, value: object, *, bank: Bank | None = None) -> tuple[Problem, ...]:
        """Return everything that is wrong with `value`; without a bank, entry ids are not looked up."""
        return () if bank is None and self._is_default(value) else self._problems_of(value, bank)

    def canonical(self, value: object) -> Json:
        """Return the one form of `value`: a float for Float, an int for Integer, sorted ids for an unordered Subset.

        Raises:
            ValidationError: The value is outside the domain. Values are never moved into it.
        """
        if self._is_default(value):
            return plain(value)
        self._refuse(value, None)
        return self._canonical(value)

    def varies(self, *, bank: Bank | None = None) -> bool:
        """Return whether search may choose among at least two values: not frozen, derived, fitted or single-valued."""
        return not self.frozen and self._size(bank) > 1

    def sample(self, rng: random.Random, *, bank: Bank | None = None) -> Json:
        """Return a random value of the domain; the default if the variable does not vary."""
        return self._draw(rng, bank) if self.varies(bank=bank) else plain(self.default)

    def neighbours(self, value: object, *, rng: random.Random, bank: Bank | None = None) -> tuple[Json, ...]:
        """Return distinct values close to `value` and other than it; none if the variable does not vary.

        Raises:
            ValidationError: The value is outside the domain.
        """
        self._refuse(value, bank)
        if not self.varies(bank=bank):
            return ()
        canonical = self._canonical(value)
        moves = {canonical_json(move): move for move in self._moves(canonical, rng, bank)}
        moves.pop(canonical_json(canonical), None)
        return tuple(moves.values())

    def encode(self, value: object, *, bank: Bank | None = None) -> tuple[float, ...]:
        """Return `value` as numbers in [0, 1]; as many for every value, and more only when the bank grows.

        Raises:
            ValidationError: The value is outside the domain.
        """
        self._refuse(value, bank)
        return self._encode(self._canonical(value), bank)

    def parse(self, text: str, *, bank: Bank | None = None) -> Json:
        """Read a value that a user typed, for example in `--set temperature=0.3`.

        Raises:
            ValidationError: The text is not a value of the domain.
        """
        value = self._read(text, bank)
        self._refuse(value, bank)
        return self._canonical(value)

    def describe(self) -> dict[str, Json]:
        """Return the variable as JSON, for digests and display; banks are told by name, not by content."""
        shown: dict[str, Json] = {"name": self.name, "kind": self.kind, "default": plain(self.default)}
        shown.update(self._domain())
        shown["active_if"] = self.active_if.describe() if self.active_if else None
        shown["frozen"] = self.frozen
        shown["hint"] = self.hint
        return shown

    def bound(self, path: str) -> Self:
        """Return the same variable under another name: its path in a program."""
        return self._placed(path)

    def within(self, prefix: str, *, also: Condition | None = None) -> Self:
        """Return the same variable below `prefix`, with every path its condition speaks of.

        Args:
            prefix: Where it is placed.
            also: A condition that must hold beside its own; its paths are taken as they are.
        """
        own = self.active_if.within(prefix) if self.active_if else None
        condition = own if also is None else also if own is None else also & own
        return self._placed(f"{prefix}.{self.name}", active_if=condition)

    def with_default(self, value: Json) -> Self:
        """Return the same variable with another default."""
        return evolve(self, default=value)

    def freeze(self, value: Json = None) -> Self:
        """Return the same variable frozen, at its default or at `value`."""
        return self._copied(frozen=True) if value is None else evolve(self, frozen=True, default=value)

    def thaw(self) -> Self:
        """Return the same variable, free to be searched."""
        return self._copied(frozen=False)

    def _placed(self, path: str, **changes: object) -> Self:
        """Return a copy at another path."""
        if path:
            check_path(path)
        return self._copied(name=path, **changes)

    def _copied(self, **changes: object) -> Self:
        """Return a copy with changes that neither domain nor default depends on, so that both are not checked again."""
        copy = object.__new__(type(self))
        changes["default"] = plain(self.default)
        for name in _names_of(cast("Hashable", type(self))):
            object.__setattr__(copy, name, changes[name] if name in changes else getattr(self, name))
        return copy

    def _is_default(self, value: object) -> bool:
        """Return whether `value` is the default itself, which was checked, and made canonical, with the variable."""
        return value is self.default and is_scalar(value)

    def _refuse(self, value: object, bank: Bank | None) -> None:
        problems = self._problems_of(value, bank)
        if problems:
            raise ValidationError(f"{show(value)} is no value for {self.where}.", problems=problems)

    def _problem(self, code: str, message: str, *inside: str | int) -> Problem:
        return Problem((self.name, *inside) if self.name else inside, code, message)

    def _check(self) -> None:
        """Refuse a domain that makes no sense, with a DeclarationError."""

    def _size(self, _bank: Bank | None, /) -> float:
        """Return how many values search may choose from; 0 or 1 where there is nothing to choose."""
        return 0

    def _domain(self) -> dict[str, Json]:
        """Return the domain as JSON."""
        return {}

    def _problems_of(self, value: object, _bank: Bank | None, /) -> tuple[Problem, ...]:
        """Return what is wrong with `value`; here, only that it is not JSON."""
        return () if is_json(value) else (self._problem("type", f"expected finite JSON, got {show(value)}"),)

    def _canonical(self, value: object) -> Json:
        """Return the canonical form of a value without problems."""
        return plain(value)

    def _draw(self, rng: random.Random, bank: Bank | None, /) -> Json:
        """Return a random value; asked only of variables that vary."""
        raise NotImplementedError

    def _moves(self, value: Json, rng: random.Random, bank: Bank | None, /) -> tuple[Json, ...]:
        """Return values near a canonical one; asked only of variables that vary."""
        raise NotImplementedError

    def _encode(self, _value: Json, _bank: Bank | None, /) -> tuple[float, ...]:
        """Return a canonical value as numbers in [0, 1]; nothing for kinds that are never searched."""
        return ()

    def _read(self, text: str, bank: Bank | None, /) -> object:
        """Return what a user's text means, unchecked; every kind has its own."""
        raise NotImplementedError
