"""The two metrics of the SQuAD evaluation (Rajpurkar et al. 2016)."""

from collections.abc import Sequence
from typing import cast

from attrs import frozen

from elixirml_metrics.fields import FieldMetric
from elixirml_metrics.text import squad_em, squad_f1
from elixirml_metrics.values import text_of

__all__ = ["SquadExactMatch", "SquadF1"]


def _accepted(expected: object) -> Sequence[str]:
    """Return the texts that count as right: all of a list, else the one."""
    if isinstance(expected, (list, tuple)):
        return [text_of(each) for each in cast("Sequence[object]", expected)]
    return [text_of(expected)]


@frozen
class SquadExactMatch(FieldMetric):
    """1 for each field whose text agrees without case, punctuation and articles; a list expects any of its texts.

    .. versionadded:: 0.1
    """

    def judge(self, expected: object, found: object) -> float:
        """Return 1 when the normalised texts agree."""
        return squad_em(text_of(found), _accepted(expected))


@frozen
class SquadF1(FieldMetric):
    """F1 of the words of each field without case, punctuation and articles; a list expects the best of its texts.

    .. versionadded:: 0.1
    """

    def judge(self, expected: object, found: object) -> float:
        """Return the best F1 of word counts."""
        return squad_f1(text_of(found), _accepted(expected))
