"""What a setting may hold that consists of others: lists, tables, unions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import cast

from attrs import frozen

from elixirml.config.kinds import Faults, Kind, first_origin, from_toml, sized, sizes
from elixirml.config.origins import Fault, Given, Keys, LayerName, Node, Origin, Tree, is_table, node_of
from elixirml.errors import did_you_mean
from elixirml.identity import Json

__all__ = ["Entries", "Items", "Record", "SettingField", "Union"]


@frozen
class Items(Kind):
    """A list or tuple of things of one kind, or a tuple of fixed kinds."""

    kinds: tuple[Kind, ...]
    fixed: bool = False
    made: Callable[[Sequence[object]], object] = tuple

    @property
    def repeats(self) -> bool:
        """Only what it is is shown of a wrong value."""
        return False

    @property
    def expected(self) -> str:
        """What a value of this kind is, in words."""
        each = ", ".join(kind.expected for kind in self.kinds)
        return f"a list of {'' if self.fixed else 'items, each '}{each}{sizes(self.option, 'items')}"

    def read(self, node: Node, faults: Faults) -> object:
        """Return the value of a node, or add what is wrong with it."""
        if not isinstance(node, Given) or not isinstance(node.value, (list, tuple)):
            return self._refuse(node, faults)
        values = cast("Sequence[object]", node.value)
        if (self.fixed and len(values) != len(self.kinds)) or not sized(self.option, len(values)):
            return self._refuse(node, faults, code="length", got=f"{len(values)} items")
        kinds = self.kinds if self.fixed else self.kinds * len(values)
        read: list[object] = []
        for position, (kind, value) in enumerate(zip(kinds, values, strict=True)):
            inner: Faults = []
            read.append(kind.read(node_of(value, node.origin), inner))
            faults += [each.within(str(position)) for each in inner]
        return self.made(read)

    def plain(self, value: object) -> Json:
        """Return the items as JSON."""
        values = cast("Sequence[object]", value)
        kinds = self.kinds if self.fixed else self.kinds * len(values)
        return [kind.plain(each) for kind, each in zip(kinds, values, strict=True)]


@frozen
class Union(Kind):
    """Several kinds, the first of which that fits is taken; with None, only the host can say it: TOML has no null."""

    kinds: tuple[Kind, ...]
    optional: bool = False

    @property
    def repeats(self) -> bool:
        """As all of its kinds."""
        return all(kind.repeats for kind in self.kinds)

    @property
    def expected(self) -> str:
        """What a value of this kind is, in words."""
        return " or ".join(dict.fromkeys(kind.expected for kind in self.kinds))

    def read(self, node: Node, faults: Faults) -> object:
        """Return the value of a node, or add what is wrong with it."""
        if self.optional and isinstance(node, Given) and node.value is None:
            return None
        for kind in self.kinds:
            found: Faults = []
            value = kind.read(node, found)
            if not found:
                return value
            if len(self.kinds) == 1:
                faults += found
                return None
        return self._refuse(node, faults)

    @property
    def names(self) -> tuple[str, ...]:
        """Those of the only kind."""
        return self.kinds[0].names if len(self.kinds) == 1 else ()

    def child(self, key: str) -> Kind | None:
        """Return what the only kind has."""
        return self.kinds[0].child(key) if len(self.kinds) == 1 else None

    def parts(self, value: object) -> Mapping[str, tuple[Kind, object]]:
        """Return those of the only kind, unless there is no value."""
        return self.kinds[0].parts(value) if len(self.kinds) == 1 and value is not None else {}

    def from_text(self, text: str, origin: Origin) -> Node:
        """Leave a text to the only kind; of several, it is what it says as TOML where that fits, else itself."""
        if len(self.kinds) == 1:
            return self.kinds[0].from_text(text, origin)
        said = from_toml(text, origin)
        return Given(text, origin) if said is None or not self.fits(said) else said

    def plain(self, value: object) -> Json:
        """Return the value as the first kind that takes it writes it."""
        if value is None:
            return None
        given = Given(value, Origin(LayerName.DEFAULT, "default"))
        kind = next((each for each in self.kinds if each.fits(given)), self.kinds[0])
        return kind.plain(value)


@frozen
class SettingField:
    """One field of a configuration class.

    Attributes:
        name: What users write.
        attribute: What it is called on the instance.
        kind: What it may hold.
        required: It has no default.
    """

    name: str
    attribute: str
    kind: Kind
    required: bool


@frozen
class Entries(Kind):
    """A mapping with keys of the user's choice."""

    kind: Kind
    made: Callable[[Mapping[str, object]], object] = MappingProxyType

    @property
    def repeats(self) -> bool:
        """Only what it is is shown of a wrong value."""
        return False

    @property
    def expected(self) -> str:
        """What a value of this kind is, in words."""
        return f"a table, each value {self.kind.expected}"

    def child(self, key: str) -> Kind | None:
        """Return the kind of every entry."""
        _ = key
        return self.kind

    def parts(self, value: object) -> Mapping[str, tuple[Kind, object]]:
        """Return the entries."""
        return {key: (self.kind, each) for key, each in cast("Mapping[str, object]", value).items()}

    def read(self, node: Node, faults: Faults) -> object:
        """Return the value of a node, or add what is wrong with it."""
        found = _table(node)
        if found is None:
            return self._refuse(node, faults)
        read: dict[str, object] = {}
        for key, each in found.items():
            inner: Faults = []
            read[key] = self.kind.read(each, inner)
            faults += [fault.within(key) for fault in inner]
        return self.made(read)

    def plain(self, value: object) -> Json:
        """Return the entries as JSON."""
        return {key: self.kind.plain(each) for key, each in cast("Mapping[str, object]", value).items()}


@frozen
class Record(Kind):
    """An attrs class: one key a field."""

    cls: type
    fields: Mapping[str, SettingField]

    @property
    def repeats(self) -> bool:
        """Only what it is is shown of a wrong value."""
        return False

    @property
    def expected(self) -> str:
        """What a value of this kind is, in words."""
        return "a table"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields."""
        return tuple(self.fields)

    def child(self, key: str) -> Kind | None:
        """Return the kind of a field."""
        return self.fields[key].kind if key in self.fields else None

    def parts(self, value: object) -> Mapping[str, tuple[Kind, object]]:
        """Return the fields."""
        return {name: (each.kind, getattr(value, each.attribute)) for name, each in self.fields.items()}

    def own_variables(self) -> Iterator[tuple[Keys, str]]:
        """Yield the names of each field that has an environment variable of its own, and the variable."""
        for name, each in self.fields.items():
            if each.kind.option.env is not None:
                yield (name,), each.kind.option.env
            inner = each.kind.kinds[0] if isinstance(each.kind, Union) else each.kind
            if isinstance(inner, Record):
                yield from (((name, *keys), variable) for keys, variable in inner.own_variables())

    def read(self, node: Node, faults: Faults) -> object:
        """Return the value of a node, or add what is wrong with it."""
        found = self._tree(node)
        if found is None:
            return self._refuse(node, faults)
        before = len(faults)
        faults += self._unknown(found)
        values = dict(self._values(found, faults))
        return self._made(values, node, faults) if len(faults) == before else None

    def plain(self, value: object) -> Json:
        """Return the fields as JSON, secrets as their references."""
        return {name: each.kind.plain(getattr(value, each.attribute)) for name, each in self.fields.items()}

    def _tree(self, node: Node) -> Tree | None:
        if isinstance(node, Given) and isinstance(node.value, self.cls):
            return {name: Given(getattr(node.value, each.attribute), node.origin) for name, each in self.fields.items()}
        return _table(node)

    def _unknown(self, found: Tree) -> Iterator[Fault]:
        for key in found.keys() - self.fields.keys():
            origin = first_origin(found[key])
            yield Fault((key,), "unknown", "there is no such setting", origin, did_you_mean(key, self.fields))

    def _values(self, found: Tree, faults: Faults) -> Iterator[tuple[str, object]]:
        for name, each in self.fields.items():
            if name in found:
                inner: Faults = []
                yield name, each.kind.read(found[name], inner)
                faults += [fault.within(name) for fault in inner]
            elif each.required:
                faults.append(Fault((name,), "missing", f"expected {each.kind.expected}, got nothing"))

    def _made(self, values: Mapping[str, object], node: Node, faults: Faults) -> object:
        try:
            return self.cls(**values)
        except Exception as error:  # noqa: BLE001 - a validator of the plugin may raise anything
            reason = str(error.args[0]) if error.args else type(error).__name__
        faults.append(Fault((), "invalid", reason, first_origin(node)))
        return None


def _table(node: Node) -> Tree | None:
    if not isinstance(node, Given):
        return node
    return {key: Given(each, node.origin) for key, each in node.value.items()} if is_table(node.value) else None
