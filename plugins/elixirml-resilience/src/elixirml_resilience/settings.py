"""What a middleware goes by: the section of the configuration, under the values of its variables."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from attrs import evolve

from elixirml.contracts import ModelHost
from elixirml.variables import Variable
from elixirml_resilience.config import ResilienceConfig

__all__ = ["configured", "section", "settled"]

T = TypeVar("T")


def section(host: ModelHost) -> ResilienceConfig:
    """Return the section of this plugin.

    Raises:
        ConfigError: What the user wrote does not fit.
    """
    found = host.configuration("resilience")
    assert isinstance(found, ResilienceConfig)  # noqa: S101 - the section is of the class this plugin contributes
    return found


def settled(table: T, options: Mapping[str, Any]) -> T:
    """Return one table of the configuration with the values of variables that were chosen for a run."""
    settled: T = evolve(table, **options)  # type: ignore[misc]  # each table is an attrs class
    return settled


def configured(table: object, variables: Sequence[Variable]) -> dict[str, Any]:
    """Return what one table of the configuration says of variables, by their names."""
    return {each.name: getattr(table, each.name) for each in variables}
