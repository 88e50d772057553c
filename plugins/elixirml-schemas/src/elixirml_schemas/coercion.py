"""The coercing mode: data is bent towards the types before it is read as strictly as ever.

Numbers and truth values are read from texts and written as texts, whole floats become whole numbers, choices are found
by their text, and null counts as absent where a field need not be given and may not be null. What cannot be bent stays
as it is, and the strict reading says what is wrong with it.
"""

from collections.abc import Mapping
from typing import Any, cast

from elixirml_schemas.choices import Choice
from elixirml_schemas.containers import Entries, FixedTuple, Items
from elixirml_schemas.records import RecordShape
from elixirml_schemas.rules import Prepared
from elixirml_schemas.scalars import Scalar
from elixirml_schemas.shape import REFUSED, Shape
from elixirml_schemas.texts import READERS, text_of
from elixirml_schemas.unions import AnyOf

__all__ = ["coerced"]


def coerced(shape: Shape, value: Any) -> Any:
    """Return data as a shape would rather have it; the data itself is not changed."""
    match shape:
        case Scalar() if shape.accept(value) is REFUSED:
            return _single(shape.keywords["type"], value)
        case Choice():
            return _choice(shape, value)
        case AnyOf():
            return _member(shape, value)
        case RecordShape() if isinstance(value, Mapping):
            return _record(shape, cast("Mapping[object, object]", value))
        case _:
            return _parts(shape, value)


def _parts(shape: Shape, value: Any) -> Any:
    match shape:
        case Items() if isinstance(value, list):
            return [coerced(shape.item, each) for each in cast("list[object]", value)]
        case FixedTuple() if isinstance(value, list):
            items = cast("list[object]", value)
            bent = [coerced(item, each) for item, each in zip(shape.items, items, strict=False)]
            return [*bent, *items[len(bent) :]]
        case Entries() if isinstance(value, dict):
            return {key: coerced(shape.value, each) for key, each in cast("dict[object, object]", value).items()}
        case _:
            return value


def _fits(shape: Shape, value: Any) -> bool:
    problems: list[Any] = []
    shape.read(value, (), problems)
    return not problems


def _single(kind: str, value: Any) -> Any:
    if kind == "string":
        written = text_of(value)
        return value if written is None else written
    if isinstance(value, str) and kind in READERS:
        found = READERS[kind](value)
        return value if found is None else found
    return int(value) if kind == "integer" and isinstance(value, float) and value.is_integer() else value


def _choice(shape: Choice, value: Any) -> Any:
    if _fits(shape, value) or not isinstance(value, (str, int, float)):
        return value
    wanted = (value if isinstance(value, str) else str(text_of(value))).strip()
    found = [each.json for each in shape.options if (text_of(each.json) or each.json) == wanted]
    return found[0] if len(found) == 1 else value


def _member(shape: AnyOf, value: Any) -> Any:
    """Return data as the first member that takes it has it; as it is where one takes it already, or none does."""
    if _fits(shape, value):
        return value
    bent = (coerced(each, value) for each in shape.members)
    return next((each for each in bent if _fits(shape, each)), value)


def _record(shape: RecordShape, value: Mapping[object, object]) -> Any:
    problems: list[Any] = []
    given = shape.rules.prepared(value, (), problems)
    if problems:
        return value  # reading it will meet the same problem, and report it
    bent = Prepared(given)
    for each in shape.slots:
        if each.name in bent:
            if bent[each.name] is None and not each.required and not _fits(each.shape, None):
                del bent[each.name]
            else:
                bent[each.name] = coerced(each.shape, bent[each.name])
    return bent
