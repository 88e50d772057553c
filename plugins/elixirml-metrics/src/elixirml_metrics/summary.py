"""ROUGE (Lin 2004), field by field."""

from attrs import frozen

from elixirml_metrics.fields import FieldMetric
from elixirml_metrics.rouge import rouge_l, rouge_n
from elixirml_metrics.values import text_of

__all__ = ["Rouge1", "Rouge2", "RougeL"]


@frozen
class Rouge1(FieldMetric):
    """F1 of the words each field shares with the expected text.

    .. versionadded:: 0.1
    """

    def judge(self, expected: object, found: object) -> float:
        """Return ROUGE-1 F1."""
        return rouge_n(text_of(found), text_of(expected), n=1).f1


@frozen
class Rouge2(FieldMetric):
    """F1 of the pairs of neighbouring words each field shares with the expected text.

    .. versionadded:: 0.1
    """

    def judge(self, expected: object, found: object) -> float:
        """Return ROUGE-2 F1."""
        return rouge_n(text_of(found), text_of(expected), n=2).f1


@frozen
class RougeL(FieldMetric):
    """F1 of the longest common subsequence of words of each field and the expected text.

    .. versionadded:: 0.1
    """

    def judge(self, expected: object, found: object) -> float:
        """Return ROUGE-L F1."""
        return rouge_l(text_of(found), text_of(expected)).f1
