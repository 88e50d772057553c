"""Successive halving on paired pulls: all race, the better half goes on and takes twice as many new examples.

After Jamieson and Talwalkar, Non-stochastic Best Arm Identification and Hyperparameter Optimization (2016); here every
candidate takes the same examples in the same order, and halves are parted by scores freed of the examples' effects.
"""

import math
from collections.abc import Sequence

import numpy as np
from attrs import evolve, frozen

from elixirml.contracts import Action, Evaluate, Stop
from elixirml_teleprompters.contest import Contest
from elixirml_teleprompters.effects import scores_of
from elixirml_teleprompters.features import Point

__all__ = ["Halving", "affordable"]

MOST = 64


def _reached(rounds: int, pull: int, examples: int) -> int:
    """Return how far into the order so many rounds go: each takes twice as many new examples as the one before."""
    return min(pull * ((1 << rounds) - 1), examples)


def _kept(count: int) -> int:
    """Return how many of so many go on: half, but always two, so that the last round has a comparison to make."""
    return max(2, math.ceil(count / 2))


def _schedule(count: int, pull: int, examples: int) -> list[tuple[int, int]]:
    """Return (survivors, position reached) of every round."""
    rounds = [(count, _reached(1, pull, examples))]
    while rounds[-1][0] > 2 and rounds[-1][1] < examples:
        rounds.append((_kept(rounds[-1][0]), _reached(len(rounds) + 1, pull, examples)))
    return rounds


def _total(rounds: Sequence[tuple[int, int]]) -> int:
    """Return how many examples all rounds take, each survivor paying only for what it has not met."""
    before, total = 0, 0
    for count, reached in rounds:
        total += count * (reached - before)
        before = reached
    return total


def affordable(*, examples: int, pull: int, calls: float, rate: int) -> int:
    """Return how many candidates can be halved down to two with so many calls: at least 1, at most 64."""
    counts = range(MOST, 1, -1)
    return next((count for count in counts if _total(_schedule(count, pull, examples)) * rate <= calls), 1)


@frozen(eq=False)
class Halving:
    """A halving under way.

    Attributes:
        contest: The contest.
        survivors: Who races in the next round.
        rounds: How many rounds were sent out.
    """

    contest: Contest
    survivors: tuple[Point, ...]
    rounds: int = 0

    def step(self, pull: int) -> tuple["Halving", Sequence[Action]]:
        """Return the next round, or the end.

        Args:
            pull: How many examples the first round takes.
        """
        examples = len(self.contest.race.examples)
        here = self._halved() if self.rounds else self
        return here.round(_reached(self.rounds + 1, pull, examples))

    def _halved(self) -> "Halving":
        """Return the better half: by family, each judged by its best sibling; two stay to the end."""
        best = self._best_of_families()
        order = sorted(best, key=lambda request: -best[request][0])
        keep = _kept(len(order))
        return evolve(self, survivors=tuple(best[request][1] for request in order[:keep]))

    def _best_of_families(self) -> dict[str, tuple[float, Point]]:
        requests = {point.request for point in self.survivors}
        scorers = [(point, entrant) for point, entrant in self.contest.scorers() if point.request in requests]
        means = scores_of(np.stack([entrant.scores for _, entrant in scorers])).means if scorers else np.zeros(0)
        best: dict[str, tuple[float, Point]] = {}
        for (point, _), mean in zip(scorers, means, strict=True):
            if point.request not in best or mean > best[point.request][0]:
                best[point.request] = (float(mean), point)
        return best

    def round(self, reached: int) -> tuple["Halving", Sequence[Action]]:
        """Send the survivors on, all equally far: to a position of the order, or as far as the calls pay for."""
        contest, actions = self.contest, list[Evaluate]()
        before = max(map(contest.asked, self.survivors), default=0)
        while reached > before and contest.race.price(reached - before) * len(self.survivors) > contest.race.left:
            reached -= 1
        for point in self.survivors:
            contest, action = contest.pulling(point, upto=reached)
            actions.append(action)
        sent = tuple(action for action in actions if action.examples)
        done = evolve(self, contest=contest, rounds=self.rounds + 1)
        return done, sent or (Stop("the finalists are told apart as far as the calls and the examples go"),)
