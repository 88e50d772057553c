"""What the teleprompters that halve a fixed list of candidates share; each says only how to make the list."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from random import Random
from typing import ClassVar

from attrs import evolve, field, frozen

from elixirml.contracts import Action, Context, Proposal, Stop, StudyEvent
from elixirml.studies.options import whole
from elixirml_teleprompters.contest import Contest
from elixirml_teleprompters.demos import empty_banks, proposals
from elixirml_teleprompters.features import Point, distinct
from elixirml_teleprompters.halving import Halving, affordable
from elixirml_teleprompters.ranking import shrunk_ranking

__all__ = ["HalvedSearch", "HalvedState", "HalvingOptions"]


@frozen(kw_only=True)
class HalvingOptions:
    """Options of every halved search.

    Attributes:
        candidates: How many candidates start, the baseline included; None for as many as the calls allow (at most 64).
        pull: How many examples the first round takes; every later round takes twice as many new ones.
        bank: The most entries to ask for where a demo bank is empty.
    """

    candidates: int | None = field(default=None, validator=whole(low=2, optional="as many as the calls allow"))
    pull: int = field(default=10, validator=whole(low=1))
    bank: int = field(default=60, validator=whole(low=1))


@frozen(eq=False)
class HalvedState:
    """The state of a halved search.

    Attributes:
        context: The study's context.
        options: The options.
        contest: The contest.
        source: Where demos come from.
        opened: Whether demos were asked for.
        halving: The halving, once candidates were made.
    """

    context: Context
    options: HalvingOptions
    contest: Contest
    source: str
    opened: bool = False
    halving: Halving | None = None


class HalvedSearch(ABC):
    """A teleprompter that makes all its candidates at once and halves them."""

    name: ClassVar[str]

    @abstractmethod
    def initialize(self, context: Context) -> HalvedState:
        """Return the first state.

        Raises:
            ConfigError: An option is wrong, there are no examples, or there is nothing to search.
        """

    @abstractmethod
    def _candidates(self, state: HalvedState, rng: Random, count: int) -> tuple[Point, ...]:
        """Return `count` points beside the baseline; fewer where there are no more."""

    def optimize_step(
        self, state: HalvedState, events: Sequence[StudyEvent], rng: Random
    ) -> tuple[HalvedState, Sequence[Action]]:
        """Return the next state and what to do next: demos, then rounds, each followed by a step of free siblings."""
        state = evolve(state, contest=state.contest.after(events))
        if not state.opened:
            state = evolve(state, opened=True)
            paths = empty_banks(state.contest.features.space)
            openings = proposals(state.context, paths, source=state.source, count=state.options.bank)
            if openings:
                return state, openings
        contest, level = state.contest.levelling(rng)
        if level:
            return evolve(state, contest=contest), level
        halving = state.halving or Halving(contest, self._field(state, rng))
        if len(halving.survivors) < 2 and not halving.rounds:
            return state, (Stop("there is nothing to compare the baseline with"),)
        halving, actions = evolve(halving, contest=contest).step(state.options.pull)
        return evolve(state, contest=halving.contest, halving=halving), actions

    def _field(self, state: HalvedState, rng: Random) -> tuple[Point, ...]:
        """Return the baseline and the candidates, each once."""
        race, options = state.contest.race, state.options
        count = options.candidates or affordable(
            examples=len(race.examples), pull=options.pull, calls=race.left, rate=race.rate
        )
        baseline = state.contest.features.point(state.context.baseline.assignment, origin="baseline")
        points = (baseline, *self._candidates(state, rng, max(1, count - 1)))
        return distinct(points)

    def finalize(self, state: HalvedState) -> Proposal:
        """Return the ranking by shrunk means; candidates that went further come first."""
        return shrunk_ranking(state.contest, enough=len(state.contest.race.examples))
