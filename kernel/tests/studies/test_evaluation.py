"""Tests of `elixirml.studies.evaluation`: every result and every fault is kept, and means are honest."""

import json
from typing import Any, Literal

import pytest
from attrs import frozen

import elixirml as ml
from elixirml.contracts import Direction, Example, ModelRequest, Prediction, Score, Usage
from elixirml.errors import BudgetExceeded, ConfigError, ModelError, PluginFailed, StateError, ValidationError
from elixirml.studies.evaluation import Evaluation, run_evaluation, summarized
from elixirml.studies.ledger import Row
from elixirml.studies.statistics import interval

PLAIN = "Be plain."


@frozen
class Text:
    text: str


@frozen
class Label:
    label: Literal["film", "book"]


class Warm(ml.Program[Text, Label]):
    """Sort the text."""

    reply = ml.predict(Label, model="scripted/m", adapter="choice", temperature=0.9)


def evaluate(lab: Any, data: Any, **settings: Any) -> Evaluation:
    """Evaluate the lab's program; `scope` is known to the kernel alone, not to the door."""
    kernel = lab.kernel()

    async def run() -> Evaluation:
        return await run_evaluation(kernel, settings.pop("program", lab.Sorter), data, **settings)

    with ml.BlockingKernel(kernel) as door:
        return door.call(run)


def test_means_come_with_intervals_rows_and_faults(lab: Any) -> None:
    """Each metric has its mean and interval over all rows, failed ones included with their failure score."""
    world = lab.model.script
    lab.model.script = lambda request: "neither" if lab.asked(request).endswith("0") else world(request)
    told: list[Row] = []
    found = evaluate(lab, lab.rows(40), metrics=["exact_match", "errors"], on_row=told.append)

    assert found.program == "Sorter"
    assert found.faults == {"parse": 4}
    assert [row.example for row in found.rows] == [f"row-{at}" for at in range(40)]
    assert sorted(row.example for row in told) == sorted(row.example for row in found.rows)
    assert found.metrics["exact_match"] == interval([row.scores["exact_match"] for row in found.rows])
    assert found.metrics["errors"].mean == sum(row.scores["errors"] for row in found.rows) / 40
    assert found.usage.calls == len(lab.model.requests) == 40
    assert list(found.to_json()) == ["program", "metrics", "errors", "repaired", "assertions", "usage", "seconds"]
    assert json.loads(json.dumps(found.to_json(), allow_nan=False)) == found.to_json()


def test_repeats_are_no_new_examples(lab: Any) -> None:
    """Ten runs of four examples are four examples: the interval is over their means, and no narrower for repeats."""
    lab.model.script = lambda request: "film" if lab.luck(request.seed) < 0.7 else "book"
    found = evaluate(lab, lab.rows(4), repeats=10, program=Warm)
    means = [sum(row.scores["exact_match"] for row in found.rows if row.example == f"row-{at}") / 10 for at in range(4)]

    assert len(found.rows) == 40
    assert found.metrics["exact_match"] == interval(means)
    assert found.metrics["exact_match"].n == 4


def test_the_same_reply_again_makes_no_interval_narrower(lab: Any) -> None:
    """At temperature 0 repeats cost nothing and tell nothing."""
    once, often = evaluate(lab, lab.rows(20)), evaluate(lab, lab.rows(20), repeats=5)

    assert often.metrics == once.metrics
    assert often.usage.calls == 20


def test_a_budget_ends_an_evaluation_with_what_was_finished(lab: Any) -> None:
    """The error carries the evaluation of the rows that were scored; nothing more was asked."""
    with pytest.raises(BudgetExceeded) as caught:
        evaluate(lab, lab.rows(40), budget=ml.Budget(calls=12))

    partial = caught.value.partial
    assert isinstance(partial, Evaluation)
    assert len(partial.rows) == partial.usage.calls == len(lab.model.requests) == 12
    assert status(lab) == ["failed"]


def status(lab: Any) -> list[str]:
    with lab.ledger() as ledger:
        return [each.status for each in ledger.studies()]


def test_a_budget_of_nothing_ends_with_an_empty_evaluation(lab: Any) -> None:
    """Without a single row there are no means to tell."""
    with pytest.raises(BudgetExceeded) as caught:
        evaluate(lab, lab.rows(40), budget=ml.Budget(calls=0))

    assert isinstance(caught.value.partial, Evaluation)
    assert dict(caught.value.partial.metrics) == {}


def test_an_outage_ends_an_evaluation_as_failed(lab: Any) -> None:
    """The model is away: the error is raised and the ledger says so."""
    lab.model.failures = 10**6
    with pytest.raises(ModelError):
        evaluate(lab, lab.rows(3))

    assert status(lab) == ["failed"]


def test_an_evaluation_is_entered_with_what_it_found(lab: Any) -> None:
    """`studies list` knows evaluations too."""
    found = evaluate(lab, lab.rows(10))
    with lab.ledger() as ledger:
        (entry,) = ledger.studies()

    assert entry.status == "done"
    assert entry.header == {"kind": "evaluation", "program": "Sorter"}
    assert entry.result == found.to_json()


def test_a_scope_shares_rows_and_replies(lab: Any) -> None:
    """The same program on the same rows in one scope is scored once; without a scope each evaluation is its own."""
    first = evaluate(lab, lab.rows(20), scope="both")
    second = evaluate(lab, lab.rows(20), scope="both")
    asked = len(lab.model.requests)
    evaluate(lab, lab.rows(20))

    assert second.rows == first.rows
    assert asked == 20
    assert len(lab.model.requests) == 40


def test_a_scope_never_mixes_rows_of_equal_ids_or_seeds(lab: Any) -> None:
    """Two files that number their rows from 1, in one scope: each is scored on what it says."""
    one = [{**each, "id": at} for at, each in enumerate(lab.rows(20))]
    other = [{**each, "id": at} for at, each in enumerate(lab.rows(20, start=1001))]
    evaluate(lab, one, scope="both")
    found = evaluate(lab, other, scope="both")

    assert found.usage.calls == 20
    assert {lab.asked(each) for each in lab.model.requests[20:]} == {each["text"] for each in other}


def test_a_limit_takes_the_first_rows(lab: Any) -> None:
    """`limit` is for a quick look."""
    assert [row.example for row in evaluate(lab, lab.rows(20), limit=3).rows] == ["row-0", "row-1", "row-2"]


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"metrics": []}, ConfigError, "No metric is named"),
        ({"metrics": ["exactmatch"]}, LookupError, "exact_match"),
        ({"repeats": 0}, ConfigError, "Each example is run 0 times"),
        ({"limit": 0}, ConfigError, "holds no rows"),
    ],
)
def test_a_wrong_setting_is_told_before_any_call(
    lab: Any, settings: dict[str, Any], error: type[Exception], words: str
) -> None:
    """Nothing is asked when nothing can be told."""
    with pytest.raises(error, match=words):
        evaluate(lab, lab.rows(5), **settings)

    assert lab.model.requests == []


def test_a_metric_without_a_finite_failure_score_is_told(lab: Any) -> None:
    """An infinite failure score has no mean: told before any call, not after the last."""
    lab.metrics["endless"] = Lengthy(failure=float("inf"))
    with pytest.raises(PluginFailed, match="`endless` scores a failure as inf"):
        evaluate(lab, lab.rows(5), metrics=["endless"])

    assert lab.model.requests == []


def test_bad_rows_are_told_before_any_call(lab: Any) -> None:
    """All data is read before the first question."""
    with pytest.raises(ValidationError, match=r"row 31\.label"):
        evaluate(lab, [*lab.rows(30), {"text": "x", "label": "flim"}])

    assert lab.model.requests == []


def test_a_damaged_ledger_is_told_before_any_call(lab: Any) -> None:
    """Replies that cannot be kept are not asked for."""
    lab.home.mkdir()
    (lab.home / "ledger.sqlite3").write_bytes(b"no database" * 500)
    with pytest.raises(StateError, match="is damaged"):
        evaluate(lab, lab.rows(5))

    assert lab.model.requests == []


def test_a_summary_counts_faults_by_code_and_means_by_example() -> None:
    """Rows of one example are one score; faults are counted run by run."""
    rows = [
        Row("a", {"m": 1.0}, usage=Usage(calls=1)),
        Row("a", {"m": 0.0}, "parse", usage=Usage(calls=2)),
        Row("b", {"m": 1.0}, "parse"),
    ]
    found = summarized("p", rows, seconds=1.0)

    assert found.faults == {"parse": 2}
    assert found.metrics["m"] == interval([0.5, 1.0])
    assert found.usage.calls == 3


@frozen
class Lengthy:
    """A metric in its own unit."""

    direction: Direction = Direction.MINIMIZE
    unit: str = "signs"
    failure: float = 99.0

    def score(self, example: Example, prediction: Prediction) -> Score:
        return Score(float(len(str(prediction.fields["label"]))))


def test_a_fault_costs_each_metric_its_own_failure_score(lab: Any) -> None:
    """What a failure is worth is the metric's to say."""
    lab.metrics["lengthy"] = Lengthy()

    def nothing(request: ModelRequest) -> str:
        return "neither"

    lab.model.script = nothing
    found = evaluate(lab, lab.rows(3), metrics=["exact_match", "lengthy"])

    assert found.rows[0].scores == {"exact_match": 0.0, "lengthy": 99.0}
