"""The wrapper: scikit-optimize, asked once and thrown away.

An `Optimizer` of scikit-optimize changes with every call, cannot be saved as JSON, and suggests something else after a
bulk load than after one-by-one tells. So a new one is built for every suggestion, told everything at once, asked, and
dropped: the same rows and seed always give the same suggestion. Its Gaussian process has one length scale (.1 s at 150
rows, where one per dimension takes 10 s). It is kept from replacing a repeated suggestion by a random one: under noise
a repeat is wanted.
"""

import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from attrs import frozen

from elixirml_skopt.dimensions import Category, Coordinate, Dimension

__all__ = ["Belief", "believe", "suggest"]

POINTS = 1000


@frozen
class Belief:
    """What a Gaussian process makes of some points.

    Attributes:
        means: Higher is better.
        deviations: Of these beliefs.
    """

    means: tuple[float, ...]
    deviations: tuple[float, ...]


@contextmanager
def _quiet() -> Generator[None]:
    """Keep warnings in: of fits that stop at a bound, and of suggestions that were evaluated before.

    One thread is enough for these matrices, adds up the same on every machine, and leaves the cores to a local model.
    """
    limits: Any = import_module("threadpoolctl").threadpool_limits
    with warnings.catch_warnings(), limits(limits=1):
        warnings.simplefilter("ignore")
        yield


def _process(seed: int) -> Any:
    learning: Any = import_module("skopt.learning")
    kernels: Any = import_module("skopt.learning.gaussian_process.kernels")
    amplitude = kernels.ConstantKernel(1.0, (0.01, 100.0))
    kernel = amplitude * kernels.Matern(length_scale=1.0, length_scale_bounds=(0.05, 20.0), nu=2.5)
    return learning.GaussianProcessRegressor(
        kernel=kernel, normalize_y=True, noise="gaussian", n_restarts_optimizer=0, random_state=seed
    )


def _optimizer(dimensions: Sequence[Dimension], seed: int) -> Any:
    skopt: Any = import_module("skopt")
    space: Any = import_module("skopt.space")
    return skopt.Optimizer(
        [
            space.Categorical(list(range(dimension.count))) if isinstance(dimension, Category) else space.Real(0.0, 1.0)
            for dimension in dimensions
        ],
        base_estimator=_process(seed),
        n_initial_points=0,
        acq_func="EI",
        acq_optimizer="sampling",
        acq_optimizer_kwargs={"n_points": POINTS},
        random_state=seed,
        model_queue_size=1,
        avoid_duplicates=False,
    )


def _told(
    dimensions: Sequence[Dimension], points: Sequence[Sequence[Coordinate]], values: Sequence[float], seed: int
) -> Any:
    optimizer = _optimizer(dimensions, seed)
    # scikit-optimize minimises.
    optimizer.tell([list(point) for point in points], [-value for value in values])
    return optimizer


def suggest(
    dimensions: Sequence[Dimension],
    points: Sequence[Sequence[Coordinate]],
    values: Sequence[float],
    *,
    count: int,
    seed: int,
) -> tuple[list[Coordinate], ...]:
    """Return the points to evaluate next; each after the first sees those before it as lies of the model's mean.

    Args:
        dimensions: What a point is made of.
        points: What was evaluated, one row a candidate.
        values: Their scores; higher is better, finite.
        count: How many to suggest.
        seed: The only source of randomness.
    """
    known, lies = [list(point) for point in points], list(values)
    found: list[list[Coordinate]] = []
    with _quiet():
        for turn in range(count):
            optimizer = _told(dimensions, known, lies, (seed + turn) % 2**31)
            point = _plain(optimizer.ask(), dimensions)
            found.append(point)
            known.append(point)
            lies.append(-float(optimizer.models[-1].predict(optimizer.space.transform([point]))[0]))
    return tuple(found)


def believe(
    dimensions: Sequence[Dimension], points: Sequence[Sequence[Coordinate]], values: Sequence[float], *, seed: int
) -> Belief:
    """Return what the process makes of the points it was told: their means without the noise of each."""
    with _quiet():
        optimizer = _told(dimensions, points, values, seed)
        rows = optimizer.space.transform([list(point) for point in points])
        means, deviations = optimizer.models[-1].predict(rows, return_std=True)
    return Belief(tuple(-float(mean) for mean in means), tuple(float(deviation) for deviation in deviations))


def _plain(point: Sequence[Any], dimensions: Sequence[Dimension]) -> list[Coordinate]:
    """Return a suggestion as plain numbers."""
    return [
        int(coordinate) if isinstance(dimension, Category) else float(coordinate)
        for coordinate, dimension in zip(point, dimensions, strict=True)
    ]
