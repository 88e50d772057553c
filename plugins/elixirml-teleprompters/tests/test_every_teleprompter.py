"""What every teleprompter of this distribution promises a study."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elixirml.contracts import Evaluate, Propose
from elixirml.errors import ConfigError
from elixirml.variables import Choice, Space
from elixirml_teleprompters.auto import Auto
from elixirml_teleprompters.bootstrap_fewshot import BootstrapFewshot
from elixirml_teleprompters.random_search import RandomSearch

_EVERY = pytest.mark.parametrize("kind", [Auto, RandomSearch, BootstrapFewshot])
_FREE_TO_SEARCH = pytest.mark.parametrize("kind", [Auto, RandomSearch])


@_EVERY
def test_another_seed_gives_other_actions(kind: Any, play: Any, demo: Any) -> None:
    """The generator is used at all."""
    one, other = (play(kind(), demo(3), calls=150, seed=seed).run() for seed in (5, 6))

    assert one.log != other.log


@_EVERY
def test_no_more_calls_are_planned_than_there_are(kind: Any, play: Any, demo: Any) -> None:
    """Whatever the limit and the number of stages, the study has nothing to refuse."""

    @given(calls=st.integers(0, 250), stages=st.integers(1, 3), examples=st.integers(1, 60))
    @settings(max_examples=8, deadline=None, derandomize=True)
    def check(calls: int, stages: int, examples: int) -> None:
        study = play(kind(), demo(1, examples=examples), calls=calls, stages=stages).run()
        assert study.spent <= calls
        assert not study.refused

    check()


@_EVERY
def test_all_candidates_take_the_examples_in_one_order(kind: Any, play: Any, demo: Any) -> None:
    """Any two candidates share the examples of the shorter, so they can be compared."""
    study = play(kind(), demo(1), calls=300).run()
    met: dict[str, list[str]] = {}
    for action in (action for actions in study.log for action in actions if isinstance(action, Evaluate)):
        met.setdefault(action.candidate.id, []).extend(action.examples)

    assert all(tuple(examples) == study.world.examples[: len(examples)] for examples in met.values())


@_EVERY
def test_siblings_see_the_same_examples_for_nothing(kind: Any, play: Any, demo: Any) -> None:
    """Candidates that differ only in calibration are evaluated together, and the later ones cost no call."""
    study = play(kind(), demo(1), calls=300).run()
    space = study.space
    by_request: dict[tuple[tuple[str, str], ...], dict[str, int]] = {}
    for candidate in study.evaluated_candidates:
        active = space.canonical(candidate.assignment)
        calibration = active.pop("calibration", None)
        if calibration is not None:
            key = tuple((path, str(value)) for path, value in sorted(active.items()))
            by_request.setdefault(key, {})[calibration] = len(study.told[candidate.id])

    assert all(len(seen) == 3 and len(set(seen.values())) == 1 for seen in by_request.values())
    assert kind is BootstrapFewshot or by_request


@_EVERY
def test_siblings_that_cost_calls_are_left_alone(kind: Any, play: Any, demo: Any) -> None:
    """Without a journal by request the search notices at once, and stays within its calls."""
    study = play(kind(), demo(1), calls=300, journalling="by candidate").run()

    assert study.spent <= 300
    assert study.proposal.ranking


@_EVERY
def test_nothing_to_tell_apart_does_no_harm(kind: Any, play: Any, demo: Any) -> None:
    """Where all candidates are equally good, the ranking is finite and the winner is not praised for its luck."""
    errors = []
    for seed in range(4):
        world = demo(seed)
        world.logit = lambda _: 0.2
        study = play(kind(), world, calls=240, seed=seed).run()
        winner = study.proposal.ranking[0]
        errors.append(winner.estimate - study.reached)
        assert all(math.isfinite(one.estimate) and one.deviation >= 0 for one in study.proposal.ranking)

    assert abs(sum(errors) / len(errors)) <= 0.1


@_FREE_TO_SEARCH
def test_one_score_for_everything_does_no_harm(kind: Any, play: Any, mixed: Any) -> None:
    """Scores without any spread leave nothing to divide by."""
    study = play(kind(), mixed(1), calls=120, score=lambda _: 0.25).run()

    assert all(abs(one.estimate - 0.25) < 1e-9 for one in study.proposal.ranking)


@_FREE_TO_SEARCH
def test_less_can_be_better(kind: Any, play: Any, mixed: Any) -> None:
    """Minimising errors finds the winner of maximising hits."""
    from elixirml.contracts import Direction

    hits = play(kind(), mixed(2), calls=200).run()
    errors = play(kind(), mixed(2), calls=200, direction=Direction.MINIMIZE, score=lambda value: 1.0 - value).run()
    best_hit, best_error = hits.proposal.ranking[0], errors.proposal.ranking[0]

    assert best_error.candidate == best_hit.candidate
    assert best_error.estimate == pytest.approx(1.0 - best_hit.estimate)


@_EVERY
def test_no_examples_are_refused(kind: Any, play: Any, demo: Any) -> None:
    """There is nothing to race on: the error says so before anything is spent."""
    with pytest.raises(ConfigError, match="no examples to race on"):
        play(kind(), demo(1, examples=0), calls=100)


@_FREE_TO_SEARCH
def test_nothing_to_search_is_refused(kind: Any, play: Any, mixed: Any) -> None:
    """A space without a searchable variable is an error that names what is held fast."""
    world = mixed(1)
    world.space = Space([Choice("only", default="one", options=("one",))])

    with pytest.raises(ConfigError, match=r"nothing to search.*only"):
        play(kind(), world, calls=100)


@_EVERY
def test_an_unknown_option_is_refused_with_the_nearest(kind: Any, play: Any, demo: Any) -> None:
    """A typing mistake in an option never passes in silence."""
    with pytest.raises(ConfigError, match="has no option `pul`") as caught:
        play(kind(), demo(1), calls=100, options={"pul": 5})

    assert "Did you mean `pull`?" in str(caught.value)


@_EVERY
@pytest.mark.parametrize("value", [0, -3, 2.5, True, "ten", None])
def test_a_wrong_value_of_an_option_is_refused(kind: Any, value: Any, play: Any, demo: Any) -> None:
    """The error names the option, the value and what was expected."""
    with pytest.raises(ConfigError, match=r"option `pull` of the teleprompter is .* a whole number from 1"):
        play(kind(), demo(1), calls=100, options={"pull": value})


@_EVERY
def test_every_option_is_documented_with_its_default(kind: Any, play: Any, demo: Any) -> None:
    """The class docstring lists each option, so users need not read the code."""
    import attrs

    options = play(kind(), demo(1), calls=100).state.options
    for attribute in attrs.fields(type(options)):
        assert f"{attribute.name}: " in kind.__doc__
        if attribute.default is not None:
            assert f"Default: {attribute.default}." in kind.__doc__


@_EVERY
def test_demo_banks_that_are_empty_are_filled_first(kind: Any, play: Any, demo: Any) -> None:
    """The first step of a study with training rows asks for demos, and at most for as many rows as there are."""
    study = play(kind(), demo(1, bank=20), calls=200)
    study.step()

    assert [(action.variable, action.n) for action in study.log[0] if isinstance(action, Propose)] == [("demos", 20)]


@_FREE_TO_SEARCH
@pytest.mark.parametrize(("stages", "source"), [(1, "labelled"), (2, "bootstrapped")])
def test_rows_are_demos_only_of_programs_with_one_stage(
    kind: Any, stages: Any, source: Any, play: Any, demo: Any
) -> None:
    """Labelled rows hold the outputs of a single stage; more need traces, within a fifth of the calls."""
    study = play(kind(), demo(1), calls=300, stages=stages)
    study.step()
    (action,) = study.log[0]

    assert action.source == source
    assert stages * action.n <= 300 if source == "labelled" else stages * action.n <= 60


@_FREE_TO_SEARCH
def test_demos_can_be_declined(kind: Any, play: Any, demo: Any) -> None:
    """With `demos="none"` an empty bank stays empty and everything else is searched."""
    study = play(kind(), demo(1), calls=150, options={"demos": "none"}).run()

    assert not any(isinstance(action, Propose) for actions in study.log for action in actions)
    assert all(candidate.assignment["demos"] == [] for candidate in study.evaluated_candidates)
