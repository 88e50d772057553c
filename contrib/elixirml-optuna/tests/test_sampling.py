"""The wrapper around Optuna, and the parameters it is shown."""

import logging
import random
import threading
import warnings
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elixirml.variables import Bank, Choice, Constraint, Entry, Float, Integer, Space, Subset, Text, when
from elixirml_optuna.parameters import Parameters
from elixirml_optuna.sampling import suggest


def space_of(entries: int = 6, **given: Any) -> Space:
    space = Space(
        [
            Choice("strategy", default="direct", options=("direct", "vote", 3, None)),
            Integer("votes", default=3, low=1, high=9, step=2, active_if=when("strategy").equals("vote")),
            Float("share", default=0.1, low=0.01, high=1.0, scale="log", active_if=when("votes").at_least(5)),
            Float("temperature", default=0.3, low=0.0, high=0.9, step=0.1),
            Text("instruction", default=Entry.of("a").id, entries=(Entry.of("a"), Entry.of("b"))),
            Subset("demos", maximum=4),
        ],
        **given,
    )
    return space.with_banks({"demos": Bank("demos", tuple(Entry.of({"row": at}) for at in range(entries)))})


def parameters_of(space: Space, seed: int = 0) -> Parameters:
    return Parameters.of(space, space.defaults(), rng=Random(seed), orders=4)


@given(seed=st.integers(0, 10_000), entries=st.integers(0, 6))
@settings(max_examples=25, deadline=None)
def test_what_is_drawn_is_valid_and_has_the_same_parameters_again(seed: int, entries: int) -> None:
    """Suggestions are in the space, and a row of one is exactly what was drawn; inactive variables have none."""
    space = space_of(entries)
    parameters = parameters_of(space, seed)
    for found in suggest(parameters, (), sampler="random", count=3, seed=seed):
        space.validate(found)
        active = space.canonical(found)
        drawn = parameters.drawn(found)
        again = parameters.assignment(lambda name, _, drawn=drawn: drawn[name])  # type: ignore[misc]
        assert again is not None
        assert space.identity(again) == space.identity(found)
        assert ("votes" in drawn) == ("votes" in active) == (active["strategy"] == "vote")


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_suggestions_depend_on_rows_and_seed_alone(sampler: str) -> None:
    """Asked twice it says the same, whatever the global generators are doing; with another seed, something else."""
    space = space_of()
    parameters = parameters_of(space)
    rng = Random(3)
    rows = [(space.sample(rng), rng.random()) for _ in range(20)]
    random.seed(1)
    one = suggest(parameters, rows, sampler=sampler, count=3, seed=7)
    random.seed(2)
    before = random.getstate()
    again = suggest(parameters, rows, sampler=sampler, count=3, seed=7)

    assert random.getstate() == before
    assert one == again
    assert one != suggest(parameters, rows, sampler=sampler, count=3, seed=8)


def test_parzen_estimators_look_where_it_was_good() -> None:
    """What it is told matters: with scores that favour one strategy and many votes, most suggestions follow."""
    space = space_of()
    parameters = parameters_of(space)
    rng = Random(0)
    rows: list[Any] = []
    for values in (space.sample(rng) for _ in range(60)):
        active: dict[str, Any] = space.canonical(values)
        rows.append((values, active.get("votes", 0) / 9))
    found = [suggest(parameters, rows, sampler="tpe", count=1, seed=seed)[0] for seed in range(20)]

    assert sum(each["strategy"] == "vote" for each in found) >= 14


def test_a_batch_differs() -> None:
    """Suggestions that are out count as bad ones, so those of a batch are not all the same."""
    space = space_of()
    rng = Random(1)
    rows = [(values, float(values["strategy"] == "vote")) for values in (space.sample(rng) for _ in range(30))]

    assert len({each.digest for each in suggest(parameters_of(space), rows, sampler="tpe", count=4, seed=0)}) > 1


def test_what_constraints_refuse_is_drawn_again() -> None:
    """Constraints hold for every suggestion; where nothing satisfies them, none comes back."""
    few, none = (
        Constraint("few", message="cool answers", paths=("temperature",), holds=holds)
        for holds in (lambda values: values["temperature"] <= 0.3, lambda values: values["temperature"] == 0.3)
    )
    cool = suggest(parameters_of(space_of(constraints=[few])), (), sampler="random", count=8, seed=0)
    exact = suggest(parameters_of(space_of(constraints=[none])), (), sampler="random", count=8, seed=0)

    assert len(cool) == 8
    assert all(float(str(each["temperature"])) <= 0.3 for each in cool)
    assert {each["temperature"] for each in exact} <= {0.3}


def test_optuna_says_nothing_and_keeps_its_settings(capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing reaches the terminal or a warning, and Optuna's own loggers are as they were."""
    import optuna

    logger = logging.getLogger("optuna.storages._in_memory")
    level, filters = optuna.logging.get_verbosity(), list(logger.filters)
    space = space_of()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        suggest(parameters_of(space), [(space.defaults(), 0.5)], sampler="tpe", count=2, seed=0)

    assert capfd.readouterr() == ("", "")
    assert (optuna.logging.get_verbosity(), logger.filters) == (level, filters)


def test_studies_of_others_are_still_heard() -> None:
    """What another thread logs while a suggestion is made is let through, and what this one does is not."""
    import optuna

    heard: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.getMessage())

    def holds(_: Any) -> bool:
        other = threading.Thread(target=optuna.create_study, kwargs={"study_name": "theirs"})
        other.start()
        other.join()
        return True

    ear = Ear()
    space = Space(
        [Integer("n", default=1, low=1, high=9)],
        constraints=[Constraint("loud", message="a study runs beside this one", paths=("n",), holds=holds)],
    )
    parameters = parameters_of(space)
    logging.getLogger("optuna").addHandler(ear)
    try:
        suggest(parameters, (), sampler="random", count=1, seed=0)
    finally:
        logging.getLogger("optuna").removeHandler(ear)

    assert heard
    assert all("theirs" in message for message in heard)
