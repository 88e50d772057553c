"""A model's schema: what the kernel sees of a pydantic class."""

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, cast

import pydantic
from attrs import field, frozen
from pydantic.errors import PydanticUndefinedAnnotation, PydanticUserError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticSerializationError, to_jsonable_python

from elixirml.contracts import Description, Field, Length, Pattern, Range
from elixirml.errors import DeclarationError, Problem, ValidationError
from elixirml.identity import Json
from elixirml_pydantic.inlining import inlined
from elixirml_pydantic.problems import problems_of

__all__ = ["ModelSchema"]

_EMPTY = (list, dict, set, frozenset, tuple, str)
"""Factories whose value is the same each time; any other may give something else."""


@frozen(eq=False)
class ModelSchema:
    """The schema of one pydantic model; data and values go by the names of fields, never by their aliases.

    Attributes:
        model: The class.
        fields: Its fields, in declared order.
    """

    model: type[pydantic.BaseModel]
    fields: tuple[Field, ...] = field(repr=False)
    _adapter: pydantic.TypeAdapter[pydantic.BaseModel] = field(repr=False)
    _schema: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, model: type[pydantic.BaseModel]) -> "ModelSchema":
        """Return the schema of a model.

        Raises:
            DeclarationError: A field's type is unknown or has no JSON form, or what it holds would not come back.
        """
        _complete(model)
        for name, each in model.model_fields.items():
            _refuse_lossy(f"{model.__name__}.{name}", each)
        adapter = pydantic.TypeAdapter(model)
        schema = inlined(_described(model, adapter), name=model.__name__)
        properties = cast("Mapping[str, Mapping[str, Any]]", schema.get("properties", {}))
        fields = tuple(_field(name, each, properties[name]) for name, each in model.model_fields.items())
        return cls(model, fields, adapter, schema)

    @property
    def name(self) -> str:
        """The name of the class."""
        return self.model.__name__

    def validate(self, data: Mapping[str, object] | object) -> Any:
        """Return the instance that plain data describes; an instance is checked, and a new one returned.

        Data is read as JSON where it is JSON, so that a strict model still takes the texts of dates.

        Raises:
            ValidationError: With every problem, each with its path.
        """
        plain: object = self.dump(data) if isinstance(data, self.model) else data
        plain = dict(cast("Mapping[str, object]", plain)) if isinstance(plain, Mapping) else plain
        try:
            text = json.dumps(plain)
        except (TypeError, ValueError):  # it holds typed values: dates, enums, other models
            text = None
        try:
            if text is None:
                return self._adapter.validate_python(plain, by_alias=False, by_name=True)
            return self._adapter.validate_json(text, by_alias=False, by_name=True)
        except pydantic.ValidationError as error:
            found = error.errors(include_url=False, include_context=False)
            raise ValidationError(f"The data does not fit {self.name}:", problems=problems_of(found, plain)) from error

    def dump(self, value: Any) -> dict[str, Json]:
        """Return the plain data of an instance.

        Raises:
            ValidationError: It is none of the model, or holds what the model does not declare.
        """
        if not isinstance(value, self.model):
            found = Problem.unlike((), "type", expected=f"a {self.name}", got=f"a {type(value).__name__}")
            raise ValidationError(f"The value is no {self.name}:", problems=[found])
        try:
            dumped = self._adapter.dump_python(value, mode="json", by_alias=False, round_trip=True, warnings="error")
        except PydanticSerializationError as error:
            words = " ".join(str(error).split())
            raise ValidationError(
                f"The value does not fit {self.name}:", problems=[Problem((), "type", words)]
            ) from error
        return cast("dict[str, Json]", dumped)

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema (draft 2020-12) of the model, without references."""
        return deepcopy(dict(self._schema))


def _complete(model: type[pydantic.BaseModel]) -> None:
    """Resolve annotations that are text, as pydantic does at the first use."""
    try:
        model.model_rebuild()
    except PydanticUndefinedAnnotation as error:
        raise DeclarationError(
            f"`{model.__name__}`: a type is written as text and names `{error.name}`, which module "
            f"{model.__module__} does not define.",
            hint=f"Import or define `{error.name}` at the top of the module, or call `{model.__name__}.model_rebuild`.",
            code="type-unknown",
        ) from error


def _refuse_lossy(where: str, info: FieldInfo) -> None:
    """Refuse a field whose value would be lost on the way to data and back, or whose marks would not be kept to."""
    if info.exclude:
        raise DeclarationError(
            f"`{where}` is excluded from data, so its value would be lost on the way.",
            hint="Take `exclude` away, or keep the value out of the model.",
            code="type-unsupported",
        )
    marks = [each for each in info.metadata if isinstance(each, (Range, Length, Pattern, Description))]
    if marks:
        raise DeclarationError(
            f"`{where}` is marked with {marks[0]!r}, which pydantic does not keep to.",
            hint="Write pydantic's own: Field(ge=..., le=..., min_length=..., pattern=..., description=...).",
            code="type-unsupported",
        )


def _described(model: type[pydantic.BaseModel], adapter: pydantic.TypeAdapter[Any]) -> dict[str, Any]:
    """Return pydantic's schema of the data a model reads.

    Raises:
        DeclarationError: A type has no JSON form; names the field.
    """
    try:
        return adapter.json_schema(by_alias=False, mode="validation")
    except PydanticUserError as error:
        culprit = next((name for name, each in model.model_fields.items() if not _has_schema(each)), "")
        raise DeclarationError(
            f"`{model.__name__}{'.' if culprit else ''}{culprit}`: its type has no JSON Schema. {error.message}",
            hint="Use a type that JSON can hold, or give it one with `__get_pydantic_json_schema__`.",
            code="type-unsupported",
        ) from error


def _has_schema(info: FieldInfo) -> bool:
    try:
        pydantic.TypeAdapter[Any](cast("Any", info.annotation)).json_schema()
    except PydanticUserError:
        return False
    return True


def _field(name: str, info: FieldInfo, schema: Mapping[str, Any]) -> Field:
    bare = {key: each for key, each in schema.items() if key not in {"default", "description"}}
    description = str(schema.get("description", ""))
    return Field(name, info.annotation, bare, info.is_required(), _default(info), description)


def _default(info: FieldInfo) -> Json:
    """Return what an absent field becomes, as JSON; None where nothing is known of it."""
    factory = info.default_factory
    if any(factory is each for each in _EMPTY):
        return cast("Json", to_jsonable_python(cast("Any", factory)()))
    return None if info.is_required() or factory is not None else cast("Json", to_jsonable_python(info.default))
