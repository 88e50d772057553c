"""JSON Schemas in other words: for providers that bind replies to a schema, and for prompts.

Both take schemas without references, as every schema engine of ElixirML writes them.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from elixirml.errors import DeclarationError

__all__ = ["compact_text", "provider_strict"]

_KEPT: Final = ("type", "description", "enum", "const")
"""The keywords all providers take as they are; those that bound values are dropped, and validation keeps to them."""


def provider_strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema as providers take it that bind replies to schemas.

    Every property is required and no other is allowed; what was optional may be null, which the coercing mode and the
    prompt formats read as absent. Bounds, patterns, formats, defaults and examples are dropped.

    Raises:
        DeclarationError: Something in it has no such form: a map, or anything at all; names the place.

    Example:
        >>> provider_strict({"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}})["required"]
        ['n']
    """
    return _strict(schema, "the record")


def _strict(schema: Mapping[str, Any], where: str) -> dict[str, Any]:
    kept = {key: schema[key] for key in _KEPT if key in schema}
    if "anyOf" in schema or "oneOf" in schema:
        members = schema.get("anyOf") or schema["oneOf"]
        return kept | {"anyOf": [_strict(each, where) for each in members]}
    match schema.get("type"):
        case "object":
            return kept | _strict_object(schema, where)
        case "array":
            return kept | {"items": _strict_items(schema, where)}
        case None if "enum" not in schema and "const" not in schema:
            raise _no_form(where, "may be anything")
        case _:
            return kept


def _strict_object(schema: Mapping[str, Any], where: str) -> dict[str, Any]:
    properties: Mapping[str, Mapping[str, Any]] = schema.get("properties", {})
    if not properties and schema.get("additionalProperties") is not False:
        raise _no_form(where, "is an object with any keys")
    required = frozenset(cast("Sequence[str]", schema.get("required", ())))
    written = {name: _strict(each, f"`{name}`") for name, each in properties.items()}
    return {
        "properties": {name: each if name in required else _nullable(each) for name, each in written.items()},
        "required": list(written),
        "additionalProperties": False,
    }


def _strict_items(schema: Mapping[str, Any], where: str) -> dict[str, Any]:
    places = [_strict(each, where) for each in schema.get("prefixItems", ())]
    if not places:
        if not isinstance(schema.get("items"), Mapping):
            raise _no_form(where, "is a list of anything")
        return _strict(schema["items"], f"an item of {where}")
    distinct = [each for number, each in enumerate(places) if each not in places[:number]]
    return distinct[0] if len(distinct) == 1 else {"anyOf": distinct}


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    if _takes_null(schema):
        return schema
    description = {"description": schema["description"]} if "description" in schema else {}
    members = schema.get("anyOf") or [{key: each for key, each in schema.items() if key != "description"}]
    return {"anyOf": [*members, {"type": "null"}], **description}


def _takes_null(schema: Mapping[str, Any]) -> bool:
    if "anyOf" in schema:
        return any(_takes_null(each) for each in schema["anyOf"])
    return "null" in _kinds(schema.get("type", [])) or None in schema.get("enum", ())


def _kinds(declared: str | list[str]) -> list[str]:
    return [declared] if isinstance(declared, str) else declared


def _no_form(where: str, why: str) -> DeclarationError:
    return DeclarationError(
        f"The strict dialect cannot describe {where}: it {why}.",
        hint="Declare its fields, or a list of records with a key and a value, or use the full dialect.",
        code="schema-dialect",
    )


def compact_text(schema: Mapping[str, Any]) -> str:
    """Return a schema as a short text that models read well.

    Example:
        >>> print(compact_text({"type": "object", "properties": {
        ...     "label": {"enum": ["good", "bad"], "description": "the verdict"},
        ...     "score": {"type": "number", "minimum": 0, "maximum": 1, "default": 1},
        ...     "tags": {"type": "array", "items": {"type": "string"}}}, "required": ["label", "tags"]}))
        {
          label: "good" | "bad"  // the verdict
          score?: number (0..1) = 1
          tags: string[]
        }
    """
    return _compact(schema, 0)


def _compact(schema: Mapping[str, Any], depth: int) -> str:
    words = _type_words(schema, depth)
    bounds = _bounds(schema)
    return f"{words} ({bounds})" if bounds else words


def _type_words(schema: Mapping[str, Any], depth: int) -> str:
    if "enum" in schema or "const" in schema:
        members = schema.get("enum", [schema.get("const")])
        return " | ".join(json.dumps(each, ensure_ascii=False) for each in members)
    members = schema.get("anyOf") or schema.get("oneOf")
    if members:
        return " | ".join(_compact(each, depth) for each in members)
    match schema.get("type"):
        case "object":
            return _compact_object(schema, depth)
        case "array":
            return _compact_list(schema, depth)
        case None:
            return "any"
        case kinds:
            return " | ".join(_kinds(kinds))


def _compact_object(schema: Mapping[str, Any], depth: int) -> str:
    properties: Mapping[str, Mapping[str, Any]] = schema.get("properties", {})
    if not properties:
        rest: Mapping[str, Any] | bool = schema.get("additionalProperties", True)
        return f"{{[key]: {_compact(rest, depth) if not isinstance(rest, bool) else 'any'}}}" if rest else "{}"
    required = frozenset(cast("Sequence[str]", schema.get("required", ())))
    indent = "  " * (depth + 1)
    lines = [f"{indent}{_line(name, each, name in required, depth + 1)}\n" for name, each in properties.items()]
    return f"{{\n{''.join(lines)}{'  ' * depth}}}"


def _line(name: str, schema: Mapping[str, Any], required: bool, depth: int) -> str:  # noqa: FBT001 - a private step
    default = f" = {json.dumps(schema['default'], ensure_ascii=False)}" if "default" in schema else ""
    about = " ".join(str(schema.get("description", "")).split())
    return f"{name}{'' if required else '?'}: {_compact(schema, depth)}{default}{f'  // {about}' if about else ''}"


def _compact_list(schema: Mapping[str, Any], depth: int) -> str:
    if "prefixItems" in schema:
        return f"[{', '.join(_compact(each, depth) for each in schema['prefixItems'])}]"
    item = _compact(schema.get("items", {}), depth)
    return f"({item})[]" if " " in item and not item.startswith("{") else f"{item}[]"


def _bounds(schema: Mapping[str, Any]) -> str:
    """Return what values must keep to, in a few signs."""
    found = [
        _span(schema, "minimum", "maximum", ""),
        _span(schema, "minLength", "maxLength", " characters"),
        _span(schema, "minItems", "maxItems", " items") if "prefixItems" not in schema else "",
        _span(schema, "minProperties", "maxProperties", " entries"),
        f"above {schema['exclusiveMinimum']}" if "exclusiveMinimum" in schema else "",
        f"below {schema['exclusiveMaximum']}" if "exclusiveMaximum" in schema else "",
        f"multiple of {schema['multipleOf']}" if "multipleOf" in schema else "",
        f"matches {schema['pattern']}" if "pattern" in schema else "",
        str(schema.get("format", "")),
        "no repeats" if schema.get("uniqueItems") else "",
    ]
    return ", ".join(each for each in found if each)


def _span(schema: Mapping[str, Any], least: str, most: str, unit: str) -> str:
    low, high = schema.get(least), schema.get(most)
    return "" if low is None and high is None else f"{'' if low is None else low}..{'' if high is None else high}{unit}"
