"""Every rule of configurations is failed by a section that breaks it, and by it alone."""

from typing import Any

import pytest
from attrs import define, frozen

from elixirml.config import Secret, option
from elixirml.testing.conformance.configuration import ConfigurationConformance
from elixirml.testing.conformance.suites import suite_of


@frozen
class Good:
    """A section as it should be."""

    url: str = option("https://example.org", help="Where the service is.")
    api_key: Secret = option(Secret("env:EXAMPLE_KEY"), help="The key of the service.")
    attempts: int = option(3, help="How often it is asked.", low=1, high=9)
    headers: dict[str, str] = option({}, help="Further headers.")


class Plain:
    """A class, but no attrs class."""

    url = "https://example.org"


@define
class Changeable:
    url: str = option("https://example.org", help="Where the service is.")


@frozen
class Demanding:
    url: str = option(help="Where the service is.")


@frozen
class OutOfBounds:
    attempts: int = option(30, help="How often it is asked.", low=1, high=9)


@frozen
class Silent:
    url: str = option("https://example.org")


@frozen
class Shouting:
    baseURL: str = option("https://example.org", help="Where the service is.")  # noqa: N815 - that is what is wrong with it


@frozen
class Anything:
    url: Any = option("https://example.org", help="Where the service is.")


@frozen
class Open:
    api_key: str = option("", help="The key of the service.")


def suite(section: type) -> Any:
    return suite_of("configurations", lambda: section)


RIGHT = suite(Good)
WRONG = {
    "test_it_is_an_attrs_class": suite(Plain),
    "test_values_cannot_be_changed": suite(Changeable),
    "test_every_option_has_a_default": suite(Demanding),
    "test_the_defaults_are_valid": suite(OutOfBounds),
    "test_every_option_is_documented": suite(Silent),
    "test_names_are_lower_case_words": suite(Shouting),
    "test_a_value_of_another_type_is_refused": suite(Anything),
    "test_keys_are_secrets": suite(Open),
}


def test_a_right_configuration_passes(judge: Any) -> None:
    """Every rule is tried on a right section, and asks nothing that it does not keep."""
    judge.passes(RIGHT)


def test_no_rule_is_without_a_wrong_configuration(judge: Any) -> None:
    """A rule that nothing can break is no rule."""
    judge.is_complete(WRONG, ConfigurationConformance)


@pytest.mark.parametrize("rule", WRONG)
def test_a_wrong_configuration_fails_its_rule_alone(rule: str, judge: Any) -> None:
    """Whoever breaks one promise is told of that one, in words."""
    judge.fails_alone(WRONG[rule], rule)
