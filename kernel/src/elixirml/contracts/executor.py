"""What an executor is: where work runs.

Executors are contributed through `elixirml.hookspecs.register_executors` and named where work is given out
(`evaluate(..., executor="process")`). An executor knows nothing of programs: it carries plain data to workers and back.
That each example is scored once, whatever dies, is the ledger's business.
"""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from attrs import field, frozen

from elixirml.identity import Json

__all__ = ["Bundle", "Executor", "ExecutorCapacity", "WorkFailure", "WorkItem", "WorkResult", "Workers"]


@frozen
class Bundle:
    """The code of one piece of work, the same for all of its items.

    Attributes:
        digest: SHA-256 of everything below; workers keep what they have loaded by it, and results carry it.
        target: `package.module:function`, an installed function. A worker opens it once, `async with function(setup,
            sources) as work`, calls `await work(payload)` for each item, several at once, and closes it at its end.
        setup: Plain data for every item: what to run, and how.
        sources: Source texts by module name, for code that is not installed on workers.
    """

    digest: str
    target: str
    setup: Mapping[str, Json] = field(hash=False)
    sources: Mapping[str, str] = field(factory=dict[str, str], hash=False)


@frozen
class WorkItem:
    """One thing to do.

    Attributes:
        id: Unique in its piece of work.
        payload: Plain data.
    """

    id: str
    payload: Json = field(hash=False)


@frozen
class WorkFailure:
    """Why an item has no value.

    Attributes:
        code: `worker-crashed`, or the code or type of the error raised.
        message: In words.
        worker: Whether the worker died of it or was lost: then the item may be tried again, and alone.
    """

    code: str
    message: str
    worker: bool = False


@frozen
class WorkResult:
    """What became of an item.

    Attributes:
        id: Of the item.
        digest: Of the bundle it was really done with.
        value: Plain data, when it was done.
        failure: Why it was not.
    """

    id: str
    digest: str
    value: Json = field(default=None, hash=False)
    failure: WorkFailure | None = None


@frozen
class ExecutorCapacity:
    """How much can be under way.

    Attributes:
        workers: Alive now.
        slots: Items each takes at once.
    """

    workers: int
    slots: int

    @property
    def items(self) -> int:
        """How many items can be under way."""
        return self.workers * self.slots


class Workers(Protocol):
    """The workers of one piece of work, while they run."""

    async def submit(self, bundle: Bundle, item: WorkItem) -> None:
        """Give out an item. The caller keeps within `capacity`; more is an error of the caller's."""
        ...

    async def wait_any(self) -> WorkResult:
        """Return one result, in the order in which they come; each item gives one, also when its worker dies."""
        ...

    def capacity(self) -> ExecutorCapacity:
        """Return how much can be under way now."""
        ...


class Executor(Protocol):
    """Runs items somewhere. An instance may be used again once its block was left."""

    def running(self, workers: int, slots: int, *, grace: float = 5.0) -> AbstractAsyncContextManager[Workers]:
        """Start workers, entered when they are ready; when the block is left none is left running.

        What is under way at the end gives no result. A block, and not a pair of calls: it can be left by an error or a
        cancellation at any point, and leaves nothing behind.

        Args:
            workers: How many to start.
            slots: How many items each takes at once.
            grace: Seconds to end in; after that workers are ended by force.

        Raises:
            ExecutorError: None could be started.
        """
        ...
