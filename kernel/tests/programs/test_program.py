"""Programs as objects: declared by a class, made at run time, made of a function or a signature."""

from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

import pytest
from attrs import frozen

import elixirml as ml
from elixirml.errors import DeclarationError
from elixirml.variables import Variable


@frozen
class Question:
    question: str


@frozen
class Answer:
    answer: str


T = TypeVar("T")
U = TypeVar("U")


class QA(ml.Program[Question, Answer]):
    """Answer the question."""

    tone = ml.variable("plain", choices=["plain", "warm"])
    LIMIT = 3

    @ml.stage
    def question(self, question: str) -> str:
        return self.tidied(question)

    reply = ml.predict(Answer)

    @ml.ensure("too long")
    def brief(self, reply: Answer) -> bool:
        return len(reply.answer) < self.LIMIT

    def tidied(self, text: str) -> str:
        return text.strip()

    @staticmethod
    def shout(text: str) -> str:
        return text.upper()

    @property
    def limit(self) -> int:
        return self.LIMIT

    def after_prediction(self, result: object, context: object) -> None:
        """Not part of what identifies a program."""


def test_a_class_body_is_the_declaration() -> None:
    """Members stand in the order they are written; methods and constants stand beside them; the place is its line."""
    found = QA.declaration

    assert (found.name, found.instruction) == ("QA", "Answer the question.")
    assert (found.inputs, found.outputs) == (Question, Answer)
    assert list(found.members) == ["tone", "question", "reply", "brief"]
    assert set(found.helpers) == {"LIMIT", "tidied", "shout", "limit"}
    path, _, line = found.where.rpartition(":")
    assert path == __file__
    assert Path(path).read_text(encoding="utf-8").splitlines()[int(line) - 1].startswith("class QA(")


def test_a_subclass_may_replace_and_end_stages() -> None:
    """What a subclass redeclares keeps its place; what it sets to something else is gone."""

    class Short(QA):
        tone = ml.variable("warm", choices=["plain", "warm"])
        brief = None

    class Documented(Short):
        """Answer in one word."""

    assert list(Short.declaration.members) == ["tone", "question", "reply"]
    assert Short.declaration.members["tone"] is not QA.declaration.members["tone"]
    assert Short.declaration.instruction == "Answer the question."
    assert Documented.declaration.instruction == "Answer in one word."
    assert (Documented.declaration.inputs, Documented.declaration.outputs) == (Question, Answer)


def test_a_stage_of_a_plain_base_class_is_a_stage() -> None:
    """Stages may be shared by classes that are no programs."""

    class Tidying:
        @ml.stage
        def question(self, question: str) -> str:
            return question.strip()

    class Tidy(Tidying, ml.Program[Question, Answer]):
        """Answer."""

        reply = ml.predict(Answer)

    assert list(Tidy.declaration.members) == ["question", "reply"]


def test_types_are_found_through_generic_bases() -> None:
    """A base may leave either type open, in its own order."""

    class Answering(ml.Program[T, Answer], Generic[T]):
        """Answer."""

    class Swapped(ml.Program[U, T], Generic[T, U]):
        """Answer."""

    class First(Answering[Question]):
        pass

    class Second(Swapped[Answer, Question]):
        pass

    class Untyped(ml.Program):  # type: ignore[type-arg]
        pass

    assert (First.declaration.inputs, First.declaration.outputs) == (Question, Answer)
    assert (Second.declaration.inputs, Second.declaration.outputs) == (Question, Answer)
    assert (Untyped.declaration.inputs, Untyped.declaration.outputs) == (None, None)


def test_a_program_never_changes() -> None:
    """Other values are another program; the first one keeps its own, and nobody can reach in."""
    first = QA(tone="warm")
    second = first.with_values({"reply.temperature": 0.5})
    dict(second.values)["tone"] = "plain"

    assert first.values == {"tone": "warm"}
    assert second.values == {"tone": "warm", "reply.temperature": 0.5}
    assert repr(second) == "<program QA with 2 values set>"
    assert repr(QA()) == "<program QA>"


def test_a_program_with_a_constructor_of_its_own_is_copied_whole() -> None:
    """Other values do not call the constructor again."""

    class Named(QA):
        def __init__(self, title: str) -> None:
            super().__init__(tone="warm")
            self.title = title

    assert Named("a").with_values({"tone": "plain"}).title == "a"


def test_a_program_is_made_without_a_class() -> None:
    """`Program.create` takes text or record types for either side, and says where it was called."""
    made = ml.Program.create(
        "Made",
        inputs="question, output",
        outputs="answer: Literal['a', 'b']",
        stages={"reply": ml.predict("question -> answer: Literal['a', 'b']")},
        instruction="  Answer.  ",
    )

    assert made.name == "Made"
    assert made.declaration.instruction == "Answer."
    assert [each.name for each in made.declaration.inputs] == ["question", "output"]
    assert made.declaration.outputs[0].annotation == Literal["a", "b"]
    assert made.declaration.where.startswith(f"{__file__}:")


def test_what_is_no_stage_is_refused_where_it_is_given() -> None:
    """A plain function among the stages is a mistake, with its line."""
    with pytest.raises(DeclarationError, match="`tidy` of Made is") as caught:
        ml.Program.create("Made", inputs="a", stages={"tidy": str.strip})

    assert f"at {__file__}:" in str(caught.value)


def sort(text: str, languages: list[str], *, strict: bool = False) -> Literal["spam", "ham"]:
    """Is the message spam?"""
    raise NotImplementedError


def test_a_typed_function_is_a_program() -> None:
    """Parameters are the inputs, with their defaults; the docstring is the instruction; the body is never run."""
    made = ml.program(sort)
    found = made.declaration

    assert (found.name, found.instruction, found.bare) == ("sort", "Is the message spam?", "answer")
    assert [(each.name, each.annotation, each.default) for each in found.inputs][1:] == [
        ("languages", list[str], found.inputs[0].default),
        ("strict", bool, False),
    ]
    assert found.where.startswith(f"{__file__}:")


def untyped(text, n: int) -> str:  # type: ignore[no-untyped-def]
    raise NotImplementedError


def silent(text: str):  # type: ignore[no-untyped-def]
    raise NotImplementedError


def empty() -> str:
    raise NotImplementedError


def variadic(*texts: str) -> str:
    raise NotImplementedError


def nothing(text: str) -> None:
    raise NotImplementedError


def lost(text: "Unknown") -> str:  # type: ignore[name-defined]  # noqa: F821
    raise NotImplementedError


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (untyped, "`text` has none"),
        (silent, "needs typed parameters and a return type"),
        (empty, "needs typed parameters and a return type"),
        (variadic, "`*texts: str` has none"),
        (nothing, "needs typed parameters and a return type"),
        (lost, "cannot be read: name 'Unknown' is not defined"),
    ],
)
def test_a_function_that_says_too_little_is_refused(function: Any, message: str) -> None:
    """A parameter without a type is never left out in silence."""
    with pytest.raises(DeclarationError) as caught:
        ml.program(function)

    assert message in str(caught.value)
    assert f"at {__file__}:{function.__code__.co_firstlineno}" in str(caught.value)


def test_an_input_called_answer_does_not_become_the_answer() -> None:
    """The output takes another name where an input has its own."""

    def judge(answer: str) -> bool:
        raise NotImplementedError

    def judge_both(answer: str, result: str) -> bool:
        raise NotImplementedError

    assert ml.program(judge).declaration.bare == "result"
    assert ml.program(judge_both).declaration.bare == "judge_both_output"


def test_a_program_stands_behind_many_things() -> None:
    """A class, an instance, a predict stage, a typed function and a signature each stand for one."""
    made = QA()

    assert ml.as_program(made) is made
    assert isinstance(ml.as_program(QA), QA)
    assert ml.as_program(sort).name == "sort"
    for declared in ("question -> answer", ml.predict("question -> answer")):
        assert [each.name for each in ml.as_program(declared).declaration.inputs] == ["question"]


@pytest.mark.parametrize("declared", [3, None, Question, ml.predict(Answer), len])
def test_what_stands_for_no_program_is_refused(declared: object) -> None:
    """The message says what does."""
    with pytest.raises(DeclarationError, match="is not a program") as caught:
        ml.as_program(declared)

    assert "a typed function, or a signature" in str(caught.value)


def test_a_predict_stage_cannot_be_called_outside_a_run() -> None:
    """The declaration is no model; the message says where the call belongs."""
    with pytest.raises(DeclarationError, match="only be called inside a run, with question"):
        ml.predict("question -> answer")(question="?")


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (lambda: ml.ensure("")(lambda self: True), "`ensure` needs a message in words"),
        (lambda: ml.check("  ")(lambda self: True), "`check` needs a message in words"),
        (lambda: ml.suggest(None)(lambda self: True), "`suggest` needs a message in words"),  # type: ignore[arg-type]
        (lambda: ml.ensure("m", then="retyr"), "Did you mean `retry`?"),
        (lambda: ml.ensure("m", attempts=0), "`attempts` must be a whole number, 1 or more (got 0)"),
        (lambda: ml.ensure("m", attempts=1.5), "(got 1.5)"),  # type: ignore[arg-type]
        (lambda: ml.stage(len), "stands on a function written in Python, not on <built-in function len>"),
        (lambda: ml.stage(QA().tidied), "stands on a function written in Python"),
        (lambda: ml.check("m")(ml.stage(sort)), "stands on a function written in Python"),
        (lambda: ml.stage(yielding), "`yielding` yields, and a stage has one value"),
        (lambda: ml.stage(yielding_later), "`yielding_later` yields"),
    ],
)
def test_a_wrong_stage_is_refused_on_its_line(declare: Any, message: str) -> None:
    """What can be known where it is written is said there, with file and line."""
    with pytest.raises(DeclarationError) as caught:
        declare()

    assert message in str(caught.value)
    assert f"at {__file__}:" in str(caught.value)


def yielding(self: object) -> Any:
    yield 1


async def yielding_later(self: object) -> Any:
    yield 1


def test_a_variable_is_a_member_and_an_instance_holds_values() -> None:
    """The class shows the Variable itself, for tools that read declarations."""
    assert isinstance(QA.tone, Variable)
