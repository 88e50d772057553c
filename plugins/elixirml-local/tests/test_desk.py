"""Tests of the child process's side of the dialogue, without a model: every question has one answer, in order."""

import io
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from elixirml_local.desk import Desk, Fetched


def answers(written: io.StringIO) -> list[dict[str, Any]]:
    """Return what was answered."""
    return [json.loads(line) for line in written.getvalue().splitlines()]


def ask(desk: Desk, number: int, **question: Any) -> None:
    """Put a question."""
    desk.put(json.dumps({"id": number, **question}))


def begun() -> tuple[Desk, io.StringIO, Fetched]:
    """Return a reply that question 1 has begun."""
    written = io.StringIO()
    desk = Desk(written)
    return desk, written, Fetched(desk, {"id": 1})


@given(steps=st.lists(st.sampled_from(["a", "b", "more"]), max_size=12))
def test_pieces_add_up_however_they_are_asked_for(steps: list[str]) -> None:
    """Fast or slow, who asks gets every piece once and then the reply, and no question has two answers."""
    desk, written, fetched = begun()
    number = 1
    for step in steps:
        if step != "more":
            assert fetched.take(step)
        elif len(answers(written)) == number:  # one question at a time
            number += 1
            ask(desk, number, more=True)
    if len(answers(written)) == number:
        number += 1
        ask(desk, number, more=True)
    fetched.end({"text": "whole"})

    told = answers(written)
    assert [each["id"] for each in told] == list(range(1, number + 1))
    assert "".join(each["piece"] for each in told) == "".join(each for each in steps if each != "more")
    assert ["text" in each for each in told] == [False] * (number - 1) + [True]


def test_a_stop_ends_the_reply_and_is_answered_next() -> None:
    """Also while a question for more is open, whose asker has gone."""
    desk, written, fetched = begun()
    assert fetched.take("a")
    ask(desk, 2, more=True)
    ask(desk, 3, stop=True)

    assert not fetched.take("b")
    assert [each["id"] for each in answers(written)] == [1]
    assert desk.next() == {"id": 3, "stop": True}


def test_a_new_question_ends_a_reply_that_nobody_fetches() -> None:
    """It is not lost, whether the reply was still written or had ended."""
    for ended in (False, True):
        desk, written, fetched = begun()
        assert fetched.take("a")
        ask(desk, 2, model={}, request={})
        if ended:
            fetched.end({"text": "a"})
        else:
            assert not fetched.take("b")
        assert desk.next()["id"] == 2
        assert len(answers(written)) == 1


def test_an_error_is_an_answer_too() -> None:
    """Before the first piece and after it."""
    desk, written, fetched = begun()
    fetched.end({"error": "no"})
    assert answers(written) == [{"id": 1, "error": "no", "piece": ""}]
    assert desk.waiting() is None
