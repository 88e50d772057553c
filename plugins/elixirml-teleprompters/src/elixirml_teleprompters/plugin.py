"""Hooks of elixirml-teleprompters. Imports nothing but the kernel's markers: loading must stay cheap."""

from elixirml.plugins import Contribution, hookimpl

__all__ = ["register_teleprompters"]


@hookimpl
def register_teleprompters() -> list[Contribution]:
    """Offer the default optimizer and two simple ones to compare it with."""
    return [
        Contribution(
            "auto",
            "elixirml_teleprompters.auto:Auto",
            "additive Gaussian process with Thompson sampling over small paired pulls; the default",
        ),
        Contribution(
            "bootstrap_fewshot",
            "elixirml_teleprompters.bootstrap_fewshot:BootstrapFewshot",
            "only the demos: random sets of several sizes and none, halved on paired pulls",
        ),
        Contribution(
            "random_search",
            "elixirml_teleprompters.random_search:RandomSearch",
            "random assignments, halved on paired pulls",
        ),
    ]
