"""Objects around the object that was asked for, as models and tool calls put them."""

from collections.abc import Collection

from elixirml_adapters.parsing.lenient_json import UnreadableError, read_whole
from elixirml_adapters.parsing.values import Members, Value

__all__ = ["MAX_WRAPPERS", "as_object", "wrapped", "wrapper_keys"]

MAX_WRAPPERS = 4
"""How many objects around are looked through."""

_WRAPPERS = ("arguments", "parameters", "input", "args", "function")


def wrapped(members: Members) -> Members | None:
    """Return the object in the first wrapper that holds one, or in the only member; None when there is none."""
    if len(members.pairs) == 1:
        return as_object(members.pairs[0][1])
    given = dict(members.pairs)
    if len(given) < len(members.pairs) and any(given[key] != value for key, value in members.pairs):
        return None
    found = (as_object(given[key]) for key in wrapper_keys(given))
    return next((inner for inner in found if inner is not None), None)


def wrapper_keys(keys: Collection[str]) -> list[str]:
    """Return which of an object's keys may lead to the object inside, the first to try first."""
    return [key for key in _WRAPPERS if key in keys] + (list(keys) if len(keys) == 1 else [])


def as_object(value: Value) -> Members | None:
    """Return the object that a value is, alone in a list or as JSON text too."""
    if isinstance(value, str):
        if not value.lstrip().startswith("{"):
            return None
        try:
            value = read_whole(value)
        except UnreadableError:
            return None
    elif isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, Members) else None
