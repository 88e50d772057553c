"""JSON Schemas in the dialect that providers keep to by the letter ("strict" or "structured" outputs).

There every object is closed and every property required; an optional one may be null instead, which readers of replies
take for absent. See https://platform.openai.com/docs/guides/structured-outputs.
"""

from collections.abc import Mapping
from typing import Any, cast

__all__ = ["strict_schema"]

_NULL = {"type": "null"}
_BRACKETED = ("object", "array")
_SCALARS = ("string", "integer", "number", "boolean", "null")


def strict_schema(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the schema in the strict dialect; None where that cannot say it: maps, tuples and values of any kind.

    Example:
        >>> strict_schema({"type": "object", "properties": {"n": {"type": "integer", "default": 3}}})["properties"]
        {'n': {'anyOf': [{'type': 'integer'}, {'type': 'null'}]}}
    """
    told = {word: value for word, value in schema.items() if word != "default"}
    kind = told.get("type")
    if "const" in told or "enum" in told:
        return told
    if "anyOf" in told:
        return _union(told, told["anyOf"])
    if isinstance(kind, (list, tuple)):
        return _union({}, [{**told, "type": each} for each in cast("list[str]", kind)])
    if kind in _BRACKETED:
        return _record(told) if kind == "object" else _list(told)
    return told if kind in _SCALARS else None


def _union(told: Mapping[str, Any], members: list[Mapping[str, Any]]) -> dict[str, Any] | None:
    strict = [strict_schema(member) for member in members]
    return None if None in strict else {**told, "anyOf": strict}


def _record(told: Mapping[str, Any]) -> dict[str, Any] | None:
    if "properties" not in told and told.get("additionalProperties") is not False:
        return None
    given: Mapping[str, Mapping[str, Any]] = told.get("properties", {})
    required = told.get("required", ())
    properties: dict[str, Any] = {}
    for name, member in given.items():
        strict = strict_schema(member)
        if strict is None:
            return None
        properties[name] = strict if name in required else _or_null(strict)
    return {**told, "properties": properties, "required": list(properties), "additionalProperties": False}


def _or_null(strict: dict[str, Any]) -> dict[str, Any]:
    if None in strict.get("enum", ()) or _NULL in strict.get("anyOf", ()):
        return strict
    return {"anyOf": [strict, _NULL]}


def _list(told: Mapping[str, Any]) -> dict[str, Any] | None:
    items = told.get("items")
    strict = strict_schema(cast("Mapping[str, Any]", items)) if isinstance(items, Mapping) else None
    return None if strict is None or "prefixItems" in told else {**told, "items": strict}
