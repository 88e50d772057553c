"""Successive halving on paired pulls: all race, the better half goes on, twice as far each time.

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


def _schedule(count: int, pull: int, examples: int) -> list[tuple[int, int]]:
    """Return (survivors, position reached) of every round."""
    rounds: list[tuple[int, int]] = []
    reached = min(pull, examples)
    while True:
        rounds.append((count, reached))
        if reached >= examples or count <= 1:
            return rounds
        count, reached = max(2, math.ceil(count / 2)) if count > 2 else 2, min(2 * reached, examples)


def _total(rounds: Sequence[tuple[int, int]]) -> int:
    """Return how many examples all rounds take, each survivor paying only for what it has not met."""
    before, total = 0, 0
    for count, reached in rounds:
        total += count * (reached - before)
        before = reached
    return total


def affordable(*, examples: int, pull: int, calls: float, rate: int) -> int:
    """Return how many candidates can be halved down with so many calls: at least 1, at most 64."""
    counts = range(MOST, 1, -1)
    return next((count for count in counts if _total(_schedule(count, pull, examples)) * rate <= calls), 1)


@frozen(eq=False)
class Halving:
    """A halving under way.

    Attributes:
        contest: The contest.
        survivors: Who races in the next round.
        reached: How far into the order the last round went.
    """

    contest: Contest
    survivors: tuple[Point, ...]
    reached: int = 0

    def step(self, pull: int) -> tuple["Halving", Sequence[Action]]:
        """Return the next round, or the end.

        Args:
            pull: How many examples the first round takes.
        """
        examples = len(self.contest.race.examples)
        if self.reached >= examples:
            return self, (Stop("the finalists have seen every example"),)
        halved = self._halved() if self.reached else self
        reached = min(pull if not self.reached else 2 * self.reached, examples)
        return halved.round(reached)

    def _halved(self) -> "Halving":
        """Return the better half: by family, each judged by its best sibling; two stay to the end."""
        best = self._best_of_families()
        order = sorted(best, key=lambda request: -best[request][0])
        keep = max(2, math.ceil(len(order) / 2))
        return evolve(self, survivors=tuple(best[request][1] for request in order[:keep]))

    def _best_of_families(self) -> dict[str, tuple[float, Point]]:
        requests = {point.request for point in self.survivors}
        points = self.contest.points
        scorers = [entrant for entrant in self.contest.race.scorers if points[entrant.candidate.id].request in requests]
        means = scores_of(np.stack([entrant.scores for entrant in scorers])).means if scorers else np.zeros(0)
        best: dict[str, tuple[float, Point]] = {}
        for entrant, mean in zip(scorers, means, strict=True):
            point = points[entrant.candidate.id]
            if point.request not in best or mean > best[point.request][0]:
                best[point.request] = (float(mean), point)
        return best

    def round(self, reached: int) -> tuple["Halving", Sequence[Action]]:
        """Send out as many survivors as can be paid for, the best first."""
        contest, actions = self.contest, list[Evaluate]()
        planned = 0
        for point in self.survivors:
            price = contest.race.price(reached - contest.race.asked(point.id))
            if planned + price > contest.race.left:
                break
            planned += price
            contest, action = contest.pulling(point, upto=reached)
            actions.append(action)
        done = evolve(self, contest=contest, reached=reached)
        sent = tuple(action for action in actions if action.examples)
        return done, sent or (Stop("the calls left do not pay for another round"),)
