"""How a predict stage reaches its model: bound by budget, limiter, journal and events, and heard by who listens."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from time import perf_counter
from typing import TypeAlias

from attrs import define, field, frozen

from elixirml.contracts.language_model import Capability, LanguageModel, ModelRequest, ModelResponse
from elixirml.contracts.stream import ModelDelta, ModelEnd, StreamingModel, streamed
from elixirml.contracts.usage import Usage
from elixirml.runtime.listening import StageListener
from elixirml.runtime.metering import Passed, at_price, so_far

__all__ = ["Asking"]

Stream: TypeAlias = Callable[[ModelRequest], AbstractAsyncContextManager[AsyncIterator[ModelDelta]]]


@frozen(eq=False)
class Asking:
    """What one prediction asks with.

    Attributes:
        model: The stage's model, metered and wrapped.
        prepared: Returns a request as it is sent: with a seed, where sampling needs one.
        book: Told what each reply used.
    """

    model: LanguageModel
    prepared: Callable[[ModelRequest], ModelRequest]
    book: Callable[[Usage], None]

    async def ask(self, request: ModelRequest) -> ModelResponse:
        """Return the reply to a request."""
        response = await self.model.complete(self.prepared(request))
        self.book(response.usage)
        return response

    def heard_by(self, listener: StageListener | None) -> Stream | None:
        """Return what gives replies as they arrive, to be heard by a listener if there is one; None where none can."""
        streams = Capability.STREAM in self.model.capabilities and isinstance(self.model, StreamingModel)
        return partial(self._stream, listener) if streams else None

    @asynccontextmanager
    async def _stream(
        self, listener: StageListener | None, request: ModelRequest
    ) -> AsyncGenerator[AsyncIterator[ModelDelta]]:
        tally = _Tally(self.model)
        with nullcontext() if listener is None else listener.exchange():
            try:
                async with streamed(self.model, self.prepared(request)) as deltas:
                    yield Passed(deltas, tally.seen)
            finally:
                self.book(tally.booked())


@define(eq=False)
class _Tally:
    """What a streamed reply has used: what its end says, else what is sure so far."""

    model: LanguageModel
    usage: Usage = field(factory=Usage)
    _whole: bool = False
    _started: float = field(factory=perf_counter)

    def booked(self) -> Usage:
        """Return what is to be booked; what is sure of a reply that broke off has the model's price."""
        return self.usage if self._whole else at_price(self.model, self.usage)

    def seen(self, delta: ModelDelta) -> ModelDelta:
        """Take note of a piece."""
        if isinstance(delta, ModelEnd):
            self.usage, self._whole = delta.response.usage, True
        else:
            self.usage = so_far(self.usage, delta, seconds=perf_counter() - self._started)
        return delta
