"""Tests of the metrics over programs: means over expected fields, feedback, direction and failure."""

from importlib import import_module
from typing import Any

import pytest

from elixirml.contracts import Direction, Example, Metric, Prediction, Usage
from elixirml.errors import ConfigError
from elixirml_metrics.exact import ExactMatch
from elixirml_metrics.items import ListF1, SetF1
from elixirml_metrics.numeric import NumericMatch
from elixirml_metrics.plugin import register_metrics
from elixirml_metrics.spent import Cost, Latency, Tokens
from elixirml_metrics.squad import SquadExactMatch, SquadF1
from elixirml_metrics.summary import Rouge1, Rouge2, RougeL

METRICS: dict[str, Metric] = {
    each.name: getattr(import_module(each.module), each.attribute)() for each in register_metrics()
}


def example(**expected: Any) -> Example:
    return Example("row-1", {"question": "?"}, expected)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_every_metric_says_how_to_read_it(metric: Metric) -> None:
    """A metric has a direction and a unit, and a failed reply never scores better than a real one."""
    score = metric.score(example(answer="b"), Prediction({"answer": "a"}, Usage(1, 10, 0, 5, 0.01, 2.0)))
    assert not hasattr(score, "__await__")
    value = getattr(score, "value")  # noqa: B009 - a score, as the line above shows
    worse = value >= metric.failure if metric.direction is Direction.MAXIMIZE else value <= metric.failure
    assert worse
    assert metric.unit in {"fraction", "seconds", "money", "tokens"}


@pytest.mark.parametrize(
    ("metric", "expected", "found", "value"),
    [
        (ExactMatch(), "Oslo", "oslo", 0.0),
        (ExactMatch(), 3, 3.0, 1.0),
        (ExactMatch(), True, 1, 0.0),
        (ExactMatch(), ["a", {"b": 1}], ["a", {"b": 1.0}], 1.0),
        (SquadExactMatch(), ["The Oslo", "Rome"], "rome!", 1.0),
        (SquadExactMatch(), 12, "12", 1.0),
        (SquadF1(), "Oslo", "Oslo is in Norway", 0.4),
        (SquadF1(), "Oslo", None, 0.0),
        (NumericMatch(), "42", 42, 1.0),
        (NumericMatch(), 42, "about 42", 0.0),
        (SetF1(), ["a", "b"], ["b", "a", "a"], 1.0),
        (ListF1(), ["a", "b"], ["b", "a", "a"], 0.8),
        (ListF1(), [], None, 1.0),
        (SetF1(), "a", ["a"], 1.0),
        (Rouge1(), "the cat", "The Cat!", 1.0),
        (Rouge2(), "one three five", "one two three four five", 0.0),
        (RougeL(), "one three five", "one two three four five", 0.75),
    ],
)
def test_one_field_is_judged_by_the_rule(metric: Metric, expected: Any, found: Any, value: float) -> None:
    """Each metric applies its rule to the expected field and says what was wrong with every lost point."""
    score: Any = metric.score(example(answer=expected), Prediction({"answer": found}))
    assert score.value == pytest.approx(value)
    assert (score.feedback is None) == (value == 1)


def test_the_score_is_the_mean_over_expected_fields() -> None:
    """Each expected field counts the same; what was not expected does not count."""
    score = ExactMatch().score(example(a=1, b=2), Prediction({"a": 1, "b": 3, "c": 4}))
    assert score.value == 0.5
    assert score.feedback == "`b`: expected 2, got 3"


def test_feedback_names_a_missing_field_and_partial_credit() -> None:
    """Words a model can act on: which field, what was wanted, what came, what it was worth."""
    score = SquadF1().score(example(a="Oslo", b="Rome"), Prediction({"a": "Oslo is in Norway"}))
    assert score.feedback == (
        "`a`: expected 'Oslo', got 'Oslo is in Norway' (worth 0.40); "
        "`b`: expected 'Rome', but the reply does not have it"
    )


def test_feedback_stays_short() -> None:
    """A long reply does not flood what is read next."""
    score = ExactMatch().score(example(a="x"), Prediction({"a": "y" * 10_000}))
    assert score.feedback is not None
    assert len(score.feedback) < 300


def test_an_example_without_expected_values_is_refused() -> None:
    """Nothing to compare with is a mistake in the data, not a score."""
    with pytest.raises(ConfigError, match="row-1 has no expected values"):
        ExactMatch().score(example(), Prediction({"a": 1}))


def test_what_was_spent_is_taken_from_the_prediction() -> None:
    """Latency, cost and tokens are those of all model calls together."""
    prediction = Prediction({}, Usage(calls=2, tokens_in=10, tokens_cached=4, tokens_out=5, money=0.5, seconds=1.5))
    found = [metric.score(example(), prediction).value for metric in (Latency(), Cost(), Tokens())]
    assert found == [1.5, 0.5, 15]


def test_f1_is_another_name_of_squad_f1() -> None:
    """The short name everybody types stands for the same metric."""
    assert METRICS["f1"] == METRICS["squad_f1"]
