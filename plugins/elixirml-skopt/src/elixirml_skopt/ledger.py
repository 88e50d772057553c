"""The ledger: who has seen which examples, and the rows that scikit-optimize is told."""

import math
from collections.abc import Mapping, Sequence
from random import Random

import numpy as np
from attrs import evolve, field, frozen
from numpy.typing import NDArray

from elixirml.contracts import Candidate, Context, Direction, Evaluate, Refused, StudyEvent, Told

__all__ = ["Entry", "Ledger"]

FEWEST = 5
MOST = 300
PATIENCE = 2


@frozen(eq=False)
class Entry:
    """A candidate and what is known of it.

    Attributes:
        candidate: The candidate.
        scores: By example id; higher is better.
        asked: How many examples of the order it was sent to.
        refusals: How often the study refused it.
    """

    candidate: Candidate
    scores: Mapping[str, float] = field(factory=dict[str, float])
    asked: int = 0
    refusals: int = 0


@frozen(eq=False)
class Ledger:
    """Everything that was told; never changed, every method returns a new one.

    Attributes:
        examples: Ids of all examples, in the order every candidate takes them.
        sign: 1 when higher scores are better, else -1.
        rate: Model calls an example costs at least.
        remaining: Calls left; None when not limited.
        entries: By candidate id, in the order they came.
        refusals: How many actions in a row were refused.
    """

    examples: tuple[str, ...]
    sign: float
    rate: int
    remaining: int | None
    entries: Mapping[str, Entry] = field(factory=dict[str, Entry])
    refusals: int = 0

    @classmethod
    def of(cls, context: Context) -> "Ledger":
        """Return the ledger before the start."""
        sign = 1.0 if context.direction is Direction.MAXIMIZE else -1.0
        return cls(context.examples, sign, max(1, context.calls_per_example), context.calls)

    @property
    def left(self) -> float:
        """Calls left; infinity when not limited."""
        return math.inf if self.remaining is None else self.remaining

    @property
    def scored(self) -> tuple[Entry, ...]:
        """Everybody with a score."""
        return tuple(entry for entry in self.entries.values() if entry.scores)

    def open(self, candidate: Candidate) -> bool:
        """Return whether a candidate has examples left."""
        entry = self.entries.get(candidate.id, Entry(candidate))
        return entry.asked < len(self.examples) and entry.refusals < PATIENCE

    def asked(self, candidate: Candidate) -> int:
        """Return how many examples a candidate was sent to."""
        return self.entries[candidate.id].asked if candidate.id in self.entries else 0

    def price(self, candidate: Candidate, pull: int) -> int:
        """Return what the next pull of a candidate costs at least, in calls."""
        return self.rate * min(pull, len(self.examples) - self.asked(candidate))

    def pulling(self, candidate: Candidate, pull: int) -> tuple["Ledger", Evaluate]:
        """Send a candidate to its next examples."""
        entry = self.entries.get(candidate.id, Entry(candidate))
        end = min(entry.asked + pull, len(self.examples))
        action = Evaluate(entry.candidate, self.examples[entry.asked : end])
        return self._with(evolve(entry, asked=end)), action

    def after(self, events: Sequence[StudyEvent]) -> "Ledger":
        """Return the ledger after what the study told."""
        ledger = self
        for event in events:
            if isinstance(event, Told):
                ledger = ledger.told(event)
            elif isinstance(event, Refused) and isinstance(event.action, Evaluate):
                ledger = ledger.refused(event.action)
        return ledger

    def told(self, event: Told) -> "Ledger":
        """Return the ledger after one result; scores that are not finite are left out."""
        scores = {one.example: self.sign * one.score for one in event.outcomes if math.isfinite(one.score)}
        entry = evolve(self.entries[event.candidate.id], scores=scores)
        return evolve(self._with(entry), remaining=event.remaining, refusals=0)

    def refused(self, action: Evaluate) -> "Ledger":
        """Return the ledger after an evaluation that was not carried out."""
        entry = self.entries[action.candidate.id]
        back = evolve(entry, asked=entry.asked - len(action.examples), refusals=entry.refusals + 1)
        return evolve(self._with(back), refusals=self.refusals + 1)

    def _with(self, entry: Entry) -> "Ledger":
        return evolve(self, entries={**self.entries, entry.candidate.id: entry})

    def rows(self, rng: Random) -> tuple[tuple[Candidate, float], ...]:
        """Return one row a candidate: its mean, freed of how hard its examples were.

        Candidates with fewer than five scores are left out, unless nobody has more. Of more than 300 the best, the
        newest and a random hundred are kept.
        """
        entries = [entry for entry in self.scored if len(entry.scores) >= FEWEST] or list(self.scored)
        means = self.means(entries)
        return tuple((entries[at].candidate, means[at]) for at in _kept(means, rng))

    def means(self, entries: Sequence[Entry]) -> list[float]:
        """Return the mean of each, after the shrunk effects of the examples are taken off (three sweeps, ridge 4)."""
        if not entries:
            return []
        table: NDArray[np.float64] = np.array(
            [[entry.scores.get(example, np.nan) for example in self.examples] for entry in entries]
        )
        seen = np.isfinite(table)
        filled = np.where(seen, table, 0.0)
        means = filled.sum(axis=1) / seen.sum(axis=1)
        for _ in range(3):
            effects = ((filled - means[:, None]) * seen).sum(axis=0) / (seen.sum(axis=0) + 4.0)
            means = ((filled - effects) * seen).sum(axis=1) / seen.sum(axis=1)
        return [float(mean) for mean in means]


def _kept(means: Sequence[float], rng: Random) -> list[int]:
    """Return the positions of at most 300 rows, in their order."""
    if len(means) <= MOST:
        return list(range(len(means)))
    share = MOST // 3
    best = sorted(range(len(means)), key=lambda at: -means[at])[:share]
    newest = [at for at in reversed(range(len(means))) if at not in best][:share]
    rest = [at for at in range(len(means)) if at not in best and at not in newest]
    return sorted({*best, *newest, *rng.sample(rest, share)})
