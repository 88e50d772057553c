"""The `self` of a stage: values, calls, methods and constants of the program, and no state."""

from typing import Any

import pytest
from attrs import frozen

import elixirml as ml
from elixirml.errors import DeclarationError


@frozen
class Question:
    question: str


@frozen
class Seen:
    seen: list[Any]


class Base(ml.Program[Question, Seen]):
    """Look around."""

    LIMIT = 3
    tone = ml.variable("warm", choices=["plain", "warm"])
    idle = ml.variable(1, low=0, high=2, active_if=ml.when("tone").equals("plain"))
    words = ml.variable("Be brief.", bank=["Be long."], active_if=ml.when("tone").equals("plain"))
    rules = ml.variable(["a"], bank=["b"], active_if=ml.when("tone").equals("plain"))

    def loud(self) -> str:
        return str(self.tone).upper()

    @property
    def shown(self) -> str:
        return f"<{self.loud()}>"

    @staticmethod
    def doubled(text: str) -> str:
        return text * 2

    @classmethod
    def called(cls) -> str:
        return cls.__name__

    @ml.stage
    def first(self, question: str) -> str:
        return question + "!"

    @ml.check("m")
    def fine(self, question: str) -> bool:
        return question != "no"


def look(stage: Any, **values: Any) -> list[Any]:
    class Looking(Base):
        seen = ml.stage(stage)

    compiled_world = WORLD[-1]
    found: list[Any] = compiled_world.run(Looking().with_values(values), {"question": "?"}).output.seen
    return found


WORLD: list[Any] = []


@pytest.fixture(autouse=True)
def here(world: Any) -> Any:
    WORLD.append(world)
    yield
    WORLD.pop()


def test_variables_are_values() -> None:
    """Also those that are not active: they hold their default, entries in place of their ids."""

    def stage(self: Any) -> list[Any]:
        return [self.tone, self.idle, self.words, self.rules]

    assert look(stage) == ["warm", 1, "Be brief.", ["a"]]
    assert look(stage, tone="plain", idle=2) == ["plain", 2, "Be brief.", ["a"]]


def test_methods_and_properties_see_the_run() -> None:
    """A method reads the value of this run, not the declaration; the class's own things are there as ever."""

    def stage(self: Any) -> list[Any]:
        return [self.loud(), self.shown, self.doubled("a"), self.called(), self.LIMIT, self.name, dict(self.values)]

    assert look(stage) == ["WARM", "<WARM>", "aa", "Looking", 3, "Looking", {}]


def test_other_stages_and_conditions_can_be_called_as_functions() -> None:
    """A Python stage is a function of the program; so is the condition of an assertion."""

    def stage(self: Any) -> list[Any]:
        return [self.first("a"), self.fine("no"), self.fine("yes")]

    assert look(stage) == ["a!", False, True]


def test_a_stage_holds_no_state() -> None:
    """Setting an attribute is refused in words; a name that is not there is an attribute error."""

    def sets(self: Any) -> list[Any]:
        self.count = 1
        return []

    def lacks(self: Any) -> list[Any]:
        return [self.nothing]

    with pytest.raises(DeclarationError, match=r"sets `self\.count`, but a program holds no state"):
        look(sets)
    with pytest.raises(AttributeError, match="nothing"):
        look(lacks)


def test_a_setting_may_be_a_variable_that_is_not_active(world: Any) -> None:
    """Its default counts then."""
    strategy = ml.variable("direct", choices=["direct", "chain_of_thought"])
    heat = ml.variable(0.5, low=0.0, high=1.0, active_if=ml.when("strategy").equals("chain_of_thought"))
    program = ml.Program.create(
        "P",
        inputs="question",
        stages={
            "strategy": strategy,
            "heat": heat,
            "reply": ml.predict("question -> answer", using=strategy, temperature=heat, adapter="json"),
        },
    )
    world.answers('{"reasoning": "r", "answer": "x"}')
    world.run(program, {"question": "?"})
    world.run(program.with_values({"strategy": "chain_of_thought", "heat": 0.25}), {"question": "?"})

    assert [each.temperature for each in world.model.requests] == [0.5, 0.25]
