"""Reads Python types into shapes, and refuses at declaration what could not be checked or read back later."""

import types
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum, EnumType, Flag
from typing import Annotated, Any, Final, Literal, NotRequired, Required, Union, cast, get_args, get_origin
from uuid import UUID

from attrs import evolve, frozen

from elixirml.contracts import NO_DEFAULT, CodeBlock, History, RecordDeclaration
from elixirml.contracts.constraints import Description
from elixirml.errors import DeclarationError, Problem
from elixirml.identity import Json
from elixirml_schemas.choices import Choice, Option
from elixirml_schemas.containers import Entries, FixedTuple, Items
from elixirml_schemas.declared import Declared, declared_fields, is_keyed, is_record
from elixirml_schemas.records import SHAPE, RecordShape, Slot
from elixirml_schemas.rich import ATTACHMENTS, CODE, HISTORY
from elixirml_schemas.scalars import (
    CLOCK,
    DAY,
    DECIMAL,
    INTEGER,
    MOMENT,
    NOTHING,
    REAL,
    TEXT,
    TRUTH,
    UNIQUE_ID,
    Anything,
)
from elixirml_schemas.shape import Mark, Shape, shown
from elixirml_schemas.unions import AnyOf, confusable

__all__ = ["read_record", "read_slot"]

_SUPPORTED: Final = (
    "Supported: str, int, float, bool, None, Any, date, datetime, time, UUID, Decimal, Literal, Enum, unions, list, "
    "tuple, set, frozenset, dict[str, ...], and records (attrs classes, dataclasses, TypedDict, NamedTuple)."
)
_SCALARS: Final[Mapping[object, Shape]] = types.MappingProxyType(
    {
        str: TEXT,
        int: INTEGER,
        float: REAL,
        bool: TRUTH,
        None: NOTHING,
        types.NoneType: NOTHING,
        date: DAY,
        datetime: MOMENT,
        time: CLOCK,
        UUID: UNIQUE_ID,
        Decimal: DECIMAL,
        Any: Anything(),
        object: Anything(),
        History: HISTORY,
        **ATTACHMENTS,
    }
)
_COLLECTIONS: Final = (list, set, frozenset)
_WRAPPERS: Final = (Required, NotRequired)


@frozen
class _Place:
    """Where a type stands: for messages, and to notice a record inside itself."""

    name: str
    chain: tuple[type[Any], ...] = ()

    def error(self, reason: str, hint: str) -> DeclarationError:
        return DeclarationError(f"`{self.name}`: {reason}", hint=hint, code="type-unsupported")

    def field(self, name: str) -> "_Place":
        return _Place(f"{self.name}.{name}", self.chain)


def read_record(cls: type[Any]) -> RecordShape:
    """Return the shape of a record class.

    Raises:
        DeclarationError: A field's type is not supported, a default does not fit, or the record holds itself.
    """
    return _record(cls, _Place(cls.__name__))


def read_slot(owner: str, declared: Declared) -> Slot:
    """Return one field of the record called `owner`.

    Raises:
        DeclarationError: The field's type is not supported, or its default does not fit.
    """
    return _slot(declared, _Place(owner))


def _record(cls: type[Any], place: _Place) -> RecordShape:
    if cls in place.chain:
        raise place.error(
            f"{cls.__name__} holds itself, and JSON Schemas are written here without references.",
            "Keep a list of flat records instead, for example with the number of the parent in each.",
        )
    made = cls.__dict__.get(SHAPE)
    if isinstance(made, RecordShape):
        return made
    inner = evolve(place, chain=(*place.chain, cls))
    return RecordShape(cls, tuple(_slot(each, inner) for each in declared_fields(cls)), is_keyed(cls))


def _declared_record(declared: RecordDeclaration) -> RecordShape:
    from elixirml_schemas.run_time import make_record  # which reads its fields with this module

    return make_record(declared.name, declared.fields)


def _slot(declared: Declared, owner: _Place) -> Slot:
    place = owner.field(declared.name)
    shape = _read(declared.annotation, place)
    return Slot(
        declared.name,
        declared.argument,
        declared.annotation,
        _undescribed(shape),
        declared.required,
        NO_DEFAULT if declared.default is NO_DEFAULT else _default(declared.default, shape, place),
        declared.description or _description(declared.annotation) or declared.docstring,
        tuple(_example(each, shape, place) for each in declared.examples),
        declared.metadata,
    )


def _undescribed(shape: Shape) -> Shape:
    """Return a field's shape without a description: what the whole field is called stands beside its type."""
    marks = tuple(each for each in shape.marks if not isinstance(each, Description))
    return shape if len(marks) == len(shape.marks) else _remarked(shape, marks)


def _default(value: object, shape: Shape, place: _Place) -> object:
    problems: list[Problem] = []
    typed = shape.read(value, (), problems)
    if problems:
        optional = " Write `... | None` for a field that may be None." if value is None else ""
        raise DeclarationError(
            f"`{place.name}`: the default {shown(value)} does not fit: {problems[0]}.{optional}", code="default"
        )
    return shape.dump(typed)


def _example(value: object, shape: Shape, place: _Place) -> Json:
    problems: list[Problem] = []
    typed = shape.read(value, (), problems)
    if problems:
        raise DeclarationError(
            f"`{place.name}`: the example {shown(value)} does not fit: {problems[0]}.",
            hint="Change the example or the type.",
            code="schema-example",
        )
    return shape.dump(typed)


def _description(annotation: object) -> str:
    """Return the words an annotation says; those of the one type beside None speak for the field."""
    if get_origin(annotation) is Annotated:
        _, *extras = get_args(annotation)
        words = [
            each.text if isinstance(each, Description) else str(each)
            for each in extras
            if isinstance(each, (str, Description, CodeBlock))
        ]
        return " ".join(words)
    members = [each for each in get_args(annotation) if each is not types.NoneType] if _is_union(annotation) else []
    return _description(members[0]) if len(members) == 1 else ""


def _is_union(annotation: object) -> bool:
    return get_origin(annotation) in {Union, types.UnionType}


def _read(annotation: Any, place: _Place) -> Shape:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, str):
        raise place.error(f"its type is the text {annotation!r}.", "Give the type itself.")
    if origin is Annotated:
        return _marked(arguments, place)
    if origin in _WRAPPERS:
        return _read(arguments[0], place)
    if origin is Literal:
        return _choice([Option(_json_of(each), each) for each in arguments], annotation, place)
    if _is_union(annotation):
        return _union(arguments, annotation, place)
    if (origin or annotation) in {list, set, frozenset, tuple, dict}:
        return _container(origin or annotation, arguments, place)
    return _named(annotation, place)


def _named(annotation: Any, place: _Place) -> Shape:
    try:
        if annotation in _SCALARS:
            return _SCALARS[annotation]
    except TypeError:  # an annotation that has no hash is no type
        pass
    if isinstance(annotation, EnumType) and not issubclass(annotation, Flag):
        members = cast("Iterable[Enum]", annotation)
        return _choice([Option(each.value, each) for each in members], annotation, place)
    if isinstance(annotation, RecordDeclaration):
        return _declared_record(annotation)
    if is_record(annotation):
        return _record(annotation, place)
    # `NewType` and the `type` statement: another name for a type.
    for attribute in ("__supertype__", "__value__"):
        if hasattr(annotation, attribute):
            return _read(getattr(annotation, attribute), place)
    raise place.error(f"its type {_written(annotation)} is not supported.", _SUPPORTED)


def _written(annotation: object) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")


def _json_of(member: object) -> Any:
    return member.value if isinstance(member, Enum) else member


def _choice(options: list[Option], annotation: object, place: _Place) -> Shape:
    odd = [
        each.json for each in options if not isinstance(cast("object", each.json), (str, int, float, bool, type(None)))
    ]
    if odd or not options:
        reason = f"holds {shown(odd[0])}" if odd else "has no members"
        raise place.error(f"{_written(annotation)} {reason}.", "Members are texts, numbers, true, false or None.")
    return Choice(tuple(options))


def _union(members: tuple[Any, ...], annotation: object, place: _Place) -> Shape:
    shapes = tuple(_read(each, place) for each in members)
    pair = confusable(shapes)
    if pair is not None:
        one, other = pair
        raise place.error(
            f"{_written(annotation)} mixes {one.noun} with {other.noun}, which JSON cannot tell apart.",
            "Use one of them, or records with a Literal field that says which it is.",
        )
    return AnyOf(shapes)


def _container(build: type[Any], arguments: tuple[Any, ...], place: _Place) -> Shape:
    if build is dict:
        key, value = arguments or (str, Any)
        if key is not str:
            raise place.error(
                f"dictionaries with {_written(key)} keys are not supported.", "Keys in JSON are text: str."
            )
        return Entries(_read(value, place))
    if build is tuple and arguments and arguments[-1] is not Ellipsis:
        return FixedTuple(tuple(_read(each, place) for each in arguments))
    item = _read(arguments[0] if arguments else Any, place)
    if build in {set, frozenset} and not item.hashable:
        raise place.error(f"{item.noun} cannot be in a set.", "Use a list.")
    return Items(item, build)


def _marked(arguments: tuple[Any, ...], place: _Place) -> Shape:
    annotation, *extras = arguments
    shape = _read(annotation, place)
    for extra in extras:
        mark = Description(extra) if isinstance(extra, str) else extra
        if isinstance(mark, CodeBlock) and shape == TEXT:
            shape = CODE
        if isinstance(mark, Mark):
            shape = _with(shape, mark, place)
    return shape


def _with(shape: Shape, mark: Mark, place: _Place) -> Shape:
    if type(mark) in shape.takes:
        return _remarked(shape, (*shape.marks, mark))
    if isinstance(shape, AnyOf) and any(type(mark) in each.takes for each in shape.members):
        members = tuple(_with(each, mark, place) if type(mark) in each.takes else each for each in shape.members)
        return evolve(shape, members=members)
    raise place.error(
        f"{type(mark).__name__} means nothing for {shape.noun}.",
        "Range goes with numbers, Length with texts and collections, Pattern with texts, Unique with lists.",
    )


def _remarked(shape: Shape, marks: tuple[Mark, ...]) -> Shape:
    # Every shape is an attrs class with this field; the Protocol cannot say so.
    return cast("Shape", evolve(cast("Any", shape), marks=marks))
