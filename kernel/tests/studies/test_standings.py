"""The standings of a search: what was asked, told and refused, and what is believed of it."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elixirml.contracts import Candidate, Context, Direction, Outcome, Proposed, Refused, Told
from elixirml.studies.standings import Standings
from elixirml.variables import Integer, Space

SPACE = Space([Integer("at", default=0, low=0, high=1000)])
EXAMPLES = tuple(map(str, range(20)))


def candidate(at: int) -> Candidate:
    """A candidate of its own for each number."""
    return Candidate.of(SPACE, SPACE.updated(SPACE.defaults(), {"at": at}), origin="test")


def context(*, calls: int | None = None, direction: Direction = Direction.MAXIMIZE) -> Context:
    return Context(SPACE, candidate(0), EXAMPLES, 0, calls, direction, calls_per_example=2)


def scored(counts: list[int], *, of: Context | None = None) -> Standings:
    """Candidates with so many scores each; number n scores 1 on everything when n is even, else 0."""
    standings = Standings.of(of or context())
    for at, count in enumerate(counts):
        standings, action = standings.pulling(candidate(at), count)
        told = tuple(Outcome(example, float(at % 2 == 0)) for example in action.examples)
        standings = standings.after([Told(candidate(at), told, count, None)])
    return standings


def test_candidates_with_few_scores_are_no_rows() -> None:
    """A mean of fewer than five scores is left out, unless nobody has more."""
    assert [row.assignment["at"] for row, _ in scored([3, 8, 4, 5]).rows()] == [1, 3]
    assert len(scored([3, 4]).rows()) == 2


def test_scores_that_are_not_finite_are_missing() -> None:
    """NaN and infinity break samplers."""
    standings, _ = Standings.of(context()).pulling(candidate(0), 3)
    outcomes = (Outcome("0", math.nan), Outcome("1", math.inf), Outcome("2", 0.5))

    ((_, mean),) = standings.after([Told(candidate(0), outcomes, 3, None)]).rows()
    assert mean == pytest.approx(0.5)


def test_everybody_takes_the_examples_in_one_order() -> None:
    """Pull after pull, to the end of the order; then nothing is left."""
    standings, first = Standings.of(context()).pulling(candidate(0), 15)
    assert first.examples == EXAMPLES[:15]
    assert standings.open(candidate(0))
    standings, last = standings.pulling(candidate(0), 15)
    assert last.examples == EXAMPLES[15:]
    assert not standings.open(candidate(0))


def test_a_refusal_gives_the_examples_back() -> None:
    """Twice refused, a candidate is left alone; refusals in a row are counted until something is told."""
    standings, action = Standings.of(context()).pulling(candidate(0), 5)
    standings = standings.after([Refused(action, "no")])
    assert standings.entry(candidate(0)).asked == 0
    assert (standings.refusals, standings.open(candidate(0))) == (1, True)
    standings = standings.pulling(candidate(0), 5)[0].after([Refused(action, "no")])
    assert (standings.refusals, standings.open(candidate(0))) == (2, False)
    assert standings.after([Told(candidate(1), (), 0, 9)]).refusals == 0


def test_what_is_no_evaluation_changes_nothing() -> None:
    """A grown bank is not the standings' affair."""
    standings = scored([5])
    assert standings.after([Proposed("reply.demos", (), SPACE, {})]).entries == standings.entries


def test_the_calls_left_are_those_last_told() -> None:
    """None is no limit."""
    assert Standings.of(context()).left == math.inf
    assert Standings.of(context(calls=40)).left == 40
    assert Standings.of(context(calls=40)).after([Told(candidate(0), (), 4, 36)]).left == 36
    assert Standings.of(context()).rate == 2


def test_where_less_is_better_the_ranking_is_turned() -> None:
    """The best comes first; its estimate is in the metric's own unit."""
    up, down = (scored([8, 8], of=context(direction=each)).ranking() for each in Direction)
    assert [each.candidate.assignment["at"] for each in up] == [0, 1]
    assert [each.candidate.assignment["at"] for each in down] == [1, 0]
    assert down[0].estimate == pytest.approx(1 - up[0].estimate)


def test_without_scores_there_is_no_ranking() -> None:
    """Nobody is believed anything of."""
    assert Standings.of(context()).ranking() == []


def test_estimates_are_shrunk() -> None:
    """The best of many noisy means is not reported as the score: estimates lie closer together than means."""
    rng, standings = Random(5), Standings.of(context())
    for at in range(12):
        standings, action = standings.pulling(candidate(at), 10)
        told = tuple(Outcome(example, rng.random()) for example in action.examples)
        standings = standings.after([Told(candidate(at), told, 10, None)])
    means, ranking = [mean for _, mean in standings.rows()], standings.ranking()
    assert max(means) - min(means) > ranking[0].estimate - ranking[-1].estimate
    assert all(each.deviation > 0 for each in ranking)


@given(st.lists(st.integers(1, 20), min_size=2, max_size=6), st.integers(0, 9))
def test_hard_examples_do_not_count_against_who_met_them(counts: list[int], easy: int) -> None:
    """Candidates that are alike on what each met have about the same adjusted mean, whatever they met."""
    standings = Standings.of(context())
    for at, count in enumerate(counts):
        standings, action = standings.pulling(candidate(at), count)
        told = tuple(Outcome(example, float(int(example) < easy)) for example in action.examples)
        standings = standings.after([Told(candidate(at), told, count, None)])
    raw = [sum(entry.scores.values()) / len(entry.scores) for entry in standings.scored if len(entry.scores) >= 5]
    means = [mean for _, mean in standings.rows()]
    if len(raw) == len(means) and len(raw) > 1:
        assert max(means) - min(means) <= max(raw) - min(raw) + 1e-9
