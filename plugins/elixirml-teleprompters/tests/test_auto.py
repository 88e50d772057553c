"""The default optimizer: what it finds, and what it keeps in mind while it looks."""

from statistics import fmean
from typing import Any

import pytest

from elixirml.variables import Choice, Space
from elixirml_teleprompters.auto import Auto
from elixirml_teleprompters.random_search import RandomSearch


def _mean_regret(kind: Any, play: Any, worlds: Any, *, calls: int) -> float:
    studies = [play(kind(), world, calls=calls, seed=seed).run() for seed, world in enumerate(worlds)]
    return fmean(world.best() - study.reached for world, study in zip(worlds, studies, strict=True))


def test_it_beats_random_search(play: Any, two_way: Any) -> None:
    """At 500 calls on 144 candidates its mean regret over ten seeds is well below that of halved random search."""
    worlds = [two_way(seed, spread=1.5) for seed in range(10)]
    auto, random = (_mean_regret(kind, play, worlds, calls=500) for kind in (Auto, RandomSearch))

    assert auto <= 0.08
    assert auto <= random - 0.03


@pytest.mark.slow
def test_it_finds_good_prompts_for_a_small_model(play: Any, demo: Any) -> None:
    """In the demo world (baseline about .25) 420 calls reach more than .76 on average, within .05 of what it says."""
    studies = [play(Auto(), demo(seed), calls=420, seed=seed).run() for seed in range(20)]

    assert fmean(study.reached for study in studies) >= 0.76
    assert abs(fmean(study.proposal.ranking[0].estimate - study.reached for study in studies)) <= 0.05


@pytest.mark.slow
def test_more_calls_find_more(play: Any, two_way: Any) -> None:
    """Doubling the calls lowers the mean regret; at 2130 calls it is nearly gone."""
    worlds = [two_way(seed) for seed in range(8)]
    few, many = (_mean_regret(Auto, play, worlds, calls=calls) for calls in (500, 2130))

    assert many <= few - 0.02
    assert many <= 0.03


def test_the_winner_has_seen_enough(play: Any, demo: Any) -> None:
    """The lead of a candidate that met eight examples is luck: winners have met forty."""
    for seed in range(3):
        study = play(Auto(), demo(seed), calls=420, seed=seed).run()
        assert len(study.told[study.proposal.ranking[0].candidate.id]) >= 40


def test_zero_shot_stays_in_the_pool(play: Any, demo: Any) -> None:
    """At every step of the search some candidate without demos may still be chosen."""
    study = play(Auto(), demo(2), calls=420, seed=2)
    while study.stopped is None:
        study.step()
        state = study.state
        strangers = state.pool.strangers(state.contest.points, most=80)
        if state.contest.points:
            assert any(point.active["demos"] == [] for point in strangers)


def test_zero_shot_is_tried_beside_the_baseline(play: Any, demo: Any) -> None:
    """Among the first candidates there is one without demos that is not the baseline."""
    study = play(Auto(), demo(2), calls=420, seed=2)
    study.step()
    study.step()
    bare = [action.candidate for action in study.log[1] if action.candidate.assignment["demos"] == []]

    assert [candidate.origin for candidate in bare].count("baseline") == 1
    assert len(bare) >= 2


def test_the_first_candidates_cover_every_option(play: Any, demo: Any) -> None:
    """Eight candidates meet every layout, instruction and decoding."""
    study = play(Auto(), demo(5), calls=420, seed=5)
    study.step()
    study.step()
    first = [action.candidate.assignment for action in study.log[1]]

    assert len(first) == 8
    for path in ("layout", "instruction", "decoding"):
        assert {assignment[path] for assignment in first} == set(study.space[path].options)


def test_it_stops_when_nothing_better_is_likely(play: Any, two_way: Any) -> None:
    """A search that has become sure ends before its calls do."""
    world = two_way(1)
    world.space = Space([Choice("instruction", default="bad", options=("bad", "good", "poor"))])
    world.logit = lambda values: {"bad": -3.0, "poor": -2.5, "good": 3.0}[values["instruction"]]
    study = play(Auto(), world, calls=5000, seed=1).run()

    assert "unlikely" in study.stopped.reason
    assert study.spent < 500
    assert study.proposal.ranking[0].candidate.assignment["instruction"] == "good"


def test_a_refused_proposal_is_lived_with(play: Any, demo: Any) -> None:
    """Where no demos can be had, the rest is searched."""
    world = demo(1)
    study = play(Auto(), world, calls=200)
    world.bank = ()
    study.run()

    assert len(study.refused) == 1
    assert len(study.evaluated_candidates) > 8
