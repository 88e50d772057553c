"""Schemas made at run time, whole or from others."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias, cast

from attrs import evolve

from elixirml.contracts import NO_DEFAULT, FieldDeclaration
from elixirml.errors import DeclarationError, did_you_mean
from elixirml_schemas.declared import is_record
from elixirml_schemas.fields import SchemaField, declared_of
from elixirml_schemas.reader import read_record, read_slot
from elixirml_schemas.record_schema import RecordSchema
from elixirml_schemas.records import RecordShape, Slot
from elixirml_schemas.rules import Rules, Transform
from elixirml_schemas.run_time import make_record, record_of

__all__ = ["extend", "merge", "omit", "pick", "schema"]

Transforms: TypeAlias = Transform | Iterable[Transform]
Source: TypeAlias = RecordSchema | type[Any]


def schema(
    name: str,
    fields: Iterable[SchemaField | FieldDeclaration] | Mapping[str, object],
    *,
    validate: Transforms = (),
    before: Transforms = (),
    after: Transforms = (),
    computed: Mapping[str, Callable[[Any], object]] | None = None,
    description: str = "",
    coerce: bool = False,
) -> RecordSchema:
    """Return a schema made from its fields.

    Args:
        name: The name of its class.
        fields: The fields in order; or their types by name, all of them required.
        validate: Checks of the whole typed value. Each returns None or True when it is fine; else False, what is wrong
            as a text, a `Problem`, or several; or it raises a ValueError.
        before: Transforms of the plain data before validation, from the first to the last.
        after: Transforms of the typed value after validation. Done twice, they must change nothing more.
        computed: What is made of a typed value: attributes of it, that are no part of its plain data.
        description: What the record is, for models.
        coerce: Whether data is bent towards the types before it is read.

    Raises:
        DeclarationError: A name is no identifier or is given twice, a type is not supported, a default or an example
            does not fit.

    Example:
        >>> from elixirml_schemas.fields import SchemaField
        >>> Span = schema(
        ...     "Span",
        ...     [SchemaField("start", int), SchemaField("end", int, default=10)],
        ...     validate=lambda span: span.start <= span.end or "it ends before it starts",
        ...     computed={"length": lambda span: span.end - span.start},
        ... )
        >>> Span.validate({"start": 4}).length
        6

    .. versionadded:: 0.1
    """
    if isinstance(fields, Mapping):
        fields = [SchemaField(key, each) for key, each in cast("Mapping[str, object]", fields).items()]
    rules = Rules(_several(before), _several(validate), _several(after), tuple((computed or {}).items()))
    shape = make_record(name, tuple(fields), rules=rules, description=description)
    return RecordSchema.of(shape, coerce=coerce)


def extend(
    name: str,
    base: Source,
    fields: Iterable[SchemaField | FieldDeclaration],
    *,
    validate: Transforms = (),
    computed: Mapping[str, Callable[[Any], object]] | None = None,
) -> RecordSchema:
    """Return a schema with the fields and rules of another and more.

    A field of a name that the other has takes the place of the other's.

    Raises:
        DeclarationError: A field cannot be read, or the base has a default that is made anew each time.

    .. versionadded:: 0.1
    """
    shape = _shape(base)
    added = {each.name: read_slot(name, declared_of(each)) for each in fields}
    slots = {each.name: each for each in _slots(shape)} | added
    more = Rules(checks=_several(validate), computed=tuple((computed or {}).items()))
    return _made(name, slots.values(), _joined(shape.rules, more), coerce=_coerces(base))


def merge(name: str, *sources: Source) -> RecordSchema:
    """Return a schema with the fields and rules of several, in their order.

    Raises:
        DeclarationError: Two of them have a field of one name and do not mean the same by it.

    .. versionadded:: 0.1
    """
    slots: dict[str, Slot] = {}
    rules = Rules()
    for source in sources:
        shape = _shape(source)
        for each in _slots(shape):
            if slots.setdefault(each.name, each).schema() != each.schema():
                raise DeclarationError(
                    f"`{name}`: field `{each.name}` means something else in {shape.name} than in those before it.",
                    hint="Leave it out of one of them with `omit`, or `extend` one by the other's fields.",
                    code="field-twice",
                )
        rules = _joined(rules, shape.rules)
    return _made(name, slots.values(), rules, coerce=any(_coerces(each) for each in sources))


def pick(name: str, base: Source, names: Iterable[str]) -> RecordSchema:
    """Return a schema with some fields of another, in the order given; rules of the whole record are left behind.

    Raises:
        DeclarationError: The other has no field of such a name.

    .. versionadded:: 0.1
    """
    shape = _shape(base)
    slots = (_portable(shape, each) for each in _named(shape, names))
    return _made(name, slots, Rules(), coerce=_coerces(base))


def omit(name: str, base: Source, names: Iterable[str]) -> RecordSchema:
    """Return a schema with all fields of another but some; rules of the whole record are left behind.

    Raises:
        DeclarationError: The other has no field of such a name.

    .. versionadded:: 0.1
    """
    shape = _shape(base)
    gone = {each.name for each in _named(shape, names)}
    return pick(name, base, [each.name for each in shape.slots if each.name not in gone])


def _several(given: Transforms) -> tuple[Transform, ...]:
    return (given,) if callable(given) else tuple(given)


def _made(name: str, slots: Iterable[Slot], rules: Rules, *, coerce: bool) -> RecordSchema:
    return RecordSchema.of(record_of(name, tuple(slots), rules=rules), coerce=coerce)


def _coerces(source: Source) -> bool:
    return isinstance(source, RecordSchema) and source.coerce


def _shape(source: Source) -> RecordShape:
    if isinstance(source, RecordSchema):
        return source.shape
    if not is_record(source):
        raise DeclarationError(
            f"{source!r} is neither a schema nor a record class.",
            hint="Give an attrs class, a dataclass, a TypedDict, a NamedTuple, or what `schema` returned.",
            code="type-unsupported",
        )
    return read_record(source)


def _slots(shape: RecordShape) -> tuple[Slot, ...]:
    return tuple(_portable(shape, each) for each in shape.slots)


def _named(shape: RecordShape, names: Iterable[str]) -> list[Slot]:
    found: list[Slot] = []
    known = {each.name: each for each in shape.slots}
    for each in names:
        if each not in known:
            raise DeclarationError(
                f"{shape.name} has no field `{each}`.", hint=did_you_mean(each, known), code="name-not-found"
            )
        found.append(known[each])
    return found


def _portable(shape: RecordShape, slot: Slot) -> Slot:
    """Return a field of one class as a class made at run time takes it."""
    if slot.required or slot.default is not NO_DEFAULT:
        return evolve(slot, argument=slot.name)
    if shape.keyed:
        given = SchemaField(slot.name, slot.annotation, required=False, description=slot.description)
        return read_slot(shape.name, declared_of(given))
    raise DeclarationError(
        f"`{shape.name}.{slot.name}` has a default that is made anew for each value, which cannot be taken over.",
        hint="Leave the field out with `omit` or `pick`, and declare it again with `extend`.",
        code="default",
    )


def _joined(first: Rules, second: Rules) -> Rules:
    return Rules(
        first.before + second.before,
        first.checks + second.checks,
        first.after + second.after,
        tuple({**dict(first.computed), **dict(second.computed)}.items()),
    )
