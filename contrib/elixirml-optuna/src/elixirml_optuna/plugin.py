"""Hooks of elixirml-optuna. Imports nothing but the kernel's markers: Optuna is loaded with the first study."""

from elixirml.plugins import Contribution, hookimpl

__all__ = ["register_teleprompters"]


@hookimpl
def register_teleprompters() -> list[Contribution]:
    """Offer search by Optuna."""
    return [
        Contribution(
            "optuna",
            "elixirml_optuna.search:OptunaSearch",
            "tree-structured Parzen estimator, or random draws, by Optuna, on paired pulls",
        ),
    ]
