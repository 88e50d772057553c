"""Every rule of metrics is failed by a metric that breaks it, and by it alone."""

import asyncio
import math
from typing import Any

import pytest

from elixirml.contracts import Direction, Example, Prediction, Score
from elixirml.testing.conformance.metric import MetricConformance
from elixirml.testing.conformance.suites import suite_of


class Same:
    """A metric as it should be."""

    direction: Any = Direction.MAXIMIZE
    unit: Any = "fraction"
    failure: Any = 0.0

    def score(self, example: Example, prediction: Prediction) -> Any:
        expected, found = example.expected["answer"], prediction.fields.get("answer")
        return Score(1.0) if found == expected else Score(0.0, f"expected {expected!r}")


class Awaited(Same):
    async def score(self, example: Example, prediction: Prediction) -> Any:
        await asyncio.sleep(0)
        return super().score(example, prediction)


class NoDirection(Same):
    direction = "down"
    failure = 2.0

    def score(self, example: Example, prediction: Prediction) -> Any:
        return Score(1.0 - super().score(example, prediction).value)


class NoUnit(Same):
    unit = "in\nparts"


class NoFailure(Same):
    failure = -math.inf


class FailureWins(Same):
    failure = 2.0


class Bare(Same):
    def score(self, example: Example, prediction: Prediction) -> Any:
        found = super().score(example, prediction)
        return found if not isinstance(prediction.fields.get("answer"), list) else _Halfway(found.value)


class _Halfway:
    """Looks like a score."""

    feedback = None

    def __init__(self, value: float) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Halfway) and other.value == self.value

    __hash__ = None  # type: ignore[assignment]


class Mute(Same):
    def score(self, example: Example, prediction: Prediction) -> Any:
        return Score(super().score(example, prediction).value, "")


class Moody(Same):
    asked = 0

    def score(self, example: Example, prediction: Prediction) -> Any:
        self.asked += 1
        return Score(super().score(example, prediction).value / self.asked**0.01 if self.asked > 1 else 1.0)


class Contrary(Same):
    def score(self, example: Example, prediction: Prediction) -> Any:
        return Score(1.0 - super().score(example, prediction).value)


class Strict(Same):
    def score(self, example: Example, prediction: Prediction) -> Any:
        _ = prediction.fields["answer"]
        return super().score(example, prediction)


class Meddling(Same):
    def score(self, example: Example, prediction: Prediction) -> Any:
        found = super().score(example, prediction)
        prediction.fields["seen"] = True  # type: ignore[index]
        return found


RIGHT = suite_of("metrics", Same)
WRONG = {
    "test_the_direction_is_declared": suite_of("metrics", NoDirection),
    "test_the_unit_is_declared": suite_of("metrics", NoUnit),
    "test_the_score_of_a_failure_is_a_finite_number": suite_of("metrics", NoFailure),
    "test_a_failure_is_never_the_best_score": suite_of("metrics", FailureWins),
    "test_scores_are_finite_numbers": suite_of("metrics", Bare),
    "test_feedback_is_words_or_none": suite_of("metrics", Mute),
    "test_the_same_prediction_has_the_same_score": suite_of("metrics", Moody),
    "test_a_perfect_prediction_scores_best": suite_of("metrics", Contrary),
    "test_a_missing_field_is_judged": suite_of("metrics", Strict),
    "test_example_and_prediction_are_left_alone": suite_of("metrics", Meddling),
}


def test_a_metric_may_be_awaited(judge: Any) -> None:
    """A judge that asks a model is a metric like any other."""
    judge.passes(suite_of("metrics", Awaited))


def test_a_right_metric_passes(judge: Any) -> None:
    """Every rule is tried on a right metric, and asks nothing that it does not keep."""
    judge.passes(RIGHT)


def test_no_rule_is_without_a_wrong_metric(judge: Any) -> None:
    """A rule that nothing can break is no rule."""
    judge.is_complete(WRONG, MetricConformance)


@pytest.mark.parametrize("rule", WRONG)
def test_a_wrong_metric_fails_its_rule_alone(rule: str, judge: Any) -> None:
    """Whoever breaks one promise is told of that one, in words."""
    judge.fails_alone(WRONG[rule], rule)
