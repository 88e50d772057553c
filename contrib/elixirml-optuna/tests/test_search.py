"""The teleprompter `optuna`: what it promises a study."""

import math
from random import Random
from statistics import fmean
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elixirml.contracts import Direction, Evaluate, Propose, Stop
from elixirml.errors import ConfigError
from elixirml.variables import Choice, Space
from elixirml_optuna.search import OptunaSearch

_SAMPLERS = pytest.mark.parametrize("sampler", ["tpe", "random"])


@_SAMPLERS
def test_the_same_seed_gives_the_same_actions(sampler: str, play: Any, world: Any) -> None:
    """All randomness comes from the generator the study hands over."""
    one, same, other = (
        play(OptunaSearch(), world(), calls=200, seed=seed, options={"sampler": sampler}).run() for seed in (4, 4, 5)
    )

    assert one.log == same.log != other.log
    assert one.ranking == same.ranking


def test_a_killed_study_continues_where_it_was(play: Any, world: Any) -> None:
    """Nothing is kept but what was told: replaying a prefix gives the actions that came next."""
    whole = play(OptunaSearch(), world(), calls=200, seed=1).run()
    for killed in range(1, len(whole.log), 4):
        again = play(OptunaSearch(), world(), calls=200, seed=1)
        state = again.state
        for step in range(killed):
            state, _ = again.teleprompter.optimize_step(state, whole.events[step], Random(f"1:{step}"))
        _, actions = again.teleprompter.optimize_step(state, whole.events[killed], Random(f"1:{killed}"))
        assert tuple(actions) == whole.log[killed]


def test_a_state_is_never_changed_in_place(play: Any, world: Any) -> None:
    """An old state, stepped again after the study went on, does what it did the first time."""
    study = play(OptunaSearch(), world(), calls=150, seed=2)
    states = []
    while study.stopped is None:
        states.append(study.state)
        study.step()

    for step, state in enumerate(states):
        _, actions = study.teleprompter.optimize_step(state, study.events[step], Random(f"2:{step}"))
        assert tuple(actions) == study.log[step]


def test_it_finds_better_than_the_declaration(play: Any, world: Any) -> None:
    """In a smooth mixed space with a condition 400 calls find most of what there is to gain."""
    gains = []
    for seed in range(3):
        study = play(OptunaSearch(), world(seed), calls=400, seed=seed).run()
        winner = study.ranking[0].candidate.assignment
        gains.append(study.world.truth(winner) - study.world.truth(study.world.space.defaults()))

    assert fmean(gains) >= 0.2


def test_no_more_calls_are_planned_than_there_are(play: Any, world: Any) -> None:
    """Whatever the limit and the number of stages, the study has nothing to refuse."""

    @given(calls=st.integers(0, 200), stages=st.integers(1, 3), examples=st.integers(1, 50))
    @settings(max_examples=8, deadline=None, derandomize=True)
    def check(calls: int, stages: int, examples: int) -> None:
        study = play(OptunaSearch(), world(examples=examples), calls=calls, stages=stages).run()
        assert study.spent <= calls
        assert not study.refused

    check()


def test_the_search_ends_without_a_limit(play: Any, world: Any) -> None:
    """The number of pulls is limited where calls are not."""
    study = play(OptunaSearch(), world(), calls=None, options={"pulls": 5}).run()

    assert study.stopped == Stop("5 pulls were made")
    assert study.ranking


def test_the_baseline_is_candidate_zero(play: Any, world: Any) -> None:
    """The first evaluation is of the program as declared."""
    study = play(OptunaSearch(), world(), calls=100).run()
    first = next(action for actions in study.log for action in actions if isinstance(action, Evaluate))

    assert dict(first.candidate.assignment) == dict(study.world.space.defaults())
    assert first.candidate.origin == "baseline"


def test_all_candidates_take_the_examples_in_one_order(play: Any, world: Any) -> None:
    """Any two candidates share the examples of the shorter, so they can be compared."""
    study = play(OptunaSearch(), world(), calls=300).run()
    met: dict[str, list[str]] = {}
    for action in (action for actions in study.log for action in actions if isinstance(action, Evaluate)):
        met.setdefault(action.candidate.id, []).extend(action.examples)

    assert all(tuple(examples) == study.world.examples[: len(examples)] for examples in met.values())


def test_several_candidates_are_pulled_at_once(play: Any, world: Any) -> None:
    """With `batch` a step sends out several different candidates."""
    study = play(OptunaSearch(), world(), calls=300, options={"batch": 3, "reserve": 0}).run()

    assert any(len({action.candidate.id for action in actions}) == 3 for actions in study.log[2:-1])


def test_the_winner_has_seen_enough(play: Any, world: Any) -> None:
    """Winners have met a finalist's examples, which takes the calls that were kept for it."""
    study = play(OptunaSearch(), world(), calls=400, options={"finalist": 30}).run()

    assert len(study.told[study.ranking[0].candidate.id]) >= 30


def test_values_keep_their_types(play: Any, world: Any) -> None:
    """Options that are not text, and one-valued variables, come back as they were declared."""
    study = play(OptunaSearch(), world(), calls=400).run()

    assert {repr(values["strategy"]) for values in study.candidates} == {"'direct'", "'vote'", "3", "None"}
    assert {repr(values["only"]) for values in study.candidates} == {"True"}
    assert {type(values["steps"]) for values in study.candidates} == {int}
    assert {type(values["temperature"]) for values in study.candidates} == {float}


def test_less_can_be_better(play: Any, world: Any) -> None:
    """Minimising the negative finds the winner of maximising, with the estimate in the metric's own unit."""
    up = play(OptunaSearch(), world(), calls=250).run().ranking[0]
    down = play(OptunaSearch(), world(), calls=250, direction=Direction.MINIMIZE).run().ranking[0]

    assert up.candidate == down.candidate
    assert down.estimate == pytest.approx(-up.estimate)


def test_graded_scores_are_told_in_their_own_unit(play: Any, world: Any) -> None:
    """The estimate of every candidate lies among the scores that were given."""
    study = play(OptunaSearch(), world(), calls=160, score=lambda hit: 1000 * (3 + hit / 2)).run()

    assert all(2990 <= one.estimate <= 3510 and math.isfinite(one.deviation) for one in study.ranking)


def test_one_score_for_everything_does_no_harm(play: Any, world: Any) -> None:
    """Scores without any spread leave nothing to divide by."""
    study = play(OptunaSearch(), world(), calls=160, score=lambda _: 0.5).run()

    assert all(one.estimate == pytest.approx(0.5) and math.isfinite(one.deviation) for one in study.ranking)


def test_nothing_to_tell_apart_is_not_praised(play: Any, world: Any) -> None:
    """Where all candidates are equally good, the winner's estimate is no better than the truth."""
    errors = []
    for seed in range(4):
        here = world(seed)
        here.truth = lambda _: 0.5
        errors.append(play(OptunaSearch(), here, calls=240, seed=seed).run().ranking[0].estimate - 0.5)

    assert abs(fmean(errors)) <= 0.1


def test_scores_that_are_not_finite_are_not_told(play: Any, world: Any) -> None:
    """NaN counts as missing."""
    study = play(OptunaSearch(), world(), calls=100, score=lambda hit: hit or math.nan).run()

    assert all(math.isfinite(one.estimate) for one in study.ranking)


def test_lost_examples_are_not_waited_for(play: Any, world: Any) -> None:
    """Outcomes lost to the infrastructure are missing; where all are, the search ends with an empty ranking."""
    here = world()

    assert play(OptunaSearch(), here, calls=150, lost=frozenset(here.examples[3:6])).run().ranking
    assert play(OptunaSearch(), here, calls=150, lost=frozenset(here.examples)).run().ranking == ()


def test_a_study_that_refuses_everything_is_left(play: Any, world: Any) -> None:
    """Refusals end the search; nothing was spent and nothing is ranked."""
    study = play(OptunaSearch(), world(), calls=200, refusing=True).run()

    assert study.spent == 0
    assert study.ranking == ()


def test_demos_are_asked_for_first(play: Any, world: Any) -> None:
    """An empty bank is filled before anything is searched, from traces where rows cannot be demos; or not at all."""
    asked = []
    for stages, options in ((1, {}), (2, {}), (1, {"demos": "none"})):
        study = play(OptunaSearch(), world(), calls=100, stages=stages, options=options)
        study.step()
        asked.append([(act.source, act.n) for act in study.log[0] if isinstance(act, Propose)])

    assert asked == [[("labelled", 20)], [("bootstrapped", 10)], []]


def test_a_space_of_one_small_choice_is_searched(play: Any, world: Any) -> None:
    """Repeats are wanted under noise: two candidates share the calls."""
    here = world(examples=60)
    here.space = Space([Choice("only", default="one", options=("one", "two"))])
    here.truth = lambda values: 0.8 if values["only"] == "two" else 0.4
    here.bank = ()
    study = play(OptunaSearch(), here, calls=120).run()

    assert study.spent == 120
    assert study.ranking[0].candidate.assignment["only"] == "two"


def test_what_cannot_be_searched_is_refused(play: Any, world: Any) -> None:
    """A space of single values, and no examples, are errors before anything is spent."""
    here = world()
    here.space = Space([Choice("only", default="one", options=("one",))])

    with pytest.raises(ConfigError, match=r"nothing to search.*only"):
        play(OptunaSearch(), here, calls=100)
    with pytest.raises(ConfigError, match="no examples to race on"):
        play(OptunaSearch(), world(examples=0), calls=100)


def test_an_unknown_option_is_refused_with_the_nearest(play: Any, world: Any) -> None:
    """A typing mistake in an option never passes in silence."""
    with pytest.raises(ConfigError, match="Did you mean `sampler`"):
        play(OptunaSearch(), world(), calls=100, options={"samplers": "tpe"})


@pytest.mark.parametrize(
    ("option", "value"), [("pull", 0), ("batch", 1.5), ("reserve", 2), ("demos", "some"), ("sampler", "cmaes")]
)
def test_a_wrong_value_of_an_option_is_refused(option: str, value: Any, play: Any, world: Any) -> None:
    """The error names the option."""
    with pytest.raises(ConfigError, match=f"option `{option}`"):
        play(OptunaSearch(), world(), calls=100, options={option: value})


def test_every_option_is_documented_with_its_default(play: Any, world: Any) -> None:
    """The class docstring lists each option, so users need not read the code."""
    for attribute in attrs.fields(type(play(OptunaSearch(), world(), calls=100).state.options)):
        assert f"{attribute.name}: " in str(OptunaSearch.__doc__)
        assert f"Default: {attribute.default}." in str(OptunaSearch.__doc__)
