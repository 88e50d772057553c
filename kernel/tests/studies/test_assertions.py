"""Failed assertions in evaluations and studies: counted, told to optimizers in words, and no source of demos."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from attrs import frozen

import elixirml as ml
from elixirml.contracts import Evaluate, Example, ModelRequest, Told
from elixirml.studies.ledger import Ledger, Row
from elixirml.studies.proposals import bootstrapped_demos, demo_stage


@frozen
class Question:
    text: str


@frozen
class Reply:
    word: str


class Strict(ml.Program[Question, Reply]):
    """Say it again."""

    reply = ml.predict(Reply, model="scripted/m", adapter="json")

    @ml.suggest("better in capitals")
    def loud(self, word: str) -> bool:
        return word.isupper()

    @ml.ensure("the word is too long", attempts=2)
    def short(self, reply: Reply) -> bool:
        return len(reply.word) < 8


WORD = re.compile(r"(SHORT|quiet|much_too_long|seldom_too_long)\d*")
ROWS = [{"text": text, "word": text, "id": text} for text in ("SHORT", "quiet", "much_too_long", "seldom_too_long")]


def echo(request: ModelRequest) -> str:
    """Say the last word that is asked about; what is seldom too long is shorter when it is refused."""
    said = request.messages[-1].content
    found = WORD.search(said)
    assert found is not None
    return json.dumps({"word": "mended" if "refused" in said and "seldom" in said else found.group()})


@pytest.fixture
def ledger(lab: Any) -> Iterator[Ledger]:
    lab.model.script = echo
    with lab.ledger() as opened:
        yield opened


def test_reports_count_the_failures_of_each_assertion(lab: Any) -> None:
    """Those of runs that ended in an error and those that were mended, in the record and in its JSON."""
    lab.model.script = echo
    with ml.BlockingKernel(lab.kernel()) as door:
        found = door.evaluate(Strict, ROWS)

    assert found.faults == {"assertion-failed": 1}
    assert found.lapses == {"loud": 5, "short": 3}
    assert found.to_json()["assertions"] == found.lapses
    by_example = {row.example: row for row in found.rows}
    assert by_example["SHORT"].lapses == {}
    assert by_example["quiet"].lapses == {"loud": 1}
    assert by_example["much_too_long"].lapses == {"loud": 2, "short": 2}


def test_rows_keep_their_counts(lab: Any, ledger: Ledger) -> None:
    """A row that was written and read again is the same; one of an older ledger has none."""
    row = Row("e", {"m": 1.0}, lapses={"loud": 2})
    assert Row.from_json(row.to_json()) == row
    older = {name: value for name, value in row.to_json().items() if name != "lapses"}
    assert Row.from_json(older).lapses == {}


def test_optimizers_are_told_in_words(lab: Any) -> None:
    """The feedback of an outcome names each assertion, how often it failed, and what should have held."""
    lab.model.script = echo
    step: Any = lambda context, _: [Evaluate(context.baseline, context.examples)]  # noqa: E731
    data = [{name: f"{value}{at}" for name, value in row.items()} for at in range(9) for row in ROWS]
    lab.optimize(step, program=Strict, data=data)

    events = [each for each in lab.steps.told if isinstance(each, Told)]
    said = {outcome.example[:-1]: outcome.feedback or "" for outcome in events[0].outcomes}
    assert "assertion `loud` failed: better in capitals" in said["quiet"]
    assert "assertion `short` failed 2 times: the word is too long" in said["much_too_long"]
    assert "assertion `short` failed, then held: the word is too long" in said["seldom_too_long"]
    assert "assertion" not in said["SHORT"]


@pytest.mark.anyio
async def test_what_an_assertion_refused_is_no_demo(lab: Any, ledger: Ledger, anyio_backend: str) -> None:
    """A run that was mended yields its last reply alone."""
    scorer = lab.scorer(ledger, program=Strict)
    own = scorer.runner.assigned()
    example = Example("e", {"text": "seldom_too_long"}, {"word": "mended"})
    (row,) = await scorer.score(own.assignment, [example], space=own.space)
    assert row.message is not None
    assert "assertion `short` failed, then held: the word is too long" in row.message

    records = await scorer.trace(own.assignment, example, space=own.space)
    assert [each.refused for each in records] == [True, False]
    (demo,) = bootstrapped_demos(demo_stage(scorer.runner, "reply.demos"), [records], 5)
    assert demo.value == {"inputs": {"text": "seldom_too_long"}, "outputs": {"word": "mended"}}
    assert bootstrapped_demos(demo_stage(scorer.runner, "reply.demos"), [records[:1]], 5) == ()
