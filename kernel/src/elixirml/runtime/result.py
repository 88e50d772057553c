"""What a run returns: the typed output, what it used, and how it came about."""

from collections.abc import Mapping
from typing import Generic, TypeVar

from attrs import field, frozen

from elixirml.contracts.predictor import Exchange, Prediction
from elixirml.contracts.usage import Usage
from elixirml.identity import Json

__all__ = ["Lapse", "Result", "StageRecord", "Trace"]

OutT = TypeVar("OutT")


@frozen
class StageRecord:
    """One execution of a predict stage.

    Attributes:
        path: The stage's path.
        inputs: Plain values it was given.
        outputs: Plain values it answered, those of the strategy (`reasoning`) included.
        exchanges: Its model calls.
    """

    path: str
    inputs: Mapping[str, Json] = field(hash=False)
    outputs: Mapping[str, Json] = field(hash=False)
    exchanges: tuple[Exchange, ...]


@frozen
class Lapse:
    """An assertion that failed, whatever followed."""

    assertion: str
    message: str
    attempt: int


@frozen
class Trace:
    """How a run came about, in order."""

    stages: tuple[StageRecord, ...] = ()
    lapses: tuple[Lapse, ...] = ()

    def exchanges(self) -> tuple[Exchange, ...]:
        """Return every model call."""
        return tuple(exchange for stage in self.stages for exchange in stage.exchanges)


@frozen(eq=False)
class Result(Generic[OutT]):
    """The outcome of a run.

    Attributes:
        output: A value of the program's output type.
        fields: The same as plain data.
        usage: What the run used.
        trace: How it came about.
    """

    output: OutT
    fields: Mapping[str, Json]
    usage: Usage
    trace: Trace

    def prediction(self) -> Prediction:
        """Return the result as metrics see it."""
        return Prediction(self.fields, self.usage, self.trace.exchanges())
