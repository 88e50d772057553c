"""What two collections share: precision, recall and their harmonic mean."""

from collections import Counter
from collections.abc import Iterable

from attrs import frozen

from elixirml_metrics.values import identity

__all__ = ["Overlap", "list_f1", "set_f1"]


@frozen
class Overlap:
    """How far a prediction and the gold agree.

    Attributes:
        precision: Which part of the prediction is right.
        recall: Which part of the gold was found.
    """

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of both; 0 when both are."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    @classmethod
    def of(cls, shared: int, predicted: int, gold: int) -> "Overlap":
        """Return the overlap of two collections of known sizes; an empty one shares nothing."""
        return cls(shared / predicted if predicted else 0.0, shared / gold if gold else 0.0)


def set_f1(prediction: Iterable[object], gold: Iterable[object]) -> Overlap:
    """Return the overlap of distinct items; everything is 1 when both are empty."""
    return _overlap(Counter(set(map(identity, prediction))), Counter(set(map(identity, gold))))


def list_f1(prediction: Iterable[object], gold: Iterable[object]) -> Overlap:
    """Return the overlap of items in any order, each as often as it occurs; everything is 1 when both are empty.

    Example:
        >>> list_f1(["a", "a", "b"], ["a", "b"]).f1
        0.8
    """
    return _overlap(Counter(map(identity, prediction)), Counter(map(identity, gold)))


def _overlap(found: Counter[object], wanted: Counter[object]) -> Overlap:
    if not found and not wanted:
        return Overlap(1.0, 1.0)
    return Overlap.of((found & wanted).total(), found.total(), wanted.total())
