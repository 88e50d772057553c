"""Paired tests: two candidates on the same examples, and how easily chance alone makes such a difference."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import getitem
from random import Random
from typing import Literal, TypeAlias

from attrs import frozen

from elixirml.errors import Problem, ValidationError
from elixirml.studies.statistics.bootstrap import paired_bca
from elixirml.studies.statistics.intervals import Interval
from elixirml.studies.statistics.samples import differences, is_binary

__all__ = ["Alternative", "Comparison", "McNemar", "Permutation", "mcnemar_exact", "paired_permutation", "paired_test"]

Alternative: TypeAlias = Literal["two-sided", "greater", "less"]
"""What would be news: a differs from b, a is greater than b, or a is less than b."""

_EXACT_PAIRS = 28  # two halves of 2**14 sums each; beyond, Monte Carlo is faster than it is inexact
_BLOCK = 8  # pairs whose signs one random byte decides


@frozen
class McNemar:
    """The exact McNemar test.

    Attributes:
        only_a: Pairs in which a alone succeeded.
        only_b: Pairs in which b alone succeeded.
        p_value: Probability of a split at least as uneven if both were equally good.
    """

    only_a: int
    only_b: int
    p_value: float


@frozen
class Permutation:
    """The paired sign-flip test.

    Attributes:
        difference: Mean of a - b.
        p_value: Probability of a mean difference at least as large if the two sides of each pair could be swapped.
        exact: Whether every choice of signs was counted, and not a random sample of them.
    """

    difference: float
    p_value: float
    exact: bool


@frozen
class Comparison:
    """A candidate against a baseline on the same examples.

    Attributes:
        difference: Mean of candidate - baseline.
        interval: Bootstrap (BCa) interval of the difference.
        p_value: Of the test named in `test`, against "the candidate is no better".
        n: How many pairs.
        wins: Pairs in which the candidate is better.
        losses: Pairs in which the baseline is better; all others are ties.
        test: `mcnemar_exact`, `paired_permutation` or, when signs were sampled, `paired_permutation_sampled`.
    """

    difference: float
    interval: Interval
    p_value: float
    n: int
    wins: int
    losses: int
    test: str


def _sided(at_least: float, at_most: float, alternative: Alternative) -> float:
    """Return the p value from the two one-sided ones of a symmetric null distribution."""
    by_side = {"greater": at_least, "less": at_most, "two-sided": min(1.0, 2 * min(at_least, at_most))}
    if alternative not in by_side:
        found = f"expected two-sided, greater or less, found {alternative!r}"
        raise ValidationError("unknown alternative", problems=[Problem((), "choice", found)])
    return by_side[alternative]


def _fair_coin_at_most(heads: int, n: int) -> float:
    """Return P(X <= heads) for n fair coins, from exact integers."""
    term = total = 1
    for k in range(heads):
        term = term * (n - k) // (k + 1)
        total += term
    return total / (1 << n)


def mcnemar_exact(a: Sequence[float], b: Sequence[float], *, alternative: Alternative = "two-sided") -> McNemar:
    """Test two samples of 0 and 1 by the binomial distribution of their discordant pairs.

    Args:
        a: Scores of 0 and 1.
        b: Scores of 0 and 1 on the same examples.
        alternative: "greater" asks whether a succeeds more often than b.

    Raises:
        ValidationError: The samples differ in length, are empty or hold other scores than 0 and 1.

    Source: McNemar, Psychometrika 12 (1947); exact form after Liddell, J. Epidemiol. Community Health 37 (1983).
    """
    gaps = differences(a, b)
    if not (is_binary(a) and is_binary(b)):
        raise ValidationError(
            "McNemar's test compares successes",
            problems=[Problem((), "range", "every score must be 0 or 1")],
            hint="For graded scores use `paired_permutation`.",
        )
    only_a, only_b = gaps.count(1.0), gaps.count(-1.0)
    n = only_a + only_b
    at_least, at_most = _fair_coin_at_most(only_b, n), _fair_coin_at_most(only_a, n)
    return McNemar(only_a, only_b, _sided(at_least, at_most, alternative))


def _signed_sums(values: Sequence[float]) -> list[float]:
    """Return the sums of the values under every choice of signs."""
    sums = [0.0]
    for value in values:
        sums = [total + value for total in sums] + [total - value for total in sums]
    return sums


def _exact_tails(gaps: Sequence[float], observed: float, slack: float) -> tuple[float, float]:
    """Return P(sum >= observed) and P(sum <= observed) over all signs, by meeting in the middle."""
    half = len(gaps) // 2
    left, right = _signed_sums(gaps[:half]), sorted(_signed_sums(gaps[half:]))
    at_least = sum(len(right) - bisect_left(right, observed - slack - total) for total in left)
    at_most = sum(bisect_right(right, observed + slack - total) for total in left)
    return at_least / 2 ** len(gaps), at_most / 2 ** len(gaps)


def _sampled_tails(
    gaps: Sequence[float], observed: float, slack: float, *, seed: int, resamples: int
) -> tuple[float, float]:
    """Estimate the tails from random signs; the observed signs count as one draw, so that p is never 0.

    Source: Phipson and Smyth, Permutation p-values should never be zero, SAGMB 9 (2010).
    """
    blocks = [gaps[start : start + _BLOCK] for start in range(0, len(gaps), _BLOCK)]
    tables = [_signed_sums([*block, *[0.0] * (_BLOCK - len(block))]) for block in blocks]
    random_bytes = Random(seed).randbytes
    at_least = at_most = 1
    for _ in range(resamples):
        total = sum(map(getitem, tables, random_bytes(len(tables))))
        at_least += total >= observed - slack
        at_most += total <= observed + slack
    return at_least / (resamples + 1), at_most / (resamples + 1)


def paired_permutation(
    a: Sequence[float],
    b: Sequence[float],
    *,
    alternative: Alternative = "two-sided",
    resamples: int = 10_000,
    seed: int = 0,
) -> Permutation:
    """Test the mean paired difference by flipping the signs of the differences.

    All sign choices are counted when at most 28 pairs differ; beyond that `resamples` random ones are. Sums that tie
    with the observed one, up to rounding, count as at least as large.

    Args:
        a: Scores of one side.
        b: Scores of the other side on the same examples.
        alternative: "greater" asks whether a is greater than b on average.
        resamples: How many random sign choices, when not all are counted.
        seed: Same seed, same p value.

    Raises:
        ValidationError: The samples differ in length, are empty or hold a number that is not finite.

    Source: Fisher, The Design of Experiments (1935), section 21.
    """
    gaps = differences(a, b)
    observed = math.fsum(gaps)
    moving = [gap for gap in gaps if gap]  # a pair without difference has no sign to flip
    slack = 1e-12 * math.fsum(map(abs, moving))
    exact = len(moving) <= _EXACT_PAIRS
    if exact:
        tails = _exact_tails(moving, observed, slack)
    else:
        tails = _sampled_tails(moving, observed, slack, seed=seed, resamples=resamples)
    return Permutation(observed / len(gaps), _sided(*tails, alternative), exact)


def _p_value(
    candidate: Sequence[float], baseline: Sequence[float], alternative: Alternative, seed: int
) -> tuple[float, str]:
    """Return the p value of the test that fits the scores, and the test's name."""
    if is_binary(candidate) and is_binary(baseline):
        return mcnemar_exact(candidate, baseline, alternative=alternative).p_value, "mcnemar_exact"
    found = paired_permutation(candidate, baseline, alternative=alternative, seed=seed)
    return found.p_value, "paired_permutation" if found.exact else "paired_permutation_sampled"


def paired_test(
    baseline: Sequence[float],
    candidate: Sequence[float],
    *,
    alternative: Alternative = "greater",
    confidence: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Compare a candidate with a baseline: one-sided exact McNemar for 0 and 1, sign-flip permutation otherwise.

    Args:
        baseline: Scores of the baseline.
        candidate: Scores of the candidate on the same examples, in the same order.
        alternative: What would make the candidate better: "greater" scores, "less" for metrics where less is better;
            "two-sided" asks only whether they differ, and counts greater scores as wins.
        confidence: Of the interval.
        seed: Same seed, same answer.

    Raises:
        ValidationError: The samples differ in length, are empty or hold a number that is not finite.

    Example:
        >>> found = paired_test([0, 0, 0, 0, 0, 1], [1, 1, 1, 1, 1, 1])
        >>> found.p_value, found.wins, found.losses
        (0.03125, 5, 0)
    """
    gaps = differences(candidate, baseline)
    p_value, test = _p_value(candidate, baseline, alternative, seed)
    rises, falls = sum(gap > 0 for gap in gaps), sum(gap < 0 for gap in gaps)
    wins, losses = (falls, rises) if alternative == "less" else (rises, falls)
    return Comparison(
        difference=math.fsum(gaps) / len(gaps),
        interval=paired_bca(gaps, confidence=confidence, seed=seed),
        p_value=p_value,
        n=len(gaps),
        wins=wins,
        losses=losses,
        test=test,
    )
