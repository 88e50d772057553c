"""How fast a model may be asked: two token buckets, what the provider tells, and what its refusals teach.

Additive increase and multiplicative decrease: Chiu and Jain, "Analysis of the Increase and Decrease Algorithms for
Congestion Avoidance in Computer Networks", 1989. Every method is told the time, in seconds.
"""

import math
from collections import deque
from typing import Final

from attrs import define, field

from elixirml.contracts import RateLimits

__all__ = ["Bucket", "Pace"]

_MINUTE: Final = 60.0
_SLOWEST: Final = 1 / 64
"""The smallest share of the configured rate."""
_STEP: Final = 1 / 20
"""The share of the configured rate that each reply gives back after a refusal."""
_LEAST_PAUSE: Final = 0.5
"""Seconds; where the provider names none, the first pause is twice as long, and each further one twice the last."""
_LONGEST_PAUSE: Final = 60.0
_ROUNDING: Final = 1e-6
_RECENT: Final = 10.0
"""Seconds over which it is seen how fast a model without a configured rate was asked."""


@define
class Bucket:
    """Fills with so much a minute, up to a minute's worth.

    Attributes:
        per_minute: How much; 0 for no limit.
    """

    per_minute: float
    _level: float = field(init=False)
    _at: float | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._level = self.per_minute

    def delay(self, amount: float, now: float, *, share: float) -> float:
        """Return the seconds until so much is there; more than it holds waits until it is full.

        Args:
            amount: How much is wanted.
            now: The time.
            share: Of the rate it fills with, above 0.
        """
        if not self.per_minute:
            return 0.0
        rate = self.per_minute * share / _MINUTE
        self._level = min(self.per_minute, self._level + rate * (now - (now if self._at is None else self._at)))
        self._at = now
        lacking = min(amount, self.per_minute) - self._level
        return 0.0 if lacking <= _ROUNDING else lacking / rate

    def take(self, amount: float) -> None:
        """Take so much out, or put it back when negative; it may owe."""
        self._level = min(self.per_minute, self._level - amount)

    def limit(self, per_minute: float) -> None:
        """Fill with so much a minute from now on; 0 lifts the limit."""
        self.per_minute, self._level, self._at = per_minute, 0.0, None

    def at_most(self, amount: float) -> None:
        """Believe who says that no more is left."""
        self._level = min(self._level, amount)


@define
class Pace:
    """The pace of one model.

    Attributes:
        requests: One a call.
        tokens: Those read and written.
        share: How much of the rates is used; halved by each refusal.
    """

    requests: Bucket
    tokens: Bucket
    share: float = 1.0
    _is_configured: bool = field(init=False)
    _until: float = field(default=0.0, init=False)
    _pause: float = field(default=_LEAST_PAUSE, init=False)
    _slowed: float = field(default=-math.inf, init=False)
    _begun: deque[float] = field(factory=lambda: deque[float](maxlen=10_000), init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._is_configured = self.requests.per_minute > 0

    def delay(self, tokens: float, now: float) -> float:
        """Return the seconds until a call of so many tokens may begin."""
        return max(
            self._until - now,
            self.requests.delay(1, now, share=self.share),
            self.tokens.delay(tokens, now, share=self.share),
            0.0,
        )

    def begin(self, tokens: float, now: float) -> None:
        """Reserve a call of so many tokens, by estimate."""
        self._begun.append(now)
        self.requests.take(1)
        self.tokens.take(tokens)

    def settle(self, reserved: float, used: float) -> None:
        """Put right what was reserved by what was used."""
        self.tokens.take(used - reserved)

    def accepted(self, limits: RateLimits | None, now: float) -> None:
        """Take note of a reply: a little faster, within what the provider says is left."""
        self.share = min(1.0, self.share + _STEP)
        self._pause = _LEAST_PAUSE
        if self.share == 1 and not self._is_configured:
            self.requests.limit(0)
        if limits is not None:
            self._heed(self.requests, limits.requests_left, limits.requests_reset, now)
            self._heed(self.tokens, limits.tokens_left, limits.tokens_reset, now)

    def refused(self, retry_after: float | None, now: float, *, begun: float) -> None:
        """Take note of a refusal: half as fast, after the pause the provider wants, else one that doubles.

        Args:
            retry_after: The pause the provider wants, in seconds.
            now: The time.
            begun: When the call began: refusals of one burst teach once.
        """
        if begun > self._slowed:
            self._slow_down(now)
        self._until = max(self._until, now + (self._pause if retry_after is None else retry_after))

    def _slow_down(self, now: float) -> None:
        if not self.requests.per_minute:
            recent = sum(each > now - _RECENT for each in self._begun)
            self.requests.limit(max(1, recent) * _MINUTE / _RECENT)
        self.share = max(_SLOWEST, self.share / 2)
        self._pause = min(_LONGEST_PAUSE, 2 * self._pause)
        self._slowed = now

    def _heed(self, bucket: Bucket, left: int | None, reset: float | None, now: float) -> None:
        if left is None:
            return
        bucket.at_most(left)
        if left <= 0 and reset is not None:
            self._until = max(self._until, now + reset)
