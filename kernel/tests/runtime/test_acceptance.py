"""The program a user writes, as the documentation shows it, from its class to a saved file."""

from pathlib import Path
from typing import Annotated, Any

import pytest
from attrs import frozen

import elixirml as ml
from elixirml.errors import AssertionFailed, DeclarationError, ValidationError


@frozen
class Question:
    context: str
    question: str


@frozen
class Answer:
    answer: str
    confidence: Annotated[float, ml.Range(0, 1)]
    reasoning: str | None = None


class QA(ml.Program[Question, Answer]):
    """Answer the question from the context."""

    temperature = ml.variable(0.7, low=0.0, high=2.0)
    model = ml.variable("scripted/m", choices=["openai/gpt-5-mini", "anthropic/claude-haiku-4-5", "scripted/m"])
    strategy = ml.variable("chain_of_thought", choices=["direct", "chain_of_thought"])

    @ml.stage
    def question(self, question: str) -> str:
        return question.strip()

    @ml.check("the question is empty")
    def answerable(self, question: str) -> bool:
        return bool(question)

    reply = ml.predict(Answer, using=strategy, model=model, temperature=temperature)

    @ml.ensure("Low confidence answer", then="retry", attempts=2)
    def confident(self, reply: Answer) -> bool:
        return reply.confidence >= 0.5

    def after_prediction(self, result: ml.Result[Answer], context: object) -> None:
        NOTED.append(result.output.answer)


NOTED: list[str] = []
ASKED = Question(context="The Eiffel Tower is in Paris, France.", question="  Where is the Eiffel Tower? ")


def reply(answer: str, confidence: float, *, reasoning: str = "It says so.") -> str:
    """What a model writes in the default format."""
    fields = {"reasoning": reasoning, "answer": answer, "confidence": str(confidence)}
    return "".join(f"[[ ## {name} ## ]]\n{value}\n\n" for name, value in fields.items()) + "[[ ## completed ## ]]"


def test_the_program_runs(world: Any) -> None:
    """Input by type, output by type, one call, the question stripped, the hook told."""
    NOTED.clear()
    world.answers(reply("Paris", 0.9))

    result = world.run(QA(), ASKED)

    assert result.output == Answer("Paris", 0.9, "It says so.")
    assert result.fields == {"answer": "Paris", "confidence": 0.9, "reasoning": "It says so."}
    assert result.usage.calls == 1
    assert NOTED == ["Paris"]
    (prompt,) = world.prompts
    assert "The Eiffel Tower is in Paris, France." in prompt
    assert "\nWhere is the Eiffel Tower?" in prompt
    assert world.model.requests[0].temperature == 0.7
    assert result.prediction().fields == result.fields
    assert len(result.prediction().exchanges) == len(result.trace.exchanges()) == 1


@pytest.mark.parametrize("strategy", ["direct", "chain_of_thought"])
def test_the_strategy_is_a_variable(world: Any, strategy: str) -> None:
    """Both answer; reasoning is asked for first only where the strategy reasons."""
    world.answers(reply("Paris", 0.9))

    result = world.run(QA(strategy=strategy), ASKED)
    prompt = world.prompts[0]

    assert result.output.answer == "Paris"
    assert (prompt.index("- reasoning") < prompt.index("- answer")) is (strategy == "chain_of_thought")


def test_an_empty_question_reaches_no_model(world: Any) -> None:
    """The check refuses it first, after the stage it depends on."""
    with pytest.raises(AssertionFailed, match="the question is empty") as caught:
        world.run(QA, {"context": "c", "question": "   "})

    assert world.model.requests == []
    assert (caught.value.assertion, caught.value.attempts) == ("answerable", 1)
    assert caught.value.value == {"question": ""}


def test_a_refused_answer_is_asked_for_again_with_the_reason(world: Any) -> None:
    """The second prompt shows the refused reply and the message; the first answer is recorded as a lapse."""
    world.answers(reply("London", 0.1), reply("Paris", 0.9))

    result = world.run(QA, ASKED)
    first, second = world.prompts

    assert result.output.answer == "Paris"
    assert [(each.assertion, each.attempt) for each in result.trace.lapses] == [("confident", 1)]
    assert "Low confidence answer" not in first
    assert "Low confidence answer" in second
    assert "London" in second
    assert result.usage.calls == 2


def test_after_its_attempts_an_ensure_gives_up(world: Any) -> None:
    """The error has the value, the name and the count; no further call is made."""
    world.answers(reply("London", 0.1))

    with pytest.raises(AssertionFailed, match=r"QA\.confident: Low confidence answer") as caught:
        world.run(QA, ASKED)

    assert len(world.model.requests) == 2
    assert caught.value.attempts == 2
    assert caught.value.value == {"reply": Answer("London", 0.1, "It says so.")}


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"temprature": 1.0}, DeclarationError, "Did you mean `temperature`?"),
        ({"temperature": 3.0}, ValidationError, "temperature"),
        ({"strategy": "react"}, ValidationError, '"react" is not one of'),
        ({"reply.demos": ["x"]}, ValidationError, "no entry of bank"),
    ],
)
def test_wrong_values_are_refused_before_any_model_call(
    world: Any, values: dict[str, Any], error: type[Exception], message: str
) -> None:
    """Paths and values are checked against the space."""
    with pytest.raises(error, match=message):
        world.run(QA().with_values(values), ASKED)

    assert world.model.requests == []


def test_a_model_that_is_not_there_is_told_before_the_first_call(world: Any) -> None:
    """Also when only a later stage uses it."""
    program = ml.Program.create(
        "Two",
        inputs="question",
        stages={
            "first": ml.predict("question -> a", model="scripted/m"),
            "second": ml.predict("question -> b", model="scripted/other"),
        },
    )
    with pytest.raises(ml.ElixirError, match="There is no scripted model `other`"):
        world.run(program, {"question": "?"})

    assert world.model.requests == []


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"question": "?"}, "context"),
        ({"context": "c", "question": "?", "more": 1}, "more"),
        ({"context": 1, "question": "?"}, "expected text, got 1"),
        ("Where", "'Where' is not an input of QA"),
        (Answer("a", 0.5), "is not an input of QA"),
        ("x" * 200, r"xxx\.\.\. is not an input of QA"),
    ],
)
def test_inputs_that_do_not_fit_list_every_problem(world: Any, inputs: Any, message: str) -> None:
    """By field, before any model call."""
    with pytest.raises(ValidationError, match=message):
        world.run(QA, inputs)

    assert world.model.requests == []


def test_a_tuned_program_is_saved_and_loaded(world: Any, tmp_path: Path) -> None:
    """A study's best is a file; loaded, it runs with the tuned values."""
    world.answers(reply("Paris", 0.9))
    rows = [{"context": f"c{at}", "question": "Where?", "answer": "Paris", "id": str(at)} for at in range(24)]
    with ml.BlockingKernel(world.kernel) as door:
        study = door.optimize(
            QA(strategy="direct"),
            rows,
            teleprompter="random_search",
            budget=ml.Budget(calls=40),
            freeze=["model"],
        )
        study.best.save(tmp_path / "qa.json")
        loaded = ml.load(tmp_path / "qa.json", QA)
        assert door.run(loaded, ASKED).output.answer == "Paris"
        report = door.evaluate(loaded, rows)
    assert loaded.saved == study.best
    assert report.metrics["exact_match"].n == 24
