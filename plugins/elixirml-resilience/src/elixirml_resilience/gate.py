"""The middleware `gate`: a bound on the calls under way at one endpoint, whichever of its models they ask."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
from attrs import define, field, frozen

from elixirml.contracts import ORDERS, LanguageModel, ModelHost, ModelRequest, ModelResponse, WrappedModel, streamed
from elixirml.variables import Variable
from elixirml_resilience.keeping import Kept
from elixirml_resilience.settings import section, settled
from elixirml_resilience.streaming import Deltas

__all__ = ["Gate"]


@define(eq=False)
class Gate:
    """Makes models of one endpoint share its places."""

    _limiters: Kept[anyio.CapacityLimiter] = field(factory=Kept[anyio.CapacityLimiter], init=False)

    @property
    def order(self) -> int:
        """Innermost: who waits for anything else takes no place."""
        return ORDERS["gate"]

    def variables(self) -> tuple[Variable, ...]:
        """Return nothing: how many there is room for is a fact."""
        return ()

    def wrap(self, model: LanguageModel, *, options: Mapping[str, Any], host: ModelHost) -> LanguageModel:
        """Return a model that waits for a place."""
        config = settled(section(host).gate, options)
        places = config.concurrency or max(1, model.concurrency)
        return _Gated(model, self._limiters.get(host, model.fingerprint, lambda: anyio.CapacityLimiter(places)))


@frozen(eq=False)
class _Gated(WrappedModel):
    limiter: anyio.CapacityLimiter = field(repr=False)

    async def complete(self, request: ModelRequest) -> ModelResponse:
        """Return the reply, when there is a place.

        Raises:
            ModelError: No reply came.
        """
        async with self._place():
            return await self.model.complete(request)

    @asynccontextmanager
    async def stream(self, request: ModelRequest) -> AsyncGenerator[Deltas]:
        """Give the reply piece by piece; the place is taken until the stream is left.

        Raises:
            ModelError: No reply came, or it broke off.
        """
        async with self._place(), streamed(self.model, request) as deltas:
            yield deltas

    @asynccontextmanager
    async def _place(self) -> AsyncGenerator[None]:
        # On behalf of the call, not of the task: one task may read a stream and ask another model meanwhile.
        call = object()
        await self.limiter.acquire_on_behalf_of(call)
        try:
            yield
        finally:
            self.limiter.release_on_behalf_of(call)
