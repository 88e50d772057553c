"""Which schemas speak of a value, and which of its parts: for the options that change values."""

from collections.abc import Iterator
from typing import Any

from elixirml.identity import Json
from elixirml_schemas.json_schema.index import Schema, SchemaIndex

__all__ = ["in_place", "parts_of"]


def in_place(index: SchemaIndex, schema: Schema) -> Iterator[dict[str, Any]]:
    """Yield a schema and those that hold for the same value whatever it is: its references and its `allOf`."""
    waiting, seen = [schema], set[int]()
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict) and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [*index.references(each), *each.get("allOf", ())]


def parts_of(index: SchemaIndex, schema: dict[str, Any], value: Json) -> Iterator[tuple[Schema, Any]]:
    """Yield the schemas of a value's parts, each with the key or position of its part."""
    if isinstance(value, dict):
        yield from _entries(index, schema, value)
    elif isinstance(value, list):
        first = schema.get("prefixItems", [])
        yield from ((inner, number) for number, inner in enumerate(first[: len(value)]))
        if "items" in schema:
            yield from ((schema["items"], number) for number in range(len(first), len(value)))


def _entries(index: SchemaIndex, schema: dict[str, Any], value: dict[str, Json]) -> Iterator[tuple[Schema, str]]:
    named = schema.get("properties", {})
    patterns = [(index.pattern(source), inner) for source, inner in schema.get("patternProperties", {}).items()]
    for name in value:
        found = [named[name]] if name in named else []
        found += [inner for pattern, inner in patterns if pattern.found_in(name)]
        yield from ((inner, name) for inner in found or [schema.get("additionalProperties", True)])
