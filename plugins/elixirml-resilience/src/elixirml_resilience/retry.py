"""The middleware `retry`: asks again what failed for a moment, with full jitter and within a budget.

Full jitter: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
"""

import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, TypeVar

import anyio
from attrs import define, evolve, field, frozen

from elixirml.contracts import ORDERS, LanguageModel, ModelHost, ModelRequest, ModelResponse, WrappedModel
from elixirml.errors import (
    ContextLengthExceeded,
    ModelAccessDenied,
    ModelDisconnected,
    ModelError,
    ModelOverloaded,
    ModelRateLimited,
    ModelRefused,
    ModelRequestInvalid,
    ModelTimeout,
)
from elixirml.variables import Variable, variable
from elixirml_resilience.config import RetryConfig
from elixirml_resilience.deciding import Answer, RetryPolicy, Trouble, decide
from elixirml_resilience.keeping import Kept
from elixirml_resilience.outages import is_circuit_open
from elixirml_resilience.retry_budget import RetryBudget
from elixirml_resilience.settings import configured, section, settled
from elixirml_resilience.streaming import Deltas, begun, ending

__all__ = ["Retry", "answer_of_error"]

T = TypeVar("T")

_LOG: Final = logging.getLogger(__name__)
_FINAL: Final = (ModelAccessDenied, ModelRequestInvalid, ContextLengthExceeded, ModelRefused)
_MEANINGS: Final = {
    ModelTimeout: Answer(trouble=Trouble.TIMEOUT),
    ModelDisconnected: Answer(trouble=Trouble.RESET),
    ModelRateLimited: Answer(status=429),
    ModelOverloaded: Answer(status=503),
}


def answer_of_error(error: ModelError, *, at: float) -> Answer:
    """Return what an error comes to for the rules; where its kind does not say enough, its status does.

    Args:
        error: What a provider raised.
        at: Seconds since the first attempt began.
    """
    wish = error.should_retry
    if wish is None and (isinstance(error, _FINAL) or is_circuit_open(error)):
        return Answer(trouble=Trouble.OTHER, at=at)
    known = next((answer for kind, answer in _MEANINGS.items() if isinstance(error, kind)), None)
    status = error.status or (known.status if known else None)
    broken = known is not None and known.trouble is not None
    return Answer(
        # A server that says what it wants has answered, whatever its answer was taken for.
        status=None if broken and wish is None else status,
        trouble=known.trouble if known else Trouble.OTHER,
        retry_after=error.retry_after,
        should_retry=wish,
        out_of_quota=error.code == "model-quota",
        at=at,
    )


@define(eq=False)
class Retry:
    """Makes models patient.

    Attributes:
        rng: Where the jitter comes from.
    """

    rng: random.Random = field(factory=random.Random)
    _budgets: Kept[RetryBudget] = field(factory=Kept[RetryBudget], init=False)

    @property
    def order(self) -> int:
        """Within fallback and hedge, around breaker and limits."""
        return ORDERS["retry"]

    def variables(self) -> tuple[Variable, ...]:
        """Return what may be tuned."""
        own = RetryConfig()
        return (
            variable(own.max_retries, low=0, high=20, name="max_retries", hint="how often to ask again"),
            variable(own.base, low=0.0, high=60.0, name="base", hint="seconds before the first retry, at most"),
        )

    def configured(self, host: ModelHost) -> Mapping[str, Any]:
        """Return what is configured of that."""
        return configured(section(host).retry, self.variables())

    def wrap(self, model: LanguageModel, *, options: Mapping[str, Any], host: ModelHost) -> LanguageModel:
        """Return a model that asks again."""
        config = settled(section(host).retry, options)
        policy = RetryPolicy(
            max_retries=config.max_retries,
            base=config.base,
            factor=config.factor,
            cap=config.cap,
            max_retry_after=config.max_retry_after,
            deadline=config.deadline,
        )
        budget = self._budgets.get(
            host, (model.name, model.fingerprint), lambda: RetryBudget(config.budget_share, config.budget_reserve)
        )
        return _Persistent(model, policy, budget, self.rng)


@frozen(eq=False)
class _Persistent(WrappedModel):
    policy: RetryPolicy
    budget: RetryBudget = field(repr=False)
    rng: random.Random = field(repr=False)

    async def complete(self, request: ModelRequest) -> ModelResponse:
        """Return the reply of the first attempt that has one.

        Raises:
            ModelError: The last attempt's; a note says how many there were.
        """
        response, failures = await self._persistently(lambda: self.model.complete(request))
        return _counted(response, failures)

    @asynccontextmanager
    async def stream(self, request: ModelRequest) -> AsyncGenerator[Deltas]:
        """Give the first stream that begins; one that breaks later is not begun again.

        Raises:
            ModelError: No attempt began, or the stream broke.
        """
        async with AsyncExitStack() as stack:
            deltas, failures = await self._persistently(lambda: stack.enter_async_context(begun(self.model, request)))

            async def counted(response: ModelResponse) -> ModelResponse:
                return _counted(response, failures)

            yield await stack.enter_async_context(ending(deltas, ended=counted))

    async def _persistently(self, attempt: Callable[[], Awaitable[T]]) -> tuple[T, int]:
        """Return what an attempt gives, and how many failed before it."""
        started, failures = anyio.current_time(), 0
        self.budget.called()
        while True:
            try:
                return await attempt(), failures
            except ModelError as error:
                answer = answer_of_error(error, at=anyio.current_time() - started)
                decision = decide(self.policy, answer, retries=failures)
                failures += 1
                if decision.after is None or not self.budget.take():
                    _noted(error, failures)
                    raise
                _LOG.debug("%s: retry %d after %s", self.name, failures, error.code)
            # The server's own wait is kept to; a computed one is a bound for chance.
            await anyio.sleep(decision.after if decision.by_server else self.rng.uniform(0.0, decision.after))


def _noted(error: ModelError, attempts: int) -> None:
    if attempts > 1:
        error.add_note(f"The model was asked {attempts} times.")


def _counted(response: ModelResponse, failures: int) -> ModelResponse:
    """Return the reply with what the failed attempts add: each was a call, whatever came of it."""
    if not failures:
        return response
    usage = evolve(response.usage, calls=max(1, response.usage.calls) + failures)
    return evolve(response, attempts=response.attempts + failures, usage=usage)
