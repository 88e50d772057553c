"""A sample of scores: numbers that are fit to be counted, and their summary."""

import math
from collections.abc import Sequence

from attrs import frozen

from elixirml.errors import Problem, ValidationError

__all__ = ["Summary", "differences", "finite_scores", "is_binary", "level", "summary"]


@frozen
class Summary:
    """The mean of a sample and how far its scores spread.

    Attributes:
        mean: Arithmetic mean, in the unit of the scores.
        sd: Sample standard deviation (divisor n - 1); None for a single score, which shows no spread.
        se: Standard error of the mean, sd / sqrt(n); None for a single score.
        n: How many scores.
    """

    mean: float
    sd: float | None
    se: float | None
    n: int


def finite_scores(scores: Sequence[float]) -> list[float]:
    """Return the scores as floats; booleans count as 0 and 1.

    Raises:
        ValidationError: There is no score, or one is NaN or infinite; every such position is listed.
    """
    values = [float(score) for score in scores]
    problems = [
        Problem((position,), "range", f"a score is a finite number, found {value!r}")
        for position, value in enumerate(values)
        if not math.isfinite(value)
    ]
    if problems:
        raise ValidationError("these scores cannot be summarised", problems=problems)
    if not values:
        raise ValidationError(
            "an empty sample has no statistics",
            problems=[Problem((), "missing", "at least one score is needed, found none")],
            hint="Check that the data source is not empty and that not every example failed.",
        )
    return values


def differences(a: Sequence[float], b: Sequence[float]) -> list[float]:
    """Return a - b, pair by pair.

    Raises:
        ValidationError: The samples differ in length, are empty or hold a number that is not finite.
    """
    if len(a) != len(b):
        raise ValidationError(
            "paired samples hold one score per example on each side",
            problems=[Problem((), "length", f"expected equally many scores, found {len(a)} and {len(b)}")],
        )
    return [left - right for left, right in zip(finite_scores(a), finite_scores(b), strict=True)]


def is_binary(scores: Sequence[float]) -> bool:
    """Say whether every score is 0 or 1, so that it counts successes."""
    return all(score in (0, 1) for score in scores)


def level(confidence: float) -> float:
    """Return a confidence, significance or power when it is a share strictly between 0 and 1.

    Raises:
        ValidationError: It is not; 95 % is written 0.95.
    """
    if not 0 < confidence < 1:
        raise ValidationError(
            "a level is a share",
            problems=[Problem((), "range", f"expected a number between 0 and 1, both excluded, found {confidence!r}")],
            hint="95 % is written 0.95.",
        )
    return confidence


def summary(scores: Sequence[float]) -> Summary:
    """Return mean, sample standard deviation and standard error.

    Raises:
        ValidationError: No score, or one that is not finite.

    Example:
        >>> summary([1, 0, 1, 1])
        Summary(mean=0.75, sd=0.5, se=0.25, n=4)
    """
    values = finite_scores(scores)
    n = len(values)
    mean = math.fsum(values) / n
    if n == 1:
        return Summary(mean, None, None, n)
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    return Summary(mean, sd, sd / math.sqrt(n), n)
