"""Same value, field by field."""

from attrs import frozen

from elixirml_metrics.fields import FieldMetric
from elixirml_metrics.values import identity

__all__ = ["ExactMatch"]


@frozen
class ExactMatch(FieldMetric):
    """1 for each field with the expected value: texts to the sign, numbers by value, lists in order.

    .. versionadded:: 0.1
    """

    def judge(self, expected: object, found: object) -> float:
        """Return 1 for the same value."""
        return float(identity(expected) == identity(found))
