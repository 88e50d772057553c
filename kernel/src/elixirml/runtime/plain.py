"""Typed values to plain data, for prompts and traces."""

from collections.abc import Callable, Mapping
from dataclasses import fields as fields_of
from dataclasses import is_dataclass
from datetime import date, time
from enum import Enum
from typing import Any, cast

import attrs

from elixirml.contracts.attached import Attached
from elixirml.contracts.history import History

__all__ = ["field_of", "plain", "shown"]


def plain(value: Any, dump: Callable[[Any], Any] = str) -> Any:
    """Return a value made of dict, list and scalars: records by field, dates and attachments as texts.

    Sets become lists in a stable order, so that the same value is the same prompt in every process.

    Args:
        value: What to take apart.
        dump: Takes apart what is unknown here, such as records of other schema engines; by default its text is taken.
    """
    match value:
        case Enum():
            return plain(value.value, dump)
        case None | str() | int() | float():
            return value
        case Mapping():
            return {key if isinstance(key, str) else str(plain(key)): plain(item, dump) for key, item in _items(value)}
        case set() | frozenset():
            return sorted((plain(item, dump) for item in _members(value)), key=repr)
        case date() | time():
            return value.isoformat()
        case _:
            return _taken_apart(value, dump)


def field_of(value: Any, name: str, default: Any = None) -> Any:
    """Return a field of a record, whether it is a mapping or an object; an absent one has the default."""
    if isinstance(value, Mapping):
        return cast("Mapping[str, Any]", value).get(name, default)
    return getattr(value, name)


def shown(value: object) -> str:
    """Return what messages show of a value: its beginning."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _items(value: Any) -> Any:
    return value.items()


def _members(value: Any) -> Any:
    return value


def _taken_apart(value: Any, dump: Callable[[Any], Any]) -> Any:
    kind = value.__class__
    if isinstance(value, (Attached, History)):
        return value.plain()
    if hasattr(kind, "_asdict"):
        return plain(value._asdict(), dump)
    if isinstance(value, (list, tuple)):
        return [plain(item, dump) for item in _members(value)]
    if attrs.has(kind):
        return {each.name: plain(getattr(value, each.name), dump) for each in attrs.fields(kind)}
    if is_dataclass(kind):
        return {each.name: plain(getattr(value, each.name), dump) for each in fields_of(kind)}
    return dump(value)
