"""When two values of JSON are the same: 1 and 1.0 are, 1 and true are not, the order of keys is free."""

from collections.abc import Hashable

from elixirml.identity import Json

__all__ = ["identity_of"]


def identity_of(value: Json) -> Hashable:
    """Return something that is equal for equal values alone, in time linear in the value.

    Example:
        >>> identity_of([1, {"a": 2}]) == identity_of([1.0, {"a": 2.0}])
        True
        >>> identity_of(1) == identity_of(True)
        False
    """
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, list):
        # Plain loops: a comprehension would take a second frame of the stack for each level.
        parts: list[Hashable] = []
        for each in value:
            parts.append(identity_of(each))  # noqa: PERF401
        return ("array", tuple(parts))
    if isinstance(value, dict):
        entries: set[Hashable] = set()
        for key, each in value.items():
            entries.add((key, identity_of(each)))
        return ("object", frozenset(entries))
    return value
