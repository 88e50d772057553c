"""The middleware `rate_limit`: calls wait, first come first served, so that the provider need not refuse them."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio
from attrs import define, field, frozen

from elixirml.contracts import ORDERS, LanguageModel, ModelHost, ModelRequest, ModelResponse, WrappedModel, streamed
from elixirml.errors import BudgetExceeded, ModelError, ModelRateLimited
from elixirml.variables import Variable
from elixirml_resilience.keeping import Kept
from elixirml_resilience.pacing import Bucket, Pace
from elixirml_resilience.settings import section, settled
from elixirml_resilience.streaming import Deltas, watched

__all__ = ["RateLimit", "estimated_tokens"]

_LETTERS_A_TOKEN: Final = 4
"""Of English in the tokenizers of today; what a call really used is booked when it is over."""
_LONGEST_SLEEP: Final = 1.0
"""Seconds until who waits looks again: tokens may have been given back in between."""


def estimated_tokens(request: ModelRequest) -> int:
    """Return how many tokens a call may use, reading and writing."""
    letters = sum(len(each.content) for each in request.messages) + len(request.text or "")
    return letters // _LETTERS_A_TOKEN + request.max_tokens


@define(eq=False)
class _Line:
    """Who waits for one model."""

    pace: Pace
    turn: anyio.Lock = field(factory=anyio.Lock)

    async def admit(self, request: ModelRequest) -> "_Place":
        """Wait until a call may begin; the lock keeps the order."""
        tokens = estimated_tokens(request)
        async with self.turn:
            while (delay := self.pace.delay(tokens, anyio.current_time())) > 0:  # noqa: ASYNC110 - time, no event
                await anyio.sleep(min(delay, _LONGEST_SLEEP))
            now = anyio.current_time()
            self.pace.begin(tokens, now)
        return _Place(self.pace, tokens, now)


@frozen
class _Place:
    """What was reserved for a call when it began."""

    pace: Pace
    tokens: int
    begun: float

    def settle(self, response: ModelResponse) -> None:
        """Put right what was reserved, and learn from what the reply tells."""
        self.pace.settle(self.tokens, response.usage.tokens_in + response.usage.tokens_out)
        self.pace.accepted(response.limits, anyio.current_time())

    def give_back(self, error: ModelError | BudgetExceeded) -> None:
        """Give the tokens back, and learn from a refusal."""
        self.pace.settle(self.tokens, 0)
        if isinstance(error, ModelRateLimited) and error.code != "model-quota":
            self.pace.refused(error.retry_after, anyio.current_time(), begun=self.begun)


@define(eq=False)
class RateLimit:
    """Makes models keep to what their providers allow."""

    _lines: Kept[_Line] = field(factory=Kept[_Line], init=False)

    @property
    def order(self) -> int:
        """Within retry: each attempt waits for itself."""
        return ORDERS["rate_limit"]

    def variables(self) -> tuple[Variable, ...]:
        """Return nothing: the limits are the provider's."""
        return ()

    def wrap(self, model: LanguageModel, *, options: Mapping[str, Any], host: ModelHost) -> LanguageModel:
        """Return a model that waits its turn."""
        config = settled(section(host).rate_limit, options)

        def line() -> _Line:
            return _Line(Pace(Bucket(config.requests_per_minute), Bucket(config.tokens_per_minute)))

        return _Paced(model, self._lines.get(host, (model.name, model.fingerprint), line))


@frozen(eq=False)
class _Paced(WrappedModel):
    line: _Line = field(repr=False)

    async def complete(self, request: ModelRequest) -> ModelResponse:
        """Return the reply, when it is this call's turn.

        Raises:
            ModelError: No reply came.
        """
        place = await self.line.admit(request)
        try:
            response = await self.model.complete(request)
        except (ModelError, BudgetExceeded) as error:
            place.give_back(error)
            raise
        place.settle(response)
        return response

    @asynccontextmanager
    async def stream(self, request: ModelRequest) -> AsyncGenerator[Deltas]:
        """Give the reply piece by piece, when it is this call's turn.

        Raises:
            ModelError: No reply came, or it broke off.
        """
        place = await self.line.admit(request)

        async def ended(response: ModelResponse) -> ModelResponse:
            place.settle(response)
            return response

        async with watched(streamed(self.model, request), ended=ended, failed=place.give_back) as deltas:
            yield deltas
