"""Hooks of elixirml-predictors. Imports nothing but the kernel's marks: loading must stay cheap."""

from elixirml.plugins import Contribution, hookimpl

__all__ = ["register_predictors"]


@hookimpl
def register_predictors() -> list[Contribution]:
    """Offer the two strategies that ask once."""
    return [
        Contribution("direct", "elixirml_predictors.direct:Direct", "asks once for the outputs alone"),
        Contribution(
            "chain_of_thought",
            "elixirml_predictors.chain_of_thought:ChainOfThought",
            "asks once, for the reasoning before the outputs",
        ),
    ]
