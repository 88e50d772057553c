"""What a schema is: the shape data must have, whatever engine describes it.

Schema engines are contributed through `elixirml.hookspecs.register_schemas`. The kernel asks the installed engines in
turn which of them supports a declared type; everything above the engine sees only `Schema` and `Field`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from attrs import field, frozen

from elixirml.identity import Json

__all__ = ["NO_DEFAULT", "Field", "FieldDeclaration", "Schema", "SchemaEngine"]


class _NoDefault:
    """The absence of a default, which differs from a default of None."""

    def __repr__(self) -> str:
        return "NO_DEFAULT"


NO_DEFAULT = _NoDefault()


@frozen
class FieldDeclaration:
    """A field as written down, before an engine has read it.

    Attributes:
        name: A Python identifier.
        annotation: A Python type, such as `str`, `list[int]` or `Literal["a", "b"]`.
        description: What the field means, in words a model can use.
        default: `NO_DEFAULT` when the field is required.
    """

    name: str
    annotation: object = str
    description: str = ""
    default: object = NO_DEFAULT


@frozen
class Field:
    """A field of a schema.

    Attributes:
        name: A Python identifier.
        annotation: The declared Python type.
        schema: Its JSON Schema (draft 2020-12), without references.
        required: Whether it must be given.
        default: What an absent optional field becomes, as JSON.
        description: What the field means.
    """

    name: str
    annotation: object
    schema: Mapping[str, Any] = field(hash=False)
    required: bool = True
    default: Json = field(default=None, hash=False)
    description: str = ""

    @property
    def choices(self) -> tuple[str, ...]:
        """The texts to choose from, when the field takes one of a list of texts; else empty."""
        options = self.schema.get("enum", ())
        return tuple(options) if options and all(isinstance(option, str) for option in options) else ()

    def to_json(self) -> dict[str, Json]:
        """Return what identifies the field: name, schema, required, default and description."""
        return {
            "name": self.name,
            "schema": dict(self.schema),
            "required": self.required,
            "default": self.default,
            "description": self.description,
        }


class Schema(Protocol):
    """One record type as an engine reads it."""

    @property
    def name(self) -> str:
        """The name of the type."""
        ...

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields, in declared order."""
        ...

    def validate(self, data: Mapping[str, object]) -> Any:
        """Return the typed value of plain data.

        Raises:
            ValidationError: With every problem, each with its path.
        """
        ...

    def dump(self, value: Any) -> dict[str, Json]:
        """Return the plain data of a typed value; `validate(dump(v)) == v`."""
        ...

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema (draft 2020-12) of the record, without references."""
        ...


class SchemaEngine(Protocol):
    """Reads declared types into schemas."""

    def supports(self, declared: object) -> bool:
        """Return whether this engine can read the declared type."""
        ...

    def schema(self, declared: Any) -> Schema:
        """Return the schema of a declared record type.

        Raises:
            DeclarationError: A field's type cannot be read; names the field.
        """
        ...

    def field(self, declaration: FieldDeclaration) -> Field:
        """Return one field, without a record around it.

        Raises:
            DeclarationError: Its type cannot be read.
        """
        ...

    def record(self, name: str, fields: Sequence[FieldDeclaration]) -> Schema:
        """Return the schema of a record made at run time; its values allow attribute access."""
        ...
