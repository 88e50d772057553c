"""Options of a teleprompter: a frozen class of defaults, filled from what the user gave and checked."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import attrs

from elixirml.errors import ConfigError, did_you_mean

__all__ = ["options_of", "share", "whole", "word"]

T = TypeVar("T", bound=attrs.AttrsInstance)
Check = Callable[[Any, Any, Any], None]


def _refuse(name: str, value: object, expected: str) -> ConfigError:
    return ConfigError(
        f"option `{name}` of the teleprompter is {value!r}: expected {expected}.",
        hint=f"Give another value for `{name}`, or leave it out for the default.",
        code="option-value",
    )


def whole(*, low: int, optional: str = "") -> Check:
    """Return the check of a whole number not below `low`; `optional` says what None means, where it is allowed."""
    expected = f"a whole number from {low}" + (f", or null for {optional}" if optional else "")

    def check(_: object, attribute: Any, value: object) -> None:
        if value is None and optional:
            return
        if not isinstance(value, int) or isinstance(value, bool) or value < low:
            raise _refuse(attribute.name, value, expected)

    return check


def share() -> Check:
    """Return the check of a number from 0 to 1."""

    def check(_: object, attribute: Any, value: object) -> None:
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= 1:
            raise _refuse(attribute.name, value, "a number from 0 to 1")

    return check


def word(*words: str) -> Check:
    """Return the check of one of several words."""

    def check(_: object, attribute: Any, value: object) -> None:
        if value not in words:
            hint = f" {did_you_mean(value, words)}" if isinstance(value, str) else ""
            raise _refuse(attribute.name, value, f"one of {', '.join(words)}.{hint}".rstrip("."))

    return check


def options_of(kind: type[T], given: Mapping[str, Any], *, teleprompter: str) -> T:
    """Return the options of a teleprompter.

    Args:
        kind: Their class; every attribute has a default.
        given: What the user wrote.
        teleprompter: Its name, for messages.

    Raises:
        ConfigError: An option is unknown or has a value outside its domain.
    """
    known = [attribute.name for attribute in attrs.fields(kind)]
    for name in given:
        if name not in known:
            raise ConfigError(
                f"teleprompter `{teleprompter}` has no option `{name}`.",
                hint=did_you_mean(str(name), known),
                code="option-unknown",
            )
    return kind(**given)
