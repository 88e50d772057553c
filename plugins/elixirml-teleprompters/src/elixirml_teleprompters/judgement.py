"""The judgement: what the surrogate makes of the race so far, and of points that are not in it yet."""

from collections.abc import Sequence

import numpy as np
from attrs import frozen

from elixirml_teleprompters._arrays import Floats, Integers
from elixirml_teleprompters.contest import Contest
from elixirml_teleprompters.effects import Scores, scores_of
from elixirml_teleprompters.features import Point
from elixirml_teleprompters.rows import stacked
from elixirml_teleprompters.surrogate import Belief, Shape, believe, fitted_shape

__all__ = ["Judgement", "judge", "learned_shape"]

FIRST = 80
PROMISING = 160
MOST_FITTED = 120
"""How many candidates the shape is fitted on: those with most examples."""


@frozen(eq=False)
class Judgement:
    """A joint belief about points; the first `len(counts)` of them are in the race.

    Attributes:
        points: The points.
        belief: About their true means, in units.
        counts: How many examples each of the first has seen.
        unit: What 1 is worth in the metric's own unit.
    """

    points: tuple[Point, ...]
    belief: Belief
    counts: Floats
    unit: float

    @property
    def order(self) -> list[int]:
        """Positions of those in the race, best first."""
        return [int(at) for at in np.argsort(-self.belief.mean[: len(self.counts)], kind="stable")]

    def leaders(self, count: int) -> tuple[Point, ...]:
        """Return the best point of each of the `count` best families in the race."""
        best: dict[str, Point] = {}
        for at in self.order:
            best.setdefault(self.points[at].request, self.points[at])
            if len(best) == count:
                break
        return tuple(best.values())

    def chance_of_better(self, draws: Floats, *, gain: float) -> float:
        """Return the share of joint draws in which some other point beats the leader by more than `gain`."""
        leader = self.order[0]
        others = np.delete(draws, leader, axis=1)
        if not others.shape[1]:
            return 0.0
        return float((others.max(axis=1) - draws[:, leader] > gain / self.unit).mean())


def _seen(contest: Contest) -> tuple[tuple[Point, ...], Scores]:
    scorers = contest.scorers()
    return tuple(point for point, _ in scorers), scores_of(np.stack([entrant.scores for _, entrant in scorers]))


def _worth_keeping(scores: Scores) -> Integers:
    """Return the positions of those the surrogate is built on: all, or the first and the most promising of many.

    The first ones were spread over the whole space: with them the surrogate remembers what is bad.
    """
    size = len(scores.means)
    if size <= FIRST + PROMISING:
        return np.arange(size)
    order = np.argsort(-(scores.means + np.sqrt(scores.noise)), kind="stable")
    return np.union1d(np.arange(FIRST), order[:PROMISING]).astype(np.int64)


def learned_shape(contest: Contest) -> Shape:
    """Return the shape of the surrogate that suits the race so far; somebody must have a score."""
    points, scores = _seen(contest)
    most = np.argsort(-scores.counts, kind="stable")[:MOST_FITTED]
    rows = stacked([points[int(at)].row for at in most])
    return fitted_shape(rows, scores.means[most] / scores.unit, scores.noise[most] / scores.unit**2)


def judge(contest: Contest, strangers: Sequence[Point], shape: Shape, *, everybody: bool = False) -> Judgement:
    """Return the judgement of those with a score, then of the strangers; somebody must have a score.

    Args:
        contest: The contest.
        strangers: Points that are not in it.
        shape: The shape of the surrogate.
        everybody: Judge everybody with a score, however many they are, instead of the first and the most promising.
    """
    points, scores = _seen(contest)
    if not everybody:
        kept = _worth_keeping(scores)
        points, scores = tuple(points[int(at)] for at in kept), scores.take(kept)
    rows = stacked([point.row for point in points])
    if strangers:
        others = stacked([point.row for point in strangers])
        if contest.trusting and contest.features.free:
            others = contest.features.favoured(others, points[int(np.argmax(scores.means))].row)
        rows = stacked([rows, others])
    belief = believe(rows, scores.means / scores.unit, scores.noise / scores.unit**2, shape)
    return Judgement((*points, *strangers), belief, scores.counts, scores.unit)
