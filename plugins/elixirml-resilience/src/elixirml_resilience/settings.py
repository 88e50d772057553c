"""What a middleware goes by: the section of the configuration, under the values of its variables."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from attrs import evolve

from elixirml.contracts import ModelHost
from elixirml.variables import Variable
from elixirml_resilience.config import ResilienceConfig

__all__ = ["section", "settled"]

T = TypeVar("T")


def section(host: ModelHost) -> ResilienceConfig:
    """Return the section of this plugin.

    Raises:
        ConfigError: What the user wrote does not fit.
    """
    found = host.configuration("resilience")
    assert isinstance(found, ResilienceConfig)  # noqa: S101 - the section is of the class this plugin contributes
    return found


def settled(configured: T, options: Mapping[str, Any], variables: Sequence[Variable]) -> T:
    """Return one table of the configuration with the values of variables that somebody chose.

    A variable at its default says nothing: then what is configured counts.
    """
    defaults = {each.name: each.default for each in variables}
    chosen = {name: value for name, value in options.items() if name not in defaults or value != defaults[name]}
    settled: T = evolve(configured, **chosen)  # type: ignore[misc]  # each table is an attrs class
    return settled
