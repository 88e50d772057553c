"""Bootstrap intervals: draw the sample again from itself and see how the mean moves.

Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 13 (percentile) and 14 (BCa).
"""

import math
from collections.abc import Sequence
from random import Random
from statistics import NormalDist

from elixirml.studies.statistics.intervals import Interval
from elixirml.studies.statistics.samples import finite_scores, level

__all__ = ["bootstrap_percentile", "paired_bca"]


def _resampled_means(values: Sequence[float], *, seed: int, resamples: int) -> list[float]:
    """Return the sorted means of `resamples` samples drawn with replacement."""
    draw, n = Random(seed).choices, len(values)
    return sorted(sum(draw(values, k=n)) / n for _ in range(resamples))


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Return the quantile by linear interpolation between the two nearest ranks."""
    position = share * (len(ordered) - 1)
    below = min(math.floor(position), len(ordered) - 2)
    return ordered[below] + (position - below) * (ordered[below + 1] - ordered[below])


def bootstrap_percentile(
    scores: Sequence[float], *, confidence: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> Interval:
    """Return the percentile bootstrap interval of the mean; without ends for a single score.

    Args:
        scores: The sample.
        confidence: Between 0 and 1.
        resamples: How often to draw, at least 2.
        seed: Same seed, same interval.

    Raises:
        ValidationError: No score, or one that is not finite.
    """
    tail = (1 - level(confidence)) / 2
    values = finite_scores(scores)
    n = len(values)
    mean = math.fsum(values) / n
    if n == 1:
        return Interval(mean, None, None, n, confidence)
    means = _resampled_means(values, seed=seed, resamples=resamples)
    return Interval(mean, _quantile(means, tail), _quantile(means, 1 - tail), n, confidence)


def _bias(means: Sequence[float], mean: float) -> float:
    """Return z0: the normal score of the share of resampled means below the mean, ties by half.

    The resampled means are sums in another order than the mean, so ties are told with a tolerance; the share is kept
    off 0 and 1, where the normal score is infinite.
    """
    slack = 1e-12 * max(abs(means[0]), abs(means[-1]))
    below = sum(value < mean - slack for value in means)
    tied = sum(abs(value - mean) <= slack for value in means)
    share = (below + tied / 2) / len(means)
    edge = 0.5 / len(means)
    return NormalDist().inv_cdf(min(max(share, edge), 1 - edge))


def _acceleration(values: Sequence[float], mean: float) -> float:
    """Return the jackknife estimate of the acceleration, which for a mean is its skewness / (6 sqrt(n))."""
    scale = max(abs(value - mean) for value in values)  # keeps the powers of tiny deviations off zero
    deviations = [(value - mean) / scale for value in values]
    squares = math.fsum(one**2 for one in deviations)
    return math.fsum(one**3 for one in deviations) / (6 * squares * math.sqrt(squares))


def paired_bca(
    differences: Sequence[float], *, confidence: float = 0.95, resamples: int = 2000, seed: int = 0
) -> Interval:
    """Return the bias-corrected and accelerated bootstrap interval of a mean paired difference.

    Equal differences give an interval of no width, a single one an interval without ends: the bootstrap knows only
    what the sample shows.

    Args:
        differences: One difference per example, candidate minus baseline.
        confidence: Between 0 and 1.
        resamples: How often to draw, at least 2.
        seed: Same seed, same interval.

    Raises:
        ValidationError: No difference, or one that is not finite.
    """
    tail = (1 - level(confidence)) / 2
    values = finite_scores(differences)
    n = len(values)
    mean = math.fsum(values) / n
    if n == 1:
        return Interval(mean, None, None, n, confidence)
    if min(values) == max(values):
        return Interval(mean, mean, mean, n, confidence)
    means = _resampled_means(values, seed=seed, resamples=resamples)
    normal, bias, acceleration = NormalDist(), _bias(means, mean), _acceleration(values, mean)

    def end(share: float) -> float:
        shifted = bias + normal.inv_cdf(share)
        stretch = max(1 - acceleration * shifted, 1e-9)  # extreme skew at an extreme level would turn the ends round
        return _quantile(means, normal.cdf(bias + shifted / stretch))

    return Interval(mean, end(tail), end(1 - tail), n, confidence)
