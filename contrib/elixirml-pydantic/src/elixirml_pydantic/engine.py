"""The schema engine of pydantic models.

A kernel asks every engine about every type, so this module does not import pydantic: a type can only be a model where
somebody else has.
"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from elixirml.contracts import Field, FieldDeclaration
from elixirml.errors import DeclarationError

if TYPE_CHECKING:
    from elixirml_pydantic.models import ModelSchema

__all__ = ["PydanticSchemas"]


@frozen
class PydanticSchemas:
    """Reads subclasses of `pydantic.BaseModel`; what data may be is decided by the model's own configuration.

    .. versionadded:: 0.1
    """

    def supports(self, declared: object) -> bool:
        """Return whether the declared type is a pydantic model with fields."""
        base = getattr(sys.modules.get("pydantic.main"), "BaseModel", None)
        if base is None or not isinstance(declared, type) or not issubclass(declared, base) or declared is base:
            return False
        return not getattr(declared, "__pydantic_root_model__", False)

    def schema(self, declared: Any) -> "ModelSchema":
        """Return the schema of a model.

        Raises:
            DeclarationError: It is no model, or a field cannot be described; names the field.
        """
        if not self.supports(declared):
            raise DeclarationError(
                f"{declared!r} is no pydantic model with fields.",
                hint="Declare a subclass of pydantic.BaseModel.",
                code="type-unsupported",
            )
        from elixirml_pydantic.models import ModelSchema

        return ModelSchema.of(declared)

    def field(self, declaration: FieldDeclaration) -> Field:
        """Return one field, without a record around it.

        Raises:
            DeclarationError: Its name cannot name a field, its type cannot be read, or its default does not fit.
        """
        return self.record("field", [declaration]).fields[0]

    def record(self, name: str, fields: Sequence[FieldDeclaration]) -> "ModelSchema":
        """Return the schema of a model made at run time: closed, frozen, and strict.

        Raises:
            DeclarationError: A name cannot name a field or is given twice, a type cannot be read, a default does not
                fit.
        """
        from elixirml_pydantic.models import ModelSchema
        from elixirml_pydantic.run_time import make_model

        return ModelSchema.of(make_model(name, fields))
