"""The teleprompter `bayesian`: what it promises a study."""

import math
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from statistics import fmean
from typing import Any

import pytest

from elixirml.contracts import Direction, Evaluate, Propose
from elixirml.errors import ConfigError
from elixirml.variables import Choice, Constraint, Space
from elixirml_skopt.bayesian import Bayesian
from elixirml_skopt.plugin import register_teleprompters


def test_it_finds_better_than_the_declaration(play: Any, world: Any) -> None:
    """In a smooth mixed space 400 calls find most of what there is to gain."""
    gains = []
    for seed in range(3):
        study = play(Bayesian(), world(seed), calls=400, seed=seed).run()
        winner = study.teleprompter.finalize(study.state).ranking[0].candidate.assignment
        gains.append(study.world.truth(winner) - study.world.truth(study.world.space.defaults()))

    assert fmean(gains) >= 0.2


def test_the_search_ends_without_a_limit(play: Any, world: Any) -> None:
    """The number of pulls is limited where calls are not."""
    study = play(Bayesian(), world(), calls=None, options={"pulls": 5}).run()

    assert study.stopped.reason == "5 pulls were made"


def test_several_candidates_are_pulled_at_once(play: Any, world: Any) -> None:
    """With `batch` every step sends out several different candidates, the later ones knowing of the earlier."""
    study = play(Bayesian(), world(), calls=300, options={"batch": 3, "reserve": 0}).run()
    batches = [actions for actions in study.log[2:-1] if all(isinstance(action, Evaluate) for action in actions)]

    assert max(len(actions) for actions in batches) == 3
    assert any(len({action.candidate.id for action in actions}) == 3 for actions in batches)


def test_the_winner_has_seen_enough(play: Any, world: Any) -> None:
    """Winners have met a finalist's examples, which takes the calls that were kept for it."""
    study = play(Bayesian(), world(), calls=400, options={"finalist": 30}).run()
    winner = study.teleprompter.finalize(study.state).ranking[0]

    assert len(study.told[winner.candidate.id]) >= 30


def test_values_keep_their_types(play: Any, world: Any) -> None:
    """Options that are not text, and one-valued variables, come back as they were declared."""
    study = play(Bayesian(), world(), calls=400).run()

    assert {repr(values["strategy"]) for values in study.candidates} == {"'direct'", "'vote'", "3", "None"}
    assert {repr(values["only"]) for values in study.candidates} == {"True"}
    assert {type(values["steps"]) for values in study.candidates} == {int}
    assert {type(values["temperature"]) for values in study.candidates} == {float}


def test_less_can_be_better(play: Any, world: Any) -> None:
    """Minimising the negative finds the winner of maximising, with the estimate in the metric's own unit."""
    up = play(Bayesian(), world(), calls=250).run()
    down = play(Bayesian(), world(), calls=250, direction=Direction.MINIMIZE).run()
    best_up, best_down = (study.teleprompter.finalize(study.state).ranking[0] for study in (up, down))

    assert best_up.candidate == best_down.candidate
    assert best_down.estimate == pytest.approx(-best_up.estimate)


def test_one_score_for_everything_does_no_harm(play: Any, world: Any) -> None:
    """Scores without any spread give finite estimates and no warning."""
    study = play(Bayesian(), world(), calls=160, constant=0.5).run()

    ranking = study.teleprompter.finalize(study.state).ranking
    assert all(one.estimate == pytest.approx(0.5) and math.isfinite(one.deviation) for one in ranking)


def _cool(values: Mapping[str, Any]) -> bool:
    return bool(values["temperature"] < values["steps"])


def test_constraints_are_kept(play: Any, world: Any) -> None:
    """What a constraint refuses is never sent out."""
    here = world()
    rule = Constraint(
        "cool",
        message="long answers are cool",
        paths=("temperature", "steps"),
        holds=_cool,
    )
    here.space = Space(here.space.variables, constraints=[rule])
    study = play(Bayesian(), here, calls=250).run()

    assert len(study.candidates) > 5
    assert all(_cool(values) for values in study.candidates)


def test_a_space_of_one_small_choice_is_searched(play: Any, world: Any) -> None:
    """Repeats are wanted under noise: two candidates share all the calls, none is replaced by a random one."""
    here = world(examples=60)
    here.space = Space([Choice("only", default="one", options=("one", "two"))])
    here.truth = lambda values: 0.8 if values["only"] == "two" else 0.4
    here.bank = ()
    study = play(Bayesian(), here, calls=120).run()

    assert study.spent == 120
    assert study.teleprompter.finalize(study.state).ranking[0].candidate.assignment["only"] == "two"


def test_demos_are_asked_for_first(play: Any, world: Any) -> None:
    """An empty bank is filled before anything is searched."""
    study = play(Bayesian(), world(), calls=100)
    study.step()

    assert [(type(action), action.source, action.n) for action in study.log[0]] == [(Propose, "labelled", 20)]


def test_an_unknown_option_is_refused_with_the_nearest(play: Any, world: Any) -> None:
    """A typing mistake in an option never passes in silence."""
    with pytest.raises(ConfigError, match="Did you mean `reserve`"):
        play(Bayesian(), world(), calls=100, options={"reserved": 0.5})


@pytest.mark.parametrize(("option", "value"), [("pull", 0), ("batch", 1.5), ("reserve", 2), ("demos", "some")])
def test_a_wrong_value_of_an_option_is_refused(option: Any, value: Any, play: Any, world: Any) -> None:
    """The error names the option."""
    with pytest.raises(ConfigError, match=f"option `{option}`"):
        play(Bayesian(), world(), calls=100, options={option: value})


def test_nothing_to_search_is_refused(play: Any, world: Any) -> None:
    """A space of single values is an error before anything is spent."""
    here = world()
    here.space = Space([Choice("only", default="one", options=("one",))])

    with pytest.raises(ConfigError, match="nothing to search"):
        play(Bayesian(), here, calls=100)


def test_every_option_is_documented_with_its_default(play: Any, world: Any) -> None:
    """The class docstring lists each option, so users need not read the code."""
    import attrs

    for attribute in attrs.fields(type(play(Bayesian(), world(), calls=100).state.options)):
        assert f"{attribute.name}: " in str(Bayesian.__doc__)
        assert f"Default: {attribute.default}." in str(Bayesian.__doc__)


def test_the_plugin_offers_it_lazily() -> None:
    """The contribution resolves, and neither listing nor importing it loads scikit-optimize."""
    (offered,) = register_teleprompters()
    assert getattr(import_module(offered.module), offered.attribute) is Bayesian

    code = "import sys, elixirml_skopt.plugin, elixirml_skopt.bayesian; print('skopt' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
