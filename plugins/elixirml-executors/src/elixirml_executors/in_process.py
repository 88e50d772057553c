"""The executor of this process: every item is a task, and nothing leaves the process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio.abc import TaskGroup
from attrs import field, frozen

from elixirml.contracts import Bundle, ExecutorCapacity, WorkItem, WorkResult
from elixirml.runtime.supervision import beside
from elixirml_executors.opening import Opened, opening
from elixirml_executors.results import Results

__all__ = ["InProcess", "Tasks"]


class InProcess:
    """Runs items beside each other in this process; for work that waits for others most of the time."""

    @asynccontextmanager
    async def running(self, workers: int, slots: int, *, grace: float = 5.0) -> AsyncIterator["Tasks"]:
        """Prepare for `workers * slots` items at once; the end of the block cancels what is under way."""
        _ = grace  # a task can be cancelled, not killed
        async with opening() as opened, beside() as group:
            yield Tasks(group, opened, ExecutorCapacity(workers, slots))


@frozen(eq=False)
class Tasks:
    """Items as tasks of this process."""

    _group: TaskGroup
    _opened: Opened
    _capacity: ExecutorCapacity
    _results: Results = field(factory=Results, init=False)

    async def submit(self, bundle: Bundle, item: WorkItem) -> None:
        """Begin an item."""
        self._group.start_soon(self._do, bundle, item)

    async def wait_any(self) -> WorkResult:
        """Return the next result."""
        return await self._results.take()

    def capacity(self) -> ExecutorCapacity:
        """Return how much can be under way."""
        return self._capacity

    async def _do(self, bundle: Bundle, item: WorkItem) -> None:
        self._results.give(await self._opened.do(bundle, item))
