"""The middleware `hedge`: when a reply is slower than nearly all were, the model is asked a second time.

Dean and Barroso, "The Tail at Scale", Communications of the ACM 56(2), 2013. Streams are never asked for twice.
"""

from collections import deque
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import anyio
from attrs import define, evolve, field, frozen

from elixirml.contracts import ORDERS, LanguageModel, ModelHost, ModelRequest, ModelResponse, WrappedModel, streamed
from elixirml.variables import Variable, variable
from elixirml_resilience.config import HedgeConfig
from elixirml_resilience.identifying import is_repeatable
from elixirml_resilience.keeping import Kept
from elixirml_resilience.settings import configured, section, settled
from elixirml_resilience.streaming import Deltas

__all__ = ["Hedge", "Latencies"]

_REMEMBERED: Final = 200


@define
class Latencies:
    """How long the replies of one model took, and how many calls were made twice.

    Attributes:
        calls: All that were made.
        hedged: Those that were made twice.
    """

    calls: int = 0
    hedged: int = 0
    _seconds: deque[float] = field(factory=lambda: deque[float](maxlen=_REMEMBERED), init=False)

    def add(self, seconds: float) -> None:
        """Take note of a reply."""
        self._seconds.append(seconds)

    def patience(self, config: HedgeConfig) -> float | None:
        """Return the seconds to wait before asking again; None when that is not to be done."""
        if len(self._seconds) < config.least or self.hedged + 1 > config.share * self.calls:
            return None
        return sorted(self._seconds)[min(len(self._seconds) - 1, int(config.quantile * len(self._seconds)))]


@define(eq=False)
class Hedge:
    """Makes models that are slow now and then quicker."""

    _latencies: Kept[Latencies] = field(factory=Kept[Latencies], init=False)

    @property
    def order(self) -> int:
        """Around retry: each of the two calls is patient by itself."""
        return ORDERS["hedge"]

    def variables(self) -> tuple[Variable, ...]:
        """Return what may be tuned."""
        own = HedgeConfig()
        return (
            variable(own.quantile, low=0.5, high=0.999, name="quantile", hint="share of replies that came sooner"),
            variable(own.share, low=0.0, high=0.5, name="share", hint="most calls that are made twice"),
        )

    def configured(self, host: ModelHost) -> Mapping[str, Any]:
        """Return what is configured of that."""
        return configured(section(host).hedge, self.variables())

    def wrap(self, model: LanguageModel, *, options: Mapping[str, Any], host: ModelHost) -> LanguageModel:
        """Return a model that is asked a second time when it is slow."""
        config = settled(section(host).hedge, options)
        return _Hedged(model, config, self._latencies.get(host, (model.name, model.fingerprint), Latencies))


@frozen(eq=False)
class _Hedged(WrappedModel):
    config: HedgeConfig
    latencies: Latencies = field(repr=False)

    async def complete(self, request: ModelRequest) -> ModelResponse:
        """Return the reply that comes first; what is left of the other call is cancelled, and both are paid for.

        Raises:
            ModelError: No reply came.
        """
        self.latencies.calls += 1
        patience = self.latencies.patience(self.config) if is_repeatable(request) else None
        started = anyio.current_time()
        if patience is None:
            response = await self.model.complete(request)
        else:
            response = await _Race(self.model, request, self.latencies).run(patience)
        self.latencies.add(anyio.current_time() - started)
        return response

    def stream(self, request: ModelRequest) -> AbstractAsyncContextManager[Deltas]:
        """Give the reply as it arrives; a stream is not asked for twice."""
        return streamed(self.model, request)


@define(eq=False)
class _Race:
    """One call, made twice when the first is slow."""

    model: LanguageModel
    request: ModelRequest
    latencies: Latencies
    running: int = 0
    begun: int = 0
    response: ModelResponse | None = None
    errors: list[Exception] = field(factory=list[Exception])
    over: anyio.Event = field(factory=anyio.Event)

    async def run(self, patience: float) -> ModelResponse:
        async with anyio.create_task_group() as group:
            self._begin(group)
            with anyio.move_on_after(patience):
                await self.over.wait()
            if not self.over.is_set():
                self.latencies.hedged += 1
                self._begin(group)
                await self.over.wait()
            group.cancel_scope.cancel()
        if self.response is None:
            raise self.errors[0]
        return _paid(self.response, self.begun)

    def _begin(self, group: Any) -> None:
        self.begun += 1
        self.running += 1
        group.start_soon(self._attempt)

    async def _attempt(self) -> None:
        """Make the call once; the race is over with a reply, or when nobody runs any more."""
        try:
            response = await self.model.complete(self.request)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where the call was made
            self.errors.append(error)
        else:
            self.response = self.response or response
        self.running -= 1
        if self.response is not None or not self.running:
            self.over.set()


def _paid(response: ModelResponse, calls: int) -> ModelResponse:
    """Return the reply with the usage of both calls: one that is broken off is taken to have cost as much."""
    if calls == 1:
        return response
    return evolve(response, usage=response.usage + response.usage, attempts=2 * response.attempts)
