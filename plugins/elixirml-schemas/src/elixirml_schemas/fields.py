"""A field of a schema made at run time, with everything that can be said of it."""

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from elixirml.contracts import NO_DEFAULT, FieldDeclaration
from elixirml_schemas.declared import Declared

__all__ = ["SchemaField", "declared_of"]


@frozen
class SchemaField:
    """A field as written down.

    Attributes:
        name: A Python identifier.
        type: A Python type, such as `str`, `list[int]` or a record class.
        required: Whether it must be given. By default it must where it has no default. An optional field without a
            default may be None, and is None when absent.
        default: What an absent field becomes, as a typed value or as plain data.
        constraints: Marks such as `Range(0, 1)`: those of `elixirml` and of `elixirml_schemas`.
        description: What it means, in words a model can use.
        examples: Values it may have.
        metadata: Anything else; kept, and not looked at.

    .. versionadded:: 0.1
    """

    name: str
    type: object = str
    required: bool | None = field(default=None, kw_only=True)
    default: object = field(default=NO_DEFAULT, kw_only=True)
    constraints: tuple[object, ...] = field(default=(), kw_only=True, converter=tuple[object, ...])
    description: str = field(default="", kw_only=True)
    examples: tuple[object, ...] = field(default=(), kw_only=True, converter=tuple[object, ...])
    metadata: Mapping[str, Any] = field(factory=dict[str, Any], kw_only=True, hash=False)

    @property
    def declaration(self) -> FieldDeclaration:
        """The same in the kernel's words."""
        return FieldDeclaration(
            self.name,
            self.type,
            self.description,
            self.default,
            required=self.required,
            constraints=self.constraints,
            examples=self.examples,
            metadata=self.metadata,
        )


def declared_of(given: SchemaField | FieldDeclaration) -> Declared:
    """Return a field as the reader of types takes it.

    Raises:
        DeclarationError: It must be given and has a default.
    """
    declaration = (given if isinstance(given, FieldDeclaration) else given.declaration).settled()
    return Declared(
        declaration.name,
        declaration.name,
        declaration.annotation,
        declaration.default is NO_DEFAULT,
        declaration.default,
        declaration.description,
        examples=declaration.examples,
        metadata=declaration.metadata,
    )
