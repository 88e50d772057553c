"""What all conformance suites share: a rule is a method that checks one promise of a contract.

A suite needs no test framework. Test runners collect its rules, since their names begin with `test_`; the command line
goes through them by `checked`. A rule that cannot be tried with what it was given raises `NotApplicable`, which test
runners report as skipped.
"""

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from enum import StrEnum
from functools import partial
from importlib.util import find_spec
from typing import Any, ClassVar, Generic, TypeVar, cast
from unittest import SkipTest

import anyio
from attrs import frozen

from elixirml.errors import ElixirError

__all__ = [
    "Conformance",
    "NotApplicable",
    "Outcome",
    "Status",
    "checked",
    "expect",
    "leaving_nothing",
    "outcome_of",
    "promise_of",
    "rules_of",
]

SubjectT = TypeVar("SubjectT")


class NotApplicable(SkipTest):
    """A rule cannot be tried on this subject, or with the material at hand."""


def expect(holds: object, message: str) -> None:
    """Refuse a subject that breaks a rule.

    Args:
        holds: What is true of a subject that keeps it.
        message: What is wrong and what its author is to do.

    Raises:
        AssertionError: It does not hold.
    """
    __tracebackhide__ = True  # the rule is what a reader of the trace wants to see
    if not holds:
        raise AssertionError(message)


class Conformance(Generic[SubjectT]):
    """Base of the suites: subclass one in your tests, and say what is to be checked.

    Attributes:
        backends: Event loops that asynchronous rules are tried on; those not installed are left out.
        patience: Seconds after which a rule that hangs has failed.
    """

    backends: ClassVar[tuple[str, ...]] = ("asyncio", "trio")
    patience: ClassVar[float] = 30.0

    def subject(self) -> SubjectT:
        """Return what is to be checked, made anew: override this.

        Raises:
            NotImplementedError: It was not overridden.
        """
        raise NotImplementedError(
            f"{type(self).__name__} checks nothing yet: let `subject` return what it is to check."
        )

    def on_every_loop(self, check: Callable[[], Awaitable[None]]) -> None:
        """Run an asynchronous check on each of the backends, with an end to patience."""
        __tracebackhide__ = True
        for backend in filter(_installed, self.backends):
            try:
                anyio.run(partial(self._patiently, check), backend=backend)
            except BaseExceptionGroup as group:
                raise _first(group) from group

    async def _patiently(self, check: Callable[[], Awaitable[None]]) -> None:
        with anyio.move_on_after(self.patience) as scope:
            await check()
        expect(
            not scope.cancelled_caught,
            f"It did not come to an end within {self.patience:g} seconds: await what you start and let errors through.",
        )


def _installed(backend: str) -> bool:
    return find_spec(backend) is not None


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    error: Any = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    return cast("BaseException", error)


@asynccontextmanager
async def leaving_nothing(what: str) -> AsyncGenerator[None]:
    """Expect that no task is left of what a block did.

    Args:
        what: How the message calls it.
    """
    before = {each.id for each in anyio.get_running_tasks()}
    yield
    left = [each for each in anyio.get_running_tasks() if each.id not in before]
    with anyio.move_on_after(1):
        while left:
            await anyio.sleep(0.01)  # what was cancelled may need a turn to end
            running = {each.id for each in anyio.get_running_tasks()}
            left = [each for each in left if each.id in running]
    names = ", ".join(sorted(each.name or "a task" for each in left))
    expect(not left, f"{what} left something running ({names}): end in a `finally` or a task group what you start.")


class Status(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@frozen
class Outcome:
    """What came of one check.

    Attributes:
        name: Of the rule, or the id of a case.
        promise: What it checks, in a sentence.
        status: How it ended.
        message: What is wrong, or why it was skipped.
    """

    name: str
    promise: str
    status: Status
    message: str = ""


def rules_of(suite: type[Conformance[Any]]) -> tuple[str, ...]:
    """Return the names of a suite's rules, in the order in which they are written."""
    owners = reversed(inspect.getmro(suite))
    return tuple(dict.fromkeys(name for owner in owners for name in vars(owner) if name.startswith("test_")))


def promise_of(suite: type[Conformance[Any]], rule: str) -> str:
    """Return what a rule checks, in a sentence."""
    return (inspect.getdoc(getattr(suite, rule)) or "").partition("\n")[0]


def checked(suite: type[Conformance[Any]], *, rules: Iterable[str] | None = None) -> tuple[Outcome, ...]:
    """Go through a suite's rules, each on a subject of its own.

    Args:
        suite: A suite that knows its subject.
        rules: Which of them; all when not given.
    """
    chosen = rules_of(suite) if rules is None else tuple(rules)
    return tuple(outcome_of(name, promise_of(suite, name), getattr(suite(), name)) for name in chosen)


def outcome_of(name: str, promise: str, check: Callable[[], None]) -> Outcome:
    """Return what comes of one check, whatever it raises."""
    try:
        check()
    except SkipTest as reason:
        return Outcome(name, promise, Status.SKIPPED, str(reason))
    except AssertionError as error:
        # An assertion of a program is an error of ElixirML's like any other.
        return Outcome(name, promise, Status.FAILED, _words(error) if isinstance(error, ElixirError) else str(error))
    except Exception as error:  # noqa: BLE001 - the subject may do as it likes
        return Outcome(name, promise, Status.FAILED, _words(error))
    return Outcome(name, promise, Status.PASSED)


def _words(error: Exception) -> str:
    return f"It raised {type(error).__name__}: {error}"
