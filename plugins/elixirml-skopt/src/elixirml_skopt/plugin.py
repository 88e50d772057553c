"""Hooks of elixirml-skopt. Imports nothing but the kernel's markers: scikit-optimize is loaded with the first study."""

from elixirml.plugins import Contribution, hookimpl

__all__ = ["register_teleprompters"]


@hookimpl
def register_teleprompters() -> list[Contribution]:
    """Offer Bayesian optimization by scikit-optimize."""
    return [
        Contribution(
            "bayesian",
            "elixirml_skopt.bayesian:Bayesian",
            "Gaussian process with expected improvement, by scikit-optimize, on paired pulls",
        ),
    ]
