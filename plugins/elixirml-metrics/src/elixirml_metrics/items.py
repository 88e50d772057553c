"""Shared items of two lists, field by field."""

from collections.abc import Sequence
from typing import cast

from attrs import frozen

from elixirml_metrics.fields import FieldMetric
from elixirml_metrics.overlap import list_f1, set_f1

__all__ = ["ListF1", "SetF1"]


def _listed(value: object) -> Sequence[object]:
    """Return a list as it is, nothing as an empty one, anything else as its only item."""
    if isinstance(value, (list, tuple)):
        return cast("Sequence[object]", value)
    return () if value is None else (value,)


@frozen
class SetF1(FieldMetric):
    """F1 of the items of each field, in any order; repeats do not count.

    .. versionadded:: 0.1
    """

    def judge(self, expected: object, found: object) -> float:
        """Return F1 of distinct items."""
        return set_f1(_listed(found), _listed(expected)).f1


@frozen
class ListF1(FieldMetric):
    """F1 of the items of each field, in any order; repeats count.

    .. versionadded:: 0.1
    """

    def judge(self, expected: object, found: object) -> float:
        """Return F1 of items with their counts."""
        return list_f1(_listed(found), _listed(expected)).f1
