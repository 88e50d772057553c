"""Biases of labels, estimated from the scores a model gave them.

A language model prefers some labels whatever the input. A bias a label, added to its log-probability before the
likeliest is chosen, takes that preference out, and costs no model call. Two estimates, both zero on average over the
labels:

- `batch_bias` needs no answers: it subtracts each label's mean log-probability over the rows (after "Batch
  Calibration", Zhou et al., ICLR 2024), which supposes that labels are about equally frequent.
- `fitted_bias` needs answers: it maximises the likelihood of the right labels (multinomial logistic regression whose
  inputs are the log-probabilities, with the biases as its only weights), starting from the batch bias: few answers
  leave it there, many move it to where the labels' true frequencies are.

Rows are put in one order first, so the order in which they come changes nothing.
"""

import math
from collections.abc import Mapping, Sequence
from operator import mul
from typing import Final

from attrs import field, frozen

__all__ = ["BATCH_PRIOR_ROWS", "FITTED_PRECISION", "ScoredRow", "batch_bias", "fitted_bias"]

BATCH_PRIOR_ROWS: Final = 4.0
"""The batch bias is multiplied by n / (n + this): half of it after 4 rows, nine tenths after 36."""

FITTED_PRECISION: Final = 1.0
"""Precision, in 1/nat², of the normal prior that holds a fitted bias near the batch bias: a deviation of one nat."""

_FLOOR: Final = 50.0  # nats below the likeliest label; keeps minus infinity out of the sums
_MOST_STEPS: Final = 50
_SMALL_STEP: Final = 1e-5


@frozen
class ScoredRow:
    """One reply: what the model gave each label.

    Attributes:
        scores: Natural-log probability by label.
        expected: The right label, where it is known.
    """

    scores: Mapping[str, float] = field(hash=False)
    expected: str | None = None


def batch_bias(rows: Sequence[ScoredRow], labels: Sequence[str]) -> dict[str, float]:
    """Return minus each label's mean log-probability, centred, and shrunk towards zero when rows are few.

    A label that no row has scored keeps the neutral bias 0. Rows that lack a score which others have are left out;
    without any row there is nothing to return.
    """
    scored = _scored(rows, labels)
    usable = [scores for scores, _ in _usable(rows, scored)]
    if not usable:
        return {}
    count = len(usable)
    means = [math.fsum(column) / count for column in zip(*usable, strict=True)]
    centre = math.fsum(means) / len(means)
    weight = count / (count + BATCH_PRIOR_ROWS)
    return _neutral(labels) | {label: weight * (centre - mean) for label, mean in zip(scored, means, strict=True)}


def fitted_bias(rows: Sequence[ScoredRow], labels: Sequence[str]) -> dict[str, float]:
    """Return the biases under which the expected labels are likeliest, with a normal prior around the batch bias.

    The batch bias is taken over all rows, answered or not. A label that no row has scored keeps the neutral bias 0;
    one that is never the answer stays as near to its batch bias as the prior holds it. Without an answered row there
    is nothing to return.
    """
    scored = _scored(rows, labels)
    answered = [(scores, scored.index(answer)) for scores, answer in _usable(rows, scored) if answer in scored]
    if not answered:
        return {}
    start = batch_bias(rows, scored)
    bias = _newton(_Likelihood(tuple(answered), tuple(start.values())))
    return _neutral(labels) | dict(zip(scored, bias, strict=True))


def _neutral(labels: Sequence[str]) -> dict[str, float]:
    return dict.fromkeys(labels, 0.0)


def _scored(rows: Sequence[ScoredRow], labels: Sequence[str]) -> list[str]:
    """Return the labels that some row has a score for."""
    return [label for label in labels if any(label in row.scores for row in rows)]


def _usable(rows: Sequence[ScoredRow], labels: Sequence[str]) -> list[tuple[list[float], str]]:
    """Return the rows with a score for each of the labels, in one order, each with its answer or an empty text."""
    found: list[tuple[list[float], str]] = []
    for row in rows:
        scores = [row.scores.get(label, math.nan) for label in labels]
        top = max(scores, default=math.nan)
        if math.isfinite(top) and not any(map(math.isnan, scores)):
            found.append(([max(score, top - _FLOOR) for score in scores], row.expected or ""))
    return sorted(found)


@frozen
class _Point:
    """Where the search stands: the biases, their loss, and each label's probability in every row (a column a label)."""

    bias: tuple[float, ...]
    loss: float
    columns: tuple[tuple[float, ...], ...]


@frozen
class _Likelihood:
    """The penalised negative log-likelihood of the answers; strictly convex in the biases."""

    rows: tuple[tuple[list[float], int], ...]
    prior: tuple[float, ...]

    def at(self, bias: Sequence[float]) -> _Point:
        """Return the point with these biases."""
        losses = [FITTED_PRECISION / 2 * (value - mean) ** 2 for value, mean in zip(bias, self.prior, strict=True)]
        rows: list[list[float]] = []
        for scores, answer in self.rows:
            raised = [score + value for score, value in zip(scores, bias, strict=True)]
            top = max(raised)
            weights = [math.exp(value - top) for value in raised]
            total = sum(weights)
            losses.append(math.log(total) + top - raised[answer])
            rows.append([weight / total for weight in weights])
        return _Point(tuple(bias), sum(losses), tuple(zip(*rows, strict=True)))

    def slope(self, point: _Point) -> list[float]:
        """Return the derivative of the loss by each bias."""
        slope = [
            sum(column) + FITTED_PRECISION * (value - mean)
            for column, value, mean in zip(point.columns, point.bias, self.prior, strict=True)
        ]
        for _, answer in self.rows:
            slope[answer] -= 1.0
        return slope


def _newton(likelihood: _Likelihood) -> tuple[float, ...]:
    """Return the biases of least loss: Newton's method, with steps halved while they raise the loss.

    Convergence is quadratic: after a step of 1e-5 the error left is far below the 1e-9 that anybody may see.
    """
    point = likelihood.at(likelihood.prior)
    for _ in range(_MOST_STEPS):
        step = _solve(_curvature(point.columns), likelihood.slope(point))
        if max(map(abs, step)) < _SMALL_STEP:
            return tuple(value - move for value, move in zip(point.bias, step, strict=True))
        point = _descend(likelihood, point, step)
    return point.bias


def _descend(likelihood: _Likelihood, point: _Point, step: Sequence[float]) -> _Point:
    """Return the point after the largest halving of the step that does not raise the loss."""
    size = 1.0
    while size > _SMALL_STEP:
        nearer = likelihood.at([value - size * move for value, move in zip(point.bias, step, strict=True)])
        if nearer.loss <= point.loss:
            return nearer
        size /= 2
    return point


def _curvature(columns: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return the lower triangle of the second derivatives of the loss."""
    return [
        [-sum(map(mul, column, other)) for other in columns[:index]]
        + [sum(column) - sum(map(mul, column, column)) + FITTED_PRECISION]
        for index, column in enumerate(columns)
    ]


def _solve(lower: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """Return the solution of a symmetric positive definite system, given its lower triangle (Cholesky)."""
    factor: list[list[float]] = []
    forward: list[float] = []
    for given, value in zip(lower, right, strict=True):
        row: list[float] = []
        for entry, above in zip(given, factor, strict=False):
            row.append((entry - sum(map(mul, row, above))) / above[-1])
        row.append(math.sqrt(given[-1] - sum(map(mul, row, row))))
        forward.append((value - sum(map(mul, row, forward))) / row[-1])
        factor.append(row)
    solution = forward
    for index in reversed(range(len(solution))):
        solution[index] /= factor[index][-1]
        for earlier in range(index):
            solution[earlier] -= factor[index][earlier] * solution[index]
    return solution
