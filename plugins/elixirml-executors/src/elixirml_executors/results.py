"""Results on their way to whoever waits for one."""

from collections import deque

import anyio
from attrs import define, field

from elixirml.contracts import WorkResult

__all__ = ["Results"]


@define(eq=False)
class Results:
    """A queue without an end: what may be under way is limited already."""

    _there: deque[WorkResult] = field(factory=deque[WorkResult], init=False)
    _bell: anyio.Semaphore = field(factory=lambda: anyio.Semaphore(0), init=False)

    def give(self, result: WorkResult) -> None:
        """Enter a result."""
        self._there.append(result)
        self._bell.release()

    async def take(self) -> WorkResult:
        """Wait for a result and return it."""
        await self._bell.acquire()
        return self._there.popleft()
