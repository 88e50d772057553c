"""Estimators by name: one for labels and one for numbers each; all deterministic."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

from attrs import frozen

__all__ = ["FAMILIES", "FOR_LABELS_ONLY", "Choice", "estimator"]

FAMILIES: Final = ("linear", "naive_bayes", "neighbours", "forest")
"""What `estimator` chooses from: logistic or ridge regression, naive Bayes, k nearest neighbours, a random forest."""

FOR_LABELS_ONLY: Final = frozenset({"naive_bayes"})


@frozen
class Choice:
    """The values of the predictor's variables.

    Attributes:
        family: One of `FAMILIES`.
        text: What texts are made of: `words` or `characters`.
        strength: How closely the linear estimator follows the demos; the inverse of its regularisation.
        neighbours: How many neighbours answer.
    """

    family: str = "linear"
    text: str = "words"
    strength: float = 1.0
    neighbours: int = 3

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "Choice":
        """Return the choice that a stage's options make; what is inactive has its default."""
        known = {"estimator": "family", "text": "text", "strength": "strength", "neighbours": "neighbours"}
        return cls(**{attribute: options[name] for name, attribute in known.items() if name in options})


def estimator(choice: Choice, *, labels: bool, rows: int, signed: bool) -> Any:
    """Return an unfitted estimator.

    Args:
        choice: Which, and how.
        labels: Whether it is to choose labels rather than to estimate a number.
        rows: How many rows it will be fitted to.
        signed: Whether features may be below 0, which counts are not.
    """
    match choice.family:
        case "naive_bayes":
            return _naive_bayes(signed=signed)
        case "neighbours":
            return _scaled(_neighbours(min(choice.neighbours, rows), labels=labels))
        case "forest":
            return _forest(labels=labels)
        case _:
            return _scaled(_linear(choice.strength, labels=labels))


def _scaled(fitted: Any) -> Any:
    """Put every feature on a scale of its own before an estimator that compares their sizes."""
    pipeline: Any = import_module("sklearn.pipeline")
    preprocessing: Any = import_module("sklearn.preprocessing")
    return pipeline.make_pipeline(preprocessing.MaxAbsScaler(), fitted)


def _linear(strength: float, *, labels: bool) -> Any:
    linear: Any = import_module("sklearn.linear_model")
    if labels:
        return linear.LogisticRegression(C=strength, max_iter=2000)
    return linear.Ridge(alpha=1 / strength)


def _naive_bayes(*, signed: bool) -> Any:
    bayes: Any = import_module("sklearn.naive_bayes")
    if not signed:
        return bayes.MultinomialNB(alpha=0.5)
    pipeline: Any = import_module("sklearn.pipeline")
    preprocessing: Any = import_module("sklearn.preprocessing")
    dense = preprocessing.FunctionTransformer(_dense, accept_sparse=True)
    return pipeline.make_pipeline(dense, bayes.GaussianNB(var_smoothing=1e-3))


def _dense(matrix: Any) -> Any:
    return matrix.toarray()


def _neighbours(count: int, *, labels: bool) -> Any:
    neighbors: Any = import_module("sklearn.neighbors")
    kind = neighbors.KNeighborsClassifier if labels else neighbors.KNeighborsRegressor
    return kind(n_neighbors=count, weights="distance", algorithm="brute")


def _forest(*, labels: bool) -> Any:
    ensemble: Any = import_module("sklearn.ensemble")
    kind = ensemble.RandomForestClassifier if labels else ensemble.RandomForestRegressor
    return kind(n_estimators=50, random_state=0)
