"""Tests of `elixirml.studies.scoring`: whose fault a failure is, what is kept of it, and what a row costs."""

from collections.abc import Iterator
from typing import Any

import pytest
from attrs import evolve, frozen

import elixirml as ml
from elixirml.contracts import Direction, Example, ModelRequest, ModelResponse, Prediction, Score, Usage
from elixirml.errors import BudgetExceeded, ConfigError, ContextLengthExceeded, ModelError, PluginFailed
from elixirml.runtime.budget import Budget
from elixirml.studies.ledger import Ledger, Row
from elixirml.studies.scoring import Scorer, metric_digest

pytestmark = pytest.mark.anyio


@frozen
class Question:
    text: str


@frozen
class Reply:
    word: str


class Echo(ml.Program[Question, Reply]):
    """Say it again."""

    reply = ml.predict(Reply, model="scripted/m", adapter="json")


class Shaky(ml.Program[Question, Reply]):
    """Say it again, in two steps that may fail."""

    @ml.stage
    def text(self, text: str) -> str:
        if "explode" in text:
            raise ZeroDivisionError("the stage blew up")
        return text

    reply = ml.predict(Reply, model="scripted/m", adapter="json")

    @ml.ensure("the word is too long", then="retry", attempts=2)
    def short(self, reply: Reply) -> bool:
        return len(reply.word) < 12


class TwoSteps(ml.Program[Question, Reply]):
    """Draft, then answer."""

    draft = ml.predict("text -> idea: str", model="scripted/m", adapter="json")

    @ml.stage
    def idea(self, draft: Any) -> str:
        return draft.idea

    reply = ml.predict("idea -> word: str", model="scripted/m", adapter="json")


def examples(*texts: str) -> list[Example]:
    return [Example(f"e-{at}", {"text": text}, {"word": text}) for at, text in enumerate(texts)]


def echo(request: ModelRequest) -> str:
    """The right reply: the last word that is asked about."""
    last = request.messages[-1].content.replace('"', " ").replace("}", " ").split()
    return f'{{"word": "{last[-1]}", "idea": "{last[-1]}"}}'


@pytest.fixture
def ledger(lab: Any) -> Iterator[Ledger]:
    with lab.ledger() as opened:
        yield opened


async def score(scorer: Scorer, data: list[Example], **settings: Any) -> tuple[Row, ...]:
    own = scorer.runner.assigned()
    return await scorer.score(own.assignment, data, space=own.space, **settings)


# Once


async def test_rows_come_in_the_order_of_the_examples_with_their_scores(lab: Any, ledger: Ledger) -> None:
    """Whatever is finished first, row n is of example n; right ones score 1."""
    lab.model.script = lambda request: echo(request) if "b" not in echo(request)[9:12] else '{"word": "wrong"}'
    rows = await score(lab.scorer(ledger, program=Echo, concurrency=2), examples("a", "b", "c", "d", "e"))

    assert [row.example for row in rows] == ["e-0", "e-1", "e-2", "e-3", "e-4"]
    assert [row.scores["exact_match"] for row in rows] == [1.0, 0.0, 1.0, 1.0, 1.0]
    assert rows[1].message == "`word`: expected 'b', got 'wrong'"
    assert rows[0].fields == {"word": "a"}
    assert [row.usage.calls for row in rows] == [1] * 5


async def test_what_is_in_the_ledger_is_not_run_again(lab: Any, ledger: Ledger) -> None:
    """A second process asks nothing, tells every row, and has the first one's calls on its meter, as reused."""
    lab.model.script = echo
    first = await score(lab.scorer(ledger, program=Echo), examples("a", "b"))
    told: list[Row] = []
    resumed = lab.scorer(ledger, program=Echo)
    second = await score(resumed, examples("a", "b"), on_row=told.append)

    assert second == first == tuple(told)
    assert len(lab.model.requests) == 2
    assert resumed.meter.spent.calls == resumed.meter.reused == 2


async def test_a_row_is_on_the_meter_once_however_often_it_is_asked_for(lab: Any, ledger: Ledger) -> None:
    """Coming back to a row within a process is free: it has been paid for."""
    lab.model.script = echo
    scorer = lab.scorer(ledger, program=Echo)
    for _ in range(3):
        await score(scorer, examples("a", "b"))

    assert scorer.meter.spent.calls == 2
    assert scorer.meter.reused == 0


async def test_equal_ids_of_other_rows_are_other_rows(lab: Any, ledger: Ledger) -> None:
    """Two files may both count their rows from 1: what is scored is the row, not its number."""
    lab.model.script = echo
    scorer = lab.scorer(ledger, program=Echo)
    await score(scorer, examples("a"))
    rows = await score(scorer, examples("b"))

    assert rows[0].fields == {"word": "b"}


async def test_seeds_differ_by_example_and_repeat_and_are_the_same_in_every_process(lab: Any, ledger: Ledger) -> None:
    """Above temperature 0 each example draws its own numbers; a study seed repeats them all, another changes them."""
    lab.model.script = echo

    class Warm(ml.Program[Question, Reply]):
        """Say it again."""

        reply = ml.predict(Reply, model="scripted/m", adapter="json", temperature=0.7)

    async def seeds(study: str, seed: int) -> list[int | None]:
        lab.model.requests.clear()
        scorer = lab.scorer(ledger, program=Warm, study=study, seed=seed, concurrency=1)
        for repeat in range(2):
            await score(scorer, examples("a", "b", "c"), repeat=repeat)
        return [request.seed for request in lab.model.requests]

    first = await seeds("one", 0)
    assert len(set(first)) == 6
    assert None not in first
    assert await seeds("two", 0) == first
    assert not set(await seeds("three", 1)) & set(first)


async def test_repeats_at_temperature_zero_are_the_same_question(lab: Any, ledger: Ledger) -> None:
    """Without chance there is nothing to repeat: the second run costs nothing."""
    lab.model.script = echo
    scorer = lab.scorer(ledger, program=Echo)
    rows = [*await score(scorer, examples("a")), *await score(scorer, examples("a"), repeat=1)]

    assert [row.usage.calls for row in rows] == [1, 0]


# Faults of the candidate


@frozen
class Failing:
    """An input and a reply that come to no good, and what is kept of it."""

    text: str
    reply: str
    fault: str
    message: str
    calls: int


@pytest.mark.parametrize(
    "case",
    [
        Failing("a", "no json at all", "parse", "holds no JSON object", 1),
        Failing("a", '{"word": "much too long a word"}', "assertion-failed", "the word is too long", 2),
        Failing("explode", '{"word": "a"}', "ZeroDivisionError", "the stage blew up", 0),
    ],
    ids=lambda case: case.fault,
)
async def test_a_fault_of_the_candidate_is_scored_and_kept_with_its_message(
    lab: Any, ledger: Ledger, case: Failing
) -> None:
    """A reply that cannot be used is the candidate's failure: it scores the metric's failure score, once."""
    lab.model.script = [case.reply]
    for _ in range(2):
        scorer = lab.scorer(ledger, program=Shaky, metrics=["errors", "exact_match"])
        (row,) = await score(scorer, examples(case.text))

    assert row.scores == {"errors": 2.0, "exact_match": 0.0}
    assert (row.fault, row.usage.calls, row.fields, row.evidence) == (case.fault, case.calls, {}, ())
    assert row.message
    assert case.message in row.message
    assert len(lab.model.requests) == case.calls


async def test_a_prompt_that_does_not_fit_is_the_candidates_fault(lab: Any, ledger: Ledger) -> None:
    """Too many demos for a model's context is no outage: it is scored at once, and not tried again."""

    def full(request: ModelRequest) -> str:
        raise ContextLengthExceeded("5000 tokens do not fit 4096")

    lab.model.script = full
    (row,) = await score(lab.scorer(ledger, program=Echo), examples("a"))

    assert (row.fault, row.scores) == ("context-length", {"exact_match": 0.0})
    assert row.message == "5000 tokens do not fit 4096"
    assert len(lab.model.requests) == 1


# Faults of the machinery


async def test_a_model_that_fails_twice_is_asked_a_third_time(lab: Any, ledger: Ledger) -> None:
    """A passing outage costs no score, no call and no row."""
    lab.model.script, lab.model.failures = echo, 2
    scorer = lab.scorer(ledger, program=Echo)
    (row,) = await score(scorer, examples("a"))

    assert (row.fault, row.scores, row.usage.calls) == (None, {"exact_match": 1.0}, 1)
    assert scorer.meter.spent.calls == 1
    assert len(lab.model.requests) == 3


async def test_a_retry_pays_nothing_for_what_it_has(lab: Any, ledger: Ledger) -> None:
    """When the second stage's model fails, the first stage's reply is neither asked for nor charged again."""
    failures = iter([True, False])

    def script(request: ModelRequest) -> str:
        if "idea" in request.messages[-1].content and next(failures, False):
            raise ModelError("away")
        return echo(request)

    lab.model.script = script
    scorer = lab.scorer(ledger, program=TwoSteps)
    (row,) = await score(scorer, examples("a"))
    resumed = lab.scorer(ledger, program=TwoSteps)
    await score(resumed, examples("a"))

    assert row.fault is None
    assert row.usage.calls == scorer.meter.spent.calls == resumed.meter.spent.calls == 2


async def test_a_model_that_stays_away_ends_the_scoring_and_what_is_under_way_is_kept(lab: Any, ledger: Ledger) -> None:
    """Three failures are an outage: the error is raised, nothing is scored for it, and finished rows stay."""

    def script(request: ModelRequest) -> str:
        if "bad" in request.messages[-1].content:
            raise ModelError("away")
        return echo(request)

    lab.model.script = script
    with pytest.raises(ModelError, match="away"):
        await score(lab.scorer(ledger, program=Echo, concurrency=3), examples("a", "bad", "c", *"defghij"))
    asked = len(lab.model.requests)
    resumed = lab.scorer(ledger, program=Echo)
    rows = await score(resumed, examples("a", "fine", "c"))

    assert [row.scores["exact_match"] for row in rows] == [1.0] * 3
    assert resumed.meter.reused == 2
    assert len(lab.model.requests) - asked == 1


async def test_the_budget_ends_the_scoring_with_every_call_on_the_meter(lab: Any, ledger: Ledger) -> None:
    """At the limit nothing new is begun, but calls under way are finished, paid for and kept: none is lost."""
    lab.model.script, lab.latency = echo, 0.005
    scorer = lab.scorer(ledger, program=Echo, budget=Budget(calls=5))
    with pytest.raises(BudgetExceeded) as caught:
        await score(scorer, examples(*"abcdefghijkl"))

    partial = caught.value.partial
    assert isinstance(partial, tuple)
    assert [row.example for row in partial] == [f"e-{at}" for at in range(len(partial))]
    assert scorer.meter.spent.calls == len(lab.model.requests) == 5
    assert ledger.count("study") == (5, 5)


async def test_an_outage_is_worse_than_a_limit(lab: Any, ledger: Ledger) -> None:
    """When both happen at once the outage is told: the limit alone would let the search go on without these rows."""

    def script(request: ModelRequest) -> str:
        raise ModelError("away")

    lab.model.script = script
    scorer = lab.scorer(ledger, program=Echo, budget=Budget(calls=1), concurrency=2)
    with pytest.raises(ModelError, match="away"):
        await score(scorer, examples("a", "b"))


# Metrics


@frozen
class Odd:
    """A metric that does as it is told."""

    value: Any = 1.0
    direction: Direction = Direction.MAXIMIZE
    unit: str = "fraction"
    failure: float = 0.0

    def score(self, example: Example, prediction: Prediction) -> Score:
        return Score(self.value() if callable(self.value) else self.value)


def broken() -> float:
    raise KeyError("gold")


def unlabelled() -> float:
    raise ConfigError("nothing to compare")


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (broken, PluginFailed, "metric `odd` failed on example e-0: KeyError: 'gold'"),
        (float("nan"), PluginFailed, "scored example e-0 as nan"),
        (float("inf"), PluginFailed, "scored example e-0 as inf"),
        (unlabelled, ConfigError, "nothing to compare"),
    ],
)
async def test_a_metric_that_fails_is_told_by_name_and_example(
    lab: Any, ledger: Ledger, value: Any, error: type[Exception], words: str
) -> None:
    """A broken metric is nobody's score: it ends the scoring with its name, and the reply is kept for the next time."""
    lab.model.script, lab.metrics["odd"] = echo, Odd(value)
    with pytest.raises(error, match=words):
        await score(lab.scorer(ledger, program=Echo, metrics=["odd"]), examples("a"))

    assert ledger.count("study") == (0, 1)


async def test_a_metric_may_be_asynchronous(lab: Any, ledger: Ledger) -> None:
    """A judge may wait for something."""

    class Judge(Odd):
        async def score(self, example: Example, prediction: Prediction) -> Score:  # type: ignore[override]
            return Score(0.25, "could be better")

    lab.model.script, lab.metrics["judge"] = echo, Judge()
    (row,) = await score(lab.scorer(ledger, program=Echo, metrics=["judge", "exact_match"]), examples("a"))

    assert row.scores == {"judge": 0.25, "exact_match": 1.0}
    assert row.message == "could be better"


async def test_cost_is_judged_by_what_a_reply_takes_whoever_asked_first(lab: Any, ledger: Ledger) -> None:
    """A reply from the journal takes as many tokens as when it was asked for: a metric gives it the same score."""
    lab.model.script = lambda request: ModelResponse(echo(request), usage=Usage(calls=1, tokens_in=7, money=0.5))
    scorer = lab.scorer(ledger, program=Echo, metrics=["cost", "tokens"])
    rows = [*await score(scorer, examples("a")), *await score(scorer, examples("a"), repeat=1)]

    assert [row.usage.calls for row in rows] == [1, 0]
    assert [row.scores for row in rows] == [{"cost": 0.5, "tokens": 7.0}] * 2


def test_metrics_are_known_by_name_and_class() -> None:
    """Another metric under the same name has rows of its own."""

    class Other(Odd):
        pass

    digests = {metric_digest({"odd": Odd()}), metric_digest({"odd": Other()}), metric_digest({"even": Odd()})}
    assert len(digests) == 3
    assert metric_digest({"odd": Odd(0.0)}) in digests


# Readings and traces


async def test_a_reading_is_not_kept_and_owns_nothing(lab: Any, ledger: Ledger) -> None:
    """Reading journalled replies again is free, also in a resumed study, and leaves no row."""
    lab.model.script = echo
    for _ in range(2):
        scorer = lab.scorer(ledger, program=Echo)
        kept = await score(scorer, examples("a"))
        read = await score(scorer, examples("a"), record=False)
        assert scorer.meter.spent.calls == 1

    assert (kept[0].scores, read[0].usage.calls) == (read[0].scores, 0)
    assert ledger.count("study") == (1, 1)


async def test_a_trace_shows_the_stages_of_a_scored_example(lab: Any, ledger: Ledger) -> None:
    """What the program did is told again by the journal, for nothing."""
    lab.model.script = echo
    scorer = lab.scorer(ledger, program=TwoSteps)
    await score(scorer, examples("a"))
    own = scorer.runner.assigned()
    records = await scorer.trace(own.assignment, examples("a")[0], space=own.space)

    assert [(each.path, each.inputs, each.outputs) for each in records] == [
        ("draft", {"text": "a"}, {"idea": "a"}),
        ("reply", {"idea": "a"}, {"word": "a"}),
    ]
    assert scorer.meter.spent.calls == len(lab.model.requests) == 2


async def test_a_stage_that_fails_in_a_trace_shows_nothing(lab: Any, ledger: Ledger) -> None:
    """A Python stage that fails now and then costs its demos, never the study."""
    lab.model.script = echo
    scorer = lab.scorer(ledger, program=Shaky)
    own = scorer.runner.assigned()
    example = evolve(examples("a")[0], inputs={"text": "explode"})

    assert await scorer.trace(own.assignment, example, space=own.space) == ()


async def test_an_outage_in_a_trace_is_an_outage(lab: Any, ledger: Ledger) -> None:
    """A model that cannot be reached is never mistaken for a stage that failed."""
    lab.model.failures = 1
    scorer = lab.scorer(ledger, program=Echo)
    own = scorer.runner.assigned()

    with pytest.raises(ModelError):
        await scorer.trace(own.assignment, examples("a")[0], space=own.space)
