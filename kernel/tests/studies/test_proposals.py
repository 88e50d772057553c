"""Tests of `elixirml.studies.proposals`: demos come of labelled rows and of good runs, and of nothing else."""

from typing import Any, Literal

import pytest
from attrs import frozen

import elixirml as ml
from elixirml.contracts import Example
from elixirml.errors import ConfigError
from elixirml.runtime.result import StageRecord
from elixirml.studies.proposals import bootstrapped_demos, demo_stage, labelled_demos


@frozen
class Question:
    text: str
    hint: str = ""


@frozen
class Reply:
    label: Literal["film", "book"]
    why: str = ""


class Asking(ml.Program[Question, Reply]):
    """Answer."""

    reply = ml.predict(Reply, model="scripted/m", adapter="json")


class Steps(ml.Program[Question, Reply]):
    """Think, then answer."""

    thought = ml.predict("text -> idea: str", model="scripted/m", adapter="json")
    spare = ml.predict("text -> more: str", model="scripted/m", adapter="json", manual=True)

    @ml.stage
    def idea(self, thought: Any) -> str:
        return thought.idea

    reply = ml.predict("idea -> label: Literal['film', 'book'], why: str", model="scripted/m", adapter="json")


def record(path: str, given: str, answer: str) -> StageRecord:
    return StageRecord(path, {"text": given}, {"label": answer}, ())


def test_the_stage_of_a_demo_variable_is_found_by_its_path(lab: Any) -> None:
    """Each predict stage has demos of its own; what holds none is refused with those that do."""
    runner = lab.kernel().runner(Steps)

    assert demo_stage(runner, "reply.demos").path == "reply"
    assert demo_stage(runner, "thought.demos").path == "thought"
    with pytest.raises(ConfigError, match=r"`reply\.demo` holds no demos") as caught:
        demo_stage(runner, "reply.demo")
    assert caught.value.hint
    assert "Did you mean `reply.demos`?" in caught.value.hint


def test_labelled_rows_are_shown_as_they_are(lab: Any) -> None:
    """A row with all that the stage requires is a demo; optional values are shown where there are any."""
    (node,) = lab.kernel().compile(Asking).predict_nodes()
    rows = [
        Example("a", {"text": "one"}, {"label": "film"}),
        Example("b", {"text": "two", "hint": "h"}, {"label": "book", "why": "w"}),
        Example("c", {"text": "three"}, {"why": "no label"}),
        Example("d", {"text": "one"}, {"label": "film"}),
        Example("e", {"text": "four"}, {"label": "film"}),
    ]

    assert [entry.value for entry in labelled_demos(node, rows, 2)] == [
        {"inputs": {"text": "one"}, "outputs": {"label": "film"}},
        {"inputs": {"text": "two", "hint": "h"}, "outputs": {"label": "book", "why": "w"}},
    ]
    assert len(labelled_demos(node, rows, 9)) == 3
    assert {entry.origin for entry in labelled_demos(node, rows, 9)} == {"labelled"}


def test_a_stage_in_the_middle_has_no_labelled_rows(lab: Any) -> None:
    """No row says what a thought should have been, so none is made up."""
    thought, *_ = lab.kernel().compile(Steps).predict_nodes()

    assert labelled_demos(thought, [Example("a", {"text": "one"}, {"label": "film"})], 5) == ()


def test_good_runs_show_what_each_stage_did(lab: Any) -> None:
    """A demo holds what the stage was given and what it answered; equal ones are one, and no more than wanted."""
    reply = next(each for each in lab.kernel().compile(Steps).predict_nodes() if each.path == "reply")
    runs = [[record("thought", "x", "film"), record("reply", name, "film")] for name in ("a", "b", "a", "c")]
    found = bootstrapped_demos(reply, runs, n=2)

    assert [entry.value["inputs"] for entry in found] == [{"text": "a"}, {"text": "b"}]  # type: ignore[call-overload,index]
    assert {entry.origin for entry in found} == {"bootstrapped"}
    assert bootstrapped_demos(reply, [[record("thought", "x", "film")]], n=2) == ()


def test_an_answer_an_assertion_refused_is_no_demo(lab: Any) -> None:
    """Of a stage that was sent back only the last answer is shown; a stage called by hand shows every call."""
    nodes = {each.path: each for each in lab.kernel().compile(Steps).predict_nodes()}
    twice = [[record("reply", "a", "refused"), record("reply", "a", "film")]]
    calls = [[record("spare", "a", "one"), record("spare", "b", "two")]]

    assert [each.value["outputs"] for each in bootstrapped_demos(nodes["reply"], twice, n=9)] == [{"label": "film"}]  # type: ignore[call-overload,index]
    assert len(bootstrapped_demos(nodes["spare"], calls, n=9)) == 2
