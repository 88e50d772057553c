"""Case tables: what a row is compared with, and who is asked."""

from collections.abc import Mapping
from typing import Any

import pytest
from attrs import frozen

from elixirml.contracts import Direction, Example, Prediction, Score
from elixirml.testing.conformance.cases import cases_of
from elixirml.testing.conformance.suite import Status


@frozen
class Near:
    """A metric that takes a tolerance."""

    rel_tol: float = 0.0

    direction: Direction = Direction.MAXIMIZE

    def score(self, example: Example, prediction: Prediction) -> Score:
        wanted, found = (float(str(each["answer"])) for each in (example.expected, prediction.fields))
        return Score(float(abs(wanted - found) <= self.rel_tol * abs(wanted)))


@frozen
class Exact(Near):
    """A metric that takes none."""

    rel_tol: float = 0.0

    def __init__(self) -> None:
        self.__attrs_init__()


def row(**asked: Any) -> Mapping[str, Any]:
    return {"id": "c-1", "input": {"metric": "near", "prediction": 10, "gold": 11, **asked}, "expected": {"value": 1}}


@pytest.mark.parametrize(
    ("metric", "asked", "status"),
    [
        (Near(), {"rel_tol": 0.1}, Status.PASSED),
        (Near(), {"rel_tol": 0.01}, Status.FAILED),
        (Near(), {}, Status.FAILED),
        (Exact(), {"rel_tol": 0.1}, Status.SKIPPED),
    ],
)
def test_a_metric_is_set_as_the_row_says(metric: Any, asked: Any, status: Status) -> None:
    """Where it takes no such setting, the row is skipped, and never scored with another."""
    assert [each.status for each in cases_of("metrics", "near", metric, [row(**asked)])] == [status]


@pytest.mark.parametrize(
    ("found", "expected", "status"),
    [
        ({"allowed": True}, {"allowed": True}, Status.PASSED),
        ({"allowed": True, "reason": "x"}, {"allowed": True}, Status.FAILED),
        ({"ok": True, "value": 3}, {"ok": True}, Status.PASSED),
        ({"ok": True, "value": 3}, {"ok": True, "value": 4}, Status.FAILED),
        (
            {"ok": False, "errors": [{"code": "a"}, {"code": "b"}]},
            {"ok": False, "errors": [{"code": "b"}, {"code": "a"}]},
            Status.PASSED,
        ),
        (
            {"ok": False, "errors": [{"code": "a"}, {"code": "a"}]},
            {"ok": False, "errors": [{"code": "a"}]},
            Status.FAILED,
        ),
        ({"ok": True, "errors": []}, {"ok": True}, Status.PASSED),
        (None, {"ok": True}, Status.SKIPPED),
    ],
)
def test_what_a_plugin_says_of_a_row_is_compared(found: Any, expected: Any, status: Status) -> None:
    """Key by key; the order of errors is free, and a value counts where the row has one."""

    def judged(name: str, asked: Mapping[str, Any]) -> Mapping[str, Any] | None:
        assert (name, asked) == ("it", {"url": "x"})
        return found

    rows = [{"id": "c-1", "input": {"url": "x"}, "expected": expected}]
    assert [each.status for each in cases_of("tools", "it", object(), rows, judge=judged)] == [status]


def test_rows_that_nobody_knows_are_skipped() -> None:
    """A kind without words for rows, and a plugin without a module `cases`: that is said."""
    (outcome,) = cases_of("tools", "it", object(), [{"id": "c-1", "input": {"url": "x"}, "expected": {}}])
    assert outcome.status is Status.SKIPPED
    assert "`cases`" in outcome.message
