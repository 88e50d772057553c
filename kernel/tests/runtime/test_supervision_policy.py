"""Tests of `elixirml.runtime.supervision.policy`: the case table and the laws of the pure decisions."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elixirml.errors import ConfigError
from elixirml.runtime.supervision.policy import (
    Backoff,
    Decision,
    Entry,
    Exit,
    Restart,
    Rules,
    State,
    Strategy,
    simulate,
)

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[3] / "tests/cases/supervisor.jsonl").read_text(encoding="utf-8").splitlines()
]
RULES = st.builds(
    Rules, strategy=st.sampled_from(Strategy), max_restarts=st.integers(0, 4), window_s=st.sampled_from([1, 5, 60])
)
CHILDREN = st.lists(st.sampled_from(Restart), min_size=1, max_size=5).map(
    lambda kinds: [Entry("abcde"[position], kind) for position, kind in enumerate(kinds)]
)
EXITS = st.lists(st.tuples(st.integers(0, 4), st.sampled_from("abcde"), st.sampled_from(Exit)), max_size=10)


def timed(exits: list[tuple[int, str, Exit]]) -> list[tuple[float, str, Exit]]:
    """Turn waits into times."""
    at = 0
    found: list[tuple[float, str, Exit]] = []
    for wait, child, exit_ in exits:
        at += wait
        found.append((at, child, exit_))
    return found


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_the_case_table_holds(case: dict[str, Any]) -> None:
    """Starts, log, survivors and escalation are those of OTP for every row."""
    given, expected = case["input"], case["expected"]
    found = simulate(
        Rules(Strategy(given["strategy"]), given["max_restarts"], given["window_s"]),
        [Entry(child["id"], Restart(child["restart"])) for child in given["children"]],
        [(event["at"], event["child"], Exit(event["exit"])) for event in given["events"]],
    )

    assert found.starts == expected["starts"]
    assert [list(line) for line in found.log] == expected["log"]
    assert list(found.running) == expected["running"]
    assert found.escalated is expected["escalated"]


@given(RULES, CHILDREN, EXITS)
def test_nobody_is_started_twice_or_stopped_while_down(
    rules: Rules, children: list[Entry], exits: list[tuple[int, str, Exit]]
) -> None:
    """Starts and ends of each child alternate, and who is up at the end is what the log says."""
    found = simulate(rules, children, timed(exits))
    up: set[str] = set()

    for word, child in found.log:
        assert (child in up) is (word != "start")
        up ^= {child}

    assert up == set(found.running)
    assert not (found.escalated and found.running)


@given(RULES, CHILDREN, EXITS)
def test_no_window_holds_more_restarts_than_allowed(
    rules: Rules, children: list[Entry], exits: list[tuple[int, str, Exit]]
) -> None:
    """Whatever happens, a supervisor that has not given up restarted at most max_restarts times in any window."""
    state = State(tuple(Entry(child.id, child.restart, running=True) for child in children))
    restarts: list[float] = []
    for at, child, exit_ in timed(exits):
        state, decision = rules.after_exit(state, child, exit_, at=at)
        for other in decision.starts:
            state = state.started(other)
        if decision.starts:
            restarts.append(at)
            assert sum(at - earlier <= rules.window_s for earlier in restarts) <= rules.max_restarts
            assert rules.restarts_in_window(state, at=at) <= rules.max_restarts


@given(RULES, CHILDREN, EXITS)
def test_sweeps_go_down_in_reverse_and_up_in_order(
    rules: Rules, children: list[Entry], exits: list[tuple[int, str, Exit]]
) -> None:
    """Stops come last started first, starts in declared order, and temporary children never come back."""
    order = [child.id for child in children]
    temporary = {child.id for child in children if child.restart is Restart.TEMPORARY}
    state = State(tuple(Entry(child.id, child.restart, running=True) for child in children))
    for at, child, exit_ in timed(exits):
        state, decision = rules.after_exit(state, child, exit_, at=at)
        assert list(decision.stops) == sorted(decision.stops, key=order.index, reverse=True)
        assert list(decision.starts) == sorted(decision.starts, key=order.index)
        assert not temporary & set(decision.starts)
        assert bool(decision.attempt) is bool(decision.starts)
        for other in decision.starts:
            state = state.started(other)


def test_a_failed_restart_counts_and_is_tried_again() -> None:
    """A start that fails while restarting uses up the limit like a crash, and takes the later siblings with it."""
    rules = Rules(Strategy.REST_FOR_ONE, max_restarts=2, window_s=10)
    state = State(tuple(Entry(child, running=True) for child in "abc"))

    state, first = rules.after_exit(state, "a", Exit.CRASH, at=0)
    state, second = rules.after_failed_start(state.started("a"), "b", at=1)
    state, third = rules.after_failed_start(state, "b", at=2)

    assert (first.stops, first.starts, first.attempt) == (("c", "b"), ("a", "b", "c"), 1)
    assert (second.stops, second.starts, second.attempt) == ((), ("b", "c"), 1)
    assert (third.stops, third.escalated) == (("a",), True)
    assert rules.after_failed_start(state, "a", at=3) == (state, Decision())


def test_unknown_and_ended_children_change_nothing() -> None:
    """A late report about a child that is gone, or down, is no event."""
    rules = Rules()
    state = State((Entry("a"),))

    for child in ("a", "ghost"):
        after, decision = rules.after_exit(state, child, Exit.CRASH, at=0)
        assert after == state
        assert decision == Decision()


def test_restarts_are_counted_by_child() -> None:
    """The attempt a back-off grows with is the child's own, while the limit is everybody's."""
    rules = Rules(max_restarts=5, window_s=10)
    state = State((Entry("a", running=True), Entry("b", running=True)))
    attempts: list[int] = []
    for at, child in enumerate("aabab"):
        state, decision = rules.after_exit(state, child, Exit.CRASH, at=at)
        state = state.started(child)
        attempts.append(decision.attempt)

    assert attempts == [1, 2, 1, 3, 2]
    assert rules.restarts_in_window(state, at=12, child="a") == 1
    assert rules.restarts_in_window(state, at=12) == 3


@given(st.integers(1, 5000), st.integers(0, 3))
def test_backoff_grows_to_its_cap_within_its_jitter(attempt: int, seed: int) -> None:
    """Each wait lies between half and all of the doubled one, never above the cap, the same for the same seed."""
    backoff = Backoff(initial_s=0.1, factor=2, cap_s=30, jitter=0.5)
    full = min(30, 0.1 * 2 ** min(attempt - 1, 20))

    wait = backoff.delay(attempt, Random(seed))

    assert full / 2 <= wait <= full
    assert wait == backoff.delay(attempt, Random(seed))


@pytest.mark.parametrize(
    "make",
    [lambda: Rules(max_restarts=-1), lambda: Rules(window_s=0), lambda: Backoff(jitter=2), lambda: Backoff(factor=0.5)],
)
def test_impossible_limits_are_refused(make: Any) -> None:
    """A negative limit, an empty window or a shrinking back-off is a configuration error."""
    with pytest.raises(ConfigError, match="found"):
        make()
