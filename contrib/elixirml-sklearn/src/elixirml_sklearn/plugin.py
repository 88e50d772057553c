"""Hooks of elixirml-sklearn. Imports nothing but the kernel's markers: scikit-learn is loaded with the first answer."""

from elixirml.plugins import Contribution, hookimpl

__all__ = ["register_predictors"]


@hookimpl
def register_predictors() -> list[Contribution]:
    """Offer estimators in the place of a language model."""
    return [
        Contribution(
            "sklearn",
            "elixirml_sklearn.predictor:SklearnPredictor",
            "a scikit-learn estimator fitted to the stage's demos; asks no model",
        ),
    ]
