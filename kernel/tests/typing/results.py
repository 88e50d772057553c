"""What type checkers know of a program: run by mypy and pyright in strict mode, never by Python.

`assert_type` fails where a type is lost. A line with an ignore is a mistake that must be found: strict checkers refuse
an ignore that is not needed.
"""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from pathlib import Path
from typing import Any, Literal, assert_type

from attrs import frozen

import elixirml as ml


@frozen
class Question:
    """What is asked."""

    question: str


@frozen
class Answer:
    """What is answered."""

    answer: str
    confidence: float


class QA(ml.Program[Question, Answer]):
    """Answer the question."""

    strategy = ml.variable("direct", choices=["direct", "chain_of_thought"])
    reply = ml.predict(Answer, using=strategy)
    free = ml.predict("question -> answer: str")

    @ml.stage
    async def best(self, question: str) -> Answer:
        """Ask twice and take the surer answer."""
        one = await self.reply(question=question)
        assert_type(one, Answer)
        two = await self.free(question=question)
        assert_type(two, Any)
        return one

    @ml.ensure("too unsure")
    def sure(self, best: Answer) -> bool:
        """Judge a typed value."""
        assert_type(best.confidence, float)
        return best.confidence > 0.5

    def after_prediction(self, result: ml.Result[Answer], context: object) -> None:
        """Take note of a typed result."""
        assert_type(result.output, Answer)


def sort(text: str) -> Literal["spam", "ham"]:
    """Is it spam?"""
    raise NotImplementedError


def doors(door: ml.BlockingKernel) -> None:
    """Results are of the output type, by class, by instance, by stage and by function; of a signature, anything."""
    asked = Question("Where?")
    assert_type(ml.run(QA, asked), ml.Result[Answer])
    assert_type(ml.run(QA(), asked).output, Answer)
    assert_type(ml.run(QA(), asked).output.answer, str)
    assert_type(door.run(QA.reply, asked).output, Answer)
    assert_type(door.run(QA, asked).output.confidence, float)
    assert_type(ml.run(sort, {"text": "x"}).output, Literal["spam", "ham"])
    assert_type(ml.run("question -> answer", {"question": "x"}).output, Any)
    assert_type(ml.program(sort), ml.Program[Any, Literal["spam", "ham"]])


async def embedded(kernel: ml.Kernel) -> None:
    """The async door knows as much."""
    assert_type((await kernel.run(QA, {"question": "x"})).output.answer, str)
    assert_type((await kernel.run(sort, {"text": "x"})).output, Literal["spam", "ham"])
    assert_type((await kernel.run("a -> b", {"a": "x"})).output, Any)


def values(path: Path) -> None:
    """What is loaded, or given other values, is still the same program."""
    assert_type(ml.load(path, QA), QA)
    assert_type(ml.load(path, QA()), QA)
    assert_type(QA(strategy="direct").with_values({"strategy": "direct"}), QA)


def mistakes(path: Path) -> None:
    """Each of these lines is refused."""
    ml.run(QA, {"question": "x"}).output.anser  # type: ignore[attr-defined]  # noqa: B018
    ml.run(3, {"question": "x"})  # type: ignore[call-overload]
    ml.run(QA, {"question": "x"}, budget=5)  # type: ignore[call-overload]
    ml.predict(Answer, temprature=0.5)  # type: ignore[call-overload]
    ml.predict(Answer, demos=[{}])  # type: ignore[call-overload]
    ml.load(path, int)  # type: ignore[type-var]
    ml.check(5)  # type: ignore[arg-type]
    wrong: int = ml.run(QA, {"question": "x"}).output.answer  # type: ignore[assignment]
    print(wrong)  # noqa: T201
