"""Entries of a bank as variables: Text (one) and Subset (several).

A variable without a bank's name draws from a bank of its own, named by its path. It may carry `entries`, with which
that bank begins; the space builds the bank from them, so a declaration holds its first instructions and examples.
"""

import json
import random
from collections.abc import Iterable
from typing import ClassVar, Self, cast

from attrs import evolve, field, frozen

from elixirml.errors import DeclarationError, Problem, ValidationError
from elixirml.identity import Json, canonical_json
from elixirml.variables._json import same, show
from elixirml.variables.bank import Bank, Entry
from elixirml.variables.base import Variable
from elixirml.variables.conditions import Condition

__all__ = ["Banked", "Subset", "Text"]


def _entries(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(entries)


@frozen
class Banked(Variable):
    """What both kinds share: a bank, by name or of their own.

    Attributes:
        bank: The name of the bank; empty for one of its own, named by the path of the variable.
        entries: What the bank holds from the start.
    """

    bank: str = field(default="", kw_only=True)
    entries: tuple[Entry, ...] = field(default=(), kw_only=True, converter=_entries)

    @property
    def bank_name(self) -> str:
        """The bank it draws from: the one it names, else the one named by its path."""
        return self.bank or self.name

    def within(self, prefix: str, *, also: Condition | None = None) -> Self:
        """Return the same variable below `prefix`; a bank it names is below the prefix too."""
        placed = super().within(prefix, also=also)
        return evolve(placed, bank=f"{prefix}.{self.bank}") if self.bank else placed

    def _source(self, bank: Bank | None) -> Bank:
        return Bank(self.bank_name, self.entries) if bank is None else bank

    def _domain(self) -> dict[str, Json]:
        return {"bank": self.bank_name}

    def _named(self, text: str, bank: Bank | None) -> str:
        """Return the id a user's text means: an id, or the text of an entry."""
        source = self._source(bank)
        for entry in source:
            if text == entry.id or same(text, entry.value):
                return entry.id
        raise ValidationError(
            f"{show(text)} is no value for {self.where}.",
            problems=[self._problem("unknown", source.missing(text))],
            hint="Give the id or the whole text of an entry; add new entries to the bank first.",
        )


@frozen
class Text(Banked):
    """A text that proposers may rewrite: the id of one entry of a growing bank.

    Example:
        >>> short = Entry.of("Be brief.")
        >>> Text("instruction", default=short.id, entries=(short,)).parse("Be brief.") == short.id
        True
    """

    kind: ClassVar[str] = "text"

    def _problems_of(self, value: object, bank: Bank | None, /) -> tuple[Problem, ...]:
        if not isinstance(value, str) or not value:
            return (self._problem("type", f"expected the id of a bank entry, got {show(value)}"),)
        if bank is None or value in bank:
            return ()
        return (self._problem("unknown", bank.missing(value)),)

    def _size(self, bank: Bank | None, /) -> float:
        return len(self._source(bank))

    def _draw(self, rng: random.Random, bank: Bank | None, /) -> Json:
        return rng.choice(self._source(bank).ids)

    def _moves(self, value: Json, rng: random.Random, bank: Bank | None, /) -> tuple[Json, ...]:
        others = [entry_id for entry_id in self._source(bank).ids if entry_id != value]
        rng.shuffle(others)
        return tuple(others)

    def _encode(self, value: Json, bank: Bank | None, /) -> tuple[float, ...]:
        return tuple(float(entry_id == value) for entry_id in self._source(bank).ids)

    def _read(self, text: str, bank: Bank | None, /) -> object:
        return self._named(text, bank)


@frozen
class Subset(Banked):
    """Several entries of a growing bank, without repeats: demonstrations, rules, tools.

    Its value is a list of entry ids; without `ordered` the canonical list is sorted by id. The encoding is one
    membership number per entry, then the size over `maximum`, then, if ordered, one position per entry.

    Attributes:
        minimum: The fewest entries, 0 or more.
        maximum: The most entries; may exceed what the bank holds today.
        ordered: The order is part of the value.
    """

    kind: ClassVar[str] = "subset"

    default: Json = field(factory=list[Json], kw_only=True, eq=canonical_json)
    minimum: int = field(default=0, kw_only=True)
    maximum: int = field(kw_only=True)
    ordered: bool = field(default=False, kw_only=True)

    def _check(self) -> None:
        for name, size in (("minimum", self.minimum), ("maximum", self.maximum)):
            if not isinstance(size, int) or isinstance(size, bool) or size < 0:
                raise DeclarationError(
                    f"{self.where} has {name}={size!r}, which is no whole number of entries.",
                    hint="Give 0 or more.",
                )
        if self.minimum > self.maximum:
            raise DeclarationError(
                f"{self.where} wants at least {self.minimum} and at most {self.maximum} entries.",
                hint="Swap the two limits.",
            )

    def _problems_of(self, value: object, bank: Bank | None, /) -> tuple[Problem, ...]:
        if not isinstance(value, (list, tuple)):
            return (self._problem("type", f"expected a list of entry ids, got {show(value)}"),)
        ids = cast("list[object]", value)
        problems = [problem for at, found in enumerate(ids) for problem in self._item(at, ids[:at], found, bank)]
        if not self.minimum <= len(ids) <= self.maximum:
            message = f"expected {self.minimum} to {self.maximum} entries, got {len(ids)}"
            problems.append(self._problem("size", message))
        return tuple(problems)

    def _item(self, at: int, before: list[object], found: object, bank: Bank | None) -> tuple[Problem, ...]:
        if not isinstance(found, str) or not found:
            return (self._problem("type", f"expected the id of a bank entry, got {show(found)}", at),)
        if found in before:
            return (self._problem("repeat", f"{show(found)} is there already", at),)
        if bank is None or found in bank:
            return ()
        return (self._problem("unknown", bank.missing(found), at),)

    def _canonical(self, value: object) -> Json:
        ids = cast("list[str]", value)
        return [*(ids if self.ordered else sorted(ids))]

    def _size(self, bank: Bank | None, /) -> float:
        """Return 2 where there are at least two subsets, else 1; counting them all would be pointless."""
        held = len(self._source(bank))
        most = min(held, self.maximum)
        several = most > self.minimum or (most == self.minimum and (0 < most < held or (self.ordered and most > 1)))
        return 2 if several else 1

    def _domain(self) -> dict[str, Json]:
        return {"bank": self.bank_name, "minimum": self.minimum, "maximum": self.maximum, "ordered": self.ordered}

    def _draw(self, rng: random.Random, bank: Bank | None, /) -> Json:
        """Return a subset of evenly drawn size."""
        ids = self._source(bank).ids
        return self._canonical(rng.sample(ids, rng.randint(self.minimum, min(self.maximum, len(ids)))))

    def _moves(self, value: Json, rng: random.Random, bank: Bank | None, /) -> tuple[Json, ...]:
        """Return the subset with one entry more, one less, one exchanged, and two swapped, where each is allowed."""
        ids = cast("list[str]", value)
        unused = [entry_id for entry_id in self._source(bank).ids if entry_id not in ids]
        moves: list[list[str]] = []
        at = rng.randrange(len(ids)) if ids else 0
        if unused and len(ids) < self.maximum:
            moves.append([*ids, rng.choice(unused)])
        if len(ids) > self.minimum:
            moves.append([*ids[:at], *ids[at + 1 :]])
        if unused and ids:
            moves.append([*ids[:at], rng.choice(unused), *ids[at + 1 :]])
        if self.ordered and len(ids) > 1:
            at = rng.randrange(len(ids) - 1)
            moves.append([*ids[:at], ids[at + 1], ids[at], *ids[at + 2 :]])
        return tuple(self._canonical(move) for move in moves)

    def _encode(self, value: Json, bank: Bank | None, /) -> tuple[float, ...]:
        ids = cast("list[str]", value)
        held = self._source(bank).ids
        members = [float(entry_id in ids) for entry_id in held]
        size = len(ids) / max(1, self.maximum)
        order = [(ids.index(entry_id) + 1) / len(ids) if entry_id in ids else 0.0 for entry_id in held]
        return (*members, size, *(order if self.ordered else ()))

    def _read(self, text: str, bank: Bank | None, /) -> object:
        """Return the ids of a JSON list, or of ids separated by commas; nothing means the empty subset."""
        if not text.strip().startswith("["):
            return [self._named(part.strip(), bank) for part in text.split(",") if part.strip()]
        try:
            return cast("object", json.loads(text))
        except ValueError:
            return text
