"""What a model costs, told before its reply has ended, or where it never does."""

from typing import Protocol, runtime_checkable

from elixirml.contracts.language_model import LanguageModel
from elixirml.contracts.usage import Usage

__all__ = ["PricedModel", "price_of"]


@runtime_checkable
class PricedModel(Protocol):
    """Knows its price, or that it is free.

    A whole reply tells its cost itself. What a reply used that broke off is booked at this price; without it the cost
    of such a reply is not known.

    .. versionadded:: 0.1
    """

    def price(self, usage: Usage) -> float | None:
        """Return what amounts cost in US dollars: 0 where calls are free, None where the price is not known."""
        ...


def price_of(model: LanguageModel, usage: Usage) -> float | None:
    """Return what amounts cost with a model; None for one that does not say.

    .. versionadded:: 0.1
    """
    return model.price(usage) if isinstance(model, PricedModel) else None
