"""A circuit breaker: closed while calls succeed, open while the model is left alone, half-open while one call tries it.

Michael Nygard, "Release It!", second edition, 2018, chapter 5. Every method is told the time, in seconds.
"""

from collections import deque
from enum import StrEnum

from attrs import define, field

from elixirml_resilience.config import BreakerConfig

__all__ = ["Circuit", "CircuitState"]


class CircuitState(StrEnum):
    """Whether calls go through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@define
class Circuit:
    """The circuit of one model.

    Attributes:
        config: When it opens, and for how long.
    """

    config: BreakerConfig
    _outcomes: deque[tuple[float, bool]] = field(factory=deque[tuple[float, bool]], init=False)
    _failures: int = field(default=0, init=False)
    _opened: float | None = field(default=None, init=False)
    _trying: bool = field(default=False, init=False)

    def state(self, now: float) -> CircuitState:
        """Return whether calls go through."""
        if self._opened is None:
            return CircuitState.CLOSED
        return CircuitState.HALF_OPEN if now >= self._opened + self.config.pause else CircuitState.OPEN

    def wait(self, now: float) -> float | None:
        """Return the seconds until a call may be tried again; None when it may be now."""
        if self._opened is None:
            return None
        if self._trying:
            # Whoever tries now will have closed the circuit by then, or opened it anew.
            return self.config.pause
        left = self._opened + self.config.pause - now
        return left if left > 0 else None

    def enter(self, now: float) -> bool:
        """Let a call through, and return whether it is the one that tries the model."""
        trying = self.state(now) is CircuitState.HALF_OPEN
        self._trying = self._trying or trying
        return trying

    def left(self, *, trying: bool) -> None:
        """Take note of a call that came to no end: it was cancelled."""
        if trying:
            self._trying = False

    def succeeded(self, now: float, *, trying: bool) -> None:
        """Take note of an answer."""
        if trying:
            self._close()
        self._enter_outcome(now, failed=False)

    def failed(self, now: float, *, trying: bool) -> None:
        """Take note of a failure."""
        if trying:
            self._trying, self._opened = False, now
        self._enter_outcome(now, failed=True)

    def _close(self) -> None:
        self._trying, self._opened, self._failures = False, None, 0
        self._outcomes.clear()

    def _enter_outcome(self, now: float, *, failed: bool) -> None:
        """Count an outcome; those of calls that began before the circuit opened tell nothing new."""
        if self._opened is not None:
            return
        self._outcomes.append((now, failed))
        self._failures += failed
        while self._outcomes[0][0] < now - self.config.window:
            self._failures -= self._outcomes.popleft()[1]
        count = len(self._outcomes)
        if failed and count >= self.config.least and self._failures >= self.config.threshold * count:
            self._opened = now
