"""Shrinkage: the best of many noisy means flatters itself; pull each one back by what is noise."""

import math
from collections.abc import Sequence
from statistics import NormalDist

from attrs import frozen

from elixirml.errors import Problem, ValidationError
from elixirml.studies.statistics.samples import finite_scores, level

__all__ = ["Shrinkage", "minimum_detectable_difference", "shrink"]


@frozen
class Shrinkage:
    """Candidate means after shrinkage, in the order they were given.

    Attributes:
        means: The shrunk means.
        weights: How much of its distance to the common mean each candidate kept: 1 all, 0 none.
        common_mean: The mean they were pulled towards.
        tau_squared: Estimated variance of the true means; 0 when the spread is no larger than noise makes it.
    """

    means: tuple[float, ...]
    weights: tuple[float, ...]
    common_mean: float
    tau_squared: float


def _noise(variances: Sequence[float], counts: Sequence[int], expected: int) -> list[float]:
    """Return the sampling variance of each mean."""
    if not len(variances) == len(counts) == expected:
        found = f"expected {expected} variances and counts, found {len(variances)} and {len(counts)}"
        raise ValidationError("each mean has a variance and a count", problems=[Problem((), "length", found)])
    problems = [
        Problem((position,), "range", f"expected variance >= 0 and count >= 1, found {variance!r} and {count!r}")
        for position, (variance, count) in enumerate(zip(variances, counts, strict=True))
        if not (0 <= variance < math.inf and count >= 1)
    ]
    if problems:
        raise ValidationError("these means cannot be shrunk", problems=problems)
    return [variance / count for variance, count in zip(variances, counts, strict=True)]


def _centre(values: Sequence[float], spreads: Sequence[float]) -> float:
    """Return the mean weighted by precision; the plain mean when some value claims to be certain."""
    least = min(spreads)
    if least == 0:
        return math.fsum(values) / len(values)
    precisions = [least / spread for spread in spreads]  # relative: 1 / spread may overflow
    weighted = math.fsum(value * precision for value, precision in zip(values, precisions, strict=True))
    return weighted / math.fsum(precisions)


def shrink(means: Sequence[float], *, variances: Sequence[float], counts: Sequence[int]) -> Shrinkage:
    """Shrink candidate means towards their common mean by empirical Bayes, method of moments.

    Each keeps tau^2 / (tau^2 + sigma^2 / n) of its distance to the common mean, where tau^2 is what the spread of the
    means exceeds their average noise by.

    Args:
        means: Mean score of each candidate.
        variances: Variance sigma^2 of one score of each candidate. When all ran on the same examples, take the
            variance of the residual after the example's own difficulty: the shared part is not noise between them.
        counts: How many scores n made each mean.

    Raises:
        ValidationError: No mean, lengths that differ, a negative variance or a count below 1.

    Source: Efron and Morris, Data analysis using Stein's estimator, JASA 70 (1975); moment estimator after Hedges and
    Olkin, Statistical Methods for Meta-Analysis (1985), chapter 9.

    Example:
        >>> found = shrink([0.4, 0.5, 0.6], variances=[0.1, 0.1, 0.1], counts=[20, 20, 20])
        >>> [round(mean, 3) for mean in found.means]
        [0.45, 0.5, 0.55]
    """
    values = finite_scores(means)
    noise = _noise(variances, counts, len(values))
    plain = math.fsum(values) / len(values)
    spread = math.fsum((value - plain) ** 2 for value in values) / max(1, len(values) - 1)
    tau_squared = max(0.0, spread - math.fsum(noise) / len(noise))
    totals = [tau_squared + one for one in noise]
    common = _centre(values, totals)
    weights = tuple(tau_squared / total if total else 0.0 for total in totals)
    shrunk = tuple(common + weight * (value - common) for weight, value in zip(weights, values, strict=True))
    return Shrinkage(shrunk, weights, common, tau_squared)


def minimum_detectable_difference(n: int, sd: float, *, significance: float = 0.05, power: float = 0.8) -> float:
    """Return the true mean difference that a one-sided paired test on n pairs finds with the given power.

    With the defaults this is about 2.5 sd / sqrt(n).

    Args:
        n: How many pairs.
        sd: Standard deviation of the paired differences.
        significance: The p value below which a difference counts.
        power: How often it should be found.

    Raises:
        ValidationError: n is below 1, sd is negative, or a probability is not between 0 and 1.

    Example:
        >>> round(minimum_detectable_difference(100, 0.62), 3)
        0.154
    """
    if n < 1 or not 0 <= sd < math.inf:
        found = f"expected n >= 1 and a finite sd >= 0, found {n} and {sd!r}"
        raise ValidationError("no difference can be computed", problems=[Problem((), "range", found)])
    threshold = NormalDist().inv_cdf(level(power)) - NormalDist().inv_cdf(level(significance))
    return max(0.0, threshold) * sd / math.sqrt(n)
