"""A language model under a meter: every call that really happens is reserved, limited, timed and told."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from time import perf_counter
from typing import Any, Final, Self

from attrs import define, evolve, field, frozen

from elixirml.contracts.language_model import LanguageModel, ModelRequest, ModelResponse
from elixirml.contracts.price import price_of
from elixirml.contracts.stream import ModelDelta, ModelEnd, ReasoningDelta, TextDelta, streamed
from elixirml.contracts.usage import Usage
from elixirml.contracts.wrapping import WrappedModel
from elixirml.errors import (
    BudgetExceeded,
    ContextLengthExceeded,
    ElixirError,
    ModelAccessDenied,
    ModelError,
    ModelRateLimited,
    ModelRequestInvalid,
    ModelUnavailable,
)
from elixirml.runtime.budget import Meter
from elixirml.runtime.events import Span

__all__ = ["MeteredModel", "Passed", "at_price", "so_far"]

_TURNED_AWAY: Final = (
    BudgetExceeded,
    ModelUnavailable,
    ModelAccessDenied,
    ModelRequestInvalid,
    ModelRateLimited,
    ContextLengthExceeded,
)
"""Raised before a provider goes to work; after any other error it may have worked, and may want to be paid."""


@frozen(eq=False)
class MeteredModel(WrappedModel):
    """Wraps a model; a journal around it answers without reaching it, and so without cost.

    A call that fails is booked as one call, unless the provider turned it away before any work.

    Attributes:
        meter: What may be used.
        limiter: How many calls may be under way at once.
        span: Where events belong.
        stage: The stage that asks.
        withheld: Returns the model as it is when a limit is reached: what is at hand in a cache it gives all the same.
    """

    meter: Meter
    limiter: AbstractAsyncContextManager[Any]
    span: Span
    stage: str
    withheld: Callable[[BudgetExceeded], LanguageModel] | None = None

    async def complete(self, request: ModelRequest) -> ModelResponse:
        """Ask within the budget.

        Raises:
            BudgetExceeded: A limit is reached; nothing was asked.
            ModelError: No reply came.
        """
        async with self._call() as call:
            with self._answering(call):
                response = await call.model.complete(request)
            return call.ended(response)

    @asynccontextmanager
    async def stream(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[ModelDelta]]:
        """Ask within the budget, and pass the reply on as it arrives.

        A reply that broke off, or was not read to its end, is booked as one call and the tokens that are sure.

        Raises:
            BudgetExceeded: A limit is reached; nothing was asked.
            ModelError: No reply came, or it broke off.
        """
        async with self._call() as call, AsyncExitStack() as left:
            with self._answering(call):
                deltas = await left.enter_async_context(streamed(call.model, request))
            yield Passed(_Guarded(deltas, lambda: self._answering(call)), call.seen)

    @asynccontextmanager
    async def _call(self) -> AsyncGenerator["_Call"]:
        async with self.limiter:
            call = _Call(self._admitted())
            try:
                with self.span.inside("model", model=self.name, stage=self.stage) as span:
                    yield call
                    span.outcome.update(call.outcome())
            finally:
                self.meter.settle(call.usage)

    def _admitted(self) -> LanguageModel:
        """Return the model, one call of it set aside; withheld where a limit is reached and replies may be at hand.

        Raises:
            BudgetExceeded: A limit is reached, and nothing is at hand; or the time is over.
        """
        try:
            self.meter.reserve()
        except BudgetExceeded as error:
            if self.withheld is None or error.limit == "seconds":
                raise
            model = self.withheld(error)
            self.meter.set_aside()
            return model
        return self.model

    @contextmanager
    def _answering(self, call: "_Call") -> Generator[None]:
        """Take note of what the provider raises; what is no error of ElixirML is an outage, not the asker's fault."""
        try:
            yield
        except ElixirError as error:
            self._note(call, error)
            raise
        except StopAsyncIteration:
            raise
        except Exception as error:
            self._note(call, error)
            raise ModelError(
                f"The model {self.name} failed: {type(error).__name__}: {error}",
                hint=f"This is a bug in the provider `{self.name.partition('/')[0]}`, or in a middleware around it: "
                "please report it there. `__cause__` of this error has the trace.",
            ) from error

    def _note(self, call: "_Call", error: Exception) -> None:
        if self.meter.counts_failures:
            call.failed(error)


@frozen(eq=False)
class Passed:
    """A stream whose pieces go through a function."""

    deltas: AsyncIterator[ModelDelta]
    through: Callable[[ModelDelta], ModelDelta]

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ModelDelta:
        return self.through(await anext(self.deltas))


@frozen(eq=False)
class _Guarded:
    """A stream each of whose pieces is awaited within a context."""

    deltas: AsyncIterator[ModelDelta]
    within: Callable[[], AbstractContextManager[None]]

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ModelDelta:
        with self.within():
            return await anext(self.deltas)


def so_far(usage: Usage, delta: ModelDelta, *, seconds: float) -> Usage:
    """Return what a reply has used with one more piece, while its provider has not said: no piece is less than a token.

    Args:
        usage: What it had used before.
        delta: The piece.
        seconds: For how long it has been waited for.
    """
    empty = isinstance(delta, (TextDelta, ReasoningDelta)) and not delta.text
    return Usage(calls=1, tokens_out=usage.tokens_out + (not empty), seconds=seconds)


def at_price(model: LanguageModel, usage: Usage) -> Usage:
    """Return what a reply had used that broke off, at the price of its model; nothing used costs nothing."""
    return evolve(usage, money=price_of(model, usage)) if usage.calls else usage


@define(eq=False)
class _Call:
    """One call of a model under way, and what is known of it so far."""

    model: LanguageModel
    started: float = field(factory=perf_counter)
    first_token: float | None = None
    _usage: Usage = field(factory=Usage)
    _whole: bool = False

    @property
    def usage(self) -> Usage:
        """What is to be booked: what the reply says, or what is sure of one that broke off, at the model's price."""
        return self._usage if self._whole else at_price(self.model, self._usage)

    def seen(self, delta: ModelDelta) -> ModelDelta:
        """Take note of a piece of the reply; the last one tells the usage as it is booked."""
        if isinstance(delta, ModelEnd):
            return ModelEnd(evolve(self.ended(delta.response), first_token=self.first_token))
        seconds = perf_counter() - self.started
        if self.first_token is None:
            self.first_token = seconds
        self._usage = so_far(self._usage, delta, seconds=seconds)
        return delta

    def ended(self, response: ModelResponse) -> ModelResponse:
        """Take note of the whole reply, and return it with its usage as it is booked."""
        # A reply that was at hand was no call, whatever it took when it was first given.
        calls = 0 if response.cached else max(1, response.usage.calls)
        self._usage, self._whole = evolve(response.usage, calls=calls, seconds=perf_counter() - self.started), True
        return evolve(response, usage=self._usage)

    def failed(self, error: Exception) -> None:
        """Take note that no reply came, or not the whole."""
        if not isinstance(error, _TURNED_AWAY):
            self._usage, self._whole = Usage(calls=1, seconds=perf_counter() - self.started), False

    def outcome(self) -> dict[str, Any]:
        """Return what the end of the call tells."""
        told = {} if self.first_token is None else {"first_token": self.first_token}
        return {"usage": self.usage, **told}
