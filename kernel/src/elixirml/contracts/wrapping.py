"""A language model around a language model: what it says of itself."""

from collections.abc import Sequence

from attrs import field, frozen

from elixirml.contracts.embedding import EmbeddingModel, Embeddings
from elixirml.contracts.language_model import Capability, LanguageModel
from elixirml.contracts.price import price_of
from elixirml.contracts.stream import StreamingModel
from elixirml.contracts.usage import Usage
from elixirml.errors import ModelRequestInvalid

__all__ = ["WrappedModel"]


def _named(model: LanguageModel) -> str:
    return f"<{model.name}>"


@frozen(eq=False)
class WrappedModel:
    """A model that says of itself what the model inside says; the base of middlewares, journals and meters.

    A subclass adds `complete` and, where replies may pass through it piece by piece, `stream`. Neither is passed on
    here: a reply that got past a subclass that knows nothing of streams would not be journalled or counted. Vectors
    are: what is about replies has no say in them.

    Attributes:
        model: The model inside.

    Example:
        >>> @frozen(eq=False)
        ... class Polite(WrappedModel):
        ...     async def complete(self, request):
        ...         return await self.model.complete(evolve(request, text=f"Please. {request.text}"))

    .. versionadded:: 0.1
    """

    model: LanguageModel = field(repr=_named)

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the model can do; streaming only where both it and what is around it can."""
        claimed = self.model.capabilities
        streams = isinstance(self, StreamingModel) and isinstance(self.model, StreamingModel)
        return claimed if streams else claimed - {Capability.STREAM}

    @property
    def fingerprint(self) -> str:
        """What the model's replies depend on."""
        return self.model.fingerprint

    @property
    def concurrency(self) -> int:
        """How many calls the model can answer at once."""
        return self.model.concurrency

    def price(self, usage: Usage) -> float | None:
        """Return what amounts cost with the model inside; see `elixirml.contracts.PricedModel`."""
        return price_of(self.model, usage)

    async def embed(self, texts: Sequence[str], *, dimensions: int | None = None) -> Embeddings:
        """Return the vectors that the model inside gives; see `elixirml.contracts.EmbeddingModel`.

        Raises:
            ModelRequestInvalid: The model inside gives none.
            ModelError: No answer came.
        """
        if not isinstance(self.model, EmbeddingModel):
            raise ModelRequestInvalid(
                f"{self.name} gives no vectors: its provider offers none.",
                hint="Name a model that embeds; the README of each provider names its own.",
            )
        return await self.model.embed(texts, dimensions=dimensions)
