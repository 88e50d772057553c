"""The race: who has seen which examples, what came of it, and what it cost.

Every candidate takes the next examples of one fixed order, so any two have met the same examples as far as the shorter
of them has come. A race never changes: every method returns a new one.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from attrs import evolve, field, frozen

from elixirml.contracts import Candidate, Context, Direction, Evaluate, Outcome, Refused, StudyEvent, Told
from elixirml_teleprompters._arrays import Floats

__all__ = ["Entrant", "Race"]

PATIENCE = 2
"""Refusals after which a candidate is given up."""


@frozen(eq=False)
class Entrant:
    """A candidate in the race.

    Attributes:
        candidate: The candidate.
        scores: By position in the order; higher is better; NaN where nothing is known. Shape (examples,).
        seen: How many of them gave a score.
        asked: How many examples of the order it was sent to.
        refusals: How often the study refused it.
    """

    candidate: Candidate
    scores: Floats
    seen: int = 0
    asked: int = 0
    refusals: int = 0

    @property
    def done(self) -> bool:
        """Whether there is nothing left to ask it."""
        return self.asked >= len(self.scores) or self.refusals >= PATIENCE


@frozen(eq=False)
class Race:
    """The state of a race.

    Attributes:
        examples: Ids of all examples, in the order everybody takes them.
        sign: 1 when higher scores are better, else -1.
        rate: Model calls an example costs at least.
        remaining: Calls left; None when not limited.
        spent: Calls used.
        scored: Examples that those calls paid for.
        entrants: By candidate id, in the order they came.
        refusals: How many actions in a row were refused.
    """

    examples: tuple[str, ...]
    sign: float
    rate: int
    remaining: int | None
    spent: int = 0
    scored: int = 0
    entrants: Mapping[str, Entrant] = field(factory=dict[str, Entrant])
    refusals: int = 0

    @classmethod
    def of(cls, context: Context) -> "Race":
        """Return the race before its start."""
        sign = 1.0 if context.direction is Direction.MAXIMIZE else -1.0
        return cls(context.examples, sign, max(1, context.calls_per_example), context.calls)

    @property
    def left(self) -> float:
        """Calls left; infinity when not limited."""
        return math.inf if self.remaining is None else self.remaining

    def asked(self, candidate_id: str) -> int:
        """Return how many examples a candidate was sent to; 0 for a stranger."""
        return self.entrants[candidate_id].asked if candidate_id in self.entrants else 0

    def price(self, examples: int) -> int:
        """Return what so many examples are expected to cost, in calls: as declared, or as seen where that is more."""
        seen = self.spent / self.scored if self.scored else 0.0
        return math.ceil(examples * max(self.rate, seen) - 1e-9)

    def asking(self, candidate: Candidate, *, upto: int) -> tuple["Race", Evaluate]:
        """Send a candidate to the examples of the order it has not met, up to a position.

        Returns:
            The race with that noted, and the action.
        """
        blank = Entrant(candidate, np.full(len(self.examples), np.nan))
        entrant = self.entrants.get(candidate.id, blank)
        end = max(entrant.asked, min(upto, len(self.examples)))
        action = Evaluate(entrant.candidate, self.examples[entrant.asked : end])
        return self._with(evolve(entrant, asked=end)), action

    def after(self, events: Sequence[StudyEvent]) -> "Race":
        """Return the race after what the study told."""
        race = self
        for event in events:
            if isinstance(event, Told):
                race = race.told(event)
            elif isinstance(event, Refused) and isinstance(event.action, Evaluate):
                race = race.refused(event.action)
        return race

    def told(self, event: Told) -> "Race":
        """Return the race after one result; a candidate's outcomes replace those told before."""
        entrant = self.entrants[event.candidate.id]
        scores = self._scores(event.outcomes)
        seen = int(np.isfinite(scores).sum())
        race = self._with(evolve(entrant, scores=scores, seen=seen))
        return evolve(
            race,
            remaining=event.remaining,
            spent=self.spent + event.calls,
            scored=self.scored + (max(0, seen - entrant.seen) if event.calls else 0),
            refusals=0,
        )

    def _scores(self, outcomes: Sequence[Outcome]) -> Floats:
        by_id = {outcome.example: outcome.score for outcome in outcomes}
        scores = np.array([by_id.get(example, np.nan) for example in self.examples], dtype=np.float64)
        return np.where(np.isfinite(scores), self.sign * scores, np.nan)

    def refused(self, action: Evaluate) -> "Race":
        """Return the race after an evaluation that was not carried out: its examples are still to come."""
        entrant = self.entrants[action.candidate.id]
        back = evolve(entrant, asked=entrant.asked - len(action.examples), refusals=entrant.refusals + 1)
        return evolve(self._with(back), refusals=self.refusals + 1)

    def _with(self, entrant: Entrant) -> "Race":
        return evolve(self, entrants={**self.entrants, entrant.candidate.id: entrant})
