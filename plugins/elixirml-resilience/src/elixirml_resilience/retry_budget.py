"""How many retries are allowed on the whole: when everything fails, retries must not multiply the load.

The token bucket of Finagle and of the Google SRE book, chapter 21 ("Handling Overload"): each call pays in a share of a
retry, each retry takes one out.
"""

from typing import Final

from attrs import define, field

__all__ = ["RetryBudget"]

_DEPTH: Final = 10
"""How many times its reserve a budget can hold: good times long past do not pay for a storm now."""


@define
class RetryBudget:
    """Allows `share` retries a call on the whole, and `reserve` more.

    Attributes:
        share: Retries a call.
        reserve: What there is at the beginning.
    """

    share: float
    reserve: float
    _left: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._left = self.reserve

    def called(self) -> None:
        """Take note of a call."""
        self._left = min(self._left + self.share, max(1.0, _DEPTH * self.reserve))

    def take(self) -> bool:
        """Take one retry out; False when there is none."""
        if self._left < 1 - 1e-9:
            return False
        self._left -= 1
        return True
