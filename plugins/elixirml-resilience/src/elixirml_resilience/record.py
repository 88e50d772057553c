"""The middleware `record`: exchanges go to a cassette, and come from it where the model is not to be asked.

A cassette holds what was said and nothing else: keys and headers never come this far.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NoReturn

from anyio import to_thread
from attrs import define, field, frozen

from elixirml.contracts import ORDERS, LanguageModel, ModelHost, ModelRequest, ModelResponse, WrappedModel, streamed
from elixirml.errors import ModelUnavailable
from elixirml.variables import Variable
from elixirml_resilience.cassette import Cassette
from elixirml_resilience.identifying import Call, Caller, at_hand
from elixirml_resilience.keeping import Kept
from elixirml_resilience.settings import section, settled
from elixirml_resilience.streaming import Deltas, replayed, watched

__all__ = ["Record"]


@define(eq=False)
class Record:
    """Records models, or replays what they said."""

    _cassettes: Kept[Cassette] = field(factory=Kept[Cassette], init=False)

    @property
    def order(self) -> int:
        """Outermost: a replay needs nothing of what is within."""
        return ORDERS["record"]

    def variables(self) -> tuple[Variable, ...]:
        """Return nothing: it changes no reply."""
        return ()

    def wrap(self, model: LanguageModel, *, options: Mapping[str, Any], host: ModelHost) -> LanguageModel:
        """Return a model with a cassette."""
        config = settled(section(host).record, options)
        cassette = self._cassettes.get(host, config.file, lambda: Cassette(config.file))
        # Without the fingerprint: a cassette is replayed where the endpoint is another one, or none.
        return _Recorded(model, cassette, Caller.of(model, fingerprint=""), config.mode)


@frozen(eq=False)
class _Recorded(WrappedModel):
    cassette: Cassette
    caller: Caller = field(repr=False)
    mode: str

    async def complete(self, request: ModelRequest) -> ModelResponse:
        """Return the recorded reply, or the model's, which is then recorded.

        Raises:
            ModelUnavailable: Only recorded replies are wanted, and this one was not.
            ModelError: No reply came.
        """
        call = self.caller.call(request)
        found = await self._found(call)
        return found if found is not None else await self._added(call, await self.model.complete(request))

    @asynccontextmanager
    async def stream(self, request: ModelRequest) -> AsyncGenerator[Deltas]:
        """Give the recorded reply as pieces, or the model's as they come.

        Raises:
            ModelUnavailable: Only recorded replies are wanted, and this one was not.
            ModelError: No reply came, or it broke off.
        """
        call = self.caller.call(request)
        found = await self._found(call)

        async def ended(response: ModelResponse) -> ModelResponse:
            return await self._added(call, response)

        source = replayed(found) if found is not None else watched(streamed(self.model, request), ended=ended)
        async with source as deltas:
            yield deltas

    async def _found(self, call: Call) -> ModelResponse | None:
        """Return the recorded reply where it is wanted.

        Raises:
            ModelUnavailable: No other is wanted, and there is none.
        """
        found = None if self.mode == "record" else await to_thread.run_sync(self.cassette.find, call)
        if found is None and self.mode == "replay":
            self._miss(call)
        return None if found is None else at_hand(found)

    async def _added(self, call: Call, response: ModelResponse) -> ModelResponse:
        await to_thread.run_sync(self.cassette.add, call, response)
        return response

    def _miss(self, call: Call) -> NoReturn:
        raise ModelUnavailable(
            f"{self.name}: the cassette {self.cassette.path} holds no reply to this request (key {call.key}).",
            hint='Record it: mode = "auto" under [plugins.resilience.record].',
            code="cassette-missing",
        )
