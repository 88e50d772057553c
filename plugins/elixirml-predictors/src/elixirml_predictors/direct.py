"""The plainest strategy: one call, for the declared outputs and nothing else."""

from attrs import frozen

from elixirml.contracts import PredictorBase

__all__ = ["Direct"]


@frozen
class Direct(PredictorBase):
    """Asks the model once for the declared outputs.

    .. versionadded:: 0.1
    """
