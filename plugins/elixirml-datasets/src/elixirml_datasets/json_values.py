"""Strict JSON: no NaN, no key twice, no depth that crashes."""

import json
from typing import Any

__all__ = ["DECODER", "NotJson", "fault"]


class NotJson(ValueError):
    """The text is JSON for lenient readers only."""


def _constant(name: str) -> Any:
    raise NotJson(f"{name} is no JSON number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise NotJson(f"the key `{twice}` is given twice")
    return found


DECODER = json.JSONDecoder(parse_constant=_constant, object_pairs_hook=_object)
"""Decodes one value; raises `ValueError` or `RecursionError`."""


def fault(error: ValueError | RecursionError) -> str:
    """Return what is wrong with a text, without the place in it."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return f"not JSON: {error.msg if isinstance(error, json.JSONDecodeError) else error}"
