"""A record's schema: what the kernel sees of a class."""

from collections.abc import Mapping
from typing import Any, cast

from attrs import field, frozen

from elixirml.contracts import NO_DEFAULT, Field
from elixirml.errors import Problem, ValidationError
from elixirml.identity import Json
from elixirml_schemas.records import RecordShape, Slot

__all__ = ["RecordSchema", "field_of"]


def field_of(slot: Slot) -> Field:
    """Return a field as the kernel sees it."""
    default: Any = None if slot.default is NO_DEFAULT else slot.default
    return Field(slot.name, slot.annotation, slot.shape.schema(), slot.required, default, slot.description)


@frozen
class RecordSchema:
    """The schema of one record type.

    Example:
        >>> from typing import NamedTuple
        >>> from elixirml_schemas.engine import PythonSchemas
        >>> Point = NamedTuple("Point", [("x", int), ("y", int)])
        >>> PythonSchemas().schema(Point).validate({"x": 1, "y": 2})
        Point(x=1, y=2)
    """

    shape: RecordShape
    fields: tuple[Field, ...] = field(eq=False, repr=False)

    @classmethod
    def of(cls, shape: RecordShape) -> "RecordSchema":
        """Return the schema of a record's shape."""
        return cls(shape, tuple(field_of(each) for each in shape.slots))

    @property
    def name(self) -> str:
        """The name of the class."""
        return self.shape.name

    def validate(self, data: Mapping[str, object] | object) -> Any:
        """Return the typed value of plain data; a value of the class is checked and passes as it is.

        Raises:
            ValidationError: With every problem, each with its path.
        """
        problems: list[Problem] = []
        value = self.shape.read(data, (), problems)
        if problems:
            raise ValidationError(f"The data does not fit {self.name}:", problems=problems)
        return value

    def dump(self, value: Any) -> dict[str, Json]:
        """Return the plain data of a typed value.

        Raises:
            ValidationError: The value holds what its class does not declare, with every problem.
        """
        return cast("dict[str, Json]", self.shape.dump(self.validate(value)))

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema (draft 2020-12) of the record, without references."""
        return self.shape.schema()
