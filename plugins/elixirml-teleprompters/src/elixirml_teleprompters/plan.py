"""The plan: how far the calls go."""

import math
from typing import Protocol

from attrs import frozen

from elixirml.contracts import Context

__all__ = ["Plan"]

MOST_RESERVED = 0.4


class _Wishes(Protocol):
    """What the plan takes from the options."""

    @property
    def pull(self) -> int: ...

    @property
    def initial(self) -> int: ...

    @property
    def finalist(self) -> int: ...

    @property
    def reserve(self) -> float: ...


@frozen
class Plan:
    """Sizes that fit the calls and the examples.

    Attributes:
        pull: Examples a pull; fewer than asked for when the calls would not pay for four pulls.
        initial: Candidates at the start; no more than half of the calls pay for.
        finalist: Examples the winner should have seen; at most all.
        reserve: Calls kept for the end: the share asked for, or what takes one candidate from its first pull to a
            finalist where that is more, but never more than two fifths.
    """

    pull: int
    initial: int
    finalist: int
    reserve: float

    @classmethod
    def of(cls, context: Context, wishes: _Wishes) -> "Plan":
        """Return the plan of a study."""
        rate = max(1, context.calls_per_example)
        examples = len(context.examples)
        finalist = min(wishes.finalist, examples)
        pull = min(wishes.pull, examples)
        if context.calls is None:
            return cls(pull, wishes.initial, finalist, 0.0)
        pull = max(1, min(pull, context.calls // (4 * rate)))
        initial = min(wishes.initial, max(1, context.calls // (2 * pull * rate)))
        share = max(wishes.reserve * context.calls, float((finalist - pull) * rate))
        reserve = math.floor(min(share, MOST_RESERVED * context.calls)) if wishes.reserve else 0
        return cls(pull, initial, finalist, reserve)
