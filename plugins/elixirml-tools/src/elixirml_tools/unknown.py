"""Names that no record knows, found before anything is converted."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from elixirml_tools.given import ArgumentsError, Given, Path, opened
from elixirml_tools.schemas import accepts_text, members_of, more_of

__all__ = ["refuse_unknown", "unknown_name"]

_INNER: Final = ("properties", "items", "prefixItems", "additionalProperties")


def refuse_unknown(value: Given, schema: Mapping[str, Any], path: Path) -> None:
    """Refuse a value that holds a name its record does not have, at any depth.

    Of a union only a member that alone has parts is looked into: which of several records is meant, fitting decides.

    Raises:
        ArgumentsError: `unknown_argument`.
    """
    members = members_of(schema)
    structured = [each for each in members if any(word in each for word in _INNER)]
    if len(structured) != 1 or (isinstance(value, str) and any(map(accepts_text, members))):
        return
    for inner, rules, where in _parts(value, structured[0], path):
        refuse_unknown(inner, rules, where)


def unknown_name(name: str, known: Mapping[str, Any], path: Path) -> ArgumentsError:
    """Return the error for a name that is not known."""
    names = ", ".join(f"`{each}`" for each in known) or "none"
    return ArgumentsError("unknown_argument", (*path, name), f"there is no such name; known here: {names}.")


def _parts(value: Given, schema: Mapping[str, Any], path: Path) -> Iterator[tuple[Given, Mapping[str, Any], Path]]:
    """Yield the values inside a value, each with its schema and place."""
    if "properties" in schema or "additionalProperties" in schema:
        yield from _members(value, schema, path)
        return
    found = opened(value, "[")
    items = found if isinstance(found, list) else [found]
    rules = schema.get("prefixItems") or [schema.get("items", {})] * len(items)
    for index, (item, rule) in enumerate(zip(items, rules, strict=False)):
        yield item, rule, (*path, index) if isinstance(found, list) else path


def _members(value: Given, schema: Mapping[str, Any], path: Path) -> Iterator[tuple[Given, Mapping[str, Any], Path]]:
    found = opened(value, "[{")
    while isinstance(found, list) and len(found) == 1:
        found = opened(found[0], "[{")
    if not isinstance(found, dict):
        return
    properties: Mapping[str, Any] = schema.get("properties", {})
    more = more_of(schema)
    for name, inner in found.items():
        if name in properties:
            yield inner, properties[name], (*path, name)
        elif more is None:
            raise unknown_name(name, properties, path)
        else:
            yield inner, more, (*path, name)
