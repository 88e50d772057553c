"""Biases of labels: the laws both estimates keep, and what each is for."""

import math
import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elixirml_adapters.calibration import BATCH_PRIOR_ROWS, ScoredRow, batch_bias, fitted_bias

_LABELS = ("a", "b", "c", "d")
_ROWS = st.lists(
    st.builds(
        ScoredRow,
        st.fixed_dictionaries(dict.fromkeys(_LABELS, st.floats(-200, 0) | st.just(-math.inf))),
        st.sampled_from([*_LABELS, None, "no label"]),
    ),
    max_size=12,
)
Estimate = Callable[[Sequence[ScoredRow], Sequence[str]], dict[str, float]]
_ESTIMATES = pytest.mark.parametrize("estimate", [batch_bias, fitted_bias])


def _world(count: int, *, prior: dict[str, float], shares: dict[str, float], seed: int = 1) -> list[ScoredRow]:
    """Return replies of a model that knows something (2 nats) and prefers some labels, on labels of given shares."""
    rng = random.Random(seed)
    rows = []
    for answer in rng.choices(list(shares), weights=list(shares.values()), k=count):
        scores = {label: rng.gauss(0, 1) + prior[label] + 2 * (label == answer) for label in prior}
        total = math.log(sum(map(math.exp, scores.values())))
        rows.append(ScoredRow({label: score - total for label, score in scores.items()}, answer))
    return rows


def _accuracy(rows: list[ScoredRow], bias: dict[str, float]) -> float:
    def likeliest(row: ScoredRow) -> str:
        return max(row.scores, key=lambda label: row.scores[label] + bias.get(label, 0))

    return sum(likeliest(row) == row.expected for row in rows) / len(rows)


@_ESTIMATES
@settings(max_examples=60, deadline=None)
@given(rows=_ROWS, seed=st.integers())
def test_biases_are_finite_centred_and_free_of_order(estimate: Estimate, rows: list[ScoredRow], seed: int) -> None:
    """Biases sum to zero whatever was observed, and the order of observations does not matter."""
    bias = estimate(rows, _LABELS)
    shuffled = rows[:]
    random.Random(seed).shuffle(shuffled)

    assert all(map(math.isfinite, bias.values()))
    assert math.isclose(sum(bias.values()), 0, abs_tol=1e-8)
    assert estimate(shuffled, _LABELS) == bias
    assert set(bias) in (set(), set(_LABELS))


@settings(max_examples=60, deadline=None)
@given(rows=_ROWS)
def test_a_fitted_bias_is_no_less_likely_than_its_neighbours(rows: list[ScoredRow]) -> None:
    """The fit is the minimum of the loss it documents: moving any bias a little makes it worse."""
    bias = fitted_bias(rows, _LABELS)
    start = batch_bias(rows, _LABELS)

    def loss(moved: dict[str, float]) -> float:
        total = sum((moved[label] - start[label]) ** 2 for label in _LABELS) / 2
        for row in rows:
            top = max(row.scores.values())
            if row.expected in _LABELS and math.isfinite(top):
                raised = {label: max(row.scores[label], top - 50) + moved[label] for label in _LABELS}
                peak = max(raised.values())
                total += peak + math.log(sum(math.exp(each - peak) for each in raised.values())) - raised[row.expected]
        return total

    for label in bias:
        for step in (-1e-2, 1e-2):
            assert loss(bias) < loss({**bias, label: bias[label] + step})


def test_the_batch_bias_is_shrunk_by_the_number_of_rows() -> None:
    """With one row a fifth of the preference is taken out, with many nearly all of it."""
    row = ScoredRow({"a": -1.0, "b": -3.0})

    assert batch_bias([row], "ab")["b"] == pytest.approx(1 / (1 + BATCH_PRIOR_ROWS))
    assert batch_bias([row] * 400, "ab")["b"] == pytest.approx(1, abs=0.01)


def test_both_estimates_undo_a_preference_for_labels() -> None:
    """On evenly shared labels a strong preference of the model costs accuracy, which both estimates give back."""
    prior = {"a": 3.0, "b": 0.0, "c": -2.0, "d": 0.0}
    even = dict.fromkeys(prior, 1.0)
    train, test = _world(40, prior=prior, shares=even), _world(2000, prior=prior, shares=even, seed=2)
    raw = _accuracy(test, {})

    assert _accuracy(test, batch_bias(train, _LABELS)) > raw + 0.15
    assert _accuracy(test, fitted_bias(train, _LABELS)) > raw + 0.15


def test_a_fitted_bias_learns_that_labels_are_not_equally_frequent() -> None:
    """Batch calibration supposes equal shares; answers show the true ones."""
    prior = dict.fromkeys(_LABELS, 0.0)
    shares = {"a": 12.0, "b": 1.0, "c": 1.0, "d": 1.0}
    train, test = _world(60, prior=prior, shares=shares), _world(2000, prior=prior, shares=shares, seed=2)

    assert _accuracy(test, fitted_bias(train, _LABELS)) > _accuracy(test, batch_bias(train, _LABELS)) + 0.05


def test_few_answers_leave_the_bias_near_the_batch_bias() -> None:
    """One answer moves no bias by more than the prior allows: less than one nat."""
    rows = _world(40, prior={"a": 3.0, "b": 0.0, "c": -2.0, "d": 0.0}, shares=dict.fromkeys(_LABELS, 1.0))
    unanswered = [ScoredRow(row.scores) for row in rows]
    fitted = fitted_bias([*unanswered, rows[0]], _LABELS)
    batch = batch_bias([*unanswered, rows[0]], _LABELS)

    assert fitted != batch
    assert all(abs(fitted[label] - batch[label]) < 1 for label in _LABELS)


@_ESTIMATES
def test_a_label_that_was_never_scored_keeps_the_neutral_bias(estimate: Estimate) -> None:
    """Nothing is known of it, so nothing is done to it; the others are calibrated among themselves."""
    rows = [ScoredRow({"a": -1.0, "b": -2.0}, "b"), ScoredRow({"a": -0.5, "b": -3.0}, "b")]

    bias = estimate(rows, ["a", "b", "c"])

    assert bias["c"] == 0
    assert bias["b"] > 0


@_ESTIMATES
@pytest.mark.parametrize(
    "rows",
    [
        [],
        [ScoredRow({})],
        [ScoredRow({"a": math.nan, "b": -1.0}, "a")],
        [ScoredRow({"a": -math.inf, "b": -math.inf}, "a")],
    ],
)
def test_nothing_is_fitted_without_usable_rows(estimate: Estimate, rows: list[ScoredRow]) -> None:
    """No scores, no bias: neither an error nor a guess."""
    assert estimate(rows, ["a", "b"]) == {}


def test_a_preference_of_many_nats_still_converges() -> None:
    """Steps that would overshoot are shortened, so the fit ends where the answers are likeliest."""
    rows = [ScoredRow({"a": -0.001, "b": -45.0}, "b")] * 20 + [ScoredRow({"a": -0.001, "b": -40.0}, "a")] * 20

    bias = fitted_bias(rows, ["a", "b"])

    assert 40 < bias["b"] - bias["a"] < 45
