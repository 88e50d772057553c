"""Which errors say that a model is in trouble, and not that the request is."""

from elixirml.errors import (
    ModelDisconnected,
    ModelError,
    ModelOverloaded,
    ModelRateLimited,
    ModelTimeout,
    ModelUnavailable,
)

__all__ = ["is_circuit_open", "is_failure", "is_outage"]


def is_circuit_open(error: ModelError) -> bool:
    """Tell whether it was a breaker that answered in place of its model."""
    return error.code == "circuit-open"


def is_failure(error: ModelError) -> bool:
    """Tell whether the model failed: it gave no answer, or one that says it cannot."""
    if isinstance(error, ModelUnavailable):
        return error.status == 503
    return isinstance(error, (ModelOverloaded, ModelTimeout, ModelDisconnected))


def is_outage(error: ModelError) -> bool:
    """Tell whether another model might do: the model failed, or takes no more for now."""
    return is_failure(error) or isinstance(error, ModelRateLimited)
