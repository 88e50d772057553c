"""A language model around a language model: what it says of itself."""

from attrs import field, frozen

from elixirml.contracts.language_model import Capability, LanguageModel
from elixirml.contracts.stream import StreamingModel

__all__ = ["WrappedModel"]


def _named(model: LanguageModel) -> str:
    return f"<{model.name}>"


@frozen(eq=False)
class WrappedModel:
    """A model that says of itself what the model inside says; the base of middlewares, journals and meters.

    A subclass adds `complete` and, where replies may pass through it piece by piece, `stream`. Neither is passed on
    here: a reply that got past a subclass that knows nothing of streams would not be journalled or counted.

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
