"""The wrapper around scikit-optimize, and the numbers it is shown."""

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from elixirml.contracts import Candidate, Context, Outcome, Told
from elixirml.studies.standings import Standings
from elixirml.variables import Bank, Choice, Entry, Float, Integer, Space, Subset, when
from elixirml_skopt.dimensions import Category, Dimensions, Number
from elixirml_skopt.gaussian import believe, suggest
from elixirml_skopt.rows import told_rows

_DIMENSIONS = (Number(), Category(3))
_POINTS = [[0.1, 0], [0.5, 1], [0.9, 2], [0.3, 1], [0.7, 0], [0.2, 2]]
_VALUES = [0.2, 0.8, 0.3, 0.7, 0.4, 0.35]


def test_suggestions_depend_on_rows_and_seed_alone() -> None:
    """Asked twice, it says the same; with another seed, something else."""
    one, again, other = (suggest(_DIMENSIONS, _POINTS, _VALUES, count=2, seed=seed) for seed in (7, 7, 8))

    assert one == again
    assert one != other


def test_suggestions_are_plain_numbers_within_bounds() -> None:
    """No numpy type leaves the wrapper."""
    for share, index in suggest(_DIMENSIONS, _POINTS, _VALUES, count=3, seed=1):
        assert type(share) is float
        assert type(index) is int
        assert 0.0 <= share <= 1.0
        assert index in range(3)


def test_pending_points_are_not_suggested_again() -> None:
    """Points suggested together differ: each sees those before it."""
    found = suggest(_DIMENSIONS, _POINTS, _VALUES, count=4, seed=3)

    assert len({tuple(point) for point in found}) == 4


def test_belief_shrinks_the_best_mean() -> None:
    """Where all points are alike and scores are noise, the best is not believed."""
    points = [[0.5 + at / 1000, 1] for at in range(12)]
    values = [0.9 if at % 2 else 0.1 for at in range(12)]
    belief = believe(_DIMENSIONS, points, values, seed=0)

    assert max(belief.means) < 0.8
    assert all(deviation >= 0 for deviation in belief.deviations)


def _space() -> Space:
    ids = [Entry.of({"row": at}) for at in range(9)]
    return Space(
        [
            Float("temperature", default=0.5, low=0.0, high=1.0, step=0.25),
            Float("rate", default=0.1, low=0.001, high=1.0, scale="log"),
            Integer("steps", default=2, low=2, high=10, step=2),
            Choice("format", default=1, options=(1, True, "1", None)),
            Integer("votes", default=3, low=1, high=5, active_if=when("format").equals("1")),
            Subset("demos", default=[], maximum=4),
            Choice("only", default="one", options=("one",)),
        ],
        banks={"demos": Bank("demos", ids)},
    )


@given(seed=st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_points_and_assignments_translate_both_ways(seed: int) -> None:
    """Every point is a valid assignment, and that assignment's point leads back to it."""
    space = _space()
    rng = Random(seed)
    dimensions = Dimensions.of(space, space.defaults(), rng=Random(0), orders=3)
    assignment = dimensions.assignment(dimensions.random_point(rng))

    assert assignment is not None
    space.validate(assignment)
    again = dimensions.assignment(dimensions.point(assignment))
    assert again is not None
    assert space.identity(again) == space.identity(assignment)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_every_assignment_has_a_point_within_bounds(seed: int) -> None:
    """Also subsets that no order begins with, and inactive variables, have coordinates."""
    space = _space()
    dimensions = Dimensions.of(space, space.defaults(), rng=Random(0), orders=3)
    point = dimensions.point(space.sample(Random(seed)))

    assert len(point) == len(dimensions.dimensions)
    for coordinate, dimension in zip(point, dimensions.dimensions, strict=True):
        assert coordinate in range(dimension.count) if isinstance(dimension, Category) else 0 <= coordinate <= 1


def test_inactive_variables_have_the_point_of_their_default() -> None:
    """Candidates of one identity are one point."""
    space = _space()
    dimensions = Dimensions.of(space, space.defaults(), rng=Random(0), orders=3)
    one, other = (space.updated(space.defaults(), {"votes": votes}) for votes in (1, 5))

    assert dimensions.point(one) == dimensions.point(other)


def _standings(scores: list[int]) -> Standings:
    """Candidates with so many scores each; number n scores 1 on everything when n is even."""
    space = Space([Integer("at", default=0, low=0, high=1000)])
    examples = tuple(map(str, range(20)))
    baseline = Candidate.of(space, space.defaults(), origin="baseline")
    standings = Standings.of(Context(space, baseline, examples, 0, None))
    for at, count in enumerate(scores):
        candidate = Candidate.of(space, space.updated(space.defaults(), {"at": at}), origin="test")
        standings, action = standings.pulling(candidate, count)
        told = tuple(Outcome(example, float(at % 2 == 0)) for example in action.examples)
        standings = standings.after([Told(candidate, told, count, None)])
    return standings


def test_rows_are_capped_with_best_and_newest_among_them() -> None:
    """Of 400 candidates 300 are kept, in their order."""
    kept: list[Any] = [row[0].assignment["at"] for row in told_rows(_standings([6] * 400), Random(0))]

    assert len(kept) == 300
    assert kept == sorted(kept)
    assert set(range(350, 400)) <= set(kept)
