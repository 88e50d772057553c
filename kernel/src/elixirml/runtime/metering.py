"""A language model under a meter: every call that really happens is reserved, limited, timed and told."""

from contextlib import AbstractAsyncContextManager
from time import perf_counter
from typing import Any

from attrs import evolve, frozen

from elixirml.contracts.language_model import Capability, LanguageModel, ModelRequest, ModelResponse
from elixirml.contracts.usage import Usage
from elixirml.runtime.budget import Meter
from elixirml.runtime.events import Span

__all__ = ["MeteredModel"]


@frozen(eq=False)
class MeteredModel:
    """Wraps a model; a journal around it answers without reaching it, and so without cost.

    Attributes:
        model: The model itself.
        meter: What may be used.
        limiter: How many calls may be under way at once.
        span: Where events belong.
        stage: The stage that asks.
    """

    model: LanguageModel
    meter: Meter
    limiter: AbstractAsyncContextManager[Any]
    span: Span
    stage: str

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the model can do."""
        return self.model.capabilities

    @property
    def fingerprint(self) -> str:
        """What the model's replies depend on."""
        return self.model.fingerprint

    @property
    def concurrency(self) -> int:
        """How many calls the model can answer at once."""
        return self.model.concurrency

    async def complete(self, request: ModelRequest) -> ModelResponse:
        """Ask within the budget.

        Raises:
            BudgetExceeded: A limit is reached; nothing was asked.
            ModelError: No reply came.
        """
        async with self.limiter:
            self.meter.reserve()
            usage = Usage()
            started = perf_counter()
            try:
                with self.span.inside("model", model=self.name, stage=self.stage) as span:
                    response = await self.model.complete(request)
                    usage = evolve(response.usage, calls=max(1, response.usage.calls))
                    usage = evolve(usage, seconds=perf_counter() - started)
                    span.outcome["usage"] = usage
            finally:
                self.meter.settle(usage)
            return evolve(response, usage=usage)
