"""An asyncio loop on a thread of its own: litellm knows no other, and its callers may run on trio."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from anyio.abc import TaskStatus
from anyio.from_thread import BlockingPortal, start_blocking_portal
from attrs import define, field

from elixirml.contracts import ModelHost

__all__ = ["AsyncioThread"]

T = TypeVar("T")


@define(eq=False)
class AsyncioThread:
    """Carries calls to the other loop; started with the first of them, kept by the kernel, ended with it.

    A caller that is cancelled cancels its call there, which closes the connection; it does not wait for that.

    Attributes:
        host: Who keeps it.
        most: Calls under way at once.
        ending: What is done on the other loop before it ends.
    """

    host: ModelHost
    most: int
    ending: Callable[[], Awaitable[None]]
    _portal: BlockingPortal | None = field(default=None, init=False)
    _waiting: anyio.CapacityLimiter | None = field(default=None, init=False)

    async def call(self, function: Callable[..., Awaitable[T]], *args: Any) -> T:
        """Run an async function on the other loop and return what it returns."""
        if self._portal is None:
            await self.host.supervise("litellm", self._kept)
        assert self._portal is not None  # noqa: S101 - set before the service says that it has started
        future = self._portal.start_task_soon(function, *args)
        try:
            return await anyio.to_thread.run_sync(future.result, abandon_on_cancel=True, limiter=self._waiting)
        finally:
            future.cancel()  # of no effect on a call that has ended

    async def _kept(self, *, task_status: TaskStatus[None]) -> None:
        # One thread waits for each call, and they are not those that anyio keeps for everybody.
        self._waiting = anyio.CapacityLimiter(self.most)
        with start_blocking_portal("asyncio") as portal:
            self._portal = portal
            task_status.started()
            try:
                await anyio.sleep_forever()
            finally:
                self._portal = None
                portal.call(self.ending)
