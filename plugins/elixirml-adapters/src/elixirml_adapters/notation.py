"""A JSON Schema as a type a person would write: shorter than the schema, and small models copy less of it.

The notation follows the idea of BAML's output format (https://docs.boundaryml.com): a shape, not a document.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, cast

__all__ = ["compact_type"]

_ATTACHED: Final[Mapping[str, str]] = {"image/*": "image", "audio/*": "sound", "application/octet-stream": "file"}


def compact_type(schema: Mapping[str, Any]) -> str:
    """Return the compact type of a JSON Schema (draft 2020-12, without references).

    Example:
        >>> compact_type({"type": "array", "items": {"enum": ["a", "b"]}})
        '["a" | "b", ...]'
        >>> compact_type({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]})
        '{"n": integer}'
    """
    if "const" in schema:
        return _literal(schema["const"])
    if "enum" in schema:
        return " | ".join(_literal(option) for option in schema["enum"])
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return _union(compact_type(option) for option in schema[word])
    kind = schema.get("type")
    if isinstance(kind, (list, tuple)):
        kinds = cast("list[str]", kind)
        return _union(compact_type({**schema, "type": each}) for each in kinds)
    return _kind(str(kind) if kind else "any", schema)


def _kind(kind: str, schema: Mapping[str, Any]) -> str:
    match kind:
        case "object":
            return _object(schema)
        case "array":
            return _array(schema)
        case "string":
            return _ATTACHED.get(schema.get("contentMediaType", ""), kind)
        case "integer" | "number":
            return kind + _bounds(schema)
        case _:
            return kind


def _object(schema: Mapping[str, Any]) -> str:
    properties: Mapping[str, Mapping[str, Any]] = schema.get("properties", {})
    if not properties:
        values = schema.get("additionalProperties", True)
        if values is False:
            return "{}"
        return (
            "{string: "
            + (compact_type(cast("Mapping[str, Any]", values)) if isinstance(values, Mapping) else "any")
            + ", ...}"
        )
    required = schema.get("required", ())
    members = (
        _literal(name) + ("" if name in required else "?") + ": " + compact_type(member)
        for name, member in properties.items()
    )
    return "{" + ", ".join(members) + "}"


def _array(schema: Mapping[str, Any]) -> str:
    first: list[Mapping[str, Any]] = schema.get("prefixItems", [])
    parts = [compact_type(item) for item in first]
    items = schema.get("items", {} if not first else False)
    if items is not False:
        parts += [compact_type(cast("Mapping[str, Any]", items)) if isinstance(items, Mapping) else "any", "..."]
    return "[" + ", ".join(parts) + "]"


def _bounds(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f" from {low} to {high}"
    if low is not None:
        return f" of at least {low}"
    return f" of at most {high}" if high is not None else ""


def _union(options: Any) -> str:
    return " | ".join(dict.fromkeys(options))


def _literal(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
