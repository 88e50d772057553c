"""The options of `optuna`, and how they are checked."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs
from attrs import field, frozen

from elixirml.errors import ConfigError, did_you_mean

__all__ = ["SAMPLERS", "SOURCES", "Options"]

SAMPLERS: Final = ("tpe", "random")
SOURCES: Final = ("auto", "labelled", "bootstrapped", "none")

_Check = Callable[[Any, Any, Any], None]


def _refusal(name: str, value: object, expected: str) -> ConfigError:
    return ConfigError(
        f"option `{name}` of teleprompter `optuna` is {value!r}: expected {expected}.",
        hint=f"Give another value for `{name}`, or leave it out for the default.",
        code="option-value",
    )


def _whole(low: int) -> _Check:
    def check(_: object, attribute: Any, value: object) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or value < low:
            raise _refusal(attribute.name, value, f"a whole number from {low}")

    return check


def _share(_: object, attribute: Any, value: object) -> None:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= 1:
        raise _refusal(attribute.name, value, "a number from 0 to 1")


def _word(*words: str) -> _Check:
    def check(_: object, attribute: Any, value: object) -> None:
        if value not in words:
            raise _refusal(attribute.name, value, f"one of {', '.join(words)}")

    return check


@frozen(kw_only=True)
class Options:
    """Options of `optuna`.

    Attributes:
        sampler: What suggests candidates.
        pull: How many examples a candidate takes at a time.
        initial: How many candidates start, the baseline included.
        batch: How many candidates are pulled at once.
        finalist: How many examples the winner should have seen.
        reserve: Share of the calls kept for that.
        pulls: The most pulls after the start.
        orders: How many random orders of a bank its subsets are cut from.
        demos: How to fill demo banks that are empty.
        bank: The most entries of such a bank.
    """

    sampler: str = field(default="tpe", validator=_word(*SAMPLERS))
    pull: int = field(default=10, validator=_whole(1))
    initial: int = field(default=10, validator=_whole(1))
    batch: int = field(default=1, validator=_whole(1))
    finalist: int = field(default=40, validator=_whole(1))
    reserve: float = field(default=0.2, validator=_share)
    pulls: int = field(default=200, validator=_whole(1))
    orders: int = field(default=4, validator=_whole(1))
    demos: str = field(default="auto", validator=_word(*SOURCES))
    bank: int = field(default=60, validator=_whole(1))

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Options":
        """Return the options a user gave.

        Raises:
            ConfigError: An option is unknown or has a value outside its domain.
        """
        known = [attribute.name for attribute in attrs.fields(cls)]
        for name in given:
            if name not in known:
                raise ConfigError(
                    f"teleprompter `optuna` has no option `{name}`.",
                    hint=did_you_mean(str(name), known),
                    code="option-unknown",
                )
        return cls(**given)
