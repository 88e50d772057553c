"""How a predict stage reaches its model: bound by budget, limiter, journal and events, and heard by who listens."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import TypeAlias

from attrs import frozen

from elixirml.contracts.language_model import LanguageModel, ModelRequest, ModelResponse
from elixirml.contracts.stream import ModelDelta, ModelEnd, StreamingModel, streamed
from elixirml.contracts.usage import Usage
from elixirml.runtime.listening import StageListener
from elixirml.runtime.metering import Passed

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

    def heard_by(self, listener: StageListener) -> Stream | None:
        """Return what gives replies as they arrive, to be read for a listener; None where a wrapper cannot."""
        return partial(self._stream, listener) if isinstance(self.model, StreamingModel) else None

    @asynccontextmanager
    async def _stream(
        self, listener: StageListener, request: ModelRequest
    ) -> AsyncGenerator[AsyncIterator[ModelDelta]]:
        with listener.exchange():
            async with streamed(self.model, self.prepared(request)) as deltas:
                yield Passed(deltas, self._booked)

    def _booked(self, delta: ModelDelta) -> ModelDelta:
        if isinstance(delta, ModelEnd):
            self.book(delta.response.usage)
        return delta
