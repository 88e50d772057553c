"""JSON Schemas without references: each is replaced by what it refers to."""

from collections.abc import Mapping
from typing import Any

__all__ = ["inlined"]


def inlined(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema with its own definitions in place of references to them.

    A definition that refers to itself, and one that is not there, becomes the schema of anything.

    Example:
        >>> inlined({"$defs": {"n": {"type": "integer"}}, "properties": {"a": {"$ref": "#/$defs/n"}}})
        {'properties': {'a': {'type': 'integer'}}}
    """
    whole = dict(schema)
    found = _inlined({name: rule for name, rule in whole.items() if name not in ("$defs", "definitions")}, whole, ())
    return dict(found)


def _inlined(part: Any, whole: Mapping[str, Any], within: tuple[str, ...]) -> Any:
    if isinstance(part, list):
        return [_inlined(each, whole, within) for each in _items(part)]
    if not isinstance(part, dict):
        return part
    rules: dict[str, Any] = dict(_items(part))
    reference = rules.pop("$ref", None)
    beside = {name: _inlined(rule, whole, within) for name, rule in rules.items()}
    if not isinstance(reference, str):
        return beside if reference is None else {**beside, "$ref": _inlined(reference, whole, within)}
    if reference in within:
        return beside
    return {**_inlined(_referred(reference, whole), whole, (*within, reference)), **beside}


def _referred(reference: str, whole: Mapping[str, Any]) -> Any:
    """Return what a pointer such as `#/$defs/Point` leads to; the schema of anything where it leads nowhere."""
    found: Any = whole if reference.startswith("#/") else {}
    for name in reference.split("/")[1:]:
        try:
            found = found[name.replace("~1", "/").replace("~0", "~")]
        except (LookupError, TypeError):
            return {}
    return found if isinstance(found, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def _items(container: Any) -> Any:
    return container
