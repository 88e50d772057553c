"""Options of teleprompters: defaults, checks, and messages that name the option."""

import re
from typing import Any

import pytest
from attrs import field, frozen

from elixirml.errors import ConfigError
from elixirml.studies.options import options_of, share, whole, word


@frozen(kw_only=True)
class Options:
    """Options of a teleprompter `sieve`."""

    width: int = field(default=3, validator=whole(low=1))
    rounds: int | None = field(default=None, validator=whole(low=0, optional="as many as it takes"))
    kept: float = field(default=0.5, validator=share())
    order: str = field(default="random", validator=word("random", "given"))


def test_what_is_not_given_has_its_default() -> None:
    """And what is given is taken."""
    assert options_of(Options, {"width": 2}, teleprompter="sieve") == Options(width=2)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("width", 0, "a whole number from 1"),
        ("width", True, "a whole number from 1"),
        ("width", None, "a whole number from 1"),
        ("rounds", -1, "a whole number from 0, or null for as many as it takes"),
        ("kept", 1.5, "a number from 0 to 1"),
        ("kept", "half", "a number from 0 to 1"),
        ("order", "randm", "Did you mean `random`?"),
        ("order", 3, "one of random, given"),
    ],
)
def test_a_value_outside_its_domain_is_refused(name: str, value: Any, expected: str) -> None:
    """The message names the option, the value and what is expected."""
    with pytest.raises(ConfigError, match=re.escape(expected)) as refused:
        options_of(Options, {name: value}, teleprompter="sieve")
    assert f"`{name}`" in str(refused.value)
    assert repr(value) in str(refused.value)
    assert refused.value.code == "option-value"


def test_an_unknown_option_is_refused_with_the_nearest_name() -> None:
    """The message names the teleprompter."""
    with pytest.raises(ConfigError, match=r"`sieve` has no option `widht`") as refused:
        options_of(Options, {"widht": 2}, teleprompter="sieve")
    assert "Did you mean `width`?" in str(refused.value)
    assert refused.value.code == "option-unknown"
