"""What every observer promises: to take note of anything, quickly, and to stay out of the way."""

import copy
import io
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from types import FrameType
from typing import Any, Final

from elixirml.contracts.observer import Event, Observer
from elixirml.testing.conformance.suite import Conformance, expect

__all__ = ["ObserverConformance"]

_NAMES: Final = (
    "run.start",
    "run.end",
    "stage.start",
    "stage.end",
    "model.start",
    "model.end",
    "model.error",
    "study.trial",
    "study.end",
    "service.moved",
    "some.event.of.a.later.version",
    "",
    "%s {} \u2028",
)
_DATA: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"usage": None, "error": None, "stage": "", "program": None},
    {"usage": object(), "error": ValueError("odd"), "number": float("nan"), "text": "\u202e" * 9},
)
_MANY: Final = 200
_MOST_CALLS: Final = 2000


def _event(name: str, data: dict[str, Any] | None = None, *, number: int = 0) -> Event:
    return Event(name, "run-1", f"span-{number}", None if number % 2 else "span-0", 1.0 + number, data or {})


class ObserverConformance(Conformance[Observer]):
    """What is promised by `elixirml.contracts.Observer`.

    Example:
        >>> class TestBar(ObserverConformance):
        ...     def subject(self):
        ...         return Bar(stream=io.StringIO())

    .. versionadded:: 0.1
    """

    def test_any_event_is_taken_note_of(self) -> None:
        """Events may be new, in any order and without any of the details; none of them raises."""
        observer = self.subject()
        for data in _DATA:
            for number, name in enumerate(_NAMES):
                try:
                    observer.notify(_event(name, data, number=number))
                except Exception as error:
                    raise AssertionError(
                        f"The event {name!r} raised {type(error).__name__}: {error}. Look only for what you know, with "
                        "`data.get`; an observer that raises is dropped."
                    ) from error

    def test_it_is_told_at_once(self) -> None:
        """`notify` is a plain function: what it returned is not awaited."""
        notify: Callable[[Event], object] = self.subject().notify
        found = notify(_event("run.start"))
        expect(found is None, f"`notify` returned {found!r}: make it a plain function that returns nothing.")

    def test_events_are_left_alone(self) -> None:
        """Who is told next sees the same event."""
        data = {"program": "QA", "labels": ["a"], "usage": {"calls": 1}}
        event = _event("run.end", copy.deepcopy(data))
        self.subject().notify(event)
        expect(event == _event("run.end", data), "The observer changed the event: copy what you keep.")

    def test_standard_output_is_left_alone(self) -> None:
        """Standard output holds the answer of a command and nothing else."""
        out = io.StringIO()
        with redirect_stdout(out):
            observer = self.subject()
            for name in _NAMES:
                observer.notify(_event(name))
        expect(not out.getvalue(), f"It printed {out.getvalue()[:60]!r} on standard output: use standard error.")

    def test_it_is_quick(self) -> None:
        """An event costs few steps, does not sleep, and costs no more after many others."""
        observer = self.subject()
        observer.notify(_event("run.start"))
        counted = [_steps(observer, _event(_NAMES[at % 10], number=at)) for at in range(_MANY)]
        expect(None not in counted, "An event made it sleep: do slow things elsewhere, such as in a service.")
        most = max(each for each in counted if each is not None)
        expect(most <= _MOST_CALLS, f"An event cost {most} calls of functions: do slow things elsewhere.")

    def test_several_threads_may_tell_it(self) -> None:
        """Kernels in several threads may share it."""
        observer = self.subject()

        def tell(thread: int) -> None:
            for number in range(50):
                observer.notify(_event(_NAMES[number % 10], {"thread": thread}, number=number))

        with ThreadPoolExecutor(4) as pool:
            for each in [pool.submit(tell, number) for number in range(4)]:
                error = each.exception()
                expect(error is None, f"Told from several threads, it raised {error!r}: guard what it keeps.")


def _steps(observer: Observer, event: Event) -> int | None:
    """Return how many functions it takes to tell an event; None when one of them sleeps."""
    steps, slept = 0, False

    def note(_frame: FrameType, kind: str, function: Any) -> None:
        nonlocal steps, slept
        steps += kind in {"call", "c_call"}
        slept = slept or (kind == "c_call" and function is time.sleep)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        observer.notify(event)
    finally:
        sys.setprofile(before)
    return None if slept else steps
