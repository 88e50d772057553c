"""The middleware `coalesce`: identical calls under way at once are one call.

Streams go their own way: others would have to wait for whoever reads the first one, however slowly.
"""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias

import anyio
from attrs import define, field, frozen

from elixirml.contracts import ORDERS, LanguageModel, ModelHost, ModelRequest, ModelResponse, WrappedModel, streamed
from elixirml.errors import BudgetExceeded
from elixirml.variables import Variable
from elixirml_resilience.identifying import Caller, at_hand, is_repeatable
from elixirml_resilience.keeping import Kept
from elixirml_resilience.settings import section
from elixirml_resilience.streaming import Deltas

__all__ = ["Coalesce"]


@define(eq=False)
class _Flight:
    """A call under way: in the end there is a reply or an error.

    Neither is there when whoever asked was cancelled, or had no budget left: then others may still ask.
    """

    response: ModelResponse | None = None
    error: Exception | None = None
    over: anyio.Event = field(factory=anyio.Event)


_Flights: TypeAlias = dict[str, _Flight]


@define(eq=False)
class Coalesce:
    """Makes models ask once for all who want the same."""

    _flights: Kept[_Flights] = field(factory=Kept[_Flights], init=False)

    @property
    def order(self) -> int:
        """Within the cache, around everything that asks."""
        return ORDERS["coalesce"]

    def variables(self) -> tuple[Variable, ...]:
        """Return nothing: there is nothing to tune."""
        return ()

    def wrap(self, model: LanguageModel, *, options: Mapping[str, Any], host: ModelHost) -> LanguageModel:
        """Return a model that joins identical calls."""
        _ = options
        tenant = section(host).cache.tenant
        caller = Caller.of(model, fingerprint=model.fingerprint, tenant=tenant)
        return _Joined(model, caller, self._flights.get(host, "flights", _Flights))


@frozen(eq=False)
class _Joined(WrappedModel):
    caller: Caller = field(repr=False)
    flights: _Flights = field(repr=False)

    async def complete(self, request: ModelRequest) -> ModelResponse:
        """Return the reply of the call under way, or make it.

        Raises:
            ModelError: No reply came; everybody who waits is told the same.
        """
        if not is_repeatable(request):
            return await self.model.complete(request)
        key = self.caller.call(request).key
        while (flight := self.flights.get(key)) is not None:
            await flight.over.wait()
            if flight.error is not None:
                raise flight.error
            if flight.response is not None:
                return at_hand(flight.response)
            # Whoever asked was cancelled, or might not ask: the first who comes by asks in their place, and the others
            # wait for it.
        return await self._lead(key, request)

    def stream(self, request: ModelRequest) -> AbstractAsyncContextManager[Deltas]:
        """Give the reply as it arrives; streams are not joined."""
        return streamed(self.model, request)

    async def _lead(self, key: str, request: ModelRequest) -> ModelResponse:
        flight = self.flights[key] = _Flight()
        try:
            flight.response = await self.model.complete(request)
        except BudgetExceeded:
            raise
        except Exception as error:
            flight.error = error
            raise
        finally:
            del self.flights[key]
            flight.over.set()
        return flight.response
