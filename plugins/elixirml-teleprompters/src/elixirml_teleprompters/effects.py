"""Scores freed of how hard the examples were that each candidate happened to meet."""

import numpy as np
from attrs import frozen

from elixirml_teleprompters._arrays import Floats, Integers

__all__ = ["Scores", "scores_of"]

SWEEPS = 3
RIDGE = 4.0
BINARY_VARIANCE = 0.17


@frozen(eq=False)
class Scores:
    """What was seen of each candidate, on one scale.

    Attributes:
        means: Mean score after the shrunk effects of the examples are taken off. Shape (n,).
        noise: Sampling variance of each mean. Shape (n,).
        counts: How many examples each has seen. Shape (n,).
        unit: What counts as 1: 1 for a 0/1 metric, else twice the standard deviation of a single score.
    """

    means: Floats
    noise: Floats
    counts: Floats
    unit: float

    def take(self, index: Integers) -> "Scores":
        """Return the scores at these positions."""
        return Scores(self.means[index], self.noise[index], self.counts[index], self.unit)


def scores_of(table: Floats) -> Scores:
    """Return the scores of a table of candidates (rows) by examples (columns); NaN where nothing was seen.

    Every row must hold a value. Effects of examples are found in three sweeps with ridge 4; the residual variance is
    .17 for a 0/1 metric (what blocking leaves of .25) and estimated for graded metrics.
    """
    seen = np.isfinite(table)
    filled = np.where(seen, table, 0.0)
    counts = seen.sum(axis=1).astype(np.float64)
    effects = np.zeros(table.shape[1])
    means = filled.sum(axis=1) / counts
    for _ in range(SWEEPS):
        effects = ((filled - means[:, None]) * seen).sum(axis=0) / (seen.sum(axis=0) + RIDGE)
        means = ((filled - effects) * seen).sum(axis=1) / counts
    values = table[seen]
    unit = 1.0
    if np.isin(np.abs(values), (0.0, 1.0)).all():
        variance = BINARY_VARIANCE
    else:
        unit = 2.0 * float(values.std()) or 1.0
        residual = (filled - means[:, None] - effects)[seen]
        freedom = max(1.0, residual.size - len(means))
        variance = max(float(residual @ residual) / freedom, 1e-4 * unit * unit)
    return Scores(means, variance / counts, counts, unit)
