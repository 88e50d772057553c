"""What the metrics of expected fields have in common: a mean over the fields, and words for every lost point."""

from abc import ABC, abstractmethod
from typing import Final

from attrs import field, frozen

from elixirml.contracts import Direction, Example, Prediction, Score
from elixirml.errors import ConfigError
from elixirml_metrics.values import shown

__all__ = ["FieldMetric"]

_ABSENT: Final = object()


@frozen
class FieldMetric(ABC):
    """Compares each expected field with the predicted one; the score is the mean over the expected fields.

    Attributes:
        direction: More is better.
        unit: From 0 to 1.
        failure: 0, the score of a reply that could not be used.
    """

    direction: Direction = field(default=Direction.MAXIMIZE, init=False)
    unit: str = field(default="fraction", init=False)
    failure: float = field(default=0.0, init=False)

    @abstractmethod
    def judge(self, expected: object, found: object) -> float:
        """Return from 0 to 1 how well one predicted value answers the expected one."""

    def score(self, example: Example, prediction: Prediction) -> Score:
        """Return the mean over the expected fields, and what was wrong with each that lost points.

        Raises:
            ConfigError: The example expects nothing, so there is nothing to compare.
        """
        if not example.expected:
            raise ConfigError(
                f"Example {example.id} has no expected values, so no prediction can be compared with them.",
                hint="Give every row a column named like an output of the program, or leave the row out.",
            )
        points = 0.0
        words: list[str] = []
        for name, expected in example.expected.items():
            found = prediction.fields.get(name, _ABSENT)
            value = 0.0 if found is _ABSENT else self.judge(expected, found)
            points += value
            if value < 1:
                words.append(_feedback(name, expected, found, value))
        return Score(points / len(example.expected), "; ".join(words) or None)


def _feedback(name: str, expected: object, found: object, value: float) -> str:
    given = "but the reply does not have it" if found is _ABSENT else f"got {shown(found)}"
    partly = f" (worth {value:.2f})" if value else ""
    return f"`{name}`: expected {shown(expected)}, {given}{partly}"
