"""A record's schema: what the kernel sees of a class."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, cast, overload

from attrs import evolve, field, frozen

from elixirml.contracts import NO_DEFAULT, Field
from elixirml.errors import Problem, ValidationError
from elixirml.identity import Json
from elixirml_schemas.batches import Batch, Checked
from elixirml_schemas.coercion import coerced
from elixirml_schemas.dialects import compact_text, provider_strict
from elixirml_schemas.quick import Reader, quick_reader
from elixirml_schemas.records import RecordShape, Slot
from elixirml_schemas.shape import REFUSED

__all__ = ["RecordSchema", "field_of"]


def field_of(slot: Slot) -> Field:
    """Return a field as the kernel sees it."""
    default: Any = None if slot.default is NO_DEFAULT else slot.default
    schema = slot.shape.schema() | ({"examples": list(slot.examples)} if slot.examples else {})
    return Field(slot.name, slot.annotation, schema, slot.required, default, slot.description)


@frozen
class RecordSchema:
    """The schema of one record type.

    Attributes:
        shape: The class and its fields, as they are read.
        fields: The fields as the kernel sees them, in declared order.
        coerce: Whether data is bent towards the types before it is read; see `elixirml_schemas.coercion`.

    Example:
        >>> from typing import NamedTuple
        >>> from elixirml_schemas.engine import PythonSchemas
        >>> Point = NamedTuple("Point", [("x", int), ("y", int)])
        >>> PythonSchemas().schema(Point).validate({"x": 1, "y": 2})
        Point(x=1, y=2)
    """

    shape: RecordShape
    fields: tuple[Field, ...] = field(eq=False, repr=False)
    coerce: bool = field(default=False, kw_only=True)

    @classmethod
    def of(cls, shape: RecordShape, *, coerce: bool = False) -> "RecordSchema":
        """Return the schema of a record's shape."""
        return cls(shape, tuple(field_of(each) for each in shape.slots), coerce=coerce)

    @property
    def name(self) -> str:
        """The name of the class."""
        return self.shape.name

    @property
    def type(self) -> type[Any]:
        """The class of the values: it can be written wherever a type can, and keeps the rules of the schema."""
        return self.shape.cls

    @property
    def metadata(self) -> Mapping[str, Mapping[str, Any]]:
        """What the declaration of each field says besides, by the field's name."""
        return MappingProxyType({each.name: each.metadata for each in self.shape.slots})

    def coercing(self) -> "RecordSchema":
        """Return this schema in the coercing mode."""
        return evolve(self, coerce=True)

    def validate(self, data: Mapping[str, object] | object, *, coerce: bool | None = None) -> Any:
        """Return the typed value of plain data; a value of the class is checked and passes as it is.

        Args:
            data: Plain data, or a value of the class.
            coerce: Whether to bend data towards the types first; by default as the schema says.

        Raises:
            ValidationError: With every problem, each with its path.
        """
        typed = self._quick(data)
        if typed is not REFUSED:
            return typed
        problems: list[Problem] = []
        value = self._read(data, problems, coerce=coerce)
        if problems:
            raise ValidationError(f"The data does not fit {self.name}:", problems=problems)
        return value

    def check(self, data: object, *, coerce: bool | None = None, index: int = 0) -> Checked:
        """Return the typed value of plain data, or everything that is wrong with it; see `validate`."""
        typed = self._quick(data)
        if typed is not REFUSED:
            return Checked(index, typed)
        problems: list[Problem] = []
        value = self._read(data, problems, coerce=coerce)
        return Checked(index, None, tuple(problems)) if problems else Checked(index, value)

    def _read(self, data: object, problems: list[Problem], *, coerce: bool | None) -> Any:
        if self.coerce if coerce is None else coerce:
            data = coerced(self.shape, data)
        return self.shape.read(data, (), problems)

    def validate_many(self, items: Iterable[object], *, coerce: bool | None = None) -> Batch:
        """Return the typed values of all that fit, and the problems of the others by their places."""
        checked = list(self.validate_stream(items, coerce=coerce))
        errors = {each.index: each.problems for each in checked if not each.ok}
        return Batch(tuple(each.value for each in checked if each.ok), MappingProxyType(errors))

    @overload
    def validate_stream(
        self, items: AsyncIterable[object], *, coerce: bool | None = None
    ) -> AsyncIterator[Checked]: ...

    @overload
    def validate_stream(self, items: Iterable[object], *, coerce: bool | None = None) -> Iterator[Checked]: ...

    def validate_stream(
        self, items: AsyncIterable[object] | Iterable[object], *, coerce: bool | None = None
    ) -> AsyncIterator[Checked] | Iterator[Checked]:
        """Return an iterator over what comes of each item, one at a time: async for async items, plain for others."""
        if isinstance(items, AsyncIterable):
            return self._async_stream(items, coerce=coerce)
        return (self.check(each, coerce=coerce, index=index) for index, each in enumerate(items))

    async def _async_stream(self, items: AsyncIterable[object], *, coerce: bool | None) -> AsyncIterator[Checked]:
        index = 0
        async for each in items:
            yield self.check(each, coerce=coerce, index=index)
            index += 1

    def dump(self, value: Any) -> dict[str, Json]:
        """Return the plain data of a typed value.

        Raises:
            ValidationError: The value holds what its class does not declare, with every problem.
        """
        return cast("dict[str, Json]", self.shape.dump(self.validate(value, coerce=False)))

    def computed(self, value: Any) -> dict[str, Any]:
        """Return what is computed of a typed value, by name; these are attributes of the value, too."""
        return {name: getattr(value, name) for name, _ in self.shape.rules.computed}

    @overload
    def json_schema(self, dialect: Literal["full", "strict"] = "full") -> dict[str, Any]: ...

    @overload
    def json_schema(self, dialect: Literal["compact"]) -> str: ...

    def json_schema(self, dialect: Literal["full", "strict", "compact"] = "full") -> dict[str, Any] | str:
        """Return the JSON Schema of the record, without references.

        Args:
            dialect: `full` says all in draft 2020-12. `strict` is what providers take that bind replies to schemas:
                every property is required, nothing else is allowed, what is optional may be null. `compact` is a short
                text for prompts.

        Raises:
            DeclarationError: The record holds what the strict dialect has no words for, such as a map.
        """
        full = self.shape.schema()
        if dialect == "full":
            return full
        return compact_text(full) if dialect == "compact" else provider_strict(full)

    @cached_property
    def _quick(self) -> Reader:
        # Compiled at the first use: many schemas are declared and few read data.
        return quick_reader(self.shape)
