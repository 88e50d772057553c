"""Successive halving: the schedule, and who goes on."""

from itertools import pairwise
from typing import Any

import pytest

from elixirml.contracts import Evaluate
from elixirml.errors import ConfigError
from elixirml.variables import Choice, Space
from elixirml_teleprompters.bootstrap_fewshot import BootstrapFewshot
from elixirml_teleprompters.halving import affordable
from elixirml_teleprompters.random_search import RandomSearch


@pytest.mark.parametrize(("calls", "count"), [(0, 1), (59, 2), (120, 4), (420, 14), (100_000, 64), (float("inf"), 64)])
def test_so_many_candidates_can_be_halved(calls: float, count: int) -> None:
    """The first round is as wide as the calls allow down to two candidates, and never wider than 64."""
    assert affordable(examples=60, pull=10, calls=calls, rate=1) == count


def test_a_stage_more_halves_the_field() -> None:
    """Candidates of programs with several stages cost several calls an example."""
    one, two = (affordable(examples=60, pull=10, calls=420, rate=rate) for rate in (1, 2))

    assert two < one


def test_the_better_half_goes_on(play: Any, two_way: Any) -> None:
    """Every round has half as many candidates, and those that score best are among them."""
    world = two_way(1, examples=80)
    order: dict[str, float] = {}
    study = play(RandomSearch(), world, calls=4000, options={"candidates": 16})
    # Scores without luck: the truth itself, so that the order is known.
    world.outcomes = lambda key, request, logit: (order.setdefault(key, logit),) * 80
    study.run()
    rounds = [[action for action in actions if isinstance(action, Evaluate)] for actions in study.log]
    sizes = [len(actions) for actions in rounds if actions]
    best = max(study.evaluated_candidates, key=lambda candidate: world.truth(candidate.assignment))

    assert sizes[0] <= 16
    assert all(after == -(-before // 2) for before, after in pairwise(sizes))
    assert study.proposal.ranking[0].candidate == best


def test_candidates_differ_in_demos_only(play: Any, demo: Any) -> None:
    """Few-shot search leaves everything but the demos as declared, and tries several sizes and none."""
    study = play(BootstrapFewshot(), demo(1), calls=420).run()
    declared = {path: value for path, value in study.world.space.defaults().items() if path != "demos"}
    sizes = {len(candidate.assignment["demos"]) for candidate in study.evaluated_candidates}

    assert all(
        {path: value for path, value in candidate.assignment.items() if path != "demos"} == declared
        for candidate in study.evaluated_candidates
    )
    assert sizes == {0, 4, 8, 12, 16}


@pytest.mark.parametrize("source", ["labelled", "bootstrapped"])
def test_the_source_of_demos_can_be_chosen(source: Any, play: Any, demo: Any) -> None:
    """The proposal asks for what the option says."""
    study = play(BootstrapFewshot(), demo(1), calls=420, options={"source": source})
    study.step()

    assert [action.source for action in study.log[0]] == [source]


def test_an_unknown_source_is_refused_with_the_nearest(play: Any, demo: Any) -> None:
    """A typing mistake in a value is answered like one in a name."""
    with pytest.raises(ConfigError, match="Did you mean `labelled`"):
        play(BootstrapFewshot(), demo(1), calls=420, options={"source": "labeled"})


def test_few_shot_search_needs_demos(play: Any, mixed: Any) -> None:
    """A program that takes no demos is refused with what to choose instead."""
    world = mixed(1)
    world.space = Space([Choice("strategy", default="direct", options=("direct", "vote"))])

    with pytest.raises(ConfigError, match="no free variable of the program takes any") as caught:
        play(BootstrapFewshot(), world, calls=100)

    assert "random_search" in str(caught.value)
