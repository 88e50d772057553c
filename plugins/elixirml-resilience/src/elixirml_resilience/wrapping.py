"""A language model inside another, which does as the inner one does."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

from attrs import field, frozen

from elixirml.contracts import Capability, LanguageModel, ModelDelta, ModelRequest, ModelResponse, streamed

__all__ = ["WrappedModel"]


def _named(model: LanguageModel) -> str:
    return f"<{model.name}>"


@frozen(eq=False)
class WrappedModel:
    """Base of the models that middlewares make: a subclass changes what it is about.

    Attributes:
        model: The model inside.
    """

    model: LanguageModel = field(repr=_named)

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
        """Return the model's reply."""
        return await self.model.complete(request)

    def stream(self, request: ModelRequest) -> AbstractAsyncContextManager[AsyncIterator[ModelDelta]]:
        """Return the model's reply as a stream."""
        return streamed(self.model, request)
