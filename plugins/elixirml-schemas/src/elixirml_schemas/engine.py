"""The schema engine of Python's own record types."""

from collections.abc import Sequence
from typing import Any

from attrs import frozen

from elixirml.contracts import Field, FieldDeclaration
from elixirml.errors import DeclarationError
from elixirml_schemas.declared import is_record
from elixirml_schemas.reader import read_record
from elixirml_schemas.run_time import make_record, make_slot
from elixirml_schemas.schema import RecordSchema, field_of

__all__ = ["PythonSchemas"]


@frozen
class PythonSchemas:
    """Reads attrs classes, dataclasses, `TypedDict`, `NamedTuple`, and makes records at run time.

    Validation is strict: no value is converted except whole numbers to floats, the texts of dates and the values of
    enums. Unknown fields are refused.

    .. versionadded:: 0.1
    """

    def supports(self, declared: object) -> bool:
        """Return whether the declared type is a record of a kind read here."""
        return is_record(declared)

    def schema(self, declared: Any) -> RecordSchema:
        """Return the schema of a record type.

        Raises:
            DeclarationError: It is no record, or a field cannot be read; names the field.
        """
        if not is_record(declared):
            raise DeclarationError(
                f"{declared!r} is not a record type.",
                hint="Use an attrs class, a dataclass, a TypedDict or a NamedTuple.",
                code="type-unsupported",
            )
        return RecordSchema.of(read_record(declared))

    def field(self, declaration: FieldDeclaration) -> Field:
        """Return one field, without a record around it.

        Raises:
            DeclarationError: Its name is no identifier, its type cannot be read, or its default does not fit.
        """
        return field_of(make_slot(declaration))

    def record(self, name: str, fields: Sequence[FieldDeclaration]) -> RecordSchema:
        """Return the schema of a record made at run time; its values are frozen and allow attribute access.

        Raises:
            DeclarationError: A name is no identifier or is given twice, a type cannot be read, a default does not fit.
        """
        return RecordSchema.of(make_record(name, fields))
