"""Opened bundles: each is opened once, in a task of its own, and closed when the worker ends.

A bundle's context may hold task groups, so it must be entered and left in one task, whoever asked for it first.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

import anyio
from anyio.abc import TaskGroup, TaskStatus
from attrs import define, field

from elixirml.contracts import Bundle, WorkFailure, WorkItem, WorkResult
from elixirml.errors import ElixirError
from elixirml.runtime.supervision import beside

__all__ = ["Opened", "opening"]

Work = Callable[[Any], Awaitable[Any]]


@define(eq=False)
class Opened:
    """The bundles of one worker."""

    _tasks: TaskGroup
    _works: dict[str, Work] = field(factory=dict[str, Work])
    _locks: dict[str, anyio.Lock] = field(factory=dict[str, anyio.Lock])

    def knows(self, digest: str) -> bool:
        """Return whether a bundle is open."""
        return digest in self._works

    async def do(self, bundle: Bundle, item: WorkItem) -> WorkResult:
        """Return what becomes of an item; whatever its work raises is a failure of the item."""
        try:
            work = await self._opened(bundle)
            return WorkResult(item.id, bundle.digest, await work(item.payload))
        except Exception as error:  # noqa: BLE001 - the work may do as it likes
            return WorkResult(item.id, bundle.digest, failure=_failure(error))

    async def _opened(self, bundle: Bundle) -> Work:
        async with self._locks.setdefault(bundle.digest, anyio.Lock()):
            if bundle.digest not in self._works:
                self._works[bundle.digest] = await self._tasks.start(self._keep, bundle)
        return self._works[bundle.digest]

    async def _keep(self, bundle: Bundle, *, task_status: TaskStatus[Work]) -> None:
        module, _, attribute = bundle.target.partition(":")
        made: Callable[[Mapping[str, Any], Mapping[str, str]], Any] = getattr(import_module(module), attribute)
        async with made(bundle.setup, bundle.sources) as work:
            task_status.started(work)
            await anyio.sleep_forever()


def _failure(error: Exception) -> WorkFailure:
    code = error.code if isinstance(error, ElixirError) else type(error).__name__
    return WorkFailure(code, str(error))


@asynccontextmanager
async def opening() -> AsyncIterator[Opened]:
    """Keep bundles open for the length of a block."""
    async with beside() as tasks:
        yield Opened(tasks)
