"""Random search, halved on paired pulls: the fair thing to compare other teleprompters with."""

from random import Random
from typing import ClassVar

from attrs import field, frozen

from elixirml.contracts import Context
from elixirml.studies.options import options_of, word
from elixirml_teleprompters.checks import refuse_idle
from elixirml_teleprompters.contest import Contest
from elixirml_teleprompters.demos import SOURCES
from elixirml_teleprompters.features import Point
from elixirml_teleprompters.halved_search import HalvedSearch, HalvedState, HalvingOptions
from elixirml_teleprompters.moves import scattered

__all__ = ["RandomSearch"]


@frozen(kw_only=True)
class _Options(HalvingOptions):
    demos: str = field(default="auto", validator=word(*SOURCES))


class RandomSearch(HalvedSearch):
    """Assignments at random beside the baseline, halved on paired pulls of the same examples.

    Options:
        candidates: How many candidates start, the baseline included. Default: as many as the calls allow, at most 64.
        pull: How many examples the first round takes; every later round twice as many new ones. Default: 10.
        demos: How to fill demo banks that are empty: `labelled`, `bootstrapped`, `none`, or `auto` (labelled where the
            program has one predict stage, else bootstrapped). Default: auto.
        bank: The most entries of such a bank. Default: 60.
    """

    name: ClassVar[str] = "random_search"

    def initialize(self, context: Context) -> HalvedState:
        """Return the first state.

        Raises:
            ConfigError: An option is wrong, there are no examples, or there is nothing to search.
        """
        options = options_of(_Options, context.options, teleprompter=self.name)
        refuse_idle(context, teleprompter=self.name)
        return HalvedState(context, options, Contest.of(context), source=options.demos)

    def _candidates(self, state: HalvedState, rng: Random, count: int) -> tuple[Point, ...]:
        if not state.contest.features.space.searchable:
            return ()
        base = state.context.baseline.assignment
        return scattered(state.contest.features, base, rng, count=count, origin="random")
