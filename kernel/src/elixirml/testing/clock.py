"""A clock that stands still until a test moves it."""

from heapq import heappop, heappush

import anyio
from anyio.lowlevel import checkpoint
from attrs import define, field

__all__ = ["FakeClock"]


@define(eq=False)
class FakeClock:
    """Time that passes when it is told to.

    Call it for the seconds since some point, like `time.monotonic`: it fits wherever a `clock=` is taken. What sleeps
    on it wakes up when the clock is moved past its time, the earliest sleepers first.

    Attributes:
        now: Seconds since some point.

    Example:
        >>> from elixirml.runtime.budget import Budget, Meter
        >>> clock = FakeClock()
        >>> meter = Meter(Budget(seconds=60), clock=clock)
        >>> clock.advance(61)
        >>> meter.elapsed()
        61.0

    .. versionadded:: 0.1
    """

    now: float = 0.0
    _sleepers: list[tuple[float, int, anyio.Event]] = field(factory=list[tuple[float, int, anyio.Event]], init=False)
    _numbered: int = field(default=0, init=False)

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass, and wake up who has slept enough.

        Raises:
            ValueError: Time would go back.
        """
        if seconds < 0:
            raise ValueError(f"A clock only goes forward: {seconds} seconds.")
        self.now += seconds
        while self._sleepers and self._sleepers[0][0] <= self.now:
            heappop(self._sleepers)[2].set()

    async def sleep(self, seconds: float) -> None:
        """Wait until so many seconds have passed on this clock."""
        if seconds <= 0:
            await checkpoint()
            return
        bell = anyio.Event()
        self._numbered += 1
        entry = (self.now + seconds, self._numbered, bell)
        heappush(self._sleepers, entry)
        try:
            await bell.wait()
        finally:
            if entry in self._sleepers:
                self._sleepers.remove(entry)

    @property
    def sleepers(self) -> int:
        """How many are asleep."""
        return len(self._sleepers)
