"""What a JSON Schema of a tool's parameter allows."""

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["accepts_null", "accepts_text", "kind_of", "members_of", "more_of"]


def members_of(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the schemas of which a value must fit one: unions and lists of types, flattened."""
    if "const" in schema or "enum" in schema:
        return [schema]
    union: Sequence[Mapping[str, Any]] = schema.get("anyOf") or schema.get("oneOf") or ()
    if union:
        return [member for each in union for member in members_of(each)]
    kinds = schema.get("type")
    if isinstance(kinds, str) or not kinds:
        return [schema]
    return [{**schema, "type": kind} for kind in kinds]


def kind_of(schema: Mapping[str, Any]) -> str:
    """Return the kind of value that a schema without unions allows: a JSON type, `choice`, or `any`."""
    if "const" in schema or "enum" in schema:
        return "choice"
    if "type" in schema:
        return str(schema["type"])
    if "properties" in schema or "additionalProperties" in schema:
        return "object"
    return "array" if "items" in schema or "prefixItems" in schema else "any"


def more_of(schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what values of other names than the properties must fit; None where there may be none."""
    more: bool | Mapping[str, Any] = schema.get("additionalProperties", True)
    if isinstance(more, bool):
        return {} if more else None
    return more


def accepts_null(schema: Mapping[str, Any]) -> bool:
    """Return whether null fits."""
    return any(
        kind_of(each) in ("null", "any")
        or (kind_of(each) == "choice" and None in each.get("enum", [each.get("const")]))
        for each in members_of(schema)
    )


def accepts_text(schema: Mapping[str, Any]) -> bool:
    """Return whether any text fits."""
    return any(kind_of(each) in ("string", "any") for each in members_of(schema))
