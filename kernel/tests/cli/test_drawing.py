"""Drawings of programs: what is drawn, and that every value is where the program says."""

from typing import Any

from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

import elixirml as ml
from elixirml.cli.drawing import _Lanes, _last_uses, _Step, drawn


@frozen
class Asked:
    question: str
    documents: list[str]
    tone: str


@frozen
class Answer:
    answer: str


class Big(ml.Program[Asked, Answer]):
    """Answer."""

    @ml.stage
    def words(self, question: str) -> list[str]:
        return question.split()

    @ml.stage
    def found(self, words: list[str], documents: list[str]) -> list[str]:
        return [each for each in documents if each in words]

    facts = ml.predict("found, question -> facts: list[str]")
    draft = ml.predict("facts, tone -> draft: str")
    title = ml.predict("question -> title: str")
    reply = ml.predict("draft, title, facts -> answer: str")

    @ml.ensure("is short")
    def short(self, reply: Any) -> bool:
        return bool(reply)


def test_values_flow_down_their_columns(world: Any) -> None:
    """From where they begin to where they are taken for the last time."""
    assert drawn(world.compile(Big)).splitlines() == [
        "flow     name       kind     what",
        "-------  ---------  -------  -------------------------------------",
        "○        question   input",
        "│ ○      documents  input",
        "│ │ ○    tone       input",
        "├─│─│─●  words      python",
        "│ ●─│─╯  found      python",
        "├─● │    facts      predict  facts",
        "│ ├─●    draft      predict  draft",
        "● │ │    title      predict  title",
        "●─┴─╯    reply      predict  answer",
        "├─────◆  short      ensure   is short; reply again, 2 times in all",
        "◎        Answer     output   answer",
    ]


class Calling(ml.Program[Asked, Answer]):
    """Answer."""

    ask = ml.predict("question -> part: str", manual=True)

    @ml.stage
    def answer(self, question: str) -> str:
        return str(self.ask(question=question))


def test_what_is_called_is_marked(world: Any) -> None:
    """It has no place in the flow; who calls it says so."""
    text = drawn(world.compile(Calling))

    assert "◌" in text
    assert "calls ask" in text


@given(st.data())
def test_every_stage_is_drawn_and_lines_meet(data: st.DataObject) -> None:
    """Whatever takes whatever: each row has its mark, and each column that is taken from had begun."""
    steps: list[Any] = []
    for number in range(data.draw(st.integers(1, 12))):
        known = [each.gives for each in steps if each.gives]
        takes = data.draw(st.lists(st.sampled_from(known), unique=True, max_size=4)) if known else []
        gives = f"s{number}" if data.draw(st.booleans()) else None
        steps.append(_Step("●", str(number), "python", "", tuple(takes), gives))
    lanes = _Lanes(_last_uses(steps))
    above = ""
    for at, each in enumerate(steps):
        row = lanes.row(at, each)
        assert row.count("●") == 1
        for column, sign in enumerate(row):
            if sign in "│├┤╰╯┴┼":
                assert above[column : column + 1] in tuple("│├┤┼●"), (above, row)
        above = row
