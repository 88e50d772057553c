"""Intervals of a mean: the range of true means that the scores at hand do not speak against."""

import math
from collections.abc import Sequence
from statistics import NormalDist

from attrs import frozen

from elixirml.errors import Problem, ValidationError
from elixirml.studies.statistics._student import critical_t
from elixirml.studies.statistics.samples import finite_scores, is_binary, level, summary

__all__ = ["Interval", "interval", "t_interval", "wilson"]


@frozen
class Interval:
    """A mean with its two-sided confidence interval.

    Attributes:
        mean: The estimate, in the unit of the scores.
        low: Lower end; None when a single score shows no spread, so that nothing can be said.
        high: Upper end; None together with `low`.
        n: How many scores, or pairs of scores.
        confidence: The share of such intervals that hold the true mean, 0.95 by default.
    """

    mean: float
    low: float | None
    high: float | None
    n: int
    confidence: float

    def __str__(self) -> str:
        ends = "no interval from one score" if self.low is None else f"{self.low:.4g} to {self.high:.4g}"
        return f"{self.mean:.4g} ({ends}, n={self.n})"


def wilson(successes: int, n: int, *, confidence: float = 0.95) -> Interval:
    """Return the Wilson score interval of a share, without continuity correction.

    Args:
        successes: How many of the trials succeeded.
        n: How many trials.
        confidence: Between 0 and 1.

    Raises:
        ValidationError: There are no trials, or fewer than successes.

    Source: Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).

    Example:
        >>> wilson(8, 10).low < 0.5 < wilson(8, 10).mean
        True
    """
    if not 0 <= successes <= n or n < 1:
        found = f"expected 0 <= successes <= n and n >= 1, found {successes} of {n}"
        raise ValidationError("a share counts successes among trials", problems=[Problem((), "range", found)])
    z = NormalDist().inv_cdf(0.5 + level(confidence) / 2)
    share, weight = successes / n, z * z / n
    centre = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * math.sqrt(share * (1 - share) / n + weight / (4 * n))
    # The ends touch 0 and 1 exactly when no trial, or every trial, succeeded; rounding must not move them.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return Interval(share, low, high, n, confidence)


def t_interval(scores: Sequence[float], *, confidence: float = 0.95) -> Interval:
    """Return Student's t interval of the mean; without ends for a single score.

    Raises:
        ValidationError: No score, or one that is not finite.
    """
    level(confidence)
    found = summary(scores)
    if found.se is None:
        return Interval(found.mean, None, None, found.n, confidence)
    half = 0.0 if found.se == 0 else critical_t(confidence, found.n - 1) * found.se
    return Interval(found.mean, found.mean - half, found.mean + half, found.n, confidence)


def interval(scores: Sequence[float], *, confidence: float = 0.95) -> Interval:
    """Return the interval that fits the scores: Wilson's for 0 and 1, Student's t for all others.

    Raises:
        ValidationError: No score, or one that is not finite.
    """
    values = finite_scores(scores)
    if is_binary(values):
        return wilson(round(math.fsum(values)), len(values), confidence=confidence)
    return t_interval(values, confidence=confidence)
