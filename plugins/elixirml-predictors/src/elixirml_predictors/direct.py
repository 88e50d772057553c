"""The plainest strategy: one call, for the declared outputs and nothing else."""

from attrs import frozen

from elixirml.contracts import Prediction, PredictorCall, Signature
from elixirml.variables import Variable

__all__ = ["Direct"]


@frozen
class Direct:
    """Asks the model once for the declared outputs.

    .. versionadded:: 0.1
    """

    def extend(self, signature: Signature) -> Signature:
        """Return the task unchanged."""
        return signature

    def variables(self, signature: Signature) -> tuple[Variable, ...]:  # noqa: ARG002 - none for any task
        """Return nothing: everything that may be tuned belongs to the stage and its adapter."""
        return ()

    async def predict(self, call: PredictorCall) -> Prediction:
        """Return the declared outputs.

        Raises:
            ParseError: The reply does not hold them.
        """
        return await call.exchange()
