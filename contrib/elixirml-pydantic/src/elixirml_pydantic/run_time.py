"""Models made at run time: for programs without classes, where no other engine is installed."""

import keyword
import warnings
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Annotated, Any, Final, cast, get_args, get_origin

import pydantic
from pydantic.errors import PydanticUserError

from elixirml.contracts import NO_DEFAULT, Description, FieldDeclaration, Length, Pattern, Range
from elixirml.errors import DeclarationError

__all__ = ["make_model"]

_CONFIG: Final = pydantic.ConfigDict(
    extra="forbid", frozen=True, strict=True, regex_engine="python-re", protected_namespaces=()
)


def make_model(name: str, fields: Sequence[FieldDeclaration]) -> type[pydantic.BaseModel]:
    """Return a new model with these fields.

    Raises:
        DeclarationError: A name cannot name a field or is given twice, a type cannot be read, a default does not fit.
    """
    _check_names(name, [each.name for each in fields])
    declared: dict[str, Any] = {each.name: (_typed(each.annotation), _info(each)) for each in fields}
    for field, each in declared.items():
        _created(name, {field: each})  # alone, so that what cannot be read is told by its name
    model = _created(name, declared)
    for each in fields:
        _check_default(name, each)
    return model


def _created(name: str, declared: Mapping[str, Any]) -> type[pydantic.BaseModel]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a field may be named as an old method of models is: `json`, `copy`
            model: type[pydantic.BaseModel] = pydantic.create_model(name, __config__=_CONFIG, **declared)
    except (PydanticUserError, NameError, TypeError, ValueError) as error:
        raise DeclarationError(
            f"`{', '.join(declared)}` of `{name}` cannot be read: {' '.join(str(error).split())}",
            hint="Use types that JSON can hold, and names that models do not have already.",
            code="type-unsupported",
        ) from error
    return model


def _check_names(name: str, names: Sequence[str]) -> None:
    for each in names:
        if not each.isidentifier() or keyword.iskeyword(each) or each.startswith("_") or _is_taken(each):
            raise DeclarationError(
                f"A field of `{name}` is named {each!r}, which cannot name one.",
                hint="Use letters, digits and `_`, beginning with a letter; no word of Python and no `model_...`.",
                code="field-name",
            )
    twice = sorted({each for each in names if names.count(each) > 1})
    if twice:
        raise DeclarationError(f"`{name}` has two fields named `{twice[0]}`.", hint="Rename one.", code="field-twice")


def _is_taken(name: str) -> bool:
    """Return whether models need the name for themselves; other methods of theirs may be hidden by a field."""
    return name.startswith("model_") and hasattr(pydantic.BaseModel, name)


def _info(declaration: FieldDeclaration) -> Any:
    about: dict[str, Any] = {"description": declaration.description} if declaration.description else {}
    if declaration.default is NO_DEFAULT:
        return pydantic.Field(**about)
    return pydantic.Field(default=deepcopy(declaration.default), validate_default=True, **about)


def _typed(annotation: Any) -> Any:
    """Return a type with the kernel's marks in pydantic's words, wherever they stand."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _marked(arguments[0], arguments[1:])
    return annotation


def _marked(base: Any, marks: Sequence[object]) -> Any:
    marked: Any = base
    for mark in marks:
        words = _words(Description(mark) if isinstance(mark, str) else mark)
        marked = Annotated[marked, pydantic.Field(**cast("Any", words)) if words is not None else mark]
    return marked


def _words(mark: object) -> Mapping[str, Any] | None:
    match mark:
        case Range(low=low, high=high):
            return {"ge": low, "le": high}
        case Length(minimum=least, maximum=most):
            return {"min_length": least, "max_length": most}
        case Pattern(regex=regex):
            return {"pattern": regex}
        case Description(text=text):
            return {"description": text}
        case _:
            return None


def _check_default(name: str, declaration: FieldDeclaration) -> None:
    if declaration.default is NO_DEFAULT:
        return
    adapter: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(_typed(declaration.annotation))
    try:
        adapter.validate_python(declaration.default)
    except pydantic.ValidationError as error:
        raise DeclarationError(
            f"The default of `{name}.{declaration.name}` does not fit its type: {declaration.default!r}.",
            hint="Change the default or the type.",
            code="default",
        ) from error
