"""What a run returns: the typed output, what it used, and how it came about."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from attrs import field, frozen

from elixirml.contracts.predictor import Exchange, Prediction
from elixirml.contracts.repair import Repair
from elixirml.contracts.usage import Usage
from elixirml.identity import Json

__all__ = ["Followed", "Lapse", "Result", "StageRecord", "Trace"]

OutT = TypeVar("OutT")


@frozen
class StageRecord:
    """One execution of a predict stage.

    Attributes:
        path: The stage's path.
        inputs: Plain values it was given.
        outputs: Plain values it answered, those of the strategy (`reasoning`) included.
        exchanges: Its model calls.
        refused: Whether an assertion refused the value. A reply that was refused as it arrived has the fields that were
            judged as outputs, and ends where it was cut off.
    """

    path: str
    inputs: Mapping[str, Json] = field(hash=False)
    outputs: Mapping[str, Json] = field(hash=False)
    exchanges: tuple[Exchange, ...]
    refused: bool = False


class Followed(StrEnum):
    """What followed when an assertion failed.

    .. versionadded:: 0.1
    """

    RETRY = "retry"  #: the value was made again, with the reason as feedback
    FALLBACK = "fallback"  #: the value was replaced by that of the fallback
    RECORD = "record"  #: the run went on
    RAISE = "raise"  #: the run ended with `AssertionFailed`
    DROPPED = "dropped"  #: one of several replies, and the strategy went on with the others


@frozen
class Lapse:
    """An assertion that failed.

    Attributes:
        assertion: Its name in the program.
        message: What should have held.
        attempt: How often the value had been produced by then.
        followed: What followed.
        mended: Whether it held later in the run.
    """

    assertion: str
    message: str
    attempt: int
    followed: Followed = Followed.RECORD
    mended: bool = False

    def to_json(self) -> dict[str, Json]:
        """Return the failure as plain data."""
        return {
            "assertion": self.assertion,
            "message": self.message,
            "attempt": self.attempt,
            "followed": str(self.followed),
            "mended": self.mended,
        }

    def __str__(self) -> str:
        return f"{self.assertion}: {self.message} (attempt {self.attempt}, {self.followed})"


@frozen
class Trace:
    """How a run came about, in order.

    Attributes:
        stages: Executions of predict stages.
        lapses: Assertions that failed.
        repairs: Replies that did not hold their outputs, where the stage has a policy to repair them.
    """

    stages: tuple[StageRecord, ...] = ()
    lapses: tuple[Lapse, ...] = ()
    repairs: tuple[Repair, ...] = ()

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
