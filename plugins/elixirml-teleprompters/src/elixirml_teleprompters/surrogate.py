"""The surrogate: an additive Gaussian process over candidates, fitted by marginal likelihood on a small grid.

The kernel is a common scale times the sum of one term a dimension, plus `rho` times all products of two dimensions,
plus a constant, plus a term of each candidate's own. Close to Duvenaud, Nickisch and Rasmussen, Additive Gaussian
Processes (2011), restricted to orders one and two; the structured surrogate for prompts is as in Schneider et al.,
Hyperband-based Bayesian Optimization for Black-box Prompt Selection (arXiv 2412.07820).
"""

from itertools import product

import numpy as np
from attrs import frozen

from elixirml_teleprompters._arrays import Floats
from elixirml_teleprompters.rows import Likeness, Rows, likeness

__all__ = ["Belief", "Shape", "believe", "fitted_shape", "gram"]

SPREADS = (0.05, 0.1, 0.17, 0.27)
RHOS = (0.1, 0.3, 1.0)
CONSTANT = 0.25
OWN = 0.05
FEWEST = 4


@frozen
class Shape:
    """The two numbers of the kernel that are learned.

    Attributes:
        spread: Prior standard deviation of the true means between candidates.
        rho: Weight of a product of two dimensions against a single dimension.
    """

    spread: float = 0.17
    rho: float = 0.3


@frozen(eq=False)
class Belief:
    """A joint normal belief about the true means of some candidates.

    Attributes:
        mean: Shape (n,).
        covariance: Shape (n, n).
    """

    mean: Floats
    covariance: Floats

    @property
    def deviation(self) -> Floats:
        """Standard deviation of each mean."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0.0))

    def draws(self, generator: np.random.Generator, *, count: int) -> Floats:
        """Return joint draws, shape (count, n)."""
        size = len(self.mean)
        jitter = 1e-8 + 1e-6 * float(np.trace(self.covariance)) / max(1, size)
        while True:
            try:
                root = np.linalg.cholesky(self.covariance + jitter * np.eye(size))
            except np.linalg.LinAlgError:
                jitter *= 10.0
            else:
                return self.mean + generator.standard_normal((count, size)) @ root.T


def gram(alike: Likeness, shape: Shape) -> Floats:
    """Return the prior covariance of candidates from how alike they are."""
    size, dims = len(alike.total), alike.dimensions
    pairs = (alike.total * alike.total - alike.squares) / 2
    weight = max(1.0, dims + shape.rho * dims * (dims - 1) / 2)
    additive = (alike.total + shape.rho * pairs) / weight
    return shape.spread**2 * ((1 - OWN) * additive + OWN * np.eye(size)) + CONSTANT


def fitted_shape(rows: Rows, means: Floats, noise: Floats) -> Shape:
    """Return the shape under which what was seen is most likely; the default shape when little was seen."""
    if len(means) < FEWEST:
        return Shape()
    alike = likeness(rows)
    residual = means - _centre(means, noise)
    grid = [Shape(spread, rho) for spread, rho in product(SPREADS, RHOS)]
    return max(grid, key=lambda shape: _log_evidence(gram(alike, shape) + np.diag(noise), residual))


def _centre(means: Floats, noise: Floats) -> float:
    weights = 1.0 / (0.02 + noise)
    return float((weights * means).sum() / weights.sum())


def _log_evidence(covariance: Floats, residual: Floats) -> float:
    root = np.linalg.cholesky(covariance)
    scaled = np.linalg.solve(root, residual)
    return float(-0.5 * scaled @ scaled - np.log(np.diag(root)).sum())


def believe(rows: Rows, means: Floats, noise: Floats, shape: Shape) -> Belief:
    """Return the belief about all rows after the first `len(means)` of them were seen.

    Args:
        rows: Seen candidates first.
        means: Their scores.
        noise: Sampling variance of each score.
        shape: The kernel.
    """
    seen = len(means)
    prior = gram(likeness(rows), shape)
    centre = _centre(means, noise)
    across = prior[:seen]
    observed = prior[:seen, :seen] + np.diag(noise)
    gain = np.linalg.solve(observed, across).T
    return Belief(centre + gain @ (means - centre), prior - gain @ across)
