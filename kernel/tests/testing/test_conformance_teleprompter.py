"""Every rule of teleprompters is failed by a teleprompter that breaks it, and by it alone."""

import random
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from attrs import evolve, frozen

from elixirml.contracts import (
    Candidate,
    Context,
    Direction,
    Evaluate,
    Outcome,
    Proposal,
    Propose,
    Ranked,
    Refused,
    Stop,
    StudyEvent,
    Told,
)
from elixirml.errors import ConfigError
from elixirml.testing.conformance.suites import suite_of
from elixirml.testing.conformance.teleprompter import TeleprompterConformance
from elixirml.variables import Assignment, Space

PULL = 4
MOST = 12


@frozen
class State:
    """All that is remembered."""

    context: Context
    space: Space
    told: tuple[tuple[Candidate, tuple[Outcome, ...]], ...] = ()
    steps: int = 0
    left: int | None = None


class Draws:
    """A teleprompter as it should be: the baseline, then random assignments, a few examples each."""

    def initialize(self, context: Context) -> Any:
        if not context.examples:
            raise ConfigError("There are no examples.")
        if not context.space.searchable:
            raise ConfigError("There is nothing to search.")
        if context.options:
            raise ConfigError(f"There is no option {min(context.options)}.")
        return State(context, context.space, left=context.calls)

    def optimize_step(self, state: Any, events: Sequence[StudyEvent], rng: Random) -> tuple[Any, Any]:
        state = self.heard(state, events)
        if state.steps >= MOST:
            return state, [Stop("enough was drawn")]
        examples = self.examples(state)
        cost = len(examples) * state.context.calls_per_example
        if state.left is not None and cost > state.left:
            return state, [Stop("the calls are used up")]
        candidate = self.candidate(state, rng)
        left = None if state.left is None else state.left - cost
        return evolve(state, steps=state.steps + 1, left=left), [Evaluate(candidate, examples)]

    def heard(self, state: State, events: Sequence[StudyEvent]) -> State:
        for each in events:
            if isinstance(each, Told):
                known = {candidate.id: (candidate, outcomes) for candidate, outcomes in state.told}
                known[each.candidate.id] = (each.candidate, each.outcomes)
                state = evolve(state, told=tuple(known.values()))
        return state

    def examples(self, state: State) -> Any:
        return state.context.examples[: PULL * 2]

    def candidate(self, state: State, rng: Random) -> Candidate:
        if not state.steps:
            return state.context.baseline
        return Candidate.of(state.space, state.space.sample(rng), origin="drawn")

    def finalize(self, state: Any) -> Any:
        told = [(candidate, [each.score for each in outcomes]) for candidate, outcomes in state.told if outcomes]
        ranked = [Ranked(candidate, sum(scores) / len(scores), self.deviation(scores)) for candidate, scores in told]
        sign = -1 if self.ascending(state.context) else 1
        return Proposal(tuple(sorted(ranked, key=lambda each: -sign * each.estimate)))

    def deviation(self, scores: list[float]) -> float:
        mean = sum(scores) / len(scores)
        return float(sum((each - mean) ** 2 for each in scores) ** 0.5) / len(scores)

    def ascending(self, context: Context) -> bool:
        return context.direction is Direction.MINIMIZE


class Rolling(Draws):
    """Ranks by chance: two runs of one study have the same actions."""

    def finalize(self, state: Any) -> Any:
        found = super().finalize(state)
        return Proposal(tuple(evolve(each, deviation=random.random()) for each in found.ranking))


class Remembering(Draws):
    """Keeps its candidates on the instance: right in a study that runs through, wrong in a resumed one."""

    def __init__(self) -> None:
        self.asked = 0

    def initialize(self, context: Context) -> Any:
        self.begun = getattr(self, "begun", 0) + 1
        return super().initialize(context)

    def candidate(self, state: State, rng: Random) -> Candidate:
        found = super().candidate(state, rng)
        return evolve(found, origin="resumed") if self.begun > 1 and state.steps else found


class Box:
    """A state that can be changed."""

    def __init__(self, state: State) -> None:
        self.state = state


class InPlace(Draws):
    def initialize(self, context: Context) -> Any:
        return Box(super().initialize(context))

    def optimize_step(self, state: Any, events: Sequence[StudyEvent], rng: Random) -> tuple[Any, Any]:
        state.state, actions = super().optimize_step(state.state, events, rng)
        return state, actions

    def finalize(self, state: Any) -> Any:
        return super().finalize(state.state)


class Proposing(Draws):
    def optimize_step(self, state: Any, events: Sequence[StudyEvent], rng: Random) -> tuple[Any, Any]:
        state, actions = super().optimize_step(state, events, rng)
        return state, [*actions, Propose("demos", "borrowed", 1)] if state.steps == 1 and not state.told else actions


class Impatient(Draws):
    def candidate(self, state: State, rng: Random) -> Candidate:
        return Candidate.of(state.space, state.space.sample(rng), origin="drawn")


class Renaming(Draws):
    def candidate(self, state: State, rng: Random) -> Candidate:
        found = super().candidate(state, rng)
        return evolve(found, id=f"{found.id}!") if state.steps == 2 else found


class Straying(Draws):
    def examples(self, state: State) -> Any:
        return (*super().examples(state)[1:], "example-99") if state.steps == 2 else super().examples(state)


class Moving(Draws):
    def candidate(self, state: State, rng: Random) -> Candidate:
        found = super().candidate(state, rng)
        if not state.steps:
            return found
        return Candidate.of(state.space, Assignment({**found.assignment, "held": "there"}), origin="moved")


class Spending(Draws):
    def initialize(self, context: Context) -> Any:
        return evolve(super().initialize(context), left=None)

    def optimize_step(self, state: Any, events: Sequence[StudyEvent], rng: Random) -> tuple[Any, Any]:
        state, actions = super().optimize_step(state, events, rng)
        refused = any(not isinstance(each, Told) for each in events)
        return state, [Stop("it was refused")] if refused else actions


class Worst(Draws):
    """The best comes last."""

    def finalize(self, state: Any) -> Any:
        found = super().finalize(state).ranking
        return Proposal(found if state.context.direction is Direction.MINIMIZE else found[::-1])


class OneWay(Draws):
    def ascending(self, context: Context) -> bool:
        return False


class Dividing(Draws):
    def deviation(self, scores: list[float]) -> float:
        return float("nan") if set(scores) == {0.25} else super().deviation(scores)


class Scaled(Draws):
    def finalize(self, state: Any) -> Any:
        found = super().finalize(state).ranking
        top = max((abs(each.estimate) for each in found), default=1.0)
        return Proposal(tuple(evolve(each, estimate=each.estimate / max(top, 1.0)) for each in found))


class Waiting(Draws):
    """Asks again for what has not come back."""

    def optimize_step(self, state: Any, events: Sequence[StudyEvent], rng: Random) -> tuple[Any, Any]:
        following, actions = super().optimize_step(state, events, rng)
        lost = [
            each for each in events if isinstance(each, Told) and 0 < len(each.outcomes) < len(self.examples(state))
        ]
        if lost:
            return self.heard(state, events), [Evaluate(lost[0].candidate, self.examples(state))]
        return following, actions


class Hoping(Draws):
    """Ranks what nothing is known of."""

    def finalize(self, state: Any) -> Any:
        found = super().finalize(state).ranking
        blank = [Ranked(candidate, 0.0, 1.0) for candidate, outcomes in state.told if not outcomes]
        return Proposal((*found, *blank))


class Stubborn(Draws):
    """Asks for what was refused, again and again."""

    def optimize_step(self, state: Any, events: Sequence[StudyEvent], rng: Random) -> tuple[Any, Any]:
        refused = [each.action for each in events if isinstance(each, Refused)]
        return (state, refused) if refused else super().optimize_step(state, events, rng)


class Endless(Draws):
    def optimize_step(self, state: Any, events: Sequence[StudyEvent], rng: Random) -> tuple[Any, Any]:
        if state.left is None:
            state = evolve(state, steps=min(state.steps, 1))
        return super().optimize_step(state, events, rng)


def tolerant(word: str) -> type[Draws]:
    """Return the teleprompter without one of its refusals."""

    class Tolerant(Draws):
        def initialize(self, context: Context) -> Any:
            try:
                return super().initialize(context)
            except ConfigError as error:
                if word not in str(error):
                    raise
                return State(context, context.space, left=context.calls)

    return Tolerant


def suite(teleprompter: Any) -> Any:
    return suite_of("teleprompters", teleprompter)


RIGHT = suite(Draws)
WRONG = {
    "test_the_same_study_is_searched_in_the_same_way": suite(Rolling),
    "test_a_killed_study_continues_where_it_was": suite(Remembering),
    "test_a_state_is_never_changed_in_place": suite(InPlace),
    "test_actions_are_well_formed": suite(Proposing),
    "test_the_baseline_is_candidate_zero": suite(Impatient),
    "test_assignments_are_valid": suite(Renaming),
    "test_only_examples_of_the_study_are_asked_for": suite(Straying),
    "test_what_does_not_vary_is_left_alone": suite(Moving),
    "test_no_more_calls_are_planned_than_there_are": suite(Spending),
    "test_the_ranking_is_of_what_was_evaluated": suite(Worst),
    "test_less_can_be_better": suite(OneWay),
    "test_one_score_for_everything_does_no_harm": suite(Dividing),
    "test_estimates_are_told_in_the_unit_of_the_metric": suite(Scaled),
    "test_lost_examples_are_not_waited_for": suite(Waiting),
    "test_losing_every_example_ends_the_search": suite(Hoping),
    "test_a_study_that_refuses_everything_is_left": suite(Stubborn),
    "test_the_search_ends_without_a_limit": suite(Endless),
    "test_no_examples_are_refused": suite(tolerant("examples")),
    "test_nothing_to_search_is_refused": suite(tolerant("search")),
    "test_an_unknown_option_is_refused": suite(tolerant("option")),
}


def test_a_right_teleprompter_passes(judge: Any) -> None:
    """Every rule is tried on a right teleprompter, and asks nothing that it does not keep."""
    judge.passes(RIGHT)


def test_no_rule_is_without_a_wrong_teleprompter(judge: Any) -> None:
    """A rule that nothing can break is no rule."""
    judge.is_complete(WRONG, TeleprompterConformance)


@pytest.mark.parametrize("rule", WRONG)
def test_a_wrong_teleprompter_fails_its_rule_alone(rule: str, judge: Any) -> None:
    """Whoever breaks one promise is told of that one, in words."""
    judge.fails_alone(WRONG[rule], rule)
