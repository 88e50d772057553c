"""Identity: canonical JSON and the digests made of it.

Two values are the same exactly when their canonical JSON is the same bytes. Programs, assignments, examples and
metrics are known by the SHA-256 of theirs.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias, cast

__all__ = ["Json", "canonical_json", "digest", "short"]

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

# Made once: `json.dumps` makes a new encoder at each call with such settings, which costs more than most values do.
_ENCODER: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _plain(value: object) -> object:
    """Return `value` made of dict, list and scalars only; whole floats stay floats, so 1.0 and 1 differ."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value!r} has no canonical JSON: only finite numbers have one")
        return value
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value)
        return {_key(key): _plain(item) for key, item in items.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in cast("Sequence[object]", value)]
    raise TypeError(f"{type(value).__name__} has no canonical JSON: {value!r}")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"canonical JSON keys are text, not {type(key).__name__}: {key!r}")
    return str.__str__(key)  # the text itself, whatever a subclass such as an enumeration calls itself


def canonical_json(value: object) -> str:
    """Return the one JSON text of `value`: sorted keys, no blanks, UTF-8, finite numbers.

    Raises:
        TypeError: The value holds something other than mappings with text keys, lists, tuples and scalars.
        ValueError: The value holds NaN or an infinity.

    Example:
        >>> canonical_json({"b": (1, 2.0), "a": None})
        '{"a":null,"b":[1,2.0]}'
    """
    if value is None:
        return "null"
    # A number costs the encoder eight times what it costs here, and most of what is written are single values.
    return str(value) if type(value) is int else _ENCODER.encode(_plain(value))


def digest(value: object) -> str:
    """Return the SHA-256 of the canonical JSON of `value`, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()


def short(full_digest: str) -> str:
    """Return the first 12 digits of a digest: enough for people, never used as a key."""
    return full_digest[:12]
