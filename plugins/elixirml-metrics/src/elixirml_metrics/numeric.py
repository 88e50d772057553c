"""Equal numbers, field by field."""

from attrs import frozen

from elixirml_metrics.fields import FieldMetric
from elixirml_metrics.number import numeric_match

__all__ = ["NumericMatch"]


@frozen
class NumericMatch(FieldMetric):
    """1 for each field that is, or says as a whole, the expected number (to nine digits).

    .. versionadded:: 0.1
    """

    def judge(self, expected: object, found: object) -> float:
        """Return 1 for equal numbers."""
        return numeric_match(found, expected)
