"""The schema engine of Python's own record types."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from elixirml.contracts import Field, FieldDeclaration
from elixirml.errors import DeclarationError
from elixirml.identity import Json
from elixirml_schemas.declared import is_record
from elixirml_schemas.fields import SchemaField
from elixirml_schemas.reader import read_record
from elixirml_schemas.record_schema import RecordSchema, field_of
from elixirml_schemas.run_time import make_record, make_slot

if TYPE_CHECKING:
    from elixirml_schemas.json_schema import Outcome

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

    def record(self, name: str, fields: Sequence[FieldDeclaration | SchemaField]) -> RecordSchema:
        """Return the schema of a record made at run time; its values are frozen and allow attribute access.

        Raises:
            DeclarationError: A name is no identifier or is given twice, a type cannot be read, a default does not fit.
        """
        return RecordSchema.of(make_record(name, fields))

    def judge(
        self,
        schema: dict[str, Any] | bool,  # noqa: FBT001 - true and false are schemas
        value: Json,
        *,
        defaults: bool = False,
        coerce: bool = False,
        strict: bool = False,
    ) -> "Outcome":
        """Return plain data with all that is wrong with it by a JSON Schema, as `json_schema.validate` does.

        Raises:
            DeclarationError: It is no schema of draft 2020-12, or a reference in it leads nowhere, or to itself.
        """
        # Programs need no validator of schemas they have not written, so it is not imported with the engine.
        from elixirml_schemas.json_schema import validate

        return validate(schema, value, defaults=defaults, coerce=coerce, strict=strict)
