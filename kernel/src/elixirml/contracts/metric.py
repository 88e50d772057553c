"""What a metric is: the judge of one prediction against one example.

Metrics are contributed through `elixirml.hookspecs.register_metrics` and chosen by name. The evaluation loop owns
concurrency, repetition and failure; a metric only scores.
"""

from collections.abc import Awaitable, Mapping
from enum import StrEnum
from typing import Any, Protocol

from attrs import field, frozen

from elixirml.contracts.predictor import Prediction
from elixirml.identity import Json, digest

__all__ = ["Direction", "Example", "Metric", "Score"]


@frozen
class Example:
    """One row of data as a program sees it.

    Attributes:
        id: Stable; given by the data or made of the row's digest.
        inputs: Plain values of the program's input fields.
        expected: Plain values the output should have; may be partial.
    """

    id: str
    inputs: Mapping[str, Any] = field(hash=False)
    expected: Mapping[str, Any] = field(factory=dict[str, Any], hash=False)

    @property
    def digest(self) -> str:
        """SHA-256 of inputs and expected values; the id takes no part."""
        return digest({"inputs": dict(self.inputs), "expected": dict(self.expected)})

    def to_json(self) -> dict[str, Json]:
        """Return the example as plain data."""
        return {"id": self.id, "inputs": dict(self.inputs), "expected": dict(self.expected)}


class Direction(StrEnum):
    """Which way is better."""

    MAXIMIZE = "maximize"
    MINIMIZE = "minimize"


@frozen
class Score:
    """One judgement.

    Attributes:
        value: In the metric's own unit; see `Metric.unit`.
        feedback: Why the prediction lost points, in words a model can act on.
    """

    value: float
    feedback: str | None = None


class Metric(Protocol):
    """Scores predictions. Stateless: the same example and prediction always give the same score."""

    @property
    def direction(self) -> Direction:
        """Which way is better."""
        ...

    @property
    def unit(self) -> str:
        """What the value is measured in: `fraction`, `seconds`, ..."""
        ...

    @property
    def failure(self) -> float:
        """The score of a prediction that does not exist because the candidate's reply could not be used."""
        ...

    def score(self, example: Example, prediction: Prediction) -> Score | Awaitable[Score]:
        """Return the judgement of one prediction."""
        ...
