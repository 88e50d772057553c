"""The numbers behind the search: likeness, belief, and scores freed of the examples' effects."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elixirml_teleprompters.effects import scores_of
from elixirml_teleprompters.rows import Rows, likeness, stacked
from elixirml_teleprompters.surrogate import Shape, believe, fitted_shape, gram


def _rows(seed: int, count: int) -> Rows:
    generator = np.random.default_rng(seed)
    numbers = generator.random((count, 2))
    numbers[generator.random((count, 2)) < 0.2] = np.nan
    members = (generator.random((count, 7)) < generator.random((count, 1))).astype(np.float64)
    present = generator.random((count, 1)) < 0.8
    return Rows(generator.integers(-1, 3, (count, 3)), numbers, (members * present,), present)


@given(seed=st.integers(0, 10_000), count=st.integers(1, 40), rho=st.sampled_from([0.1, 0.3, 1.0]))
@settings(max_examples=40, deadline=None)
def test_the_kernel_is_a_covariance(seed: int, count: int, rho: float) -> None:
    """With inactive dimensions, empty subsets and repeated rows, no combination has negative variance."""
    rows = _rows(seed, count)
    covariance = gram(likeness(stacked([rows, rows])), Shape(0.2, rho))

    assert np.isfinite(covariance).all()
    assert np.allclose(covariance, covariance.T)
    assert np.linalg.eigvalsh(covariance).min() > -1e-9


def test_inactive_dimensions_say_nothing() -> None:
    """Two rows that share an inactive dimension are no more alike for it."""
    rows = Rows(
        np.array([[-1], [-1], [1], [1]]),
        np.array([[np.nan], [np.nan], [0.5], [0.5]]),
        (np.zeros((4, 3)),),
        np.array([[False], [False], [True], [True]]),
    )
    total = likeness(rows).total

    assert total[0, 1] == total[0, 2] == 0.0
    assert total[2, 3] == 3.0


def test_subsets_are_alike_by_common_members() -> None:
    """Half of the members in common is half alike; none and some are not alike; none and none are."""
    members = np.array([[1, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]], dtype=np.float64)
    rows = Rows(np.zeros((4, 0), dtype=np.int64), np.zeros((4, 0)), (members,), np.ones((4, 1), dtype=np.bool_))
    total = likeness(rows).total

    assert total[0, 1] == pytest.approx(0.5)
    assert total[0, 2] == 0.0
    assert total[2, 3] == 1.0


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_belief_follows_what_is_certain_and_shrinks_what_is_not(seed: int) -> None:
    """Without noise the belief is what was seen; with noise the spread of beliefs is smaller than that of scores."""
    rows = _rows(seed, 12)
    means = np.random.default_rng(seed).normal(0.5, 0.15, 12)
    certain = believe(rows, means, np.full(12, 1e-9), Shape())
    doubtful = believe(rows, means, np.full(12, 0.02), Shape())

    assert np.allclose(certain.mean, means, atol=1e-3)
    assert doubtful.mean.std() < means.std()
    assert (doubtful.deviation >= certain.deviation - 1e-9).all()


def test_draws_have_the_belief_they_are_drawn_from() -> None:
    """Mean and covariance of many draws are those of the belief, also where it is singular."""
    rows = _rows(3, 6)
    twice = stacked([rows, rows.take(np.array([0, 0]))])
    belief = believe(twice, np.array([0.2, 0.8, 0.5]), np.full(3, 0.01), Shape())
    draws = belief.draws(np.random.default_rng(1), count=20_000)

    assert np.allclose(draws.mean(axis=0), belief.mean, atol=0.01)
    assert np.allclose(np.cov(draws.T), belief.covariance, atol=0.005)


def test_the_shape_learns_how_far_candidates_differ() -> None:
    """A wide spread of true means is fitted by a larger scale than none at all."""
    rows = _rows(5, 40)
    effects = np.array([-0.3, 0.0, 0.3, 0.1])[rows.codes[:, 0]]
    noise = np.full(40, 0.17 / 60)

    assert fitted_shape(rows, 0.5 + effects, noise).spread > fitted_shape(rows, np.full(40, 0.5), noise).spread


def test_hard_examples_do_not_count_against_those_who_met_them() -> None:
    """Whoever went on to harder examples is compared on what they share, not on raw means."""
    generator = np.random.default_rng(0)
    table = (generator.random((12, 40)) < np.where(np.arange(40) < 10, 0.9, 0.3)).astype(float)
    table[6:, 10:] = np.nan
    raw = np.nanmean(table, axis=1)
    scores = scores_of(table)

    assert raw[6:].mean() - raw[:6].mean() > 0.35
    assert abs(scores.means[6:].mean() - scores.means[:6].mean()) < 0.6 * (raw[6:].mean() - raw[:6].mean())


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
@settings(deadline=None)
def test_scores_are_finite(values: list[float]) -> None:
    """Any finite scores give finite means and positive noise."""
    scores = scores_of(np.array([values, values[::-1]]))

    assert np.isfinite(scores.means).all()
    assert (scores.noise > 0).all()
