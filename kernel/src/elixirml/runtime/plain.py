"""Typed values to plain data, for prompts and traces."""

from typing import Any

__all__ = ["plain"]


def plain(value: Any) -> Any:
    """Return a value made of dict, list and scalars; records and enumerations are taken apart by cattrs."""
    if value is None or isinstance(value, (str, int, float, bool)):
        return _unenumerated(value)
    if isinstance(value, (list, tuple, set, frozenset)) and not hasattr(value, "_fields"):
        items: Any = value
        return [plain(item) for item in items]
    if isinstance(value, dict):
        pairs: dict[Any, Any] = value
        return {str(key): plain(item) for key, item in pairs.items()}
    if hasattr(value, "_asdict"):
        return plain(value._asdict())
    return _unstructured(value)


def _unenumerated(value: Any) -> Any:
    return value.value if hasattr(value, "value") and hasattr(type(value), "__members__") else value


def _unstructured(value: Any) -> Any:
    from enum import Enum

    import cattrs.preconf.json

    if isinstance(value, Enum):
        return value.value
    return cattrs.preconf.json.make_converter().unstructure(value)
