"""The default optimizer: an additive Gaussian process with Thompson sampling over small paired pulls.

Each step draws one function from what is believed of all candidates, and sends the candidate that is best in this draw
to the next few examples of the common order. So examples go where a candidate may still turn out to be the best, and no
candidate is ever evaluated in full just to be discarded.
"""

from collections.abc import Sequence
from random import Random
from typing import ClassVar

from attrs import evolve

from elixirml.contracts import Action, Context, Proposal, Stop, StudyEvent
from elixirml.studies.options import options_of
from elixirml_teleprompters._threads import single_threaded
from elixirml_teleprompters.auto_state import AutoOptions, AutoState
from elixirml_teleprompters.auto_steps import first_pulls, next_pull
from elixirml_teleprompters.checks import refuse_idle
from elixirml_teleprompters.contest import Contest
from elixirml_teleprompters.demos import empty_banks, proposals
from elixirml_teleprompters.judgement import judge, learned_shape
from elixirml_teleprompters.plan import Plan
from elixirml_teleprompters.ranking import ranked

__all__ = ["Auto"]


class Auto:
    """Searches everything at once: instructions, demos, formats, decoding, numbers.

    Options:
        pull: How many examples a candidate takes at a time. Default: 8.
        initial: How many candidates start, the baseline included. Default: 8.
        finalist: How many examples the winner should have seen. Default: 40.
        reserve: Share of the calls kept for telling the best apart at the end. Default: 0.15.
        pool: How many random candidates wait to be chosen. Default: 80.
        near: How many neighbours and crosses of the best join them at each step, each. Default: 6.
        pulls: The most pulls after the start. Default: 300.
        demos: How to fill demo banks that are empty: `labelled`, `bootstrapped`, `none`, or `auto` (labelled where the
            program has one predict stage, else bootstrapped). Default: auto.
        bank: The most entries of such a bank. Default: 60.
        gain: The search ends early when a candidate better by this much is unlikely to exist. Default: 0.01.
    """

    name: ClassVar[str] = "auto"

    def initialize(self, context: Context) -> AutoState:
        """Return the first state.

        Raises:
            ConfigError: An option is wrong, there are no examples, or there is nothing to search.
        """
        options = options_of(AutoOptions, context.options, teleprompter=self.name)
        refuse_idle(context, teleprompter=self.name)
        return AutoState(context, options, Plan.of(context, options), Contest.of(context))

    def optimize_step(
        self, state: AutoState, events: Sequence[StudyEvent], rng: Random
    ) -> tuple[AutoState, Sequence[Action]]:
        """Return the next state and what to do next: demos, the first candidates, then one pull a step.

        Every pull is followed by a step that sends the candidate's siblings to the same examples, for no calls.
        """
        state = evolve(state, contest=state.contest.after(events))
        if not state.opened:
            paths, options = empty_banks(state.context.space), state.options
            openings = proposals(state.context, paths, source=options.demos, count=options.bank)
            state = evolve(state, opened=True)
            if openings:
                return state, openings
        contest, level = state.contest.levelling(rng)
        state = evolve(state, contest=contest)
        if level:
            return state, level
        with single_threaded():
            state, actions = next_pull(state, rng) if contest.points else first_pulls(state, rng)
        return state, actions or (Stop("the calls do not pay for a single pull"),)

    def finalize(self, state: AutoState) -> Proposal:
        """Return the ranking by posterior mean of everybody with a score; finalists first."""
        if not state.contest.scorers():
            return Proposal(())
        with single_threaded():
            judgement = judge(state.contest, (), learned_shape(state.contest), everybody=True)
        return ranked(
            [state.contest.candidate(point) for point in judgement.points],
            means=judgement.belief.mean * judgement.unit,
            deviations=judgement.belief.deviation * judgement.unit,
            counts=judgement.counts,
            enough=state.plan.finalist,
            sign=state.contest.race.sign,
        )
