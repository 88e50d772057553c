"""Assertions as they are compiled: what names mean, what a fallback may be, and what needs no run to be decided."""

from typing import Any

import pytest
from attrs import frozen

import elixirml as ml
from elixirml.errors import DeclarationError
from elixirml.programs.compiled import AssertionNode, CompiledProgram


@frozen
class Question:
    question: str


@frozen
class Answer:
    answer: str
    certain: float


def create(stages: dict[str, Any], *, inputs: Any = "question", outputs: Any = None) -> ml.Program[Any, Any]:
    return ml.Program.create("P", inputs=inputs, outputs=outputs, stages=stages, instruction="Answer.")


def ask(text: str = "question -> answer: str, certain: float", **settings: Any) -> Any:
    return ml.predict(text, **settings)


def mistake(world: Any, program: Any) -> DeclarationError:
    with pytest.raises(DeclarationError) as caught:
        world.compile(program)
    assert world.model.requests == []
    return caught.value


def node(compiled: CompiledProgram, name: str) -> AssertionNode:
    found = next(each for each in compiled.nodes if each.name == name)
    assert isinstance(found, AssertionNode)
    return found


# Names


def test_a_name_that_nothing_has_is_a_field_of_the_latest_reply_with_it(world: Any) -> None:
    """What is bound comes first; the latest reply wins among several; a parameter of its own default keeps it."""
    compiled = world.compile(
        create(
            {
                "first": ask(),
                "second": ask("question -> answer: str"),
                "certain_": ml.ensure("m")(lambda self, answer, certain, question, second: True),
                "kept": ml.ensure("m")(lambda self, second, answer="x": True),
            }
        )
    )
    found = node(compiled, "certain_")
    assert found.arguments == {
        "answer": "stage.second",
        "certain": "stage.first",
        "question": "input.question",
        "second": "stage.second",
    }
    assert found.fields == {"answer": "answer", "certain": "certain"}
    assert node(compiled, "kept").arguments == {"second": "stage.second"}


def test_on_names_the_stage_whose_fields_come_first(world: Any) -> None:
    """Before names that are bound, and before later replies."""
    compiled = world.compile(
        create(
            {
                "first": ask(),
                "answer": ml.stage(lambda self, first: first.answer),
                "second": ask("question -> answer: str"),
                "sure": ml.ensure("m", on="first")(lambda self, answer: True),
            }
        )
    )
    assert node(compiled, "sure").arguments == {"answer": "stage.first"}


@pytest.mark.parametrize(
    ("on", "says", "hint"),
    [
        ("reqly", "is on `reqly`, which is no predict stage or sub-program above it", "Did you mean `reply`?"),
        ("reply", "is on `reply`, but takes none of its fields", "Did you mean `answer`?"),
    ],
)
def test_an_assertion_on_nothing_is_a_mistake(world: Any, on: str, says: str, hint: str) -> None:
    """A misspelt stage and a misspelt field are told with the nearest name."""
    found = mistake(world, create({"reply": ask(), "a": ml.ensure("m", on=on)(lambda self, anser: True)}))
    assert says in str(found)
    assert hint in str(found)
    assert found.code == "name-not-found"


def test_a_field_of_another_type_is_a_mistake(world: Any) -> None:
    """The type of the parameter is held against that of the field."""

    def sure(self: Any, certain: str) -> bool:
        return bool(self and certain)

    found = mistake(world, create({"reply": ask(), "sure": ml.ensure("m")(sure)}))
    assert "takes `certain` as str, but it is float" in str(found)


def test_a_check_on_a_field_comes_too_late(world: Any) -> None:
    """Checks are made before any model is asked."""
    found = mistake(world, create({"reply": ask(), "a": ml.check("m")(lambda self, answer: True)}))
    assert found.code == "check-after-call"


# Early


def test_what_is_judged_early_is_known_when_the_program_is_compiled(world: Any) -> None:
    """Fields of one reply, with inputs and what the stage itself takes beside them."""
    compiled = world.compile(
        create(
            {
                "topic": ml.stage(lambda self, question: question),
                "reply": ask("topic -> answer: str, certain: float"),
                "other": ask(),
                "one": ml.ensure("m", on="reply")(lambda self, answer: True),
                "two": ml.ensure("m", on="reply", then="fail")(lambda self, answer, certain, topic, question: True),
                "both": ml.ensure("m", on="reply")(lambda self, answer, other: True),
                "whole": ml.ensure("m")(lambda self, reply: True),
            }
        )
    )
    assert {stage: [each.name for each in nodes] for stage, nodes in compiled.early.items()} == {
        "reply": ["one", "two"]
    }


# Fallbacks


def test_a_fallback_is_wired_like_a_stage(world: Any) -> None:
    """By the names above the assertion; a manual stage is in use, and so is what a method calls."""

    class P(ml.Program[Question, Answer]):
        """Answer."""

        reply = ml.predict(Answer)
        spare = ml.predict(Answer, manual=True)
        asked = ml.predict(Answer, manual=True)

        @ml.ensure("m", fallback="spare")
        def one(self, reply: Answer) -> bool:
            return True

        @ml.ensure("m", then="fallback", fallback="method")
        def two(self, reply: Answer) -> bool:
            return True

        async def method(self, question: str, reply: Answer) -> Answer:
            return await self.asked(question=question)

    compiled = world.compile(P)
    one, two = node(compiled, "one").fallback, node(compiled, "two").fallback
    assert one is not None
    assert two is not None
    assert (one.replaces, one.arguments, one.function) == ("reply", {"question": "input.question"}, None)
    assert two.arguments == {"question": "input.question", "reply": "stage.reply"}
    assert two.calls == ("asked",)
    assert compiled.warnings == ()


class Wrong(ml.Program[Question, Answer]):
    """Answer."""

    limit = ml.variable(3, low=1, high=9)
    reply = ml.predict(Answer)
    always = ml.predict(Answer)
    lesser = ml.predict("question -> answer: str", manual=True)

    @ml.stage
    def staged(self, reply: Answer) -> Answer:
        return reply

    def typed(self) -> int:
        return 1

    def lost(self, qestion: str) -> Answer:
        return Answer(qestion, 1.0)


@pytest.mark.parametrize(
    ("fallback", "code", "says"),
    [
        ("tipped", "name-not-found", "which is nothing of the class"),
        ("always", "fallback", "declare it with manual=True"),
        ("staged", "fallback", "write a method without @ml.stage"),
        ("limit", "fallback", "which cannot be called"),
        ("later", "name-later", "which is declared after it"),
        ("lesser", "type-mismatch", "which gives no `certain`, but `reply` does"),
        ("typed", "type-mismatch", "is int, but `reply`, for which it stands in, is Answer"),
        ("lost", "name-not-found", "needs `qestion`"),
    ],
)
def test_what_is_no_fallback_is_a_mistake(world: Any, fallback: str, code: str, says: str) -> None:
    """Before any call: a wrong name, what runs anyway, what comes later, and what is of another type."""

    class P(Wrong):
        """Answer."""

        @ml.ensure("m", fallback=fallback)
        def sure(self, reply: Answer) -> bool:
            return True

        later = ml.predict(Answer, manual=True)
        used = ml.ensure("m", then="fallback", fallback="later")(lambda self, reply: True)

    found = mistake(world, P)
    assert says in str(found)
    assert code == found.code


def test_inputs_alone_have_nothing_to_fall_back_from(world: Any) -> None:
    """A fallback stands in for a stage."""

    class P(Wrong):
        """Answer."""

        @ml.ensure("m", fallback="typed")
        def sure(self, question: str) -> bool:
            return True

    assert "judges inputs alone" in str(mistake(world, P))


@pytest.mark.parametrize(
    "wrong", [{"then": "fallback"}, {"then": "fail", "fallback": "x"}, {"then": "record", "fallback": "x"}]
)
def test_an_action_and_its_fallback_belong_together(wrong: dict[str, str]) -> None:
    """A fallback that is never used, or is wanted and not named, is told where it is written."""
    with pytest.raises(DeclarationError, match="fallback") as caught:
        ml.ensure("m", **wrong)  # type: ignore[arg-type]
    assert caught.value.code == "fallback"
    assert "test_assertions.py" in str(caught.value)


# Declarations alone


class Limits(ml.Program[Question, Answer]):
    """Answer."""

    low = ml.variable(0.2, low=0.0, high=1.0)
    high = ml.variable(0.8, low=0.0, high=1.0)
    MOST = 3

    reply = ml.predict(Answer, adapter="json")

    @ml.ensure("low is below high")
    def ordered(self) -> bool:
        return self.low < self.high


def test_what_only_a_declaration_decides_is_decided_at_once(world: Any) -> None:
    """A condition that fails as declared is a mistake, a wish that does a warning; one that holds is neither."""
    assert world.compile(Limits).warnings == ()

    class Upside(Limits):
        """Answer."""

        low = ml.variable(0.9, low=0.0, high=1.0)

    found = mistake(world, Upside)
    assert "the ensure `ordered` of Upside fails as declared: low is below high" in str(found)
    assert found.code == "assertion-declared"

    class Checked(Limits):
        """Answer."""

        few = ml.check("few")(lambda self: self.MOST < 3)

    assert "the check `few` of Checked fails" in str(mistake(world, Checked))

    class Wished(Limits):
        """Answer."""

        few = ml.suggest("few")(lambda self: self.MOST < 3)
        noted = ml.ensure("noted", then="record")(lambda self: self.high < self.low)

    warnings = world.compile(Wished).warnings
    assert ["fails as declared: few" in each for each in warnings] == [True, False]
    assert ["fails as declared: noted" in each for each in warnings] == [False, True]


def test_values_of_a_run_are_judged_in_the_run(world: Any) -> None:
    """A value that is set or tuned may break what holds as declared."""
    world.answers('{"answer": "a", "certain": 0.5}')
    assert world.run(Limits(low=0.1), {"question": "?"}).trace.lapses == ()
    with pytest.raises(ml.ElixirError, match="low is below high"):
        world.run(Limits(low=0.9), {"question": "?"})


def test_what_a_declaration_does_not_hold_is_left_to_the_run(world: Any) -> None:
    """Methods, surroundings, what raises and what says nothing are no mistakes of the declaration."""

    class P(Limits):
        """Answer."""

        def method(self) -> bool:
            return False

        helped = ml.ensure("m")(lambda self: self.method())
        around = ml.ensure("m")(lambda self: False)
        broken = ml.ensure("m")(lambda self: 1 / (self.MOST - 3))

    assert world.compile(P).warnings == ()


# Identity


def test_only_what_is_new_takes_part_in_the_structure(world: Any) -> None:
    """A program without fields and fallbacks has the structure it always had."""
    graph = world.compile(create({"reply": ask(), "a": ml.ensure("m")(lambda self, reply: True)})).graph()
    assert set(graph["a"]) == {"kind", "takes", "message", "then", "attempts"}
