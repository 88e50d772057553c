"""The JSON Schema of a Python annotation: plain, without titles and without references."""

import types
from collections import abc
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NewType,
    NotRequired,
    Required,
    TypeVar,
    Union,
    get_args,
    get_origin,
)

from elixirml.contracts import Description
from elixirml.errors import DeclarationError
from elixirml.runtime.plain import plain
from elixirml_tools.members import Member, members_of

__all__ = ["Names", "record_schema", "schema_of", "text_of"]

Names = Mapping[str, Any]
"""What annotations that are written as text may refer to."""

_PLAIN: Final[Sequence[tuple[object, dict[str, Any]]]] = (
    (Any, {}),
    (object, {}),
    (str, {"type": "string"}),
    (int, {"type": "integer"}),
    (float, {"type": "number"}),
    (bool, {"type": "boolean"}),
    (None, {"type": "null"}),
    (type(None), {"type": "null"}),
)
_LISTS: Final[Sequence[object]] = (list, abc.Sequence, abc.MutableSequence, abc.Iterable, abc.Collection)
_SETS: Final[Sequence[object]] = (set, frozenset, abc.Set, abc.MutableSet)
_MAPS: Final[Sequence[object]] = (dict, abc.Mapping, abc.MutableMapping)


def schema_of(annotation: Any, *, names: Names, within: tuple[object, ...] = ()) -> dict[str, Any]:
    """Return the schema of what an annotation allows.

    Args:
        annotation: A type, as `typing.get_type_hints` gives it.
        names: What annotations written as text may refer to.
        within: The records around it.

    Raises:
        DeclarationError: It has no schema, or a record holds itself.

    Example:
        >>> schema_of(dict[str, int | None], names={})
        {'type': 'object', 'additionalProperties': {'anyOf': [{'type': 'integer'}, {'type': 'null'}]}}
    """

    def inner(part: Any) -> dict[str, Any]:
        return schema_of(part, names=names, within=within)

    for read in (_plain, _marked, _special, _collection):
        found = read(annotation, inner)
        if found is not None:
            return found
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return {"enum": [plain(each) for each in annotation]}
    return _record(annotation, names, within)


def text_of(marks: tuple[Any, ...]) -> str:
    """Return the text among the marks of an `Annotated`; empty when there is none."""
    texts = (each.text if isinstance(each, Description) else each for each in marks)
    return next((each for each in texts if isinstance(each, str)), "")


def record_schema(members: list[Member], *, names: Names, within: tuple[object, ...] = ()) -> dict[str, Any]:
    """Return the schema of a closed object with these members."""
    properties: dict[str, Any] = {}
    for each in members:
        properties[each.name] = schema_of(each.annotation, names=names, within=within)
        if each.description:
            properties[each.name].setdefault("description", each.description)
        if each.has_default:
            properties[each.name]["default"] = each.default
    required = [each.name for each in members if each.required]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


Inner = Callable[[Any], dict[str, Any]]


def _plain(annotation: Any, _: Inner) -> dict[str, Any] | None:
    """Return the schema of a scalar, of null or of anything; None when it is another annotation."""
    return next((dict(schema) for each, schema in _PLAIN if annotation is each), None)


def _marked(annotation: Any, inner: Inner) -> dict[str, Any] | None:
    """Return the schema of what is marked with something; None when it is another annotation."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        text = text_of(parts[1:])
        return {**inner(parts[0]), **({"description": text} if text else {})}
    return inner(parts[0]) if origin in (Required, NotRequired) else None


def _special(annotation: Any, inner: Inner) -> dict[str, Any] | None:
    """Return the schema of a union, a choice or a name for a type; None when it is another annotation."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return {"anyOf": [inner(each) for each in parts]}
    if origin is Literal:
        return {"enum": [plain(each) for each in parts]}
    if isinstance(annotation, NewType):
        return inner(annotation.__supertype__)
    if isinstance(annotation, TypeVar):
        return inner(Any if annotation.__bound__ is None else annotation.__bound__)
    return None


def _collection(annotation: Any, inner: Inner) -> dict[str, Any] | None:
    """Return the schema of a list, set, tuple or map; None when it is another annotation."""
    origin, parts = get_origin(annotation) or annotation, get_args(annotation)
    if _is_one_of(origin, _LISTS) or _is_one_of(origin, _SETS):
        unique = {"uniqueItems": True} if _is_one_of(origin, _SETS) else {}
        return {"type": "array", **({"items": inner(parts[0])} if parts else {}), **unique}
    if origin is tuple:
        return _tuple(annotation, parts, inner)
    if _is_one_of(origin, _MAPS):
        return {"type": "object", **({"additionalProperties": inner(parts[1])} if parts else {})}
    return None


def _is_one_of(annotation: object, known: Sequence[object]) -> bool:
    return any(annotation is each for each in known)  # annotations need not have a hash


def _tuple(annotation: Any, parts: tuple[Any, ...], inner: Inner) -> dict[str, Any]:
    if len(parts) == 2 and parts[1] is Ellipsis:
        return {"type": "array", "items": inner(parts[0])}
    if annotation is tuple or get_origin(annotation) is None:
        return {"type": "array"}
    bounds = {"minItems": len(parts), "maxItems": len(parts)}
    return {"type": "array", **({"prefixItems": [inner(each) for each in parts]} if parts else {}), **bounds}


def _record(annotation: Any, names: Names, within: tuple[object, ...]) -> dict[str, Any]:
    members = members_of(annotation, names=names)
    if members is None:
        raise DeclarationError(
            f"A tool cannot take {annotation!r}: models write JSON, which has no such value.",
            hint="Use texts, numbers, lists, maps, choices, dataclasses, typed dicts or pydantic models.",
            code="type-unsupported",
        )
    if annotation in within:
        raise DeclarationError(
            f"`{annotation.__name__}` holds itself, and schemas of tools have no references.",
            hint="Give the depth a limit, or take a plain dict.",
            code="type-unsupported",
        )
    return record_schema(members, names=names, within=(*within, annotation))
