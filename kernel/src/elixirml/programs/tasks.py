"""What installed strategies and formats make of a task, found out once for all stages that have it."""

from collections.abc import Callable
from functools import cache

from elixirml.contracts.adapter import Adapter
from elixirml.contracts.predictor import Predictor
from elixirml.contracts.signature import Signature
from elixirml.variables import Variable

__all__ = ["Task"]


class Task:
    """A signature, whatever stage has it: the names of stages are for messages, which this has none of.

    Args:
        signature: The signature of the first stage that has it.
        adapter: Looks an adapter up by name.
        predictor: Looks a predictor up by name.

    Attributes:
        extended: What a model is asked for under a predictor, by its name.
        suits: How well an adapter formats that, by the names of adapter and predictor; for the task itself without one.
        of_predictor: The variables that a predictor offers, by its name.
        of_adapter: Those of an adapter.
    """

    def __init__(
        self, signature: Signature, *, adapter: Callable[[str], Adapter], predictor: Callable[[str], Predictor]
    ) -> None:
        self._signature = signature
        self._adapter = adapter
        self._predictor = predictor
        self.extended = cache(self._extended)
        self.suits = cache(self._suits)
        self.of_predictor = cache(self._of_predictor)
        self.of_adapter = cache(self._of_adapter)

    def _extended(self, predictor: str) -> Signature:
        return self._predictor(predictor).extend(self._signature)

    def _suits(self, adapter: str, predictor: str | None = None) -> int:
        asked = self._signature if predictor is None else self.extended(predictor)
        return self._adapter(adapter).suits(asked)

    def _of_predictor(self, predictor: str) -> tuple[Variable, ...]:
        return self._predictor(predictor).variables(self._signature)

    def _of_adapter(self, adapter: str) -> tuple[Variable, ...]:
        return self._adapter(adapter).variables(self._signature)
