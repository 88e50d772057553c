"""The readout: what it promises about data it was and was not fitted on."""

import json
import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elixirml_adapters.readout import PROBES, Readout, ReadoutRow, fit_readout

LABELS = ("tweet", "film", "news")


def rows(count: int, *, seed: int, telling: float) -> list[ReadoutRow]:
    """Return rows whose labels' own scores say nothing, and in which one word for each label says `telling` nats."""
    rng = Random(seed)
    made = []
    for number in range(count):
        expected = LABELS[number % len(LABELS)]
        probes = {word: rng.gauss(-8.0, 0.5) for word in PROBES}
        probes[PROBES[LABELS.index(expected)]] += telling
        made.append(ReadoutRow({label: rng.gauss(-2.0, 0.1) for label in LABELS}, probes, expected))
    return made


def right(readout: Readout, judged: list[ReadoutRow]) -> float:
    """Return the share of rows whose expected label scores best."""
    hits = [
        max(LABELS, key=lambda label: readout.score(label, row.scores, row.probes)) == row.expected for row in judged
    ]
    return sum(hits) / len(hits)


def test_words_that_tell_the_label_are_read_on_unseen_rows() -> None:
    """Where other words than the labels' own carry the answer, the readout finds it from sixty rows."""
    readout = fit_readout(rows(60, seed=1, telling=2.0), LABELS)

    assert readout is not None
    assert right(readout, rows(150, seed=2, telling=2.0)) > 0.9


def test_words_that_tell_nothing_leave_chance_on_unseen_rows() -> None:
    """On noise the readout does not pretend: unseen rows stay near one in three."""
    readout = fit_readout(rows(60, seed=3, telling=0.0), LABELS)

    assert readout is not None
    assert right(readout, rows(300, seed=4, telling=0.0)) == pytest.approx(1 / 3, abs=0.12)


@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rng: Random) -> None:
    """A permutation of the rows gives the same readout, to the last digit."""
    made = rows(24, seed=5, telling=1.0)
    shuffled = [*made]
    rng.shuffle(shuffled)

    assert fit_readout(shuffled, LABELS) == fit_readout(made, LABELS)


def test_a_great_penalty_leaves_batch_calibration() -> None:
    """With the weights held at nothing, what remains is the batch bias: each label's mean is taken out."""
    made = rows(30, seed=6, telling=1.0)
    readout = fit_readout(made, LABELS, penalty=1e9)

    assert readout is not None
    means = {label: math.fsum(row.scores[label] for row in made) / len(made) for label in LABELS}
    centre = math.fsum(means.values()) / len(means)
    assert readout.offsets == pytest.approx({label: centre - mean for label, mean in means.items()}, abs=1e-4)
    assert max(abs(weight) for weights in readout.weights.values() for weight in weights.values()) < 1e-4


def test_too_few_rows_give_no_readout() -> None:
    """Seven rows are too few to say anything."""
    assert fit_readout(rows(7, seed=7, telling=2.0), LABELS) is None


def test_rows_without_words_give_no_readout() -> None:
    """A model that scores labels alone leaves nothing to read."""
    bare = [ReadoutRow(row.scores, {}, row.expected) for row in rows(20, seed=8, telling=2.0)]

    assert fit_readout(bare, LABELS) is None


def test_a_readout_survives_json() -> None:
    """What is saved with a tuned program reads back as the same model."""
    readout = fit_readout(rows(24, seed=9, telling=1.0), LABELS)

    assert readout is not None
    assert Readout.from_json(json.loads(json.dumps(readout.to_json()))) == readout


def test_the_words_are_distinct_lower_case_english() -> None:
    """The list is the same for every task: no word twice, none that a tokenizer would have to guess at."""
    assert len(set(PROBES)) == len(PROBES) > 100
    assert all(word.isalpha() and word == word.lower() for word in PROBES)
