"""What a schema is: the shape data must have, whatever engine describes it.

Schema engines are contributed through `elixirml.hookspecs.register_schemas`. The kernel asks the installed engines in
turn which of them supports a declared type; everything above the engine sees only `Schema` and `Field`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Protocol, cast

from attrs import evolve, field, frozen

from elixirml.errors import DeclarationError
from elixirml.identity import Json

__all__ = ["NO_DEFAULT", "Field", "FieldDeclaration", "RecordDeclaration", "Schema", "SchemaEngine", "schema"]


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
        default: What an absent field becomes; `NO_DEFAULT` when there is none.
        required: Whether it must be given. By default it must where it has no default. An optional field without a
            default may be None, and is None when absent.
        constraints: Marks such as `Range(0, 1)`, the same as in `Annotated[..., Range(0, 1)]`.
        examples: Values it may have.
        metadata: Anything else; kept, and not looked at.
    """

    name: str
    annotation: object = str
    description: str = ""
    default: object = NO_DEFAULT
    required: bool | None = field(default=None, kw_only=True)
    constraints: tuple[object, ...] = field(default=(), kw_only=True, converter=tuple[object, ...])
    examples: tuple[object, ...] = field(default=(), kw_only=True, converter=tuple[object, ...])
    metadata: Mapping[str, Any] = field(factory=dict[str, Any], kw_only=True, hash=False)

    def settled(self) -> "FieldDeclaration":
        """Return the same field with constraints in its annotation, and with a default exactly where it is optional.

        Raises:
            DeclarationError: It must be given and has a default.

        Example:
            >>> FieldDeclaration("note", str, required=False).settled().annotation
            str | None
        """
        if self.required and self.default is not NO_DEFAULT:
            raise DeclarationError(
                f"Field `{self.name}` must be given, so its default {self.default!r} would never be used.",
                hint="Leave `required` or `default` out.",
                code="default",
            )
        annotation, default = cast("Any", self.annotation), self.default
        if self.constraints:
            annotation = cast("Any", Annotated[(annotation, *self.constraints)])
        if self.required is False and default is NO_DEFAULT:
            annotation, default = annotation | None, None
        return evolve(self, annotation=annotation, default=default, required=None, constraints=())


@frozen(eq=False)
class RecordDeclaration:
    """A record type as written down at run time, before an engine has read it; see `schema`.

    Like a class it equals nothing but itself.

    Attributes:
        name: The name of the type.
        fields: Its fields, in order.

    .. versionadded:: 0.1
    """

    name: str
    fields: tuple[FieldDeclaration, ...]


def schema(name: str, fields: Iterable[FieldDeclaration] | Mapping[str, object]) -> RecordDeclaration:
    """Declare a record type at run time; it can be written wherever a program takes a record type.

    The default schema engine reads it when the program is compiled. Its values allow attribute access; as input, give
    a mapping.

    Args:
        name: The name of the type.
        fields: The fields in order; or their types by name, all of them required.

    Raises:
        DeclarationError: A field must be given and has a default.

    Example:
        >>> schema("Answer", {"answer": str, "confidence": float}).fields[1].name
        'confidence'

    .. versionadded:: 0.1
    """
    if isinstance(fields, Mapping):
        typed = cast("Mapping[str, object]", fields)
        fields = [FieldDeclaration(each, annotation) for each, annotation in typed.items()]
    return RecordDeclaration(name, tuple(each.settled() for each in fields))


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
