"""Equal numbers, field by field."""

from attrs import field, frozen

from elixirml_metrics.fields import FieldMetric
from elixirml_metrics.number import numeric_match

__all__ = ["NumericMatch"]


@frozen
class NumericMatch(FieldMetric):
    """1 for each field that is, or says as a whole, the expected number.

    Attributes:
        rel_tol: How far it may be off, as a share of the larger of the two; nine digits unless said otherwise.
        abs_tol: How far it may be off in any case.

    .. versionadded:: 0.1
    """

    rel_tol: float = field(default=1e-9, kw_only=True)
    abs_tol: float = field(default=0.0, kw_only=True)

    def judge(self, expected: object, found: object) -> float:
        """Return 1 for equal numbers."""
        return numeric_match(found, expected, rel_tol=self.rel_tol, abs_tol=self.abs_tol)
