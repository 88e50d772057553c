"""Secrets, kept out of what is shown: values whose names speak of secrets, and references to secrets."""

import re
from collections.abc import Mapping
from typing import Any, Final, cast

from elixirml.config.secret import is_reference

__all__ = ["MASK", "masked"]

MASK: Final = "***"
"""What stands in the place of a secret."""

_SECRET_NAME: Final = re.compile(r"(^|[^a-z])(api_?)?(keys?|tokens?|secrets?|passwords?|passwd|credentials?)($|[^a-z])")
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def masked(value: object, *, name: str = "") -> Any:
    """Return plain data with every secret replaced by `***`; what is no plain data is shown as its kind.

    Args:
        value: Mappings, sequences, texts, numbers.
        name: The name the value stands under.

    Example:
        >>> masked({"apiKey": "sk-1", "max_tokens": 5, "models": ["a"], "server": {"login": "env:LOGIN"}})
        {'apiKey': '***', 'max_tokens': 5, 'models': ['a'], 'server': {'login': '***'}}
    """
    if _speaks_of_a_secret(name, value) or (isinstance(value, str) and is_reference(value)):
        return MASK
    if isinstance(value, Mapping):
        content = cast("Mapping[object, object]", value)
        return {str(key): masked(each, name=str(key)) for key, each in content.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [masked(each) for each in cast("list[object]", value)]
    # The text of an object may hold anything; its kind is harmless.
    return value if value is None or isinstance(value, (str, int, float, bool)) else f"<{type(value).__name__}>"


def _speaks_of_a_secret(name: str, value: object) -> bool:
    """Whether a name speaks of a secret; a number such as `max_tokens` is none."""
    harmless = value is None or isinstance(value, (bool, int, float))
    return not harmless and _SECRET_NAME.search(_CAMEL.sub("_", name).lower()) is not None
