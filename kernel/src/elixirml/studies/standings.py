"""The standings of a search: which candidate has seen which examples, what came of it, and what is believed of it.

A piece for teleprompters, which may use it or keep books of their own. Every candidate takes the next examples of one
fixed order, so any two have met the same ones as far as the shorter of them has come. Standings never change: every
method returns new ones.
"""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean

from attrs import evolve, field, frozen

from elixirml.contracts import Candidate, Context, Direction, Evaluate, Ranked, Refused, StudyEvent, Told
from elixirml.studies.statistics import shrink

__all__ = ["Standing", "Standings"]

_FEWEST = 5
"""Scores a candidate needs to be compared by its mean, where anybody has so many."""

_PATIENCE = 2
"""Refusals after which a candidate is left alone."""

_SWEEPS, _RIDGE = 3, 4.0
"""How often, and how carefully, the difficulty of examples is estimated."""


@frozen(eq=False)
class Standing:
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
class Standings:
    """Everything that was told.

    Attributes:
        examples: Ids of all examples, in the order every candidate takes them.
        sign: 1 when higher scores are better, else -1.
        rate: Model calls an example costs at least.
        remaining: Calls left; None when not limited.
        entries: By candidate id, in the order they came.
        refusals: How many actions in a row were refused.

    .. versionadded:: 0.1
    """

    examples: tuple[str, ...]
    sign: float
    rate: int
    remaining: int | None
    entries: Mapping[str, Standing] = field(factory=dict[str, Standing])
    refusals: int = 0

    @classmethod
    def of(cls, context: Context) -> "Standings":
        """Return the standings before the start."""
        sign = 1.0 if context.direction is Direction.MAXIMIZE else -1.0
        return cls(context.examples, sign, max(1, context.calls_per_example), context.calls)

    @property
    def left(self) -> float:
        """Calls left; infinity when not limited."""
        return math.inf if self.remaining is None else self.remaining

    @property
    def scored(self) -> tuple[Standing, ...]:
        """Everybody with a score."""
        return tuple(entry for entry in self.entries.values() if entry.scores)

    def entry(self, candidate: Candidate) -> Standing:
        """Return what is known of a candidate, which may be new."""
        return self.entries.get(candidate.id, Standing(candidate))

    def open(self, candidate: Candidate) -> bool:
        """Return whether a candidate has examples left."""
        entry = self.entry(candidate)
        return entry.asked < len(self.examples) and entry.refusals < _PATIENCE

    def pulling(self, candidate: Candidate, pull: int) -> tuple["Standings", Evaluate]:
        """Send a candidate to its next examples.

        Returns:
            The standings with that noted, and the action; it costs at least `rate` calls an example.
        """
        entry = self.entry(candidate)
        examples = self.examples[entry.asked : entry.asked + pull]
        sent = self._with(evolve(entry, asked=entry.asked + len(examples)))
        return sent, Evaluate(entry.candidate, examples)

    def after(self, events: Sequence[StudyEvent]) -> "Standings":
        """Return the standings after what the study told."""
        standings = self
        for event in events:
            if isinstance(event, Told):
                standings = standings.told(event)
            elif isinstance(event, Refused) and isinstance(event.action, Evaluate):
                standings = standings.refused(event.action)
        return standings

    def told(self, event: Told) -> "Standings":
        """Take one result; scores that are not finite are left out."""
        scores = {one.example: self.sign * one.score for one in event.outcomes if math.isfinite(one.score)}
        entry = evolve(self.entry(event.candidate), scores=scores)
        return evolve(self._with(entry), remaining=event.remaining, refusals=0)

    def refused(self, action: Evaluate) -> "Standings":
        """Take note of an evaluation that was not carried out: its examples are still to come."""
        entry = self.entry(action.candidate)
        back = evolve(entry, asked=entry.asked - len(action.examples), refusals=entry.refusals + 1)
        return evolve(self._with(back), refusals=self.refusals + 1)

    def _with(self, entry: Standing) -> "Standings":
        return evolve(self, entries={**self.entries, entry.candidate.id: entry})

    def rows(self) -> list[tuple[Candidate, float]]:
        """Return one row a candidate, for a sampler: its mean, freed of how hard its examples were.

        Candidates with fewer than five scores are left out, unless nobody has more.
        """
        entries = [entry for entry in self.scored if len(entry.scores) >= _FEWEST] or list(self.scored)
        means, _ = _adjusted(entries)
        return [(entry.candidate, mean) for entry, mean in zip(entries, means, strict=True)]

    def ranking(self) -> list[Ranked]:
        """Return everybody with a score, the best first: by means shrunk towards each other, never by the best mean."""
        entries = self.scored
        if not entries:
            return []
        means, variance = _adjusted(entries)
        counts = [len(entry.scores) for entry in entries]
        shrunk = shrink(means, variances=[variance] * len(entries), counts=counts)
        order = sorted(range(len(entries)), key=lambda at: -shrunk.means[at])
        return [
            Ranked(
                entries[at].candidate,
                self.sign * shrunk.means[at],
                math.sqrt(shrunk.weights[at] * variance / counts[at]),
            )
            for at in order
        ]


def _adjusted(entries: Sequence[Standing]) -> tuple[list[float], float]:
    """Return the mean of each without the difficulty of its examples, and the variance of one score around it.

    An additive model of candidate and example, fitted in three sweeps with a ridge of 4 on the examples.
    """
    means = [fmean(entry.scores.values()) for entry in entries]
    effects: dict[str, float] = {}
    for _ in range(_SWEEPS if len(entries) > 1 else 0):
        effects = _effects(entries, means)
        means = [fmean(score - effects[example] for example, score in entry.scores.items()) for entry in entries]
    squares = [
        (score - mean - effects.get(example, 0.0)) ** 2
        for entry, mean in zip(entries, means, strict=True)
        for example, score in entry.scores.items()
    ]
    return means, math.fsum(squares) / max(1, len(squares) - len(entries))


def _effects(entries: Sequence[Standing], means: Sequence[float]) -> dict[str, float]:
    """Return how much easier than the others each example is, shrunk."""
    excess: dict[str, list[float]] = {}
    for entry, mean in zip(entries, means, strict=True):
        for example, score in entry.scores.items():
            excess.setdefault(example, []).append(score - mean)
    return {example: math.fsum(found) / (len(found) + _RIDGE) for example, found in excess.items()}
