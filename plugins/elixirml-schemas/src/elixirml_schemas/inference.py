"""Infers a schema from examples of its data."""

import keyword
from collections.abc import Iterable, Mapping
from typing import Any, Final, Union, cast

from attrs import field, frozen

from elixirml.errors import DeclarationError
from elixirml_schemas.fields import SchemaField
from elixirml_schemas.making import schema
from elixirml_schemas.record_schema import RecordSchema

__all__ = ["infer"]

_SINGLE: Final[Mapping[type[Any], type[Any]]] = {str: str, bool: bool, int: int, float: float}


def infer(name: str, examples: Iterable[Mapping[str, object]]) -> RecordSchema:
    """Return the narrowest schema of its kind that every example fits.

    Fields come in the order in which they are first seen. A field that some example lacks is optional. Whole and other
    numbers together are numbers; different kinds together are a union. Objects become records where every key can name
    a field, and else maps. Nothing is guessed from the contents of texts.

    Args:
        name: The name of its class; records inside are named after it and their fields.
        examples: Plain data.

    Raises:
        DeclarationError: There are no examples, or one is no object of plain data.

    Example:
        >>> found = infer("Reply", [{"answer": "Oslo", "score": 1}, {"answer": "Bergen", "score": 0.5}])
        >>> [(each.name, each.annotation.__name__) for each in found.fields]
        [('answer', 'str'), ('score', 'float')]

    .. versionadded:: 0.1
    """
    seen = _Seen()
    for each in examples:
        if not isinstance(each, Mapping):
            raise _unfit(f"{each!r:.60} is no object.")
        seen.add(each)
    if not seen.objects:
        raise _unfit("There is none.")
    return seen.record(name, f"an example of {name}")


def _unfit(reason: str) -> DeclarationError:
    return DeclarationError(
        f"No schema can be inferred from these examples. {reason}",
        hint="Give at least one object of plain data, whose keys can name fields.",
        code="schema-example",
    )


@frozen
class _Seen:
    """What has been seen at one place of the examples.

    Attributes:
        singles: The classes of single values.
        fields: What has been seen under each key of the objects.
        items: What has been seen in the lists.
        counts: How many objects, lists and nulls there were, by these words.
    """

    singles: dict[type[Any], None] = field(factory=dict[type[Any], None])
    fields: "dict[str, _Seen]" = field(factory=dict[str, "_Seen"])
    items: "list[_Seen]" = field(factory=list["_Seen"])
    counts: dict[str, int] = field(factory=dict[str, int])

    @property
    def objects(self) -> int:
        """How many objects there were."""
        return self.counts.get("objects", 0)

    def add(self, value: object) -> None:
        """Take one more value into account."""
        if value is None:
            self._count("nulls")
        elif isinstance(value, Mapping):
            self._count("objects")
            for key, each in cast("Mapping[Any, object]", value).items():
                self.fields.setdefault(key, _Seen()).add(each)
                self._count(f"key {key}")
        elif isinstance(value, list):
            self._count("lists")
            self.items[:] = self.items or [_Seen()]
            for each in cast("list[object]", value):
                self.items[0].add(each)
        elif type(value) in _SINGLE:
            self.singles[type(value)] = None
        else:
            raise _unfit(f"{value!r:.60} is no plain data.")

    def _count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    def record(self, name: str, where: str) -> RecordSchema:
        """Return the schema of the objects."""
        odd = [each for each in self.fields if not _is_name(each)]
        if odd:
            raise _unfit(f"The key {odd[0]!r} in {where} cannot name a field.")
        return schema(name, [self._field(name, key, each) for key, each in self.fields.items()])

    def _field(self, owner: str, key: str, seen: "_Seen") -> SchemaField:
        required = self.counts[f"key {key}"] == self.objects
        return SchemaField(key, seen.annotation(f"{owner}{key[:1].upper()}{key[1:]}"), required=required)

    def annotation(self, name: str) -> Any:
        """Return the type of all that has been seen."""
        found: list[Any] = [each for each in self.singles if not (each is int and float in self.singles)]
        if self.counts.get("lists"):
            found.append(list[self.items[0].annotation(f"{name}Item")])  # type: ignore[misc]
        if self.objects:
            found.append(self._object(name))
        if self.counts.get("nulls"):
            found.append(None)
        return Union[tuple(found)] if found else Any  # noqa: UP007 - the members are known at run time

    def _object(self, name: str) -> Any:
        if self.fields and all(_is_name(each) for each in self.fields):
            return self.record(name, name).type
        whole = _Seen()
        for each in self.fields.values():
            whole.join(each)
        return dict[str, whole.annotation(f"{name}Value")]  # type: ignore[misc]

    def join(self, other: "_Seen") -> None:
        """Take all into account that another place has seen."""
        self.singles.update(other.singles)
        for what, number in other.counts.items():
            self.counts[what] = self.counts.get(what, 0) + number
        for each in other.items:
            self.items[:] = self.items or [_Seen()]
            self.items[0].join(each)
        for key, each in other.fields.items():
            self.fields.setdefault(key, _Seen()).join(each)


def _is_name(key: object) -> bool:
    if not isinstance(key, str) or not key.isascii() or not key.isidentifier():
        return False
    return not keyword.iskeyword(key) and not key.startswith("_") and key != "self"
