"""Every rule of observers is failed by an observer that breaks it, and by it alone."""

import sys
import threading
import time
from typing import Any

import pytest

from elixirml.contracts import Event
from elixirml.testing.conformance.observer import ObserverConformance
from elixirml.testing.conformance.suites import suite_of


class Counting:
    """An observer as it should be."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}

    def notify(self, event: Event) -> Any:
        self.seen[event.name] = self.seen.get(event.name, 0) + 1


class Eager(Counting):
    def notify(self, event: Event) -> Any:
        if event.name == "run.end" and "usage" in event.data:
            _ = event.data["usage"]["calls"]


class Later:
    """Stands for something to be awaited."""


class Asynchronous(Counting):
    def notify(self, event: Event) -> Any:
        return Later()


class Meddling(Counting):
    def notify(self, event: Event) -> Any:
        if isinstance(event.data, dict):
            event.data.pop("labels", None)


class Printing(Counting):
    def notify(self, event: Event) -> Any:
        if event.name == "run.end":
            sys.stdout.write("the run has ended\n")


class Sleeping(Counting):
    def notify(self, event: Event) -> Any:
        time.sleep(0.0001)


class Growing(Counting):
    def notify(self, event: Event) -> Any:
        super().notify(event)
        for _ in range(sum(self.seen.values())):
            for each in range(20):
                abs(each)


class OfOneThread(Counting):
    def __init__(self) -> None:
        super().__init__()
        self.home = threading.get_ident()

    def notify(self, event: Event) -> Any:
        assert threading.get_ident() == self.home


RIGHT = suite_of("observers", Counting)
WRONG = {
    "test_any_event_is_taken_note_of": suite_of("observers", Eager),
    "test_it_is_told_at_once": suite_of("observers", Asynchronous),
    "test_events_are_left_alone": suite_of("observers", Meddling),
    "test_standard_output_is_left_alone": suite_of("observers", Printing),
    "test_it_is_quick": suite_of("observers", Growing),
    "test_several_threads_may_tell_it": suite_of("observers", OfOneThread),
}


def test_an_observer_that_sleeps_is_not_quick(judge: Any) -> None:
    """A short sleep costs no step, and is found all the same."""
    judge.fails_alone(suite_of("observers", Sleeping), "test_it_is_quick")


def test_a_right_observer_passes(judge: Any) -> None:
    """Every rule is tried on a right observer, and asks nothing that it does not keep."""
    judge.passes(RIGHT)


def test_no_rule_is_without_a_wrong_observer(judge: Any) -> None:
    """A rule that nothing can break is no rule."""
    judge.is_complete(WRONG, ObserverConformance)


@pytest.mark.parametrize("rule", WRONG)
def test_a_wrong_observer_fails_its_rule_alone(rule: str, judge: Any) -> None:
    """Whoever breaks one promise is told of that one, in words."""
    judge.fails_alone(WRONG[rule], rule)
