"""Shapes of containers: lists, tuples, sets and dictionaries."""

from collections.abc import Callable, Collection, Iterable
from typing import Any, TypeAlias, cast

from attrs import field, frozen

from elixirml.contracts.constraints import Description, Length
from elixirml.errors import Problem
from elixirml.identity import Json, canonical_json
from elixirml_schemas.constraints import Satisfies, Unique
from elixirml_schemas.marks import check, with_keywords
from elixirml_schemas.shape import Mark, Path, Shape, refuse

__all__ = ["Entries", "FixedTuple", "Items"]

_TAKES: frozenset[type[Mark]] = frozenset({Length, Satisfies, Description})
_ON_ITEMS: frozenset[type[Mark]] = _TAKES | {Unique}
_Builder: TypeAlias = Callable[[Iterable[Any]], Any]


@frozen
class Items:
    """A list, an open tuple, a set or a frozen set of items of one type; a list in JSON.

    Attributes:
        item: The type of the items.
        build: The class: `list`, `tuple`, `set` or `frozenset`.
        marks: What the collection must keep to.
    """

    item: Shape
    build: type[list[Any]] | type[tuple[Any, ...]] | type[set[Any]] | type[frozenset[Any]]
    marks: tuple[Mark, ...] = ()
    forms: frozenset[str] = field(default=frozenset({"array"}), init=False, repr=False)
    takes: frozenset[type[Mark]] = field(default=_ON_ITEMS, init=False, repr=False)

    @property
    def noun(self) -> str:
        """What messages call it."""
        return "a list without repeats" if self.distinct else "a list"

    @property
    def distinct(self) -> bool:
        """Whether it holds each item once."""
        return issubclass(self.build, (set, frozenset))

    @property
    def plain(self) -> bool:
        """Whether it is a list of plain items."""
        return self.build is list and self.item.plain

    @property
    def hashable(self) -> bool:
        """Whether it may be a member of a set."""
        return self.build in {tuple, frozenset} and self.item.hashable

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        base: dict[str, Any] = {"type": "array", "items": self.item.schema()}
        return with_keywords(base | ({"uniqueItems": True} if self.distinct else {}), self.marks)

    def read(self, value: object, path: Path, problems: list[Problem]) -> Any:
        """Accept a list, or the class itself, and read every item."""
        if not isinstance(value, (list, self.build)):
            return refuse(problems, path, self.noun, value)
        before = len(problems)
        items = [
            self.item.read(each, (*path, place), problems)
            for place, each in enumerate(cast("Collection[object]", value))
        ]
        if len(problems) > before:
            return None
        result = cast("_Builder", self.build)(items)
        if len(result) < len(items):
            twice = f"{_repeats(items)} twice"
            problems.append(Problem.unlike(path, "duplicate", expected="a list without repeats", got=twice))
        check(self.marks, result, path, problems, kind="array")
        return result

    def dump(self, value: Any) -> Json:
        """Return the items as a list; those of sets in a stable order."""
        items = [self.item.dump(each) for each in value]
        return sorted(items, key=canonical_json) if self.distinct else items


def _repeats(items: list[Any]) -> str:
    return repr(next(each for place, each in enumerate(items) if each in items[:place]))


@frozen
class FixedTuple:
    """A tuple with a type for each place; a list in JSON."""

    items: tuple[Shape, ...]
    marks: tuple[Mark, ...] = ()
    forms: frozenset[str] = field(default=frozenset({"array"}), init=False, repr=False)
    takes: frozenset[type[Mark]] = field(default=frozenset({Description}), init=False, repr=False)
    plain: bool = field(default=False, init=False, repr=False)

    @property
    def noun(self) -> str:
        """What messages call it."""
        return f"a list of {len(self.items)}"

    @property
    def hashable(self) -> bool:
        """Whether it may be a member of a set."""
        return all(each.hashable for each in self.items)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        size = len(self.items)
        places = {"prefixItems": [each.schema() for each in self.items]} if size else {}
        return with_keywords({"type": "array", **places, "minItems": size, "maxItems": size}, self.marks)

    def read(self, value: object, path: Path, problems: list[Problem]) -> Any:
        """Accept a list or a tuple of that length, and read every item."""
        if not isinstance(value, (list, tuple)):
            return refuse(problems, path, self.noun, value)
        given = cast("list[object] | tuple[object, ...]", value)
        if len(given) != len(self.items):
            wanted, got = f"{len(self.items)} items", str(len(given))
            return problems.append(Problem.unlike(path, "length", expected=wanted, got=got))
        pairs = enumerate(zip(self.items, given, strict=True))
        return tuple(item.read(each, (*path, place), problems) for place, (item, each) in pairs)

    def dump(self, value: Any) -> Json:
        """Return the items as a list."""
        return [item.dump(each) for item, each in zip(self.items, value, strict=True)]


@frozen
class Entries:
    """A dictionary from texts to values of one type; an object in JSON."""

    value: Shape
    marks: tuple[Mark, ...] = ()
    noun: str = field(default="an object", init=False, repr=False)
    forms: frozenset[str] = field(default=frozenset({"object"}), init=False, repr=False)
    takes: frozenset[type[Mark]] = field(default=_TAKES, init=False, repr=False)
    hashable: bool = field(default=False, init=False, repr=False)

    @property
    def plain(self) -> bool:
        """Whether its values are plain."""
        return self.value.plain

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return with_keywords({"type": "object", "additionalProperties": self.value.schema()}, self.marks)

    def read(self, value: object, path: Path, problems: list[Problem]) -> Any:
        """Accept a dictionary with text keys, and read every value."""
        if not isinstance(value, dict):
            return refuse(problems, path, self.noun, value)
        given = cast("dict[object, object]", value)
        result: dict[str, Any] = {}
        for key, each in given.items():
            if isinstance(key, str):
                result[key] = self.value.read(each, (*path, key), problems)
            else:
                refuse(problems, (*path, str(key)), "a text as key", key)
        check(self.marks, given, path, problems, kind="object")
        return result

    def dump(self, value: Any) -> Json:
        """Return the entries as an object."""
        return {str.__str__(key): self.value.dump(each) for key, each in value.items()}
