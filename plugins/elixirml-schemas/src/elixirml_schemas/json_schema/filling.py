"""The option `defaults`: absent keys get a copy of their default."""

from copy import deepcopy
from typing import Any, Final, cast

from elixirml.identity import Json
from elixirml_schemas.json_schema.index import Schema, SchemaIndex
from elixirml_schemas.json_schema.parts import in_place, parts_of

__all__ = ["fill"]

_NONE: Final[Any] = object()


def fill(index: SchemaIndex, root: Schema, value: Json) -> None:
    """Put defaults where keys are absent, in a value that may be changed.

    Goes through properties, items and the values of maps; what a default holds is filled in the same way.
    """
    waiting: list[tuple[Schema, Json]] = [(root, value)]
    seen: set[tuple[int, int]] = set()
    while waiting:
        schema, part = waiting.pop()
        if not isinstance(part, (dict, list)) or (id(schema), id(part)) in seen:
            continue
        seen.add((id(schema), id(part)))
        for each in in_place(index, schema):
            if isinstance(part, dict):
                _fill_object(index, each, part)
            waiting.extend((inner, cast("Any", part)[key]) for inner, key in parts_of(index, each, part))


def _fill_object(index: SchemaIndex, schema: dict[str, Any], value: dict[str, Json]) -> None:
    for name, inner in schema.get("properties", {}).items():
        if name not in value:
            default = next((each["default"] for each in in_place(index, inner) if "default" in each), _NONE)
            if default is not _NONE:
                value[name] = deepcopy(default)
