"""What a supervisor supervises: the declaration of a child, its visible state, and the errors of its life."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any, Protocol

from anyio.abc import TaskStatus
from attrs import frozen

from elixirml.errors import ExecutorError
from elixirml.runtime.supervision.policy import Restart

__all__ = [
    "ChildShutdown",
    "ChildSpec",
    "ChildStartFailed",
    "ChildState",
    "ChildStatus",
    "RestartLimitReached",
    "Run",
    "Transition",
]


class Run(Protocol):
    """The life of a child: does its work until it returns, raises or is cancelled."""

    def __call__(self, *, task_status: TaskStatus[Any]) -> Awaitable[object]:
        """Live; call `task_status.started()` once ready, which lets the next sibling start.

        A fresh call is a fresh start: nothing of an earlier one may be taken for granted.
        """
        ...


class ChildState(StrEnum):
    """Where a child is in its life."""

    WAITING = "waiting"  # not started yet, or waiting for its next start
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    OVERDUE = "overdue"  # asked to stop, and past its shutdown limit
    STOPPED = "stopped"  # by the supervisor
    EXITED = "exited"  # by itself, without an error
    CRASHED = "crashed"


@frozen
class ChildStatus:
    """A node of the supervision tree at one moment.

    Attributes:
        id: Of the child or supervisor.
        state: Where it is in its life.
        generation: How often it was started.
        restart: Its restart kind.
        restarts_in_window: Restarts it caused within its supervisor's window; for a supervisor at the root, all.
        last_error: Type and message of its latest error, also after it recovered.
        children: The children of a supervisor, in start order.
    """

    id: str
    state: ChildState
    generation: int
    restart: Restart
    restarts_in_window: int
    last_error: str | None = None
    children: tuple["ChildStatus", ...] = ()


@frozen
class ChildSpec:
    """The declaration of a child.

    Attributes:
        id: Unique in its supervisor.
        run: Its life; see `Run`.
        restart: When it is started again.
        shutdown_s: How long it may take to end once cancelled, in seconds; None for as long as it takes. A task
            cannot be killed: one that takes longer is reported as overdue and waited for. What must end in time
            belongs in a process of its own, see `ChildProcess`.
        ready_s: How long it may take to become ready; None for as long as it takes.
        inspect: For a supervisor, returns its own tree.
    """

    id: str
    run: Run
    restart: Restart = Restart.PERMANENT
    shutdown_s: float | None = 5.0
    ready_s: float | None = None
    inspect: Callable[[], ChildStatus] | None = None


@frozen
class Transition:
    """A child went from one state to another.

    Attributes:
        supervisor: The id of its supervisor.
        child: Its id.
        before: The state it left.
        after: The state it is in now.
        generation: Which of its starts this concerns, counted from 1.
        at: Seconds on the event loop's clock.
        error: What it died of, when it did.
    """

    supervisor: str
    child: str
    before: ChildState
    after: ChildState
    generation: int
    at: float
    error: BaseException | None = None


class ChildShutdown(ExecutorError):
    """Raised by a child that ends on purpose: only a permanent one is started again."""

    default_code = "child-shutdown"


class ChildStartFailed(ExecutorError):
    """A child ended, or ran out of time, before it was ready; the cause is attached."""

    default_code = "child-start-failed"


class RestartLimitReached(ExecutorError):
    """A supervisor gave up: more restarts in its window than it allows. The last error is attached as the cause."""

    default_code = "restart-limit"
