"""What every metric promises: one finite judgement, always the same, and honest about which way is better."""

import inspect
from collections.abc import Awaitable, Sequence
from math import isfinite
from typing import Any, Final

import anyio
from attrs import frozen

from elixirml.contracts.metric import Direction, Example, Metric, Score
from elixirml.contracts.predictor import Prediction
from elixirml.contracts.usage import Usage
from elixirml.identity import canonical_json
from elixirml.testing.conformance.suite import Conformance, expect

__all__ = ["Judged", "MetricConformance", "judgement"]

_SPENT: Final = Usage(calls=1, tokens_in=20, tokens_out=4, money=0.001, seconds=0.5)


@frozen
class Judged:
    """An example with a perfect prediction and some that are not.

    Attributes:
        example: The row.
        perfect: What scores best.
        worse: What scores no better.
    """

    example: Example
    perfect: Prediction
    worse: tuple[Prediction, ...] = ()


class MetricConformance(Conformance[Metric]):
    """What is promised by `elixirml.contracts.Metric`.

    Example:
        >>> class TestBrevity(MetricConformance):
        ...     def subject(self):
        ...         return Brevity()

    .. versionadded:: 0.1
    """

    def judged(self) -> Sequence[Judged]:
        """Return what it is tried on; override it for metrics of other outputs than a text, a number and a list."""
        return (_case("A lamp on the pier", "no light at all"), _case(42, 7), _case(["pier", "lamp"], ["boat"]))

    def test_the_direction_is_declared(self) -> None:
        """`direction` says which way is better."""
        found: object = self.subject().direction
        expect(isinstance(found, Direction), f"`direction` is {found!r}: make it a member of Direction.")

    def test_the_unit_is_declared(self) -> None:
        """`unit` is a word for reports."""
        unit: object = self.subject().unit
        expect(
            isinstance(unit, str) and unit.strip() == unit and len(unit.splitlines()) == 1,
            f"`unit` is {unit!r}: make it one short line, such as 'fraction' or 'seconds'.",
        )

    def test_the_score_of_a_failure_is_a_finite_number(self) -> None:
        """`failure` can be averaged with other scores."""
        expect(_is_number(self.subject().failure), f"`failure` is {self.subject().failure!r}: make it a finite number.")

    def test_a_failure_is_never_the_best_score(self) -> None:
        """A reply that could not be used is worth no more than a perfect one."""
        metric = self.subject()
        for each in self.judged():
            best = _value(metric, each.example, each.perfect)
            expect(
                not _better(metric, metric.failure, best),
                f"`failure` is {metric.failure}, better than the {best} of a perfect prediction: make it the worst.",
            )

    def test_scores_are_finite_numbers(self) -> None:
        """Every judgement is a `Score` with a number that can be averaged."""
        metric = self.subject()
        for each, prediction in self._all():
            found = judgement(metric, each.example, prediction)
            expect(isinstance(found, Score), f"`score` returned {found!r}: return a Score.")
            value = found.value
            expect(_is_number(value), f"The score of {_told(prediction)} is {value!r}: make it a finite number.")

    def test_feedback_is_words_or_none(self) -> None:
        """What is said about a score can be shown to a model."""
        metric = self.subject()
        for each, prediction in self._all():
            words: object = judgement(metric, each.example, prediction).feedback
            expect(
                words is None or (isinstance(words, str) and words.strip()),
                f"The feedback on {_told(prediction)} is {words!r}: say it in words, or None.",
            )

    def test_the_same_prediction_has_the_same_score(self) -> None:
        """Scores are kept and compared, so a metric has no chance, clock or memory of its own."""
        metric = self.subject()
        for each, prediction in self._all():
            one, again, other = (
                judgement(judge, each.example, prediction) for judge in (metric, metric, self.subject())
            )
            expect(one == again == other, f"{_told(prediction)} scored {one} and {again} and {other}: keep no state.")

    def test_a_perfect_prediction_scores_best(self) -> None:
        """No other prediction scores better than what was expected."""
        metric = self.subject()
        for each in self.judged():
            best = _value(metric, each.example, each.perfect)
            for other in each.worse:
                value = _value(metric, each.example, other)
                expect(
                    not _better(metric, value, best),
                    f"{_told(other)} scores {value}, better than the {best} of {_told(each.perfect)}.",
                )

    def test_a_missing_field_is_judged(self) -> None:
        """A prediction without the expected field has a score: it is the candidate's fault, not the metric's."""
        metric = self.subject()
        for each in self.judged():
            try:
                found = judgement(metric, each.example, Prediction({}, _SPENT))
            except Exception as error:
                raise AssertionError(
                    f"A prediction without fields raised {type(error).__name__}: {error}. Give it a low score, with "
                    "feedback; an error of a metric ends the study."
                ) from error
            expect(_is_number(found.value), f"A prediction without fields scores {found.value!r}: give a number.")

    def test_example_and_prediction_are_left_alone(self) -> None:
        """Judging changes nothing of what is judged."""
        metric = self.subject()
        for each, prediction in self._all():
            before = canonical_json([each.example.to_json(), dict(prediction.fields)])
            judgement(metric, each.example, prediction)
            after = canonical_json([each.example.to_json(), dict(prediction.fields)])
            expect(before == after, "The metric changed what it judged: work on a copy.")

    def _all(self) -> list[tuple[Judged, Prediction]]:
        return [(each, prediction) for each in self.judged() for prediction in (each.perfect, *each.worse)]


def judgement(metric: Metric, example: Example, prediction: Prediction) -> Score:
    """Return a metric's judgement, also of a metric that has to be awaited."""
    found = metric.score(example, prediction)
    if not inspect.isawaitable(found):
        return found
    awaited: Awaitable[Score] = found

    async def wait() -> Score:
        return await awaited

    return anyio.run(wait)


def _case(right: Any, wrong: Any) -> Judged:
    example = Example("row-1", {"question": "What is there?"}, {"answer": right})
    return Judged(example, Prediction({"answer": right}, _SPENT), (Prediction({"answer": wrong}, _SPENT),))


def _value(metric: Metric, example: Example, prediction: Prediction) -> float:
    return judgement(metric, example, prediction).value


def _better(metric: Metric, one: float, other: float) -> bool:
    return one > other + 1e-12 if metric.direction == Direction.MAXIMIZE else one < other - 1e-12


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)


def _told(prediction: Prediction) -> str:
    return f"the prediction {dict(prediction.fields)}"
