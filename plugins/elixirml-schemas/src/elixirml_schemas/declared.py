"""Reads the fields of a class as declared, whatever kind of record it is; types are not looked into here."""

import dataclasses
import inspect
import typing
from collections.abc import Iterator, Mapping
from typing import Any, Final, NotRequired, Required, cast, get_origin, get_type_hints

import attrs
from attrs import field, frozen

from elixirml.contracts import NO_DEFAULT
from elixirml.errors import DeclarationError
from elixirml_schemas.descriptions import field_descriptions

__all__ = ["Declared", "declared_fields", "is_keyed", "is_record"]

# Classes whose empty value is what they make; any other factory may give something else each time.
_EMPTY: Final[tuple[object, ...]] = (list, dict, set, frozenset, tuple, str)


@frozen
class Declared:
    """One field as the class declares it.

    Attributes:
        name: The attribute.
        argument: The constructor's keyword.
        annotation: The type, with text resolved.
        required: Whether the constructor needs it.
        default: A typed value, or `NO_DEFAULT` when there is none or it is made anew each time.
        description: What the field's own metadata says it means.
        docstring: What the class's docstring says of it.
        examples: Values it may have.
        metadata: What else its declaration says.
    """

    name: str
    argument: str
    annotation: object = field(hash=False)
    required: bool
    default: object = field(default=NO_DEFAULT, hash=False)
    description: str = ""
    docstring: str = ""
    examples: tuple[object, ...] = field(default=(), hash=False)
    metadata: Mapping[str, Any] = field(factory=dict[str, Any], hash=False)


def is_keyed(declared: object) -> bool:
    """Return whether a type is a `TypedDict`."""
    return _is_kind_of(declared, dict) and hasattr(declared, "__required_keys__")


def _is_kind_of(declared: object, base: type[Any]) -> bool:
    return isinstance(declared, type) and issubclass(declared, base)


def is_record(declared: object) -> bool:
    """Return whether a type is a record of one of the four kinds."""
    if is_keyed(declared) or (_is_kind_of(declared, tuple) and hasattr(declared, "_fields")):
        return True
    return _is_kind_of(declared, object) and (dataclasses.is_dataclass(declared) or attrs.has(cast("Any", declared)))


def declared_fields(cls: type[Any]) -> tuple[Declared, ...]:
    """Return the fields that a record's constructor takes, in order.

    Raises:
        DeclarationError: An annotation is text that names nothing known.
    """
    hints = _hints(cls)
    if is_keyed(cls):
        found = _keyed_fields(cls, hints)
    elif attrs.has(cls):
        found = _attrs_fields(cls, hints)
    elif dataclasses.is_dataclass(cls):
        found = _dataclass_fields(cls, hints)
    else:
        found = _tuple_fields(cls, hints)
    texts = field_descriptions(cls)
    return tuple(attrs.evolve(each, docstring=texts.get(each.name, "")) for each in found)


def _hints(cls: type[Any]) -> Mapping[str, object]:
    try:
        return get_type_hints(cls, include_extras=True)
    except NameError as error:
        culprit = next(
            (name for name, each in inspect.get_annotations(cls).items() if str(error.name) in str(each)), ""
        )
        raise DeclarationError(
            f"`{cls.__name__}{'.' if culprit else ''}{culprit}`: its type is written as text and names "
            f"`{error.name}`, which module {cls.__module__} does not define.",
            hint=f"Import or define `{error.name}` at the top of the module; names inside functions are not seen.",
            code="type-unknown",
        ) from error


def _metadata(metadata: Mapping[Any, Any]) -> str:
    text = metadata.get("description", "")
    return text if isinstance(text, str) else ""


def _texts(metadata: Mapping[Any, Any]) -> dict[str, Any]:
    return {key: each for key, each in metadata.items() if isinstance(key, str)}


def _made(factory: Any) -> object:
    made = get_origin(factory) or factory  # `list` of `list[int]`
    return factory() if any(made is each for each in _EMPTY) else NO_DEFAULT


def _attrs_fields(cls: type[Any], hints: Mapping[str, object]) -> Iterator[Declared]:
    for each in attrs.fields(cls):
        if each.init:
            annotation = hints.get(each.name, each.type or Any)
            required = each.default is attrs.NOTHING
            default = _attrs_default(each.default)
            about = _texts(each.metadata)
            text = _metadata(each.metadata)
            yield Declared(each.name, each.alias, annotation, required, default, text, metadata=about)


def _attrs_default(default: Any) -> object:
    # `attrs.Factory` is typed as a function, so it is known by what it has.
    if hasattr(default, "takes_self") and hasattr(default, "factory"):
        return NO_DEFAULT if default.takes_self else _made(default.factory)
    return NO_DEFAULT if default is attrs.NOTHING else default


def _dataclass_fields(cls: type[Any], hints: Mapping[str, object]) -> Iterator[Declared]:
    for name, hint in hints.items():
        if isinstance(hint, dataclasses.InitVar):
            raise DeclarationError(
                f"`{cls.__name__}.{name}` is an InitVar, which values do not keep: such a class cannot be read back.",
                hint="Make it a field, or use another class for the data.",
            )
    for each in dataclasses.fields(cls):
        if each.init:
            default = _made(each.default_factory) if each.default is dataclasses.MISSING else each.default
            required = each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING
            doc = getattr(each, "doc", None)  # since Python 3.14
            text = _metadata(each.metadata) or (doc if isinstance(doc, str) else "")
            about = _texts(each.metadata)
            yield Declared(each.name, each.name, hints[each.name], required, default, text, metadata=about)


def _tuple_fields(cls: type[Any], hints: Mapping[str, object]) -> Iterator[Declared]:
    defaults = cast("dict[str, object]", getattr(cls, "_field_defaults", {}))
    for name in cast("tuple[str, ...]", cls._fields):
        yield Declared(name, name, hints.get(name, Any), name not in defaults, defaults.get(name, NO_DEFAULT))


def _keyed_fields(cls: type[Any], hints: Mapping[str, object]) -> Iterator[Declared]:
    needed = cast("frozenset[str]", cls.__required_keys__)
    for name, hint in hints.items():
        # The class itself overlooks these marks where annotations are text.
        origin = get_origin(hint)
        required = origin is Required or (origin is not NotRequired and name in needed)
        yield Declared(name, name, typing.get_args(hint)[0] if origin in {Required, NotRequired} else hint, required)
