"""The executor of worker processes on this machine: supervised, replaced when they die, killed when they must be."""

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup
from attrs import define, field, frozen

from elixirml.contracts import Bundle, ExecutorCapacity, WorkFailure, WorkItem, WorkResult
from elixirml.runtime.supervision import Backoff, ChildProcess, ChildProcessDied, Supervisor, beside
from elixirml_executors.results import Results
from elixirml_executors.travel import bundle_to, item_to, result_from

__all__ = ["Crowd", "Processes"]

_MOST_RESTARTS = 1000
_WINDOW_S = 10.0
_READY_S = 60.0


class Processes:
    """Runs items in worker processes; what a dead one had under way fails, and another one takes its place."""

    @asynccontextmanager
    async def running(self, workers: int, slots: int, *, grace: float = 5.0) -> AsyncIterator["Crowd"]:
        """Start worker processes; the end of the block ends them, by closing their input, else by force.

        Raises:
            ExecutorError: One could not be started.
        """
        children = [_process(number, slots, grace) for number in range(workers)]
        supervisor = Supervisor(
            "workers",
            [each.as_child() for each in children],
            max_restarts=_MOST_RESTARTS,
            window_s=_WINDOW_S,
            backoff=Backoff(initial_s=0.05, cap_s=0.5),
        )
        async with supervisor.running(), beside() as group:
            yield Crowd(group, [_Worker(each) for each in children], slots)


@define(eq=False)
class _Worker:
    """A worker process and how many items it has."""

    child: ChildProcess
    items: int = 0


@frozen(eq=False)
class Crowd:
    """Items as questions to worker processes."""

    _group: TaskGroup
    _workers: Sequence[_Worker]
    _slots: int
    _results: Results = field(factory=Results, init=False)

    async def submit(self, bundle: Bundle, item: WorkItem) -> None:
        """Give an item to the worker that has the fewest."""
        worker = min(self._workers, key=lambda each: (each.child.pid is None, each.items))
        worker.items += 1
        self._group.start_soon(self._do, worker, bundle, item)

    async def wait_any(self) -> WorkResult:
        """Return the next result."""
        return await self._results.take()

    def capacity(self) -> ExecutorCapacity:
        """Return how much can be under way."""
        return ExecutorCapacity(len(self._workers), self._slots)

    async def _do(self, worker: _Worker, bundle: Bundle, item: WorkItem) -> None:
        try:
            result = await _asked(worker.child, bundle, item)
        except ChildProcessDied as error:
            failure = WorkFailure("worker-crashed", error.message, worker=True)
            result = WorkResult(item.id, bundle.digest, failure=failure)
        finally:
            worker.items -= 1
        self._results.give(result)


async def _asked(child: ChildProcess, bundle: Bundle, item: WorkItem) -> WorkResult:
    """Ask a worker; one that does not know the bundle, as after a restart, is sent it."""
    with anyio.move_on_after(_READY_S) as waiting:
        await child.ready()
    if waiting.cancelled_caught:
        raise ChildProcessDied(f"{child.name} did not start again within {_READY_S:.0f} s")
    asked = {"digest": bundle.digest, "item": item_to(item)}
    answer = await child.ask(asked)
    if "unknown" in answer:
        answer = await child.ask({**asked, "bundle": bundle_to(bundle)})
    return result_from(answer)


def _process(number: int, slots: int, grace: float) -> ChildProcess:
    return ChildProcess(
        # -P: a file of the user's working folder must not be taken for a module of the worker.
        [sys.executable, "-P", "-m", "elixirml_executors.worker"],
        name=f"worker {number + 1}",
        width=slots,
        grace_s=grace / 2,
        terminate_s=grace / 2,
    )
