"""Few-shot search: everything stays as declared but the demos.

After Khattab et al., DSPy (arXiv 2310.03714), bootstrapped few-shot with random search; here the sets are halved on
paired pulls instead of each being scored in full.
"""

from math import ceil
from random import Random
from typing import ClassVar

from attrs import field, frozen

from elixirml.contracts import Context
from elixirml.errors import ConfigError
from elixirml.identity import Json
from elixirml.studies.options import options_of, word
from elixirml.variables import Subset
from elixirml_teleprompters.checks import refuse_idle
from elixirml_teleprompters.contest import Contest
from elixirml_teleprompters.demos import SOURCES
from elixirml_teleprompters.features import Features, Point
from elixirml_teleprompters.halved_search import HalvedSearch, HalvedState, HalvingOptions
from elixirml_teleprompters.moves import changed

__all__ = ["BootstrapFewshot"]

LEVELS = 4
"""Sizes go round in quarters of the largest."""


@frozen(kw_only=True)
class _Options(HalvingOptions):
    source: str = field(default="bootstrapped", validator=word(*SOURCES))


class BootstrapFewshot(HalvedSearch):
    """Demo sets at random, of several sizes and none, beside the baseline, halved on paired pulls.

    Options:
        source: How to fill demo banks that are empty: `bootstrapped` (runs that scored well), `labelled` (training rows
            as they are), `auto` (labelled where the program has one predict stage, else bootstrapped), or `none`.
            Default: bootstrapped.
        candidates: How many candidates start, the baseline included. Default: as many as the calls allow, at most 64.
        pull: How many examples the first round takes; every later round twice as many new ones. Default: 10.
        bank: The most entries of a bank that is filled. Default: 60.
    """

    name: ClassVar[str] = "bootstrap_fewshot"

    def initialize(self, context: Context) -> HalvedState:
        """Return the first state.

        Raises:
            ConfigError: An option is wrong, there are no examples, or no variable takes demos.
        """
        options = options_of(_Options, context.options, teleprompter=self.name)
        refuse_idle(context, teleprompter=self.name)
        if not any(isinstance(variable, Subset) and not variable.frozen for variable in context.space.variables):
            raise ConfigError(
                "teleprompter `bootstrap_fewshot` chooses demos, and no free variable of the program takes any.",
                hint="Choose `auto` or `random_search`, or free the demos: `--free '*.demos'`.",
                code="nothing-to-search",
            )
        return HalvedState(context, options, Contest.of(context), source=options.source)

    def _candidates(self, state: HalvedState, rng: Random, count: int) -> tuple[Point, ...]:
        features = state.contest.features
        baseline = features.point(state.context.baseline.assignment, origin="baseline")
        shares = [0.0, *((at % LEVELS + 1) / LEVELS for at in range(count - 1))]
        drawn = [changed(features, baseline, _demos(features, share, rng), origin="demos") for share in shares]
        return tuple(point for point in drawn if point is not None) if features.subsets else ()


def _demos(features: Features, share: float, rng: Random) -> dict[str, Json]:
    """Return a random set for every subset variable, each the same share of its largest."""
    chosen: dict[str, Json] = {}
    for variable, positions in features.subsets:
        size = ceil(share * min(variable.maximum, len(positions)))
        chosen[variable.name] = [*rng.sample(list(positions), max(variable.minimum, size))]
    return chosen
