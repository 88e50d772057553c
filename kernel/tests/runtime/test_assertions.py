"""Assertions at work: what follows a failure, where they may stand, how far they go, and what is seen of them."""

from typing import Any

import pytest
from attrs import define, field, frozen

import elixirml as ml
from elixirml.contracts import Event
from elixirml.errors import AssertionFailed, BudgetExceeded, DeclarationError, ValidationError
from elixirml.runtime.result import Followed, Trace


@frozen
class Question:
    question: str


@frozen
class Answer:
    answer: str


@frozen
class Loud:
    loud: str


@frozen
class Shortened:
    text: str


def create(stages: dict[str, Any], *, inputs: Any = "question", outputs: Any = None) -> ml.Program[Any, Any]:
    return ml.Program.create("P", inputs=inputs, outputs=outputs, stages=stages, instruction="Answer.")


def ask(text: str = "question -> answer", **settings: Any) -> Any:
    return ml.predict(text, adapter="json", **settings)


def said(answer: str) -> str:
    return f'{{"answer": "{answer}"}}'


def lapses(result: ml.Result[Any] | Trace) -> list[tuple[str, int, str, bool]]:
    trace = result.trace if isinstance(result, ml.Result) else result
    return [(each.assertion, each.attempt, str(each.followed), each.mended) for each in trace.lapses]


# Fallbacks


class Careful(ml.Program[Question, Answer]):
    """Answer."""

    reply = ml.predict(Answer, adapter="json")
    plain = ml.predict(Answer, adapter="json", instruction="Say little.", manual=True)

    @ml.ensure("must be short", attempts=2, fallback="plain")
    def short(self, reply: Answer) -> bool:
        return len(reply.answer) <= 3

    @ml.stage
    def shown(self, reply: Answer) -> str:
        return f"<{reply.answer}>"

    @ml.suggest("better be b")
    def wished(self, shown: str) -> bool:
        return shown == "<b>"


def test_a_fallback_stage_gives_the_value_when_the_attempts_are_used_up(world: Any) -> None:
    """It is asked once, its value goes where the refused one would have gone, and is judged once more."""
    world.answers(said("long one"), said("long two"), said("b"))
    result = world.run(Careful, {"question": "?"})

    assert result.output == Answer("b")
    assert lapses(result) == [("short", 1, "retry", True), ("short", 2, "fallback", True)]
    assert [(each.path, each.refused) for each in result.trace.stages] == [
        ("reply", True),
        ("reply", True),
        ("plain", False),
    ]
    assert ["Say little." in each for each in world.prompts] == [False, False, True]


def test_a_value_of_a_fallback_that_fails_too_ends_the_run(world: Any) -> None:
    """There is no second fallback; the error says so, and carries the whole trace."""
    world.answers(said("long one"), said("long two"), said("long three"))
    with pytest.raises(AssertionFailed, match=r"short: must be short \(its fallback `plain` too\)") as caught:
        world.run(Careful, {"question": "?"})

    assert len(world.model.requests) == 3
    assert isinstance(caught.value.trace, Trace)
    assert [each[2] for each in lapses(caught.value.trace)] == ["retry", "fallback", "raise"]


def test_then_fallback_tries_nothing_again(world: Any) -> None:
    """The first failure brings the fallback; what is downstream runs again with its value."""

    class P(ml.Program[Question, Loud]):
        """Answer."""

        reply = ask()

        @ml.stage
        def loud(self, reply: Any) -> str:
            return str(reply.answer).upper()

        @ml.ensure("must be short", then="fallback", fallback="cut")
        def short(self, reply: Any) -> bool:
            return len(reply.answer) <= 3

        def cut(self, reply: Any, question: str) -> dict[str, str]:
            return {"answer": reply.answer[:2] + question}

    world.answers(said("abcdef"))
    result = world.run(P, {"question": "?"})

    assert (result.fields, len(world.model.requests)) == ({"loud": "AB?"}, 1)
    assert lapses(result) == [("short", 1, "fallback", True)]


def test_a_fallback_replaces_the_value_that_is_judged(world: Any) -> None:
    """Where a Python stage stands between it and the model, that stage's value is replaced and not the reply."""

    class P(ml.Program[Question, Answer]):
        """Answer."""

        reply = ask()

        @ml.stage
        def answer(self, reply: Any) -> str:
            return f"{reply.answer}!"

        @ml.ensure("must be yes", fallback="yes")
        def sure(self, answer: str) -> bool:
            return answer == "yes"

        async def yes(self) -> str:
            return "yes"

    world.answers(said("no"))
    result = world.run(P, {"question": "?"})
    assert (result.output, len(world.model.requests)) == (Answer("yes"), 2)
    assert [each[2] for each in lapses(result)] == ["retry", "fallback"]


def test_a_sub_program_that_is_a_fallback_runs_only_then(world: Any) -> None:
    """It is asked nothing before, and its own assertions hold of what it gives."""
    inner = ml.Program.create("Inner", inputs="question", stages={"reply": ask(instruction="Inner.")})
    program = create(
        {
            "inner": inner,
            "reply": ask(),
            "good": ml.ensure("be good", then="fallback", fallback="inner")(lambda self, reply: reply.answer == "good"),
        }
    )
    world.answers(said("good"))
    assert world.run(program, {"question": "?"}).usage.calls == 1
    assert world.compile(program).warnings == ()

    world.model.requests.clear()
    world.answers(said("bad"), said("good"))
    result = world.run(program, {"question": "?"})
    assert (result.output.answer, result.usage.calls) == ("good", 2)
    assert [each.path for each in result.trace.stages] == ["reply", "inner.reply"]


@pytest.mark.parametrize(("given", "error"), [("words", DeclarationError), ({"other": "x"}, ValidationError)])
def test_a_fallback_value_is_held_to_the_type_it_stands_in_for(world: Any, given: Any, error: type[Exception]) -> None:
    """A value that is no such record is refused where it arises."""

    class P(ml.Program[Question, Answer]):
        """Answer."""

        reply = ml.predict(Answer, adapter="json")

        @ml.ensure("never", then="fallback", fallback="instead")
        def never(self, reply: Answer) -> bool:
            return False

        def instead(self) -> Any:
            return given

    world.answers(said("x"))
    with pytest.raises(error):
        world.run(P, {"question": "?"})


# Where assertions stand


def test_outputs_of_the_whole_program_are_judged_by_their_names(world: Any) -> None:
    """An output field that no value is named after is the field of the reply it comes from."""

    class P(ml.Program[Question, Any]):
        """Answer."""

        reply = ask("question -> answer: str, certain: float")

        @ml.stage
        def length(self, reply: Any) -> int:
            return len(reply.answer)

        @ml.ensure("long answers need certainty")
        def sound(self, length: int, certain: float, question: str) -> bool:
            return length < 3 or certain > 0.5

    program = create(dict(P.declaration.members), outputs="answer: str, certain: float, length: int")
    world.answers('{"answer": "long", "certain": 0.1}', '{"answer": "long", "certain": 0.9}')
    result = world.run(program, {"question": "?"})

    assert result.fields == {"answer": "long", "certain": 0.9, "length": 4}
    assert lapses(result) == [("sound", 1, "retry", True)]
    assert "long answers need certainty" in world.prompts[1]


def test_outputs_of_a_sub_program_are_judged_outside_it(world: Any) -> None:
    """It runs again as a whole, and its own predict stage is told why."""
    inner = ml.Program.create("Inner", inputs="question", stages={"reply": ask()})
    program = create(
        {
            "inner": inner,
            "good": ml.ensure("must be good", on="inner")(lambda self, answer: answer == "good"),
            "end": ask("inner -> answer"),
        }
    )
    world.answers(said("bad"), said("good"), said("end"))
    result = world.run(program, {"question": "?"})

    assert ["must be good" in each for each in world.prompts] == [False, True, False]
    assert [(each.path, each.refused) for each in result.trace.stages][:2] == [
        ("inner.reply", True),
        ("inner.reply", False),
    ]


def test_an_assertion_on_a_stage_comes_before_names_of_inputs(world: Any) -> None:
    """`on` decides where an output field is called like an input."""
    judged: list[str] = []

    def shorter(self: Any, text: str, limit: int) -> bool:
        judged.append(text)
        return len(text) <= limit

    program = create(
        {"reply": ml.predict(Shortened, adapter="json"), "shorter": ml.ensure("too long", on="reply")(shorter)},
        inputs="text, limit: int",
    )
    world.answers('{"text": "short"}')
    world.run(program, {"text": "a long text", "limit": 5})
    assert judged == ["short"]


# Bounds


def nested(*, inner: int, outer: int) -> ml.Program[Any, Any]:
    """A program whose reply is never good enough, inside one that thinks so too."""
    sub = ml.Program.create(
        "Inner",
        inputs="question",
        stages={
            "reply": ask(),
            "spare": ask(manual=True),
            "inside": ml.ensure("inside", attempts=inner, fallback="spare")(lambda self, reply: reply.answer == "s"),
        },
    )
    return create({"sub": sub, "outside": ml.ensure("outside", attempts=outer)(lambda self, sub: False)})


@pytest.mark.parametrize(("inner", "outer"), [(1, 1), (2, 3), (3, 2)])
def test_nested_retries_make_as_many_calls_as_is_declared(world: Any, inner: int, outer: int) -> None:
    """Each of the outer attempts makes all of the inner ones, and one call of the fallback."""
    turns = iter(range(1000))
    world.answers(by=lambda _: said("s" if next(turns) % (inner + 1) == inner else "x"))
    with pytest.raises(AssertionFailed, match="outside") as caught:
        world.run(nested(inner=inner, outer=outer), {"question": "?"})

    assert len(world.model.requests) == outer * (inner + 1)
    assert caught.value.attempts == outer
    assert isinstance(caught.value.trace, Trace)
    assert len(caught.value.trace.lapses) == outer * inner + outer


def test_nested_retries_end_with_the_budget(world: Any) -> None:
    """The error is that of the budget and carries what was done until then."""
    turns = iter(range(1000))
    world.answers(by=lambda _: said("s" if next(turns) % 4 == 3 else "x"))
    with pytest.raises(BudgetExceeded) as caught:
        world.run(nested(inner=3, outer=50), {"question": "?"}, budget=ml.Budget(calls=10))

    partial = caught.value.partial
    assert isinstance(partial, Trace)
    assert len(world.model.requests) == len(partial.stages) == 10
    assert [each.followed for each in partial.lapses].count(Followed.FALLBACK) == 2


def test_feedback_is_the_last_fault_alone_and_short(world: Any) -> None:
    """However long a reply is, and however often it is refused, the next prompt does not grow."""
    numbers = iter(range(100))
    world.answers(by=lambda _: said(f"reply {next(numbers)} " + "x" * 1_000_000))
    program = create({"reply": ask(), "no": ml.ensure("never " + "y" * 1_000_000, attempts=4)(_never)})
    with pytest.raises(AssertionFailed):
        world.run(program, {"question": "?"})

    lengths = [len(each) for each in world.prompts]
    assert lengths[1:] == [lengths[1]] * 3
    assert lengths[1] < lengths[0] + 2_000
    assert [f"reply {at}" in world.prompts[3] for at in range(4)] == [False, False, True, False]


def _never(self: Any, reply: Any) -> bool:
    _ = self, reply
    return False


# What is seen


@define
class Watcher:
    events: list[Event] = field(factory=list)

    def notify(self, event: Event) -> None:
        self.events.append(event)


def test_failures_and_what_became_of_them_are_events(world: Any) -> None:
    """Each failure with what followed, and the moment when the assertion holds at last."""
    watcher = Watcher()
    world.kernel.events.add(watcher)
    world.answers(said("long one"), said("long two"), said("b"))
    world.run(Careful, {"question": "?"})

    told = [(each.name, dict(each.data)) for each in watcher.events if each.name.startswith("assertion.")]
    failed = {"assertion": "short", "message": "must be short"}
    assert told == [
        ("assertion.failed", {**failed, "attempt": 1, "followed": "retry"}),
        ("assertion.failed", {**failed, "attempt": 2, "followed": "fallback"}),
        ("assertion.mended", {"assertion": "short", "failures": 2}),
    ]
