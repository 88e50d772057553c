"""The middleware `breaker`: a model that fails and fails is left alone for a while, and who asks is told at once."""

from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import anyio
from attrs import define, field, frozen

from elixirml.contracts import ORDERS, LanguageModel, ModelHost, ModelRequest, ModelResponse, WrappedModel, streamed
from elixirml.errors import ModelError, ModelOverloaded
from elixirml.variables import Variable, variable
from elixirml_resilience.circuit import Circuit
from elixirml_resilience.config import BreakerConfig
from elixirml_resilience.keeping import Kept
from elixirml_resilience.outages import is_failure
from elixirml_resilience.settings import configured, section, settled
from elixirml_resilience.streaming import Deltas, watched

__all__ = ["Breaker"]


@define(eq=False)
class Breaker:
    """Puts models behind circuits."""

    _circuits: Kept[Circuit] = field(factory=Kept[Circuit], init=False)

    @property
    def order(self) -> int:
        """Within retry, which lets an open circuit be; around the limits, whose waits are no failures."""
        return ORDERS["breaker"]

    def variables(self) -> tuple[Variable, ...]:
        """Return what may be tuned."""
        own = BreakerConfig()
        return (
            variable(own.threshold, low=0.05, high=1.0, name="threshold", hint="share of failures that opens it"),
            variable(own.pause, low=0.1, high=3600.0, name="pause", hint="seconds until one call tries the model"),
        )

    def configured(self, host: ModelHost) -> Mapping[str, Any]:
        """Return what is configured of that."""
        return configured(section(host).breaker, self.variables())

    def wrap(self, model: LanguageModel, *, options: Mapping[str, Any], host: ModelHost) -> LanguageModel:
        """Return a model behind its circuit."""
        config = settled(section(host).breaker, options)
        key = (model.name, model.fingerprint, config)
        return _Broken(model, self._circuits.get(host, key, lambda: Circuit(config)))


@define(eq=False)
class _Call:
    """A call on its way through a circuit."""

    circuit: Circuit
    trying: bool
    is_over: bool = False

    def succeeded(self) -> None:
        """The model answered, if only to say that the request is wrong."""
        self.is_over = True
        self.circuit.succeeded(anyio.current_time(), trying=self.trying)

    def failed(self, error: ModelError) -> None:
        """There was an error, which may be the request's own."""
        if not is_failure(error):
            return self.succeeded()
        self.is_over = True
        return self.circuit.failed(anyio.current_time(), trying=self.trying)


@frozen(eq=False)
class _Broken(WrappedModel):
    circuit: Circuit = field(repr=False)

    async def complete(self, request: ModelRequest) -> ModelResponse:
        """Return the reply.

        Raises:
            ModelOverloaded: The circuit is open; nothing was asked.
            ModelError: No reply came.
        """
        with self._through() as call:
            try:
                response = await self.model.complete(request)
            except ModelError as error:
                call.failed(error)
                raise
            call.succeeded()
            return response

    @asynccontextmanager
    async def stream(self, request: ModelRequest) -> AsyncGenerator[Deltas]:
        """Give the reply piece by piece.

        Raises:
            ModelOverloaded: The circuit is open; nothing was asked.
            ModelError: No reply came, or it broke off.
        """
        with self._through() as call:

            async def ended(response: ModelResponse) -> ModelResponse:
                call.succeeded()
                return response

            async with watched(streamed(self.model, request), ended=ended, failed=call.failed) as deltas:
                yield deltas

    @contextmanager
    def _through(self) -> Generator[_Call]:
        now = anyio.current_time()
        wait = self.circuit.wait(now)
        if wait is not None:
            raise ModelOverloaded(
                f"{self.name} failed too often, so it is left alone; it is tried again in {wait:.1f} s.",
                hint="Wait, or name other models: models = [...] under [plugins.resilience.fallback].",
                code="circuit-open",
                retry_after=wait,
            )
        call = _Call(self.circuit, self.circuit.enter(now))
        try:
            yield call
        finally:
            if not call.is_over:
                self.circuit.left(trying=call.trying)
