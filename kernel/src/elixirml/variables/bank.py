"""Banks: the growing, append-only sets of entries that text and subset variables choose from."""

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from attrs import evolve, field, frozen

from elixirml.errors import DeclarationError, Problem, StateError, ValidationError, closest
from elixirml.identity import Json, canonical_json, digest
from elixirml.variables._json import is_json, plain, show

__all__ = ["Bank", "Entry"]


def _entry_value(value: object) -> Json:
    if not is_json(value):
        raise DeclarationError(
            f"a bank entry is JSON, not {type(value).__name__}: {value!r}.",
            hint="Turn it into texts, finite numbers, lists and maps first.",
        )
    return plain(value)


@frozen
class Entry:
    """One thing a bank holds: an instruction, a demonstration, a tool text.

    Attributes:
        id: Stable name of the entry inside its bank; what assignments hold.
        value: Any JSON.
        origin: Who made it: `declared`, `user`, or the name of a proposer.
    """

    id: str
    value: Json = field(kw_only=True, converter=_entry_value, eq=canonical_json)
    origin: str = field(kw_only=True, default="declared")

    @classmethod
    def of(cls, value: Json, *, origin: str = "declared") -> "Entry":
        """Return the entry of `value`; its id is the first 16 digits of the value's digest, so equal values are one."""
        copied = _entry_value(value)
        return cls(digest(copied)[:16], value=copied, origin=origin)

    def to_json(self) -> dict[str, Json]:
        """Return the entry as JSON; `Bank.from_json` reads it back."""
        return {"id": self.id, "value": plain(self.value), "origin": self.origin}


@frozen
class Bank:
    """Entries in the order they were added. A bank never changes: `extended` makes a longer one.

    Attributes:
        name: The path or name by which variables refer to it.
        entries: What it holds; ids are distinct.
    """

    name: str
    entries: tuple[Entry, ...] = field(default=(), converter=tuple[Entry, ...])

    def __attrs_post_init__(self) -> None:
        seen: dict[str, Entry] = {}
        for entry in self.entries:
            if entry.id in seen:
                raise DeclarationError(
                    f"bank `{self.name}` holds the entry `{entry.id}` twice.",
                    hint="Use Bank.extended, which passes over entries that are already there.",
                )
            seen[entry.id] = entry

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all entries, in the order they were added."""
        return tuple(entry.id for entry in self.entries)

    def extended(self, entries: Iterable[Entry]) -> "Bank":
        """Return a bank with these entries after the present ones; those it has already are passed over.

        Raises:
            StateError: An id would get a second value; banks are append-only.
        """
        known = {entry.id: entry for entry in self.entries}
        for entry in entries:
            held = known.setdefault(entry.id, entry)
            if held is not entry and canonical_json(held.value) != canonical_json(entry.value):
                raise StateError(
                    f"bank `{self.name}` already holds another value under the id `{entry.id}`: "
                    f"{show(held.value)}, not {show(entry.value)}.",
                    hint="Banks are append-only: make the new entry with Entry.of(value, origin=...).",
                )
        return evolve(self, entries=tuple(known.values()))

    def renamed(self, name: str) -> "Bank":
        """Return the same entries under another name."""
        return evolve(self, name=name)

    def __getitem__(self, entry_id: str) -> Entry:
        for entry in self.entries:
            if entry.id == entry_id:
                return entry
        raise ValidationError(
            f"bank `{self.name}` has no such entry.",
            problems=[Problem((self.name,), "unknown", self.missing(entry_id))],
            hint=f"List what it holds: bank.ids ({len(self)} entries).",
        )

    def missing(self, entry_id: object) -> str:
        """Return the message for an id the bank does not hold, with the nearest id it does."""
        near = closest(entry_id, self.ids) if isinstance(entry_id, str) else None
        return f"{show(entry_id)} is no entry of bank `{self.name}`, which holds {len(self)}" + (
            f". Did you mean `{near}`?" if near else ""
        )

    def __contains__(self, entry_id: object) -> bool:
        return any(entry.id == entry_id for entry in self.entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def to_json(self) -> dict[str, Json]:
        """Return the bank as JSON; `from_json` reads it back."""
        return {"name": self.name, "entries": [entry.to_json() for entry in self.entries]}

    @classmethod
    def from_json(cls, data: object) -> "Bank":
        """Read what `to_json` wrote.

        Raises:
            StateError: The data has another shape.
        """
        fields = _texts(data, what="a bank", names=("name",))
        listed = fields.get("entries")
        if not isinstance(listed, list):
            raise StateError(f"bank `{fields['name']}` is broken: `entries` is not a list.", hint=_RESAVE)
        return cls(cast("str", fields["name"]), tuple(_entry(item) for item in cast("list[object]", listed)))


_RESAVE = "The file was cut or edited by hand: save it again from the program that made it."


def _entry(data: object) -> Entry:
    fields = _texts(data, what="a bank entry", names=("id", "origin"))
    if "value" not in fields:
        raise StateError(f"bank entry `{fields['id']}` is broken: it has no `value`.", hint=_RESAVE)
    return Entry(cast("str", fields["id"]), value=cast("Json", fields["value"]), origin=cast("str", fields["origin"]))


def _texts(data: object, *, what: str, names: tuple[str, ...]) -> Mapping[str, object]:
    """Return `data` as a mapping whose `names` are texts."""
    fields: Mapping[str, object] = cast("Mapping[str, object]", data) if isinstance(data, Mapping) else {}
    if not all(isinstance(fields.get(name), str) for name in names):
        raise StateError(f"{what} is broken: it needs {' and '.join(names)} as text.", hint=_RESAVE)
    return fields
