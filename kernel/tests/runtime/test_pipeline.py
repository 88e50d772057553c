"""How stages run: in order, again when refused, from inside each other, and as sub-programs."""

from collections.abc import Callable
from datetime import date
from typing import Any, Literal, NotRequired, TypedDict

import anyio.lowlevel
import pytest
from attrs import frozen

import elixirml as ml
from elixirml.contracts import ModelRequest
from elixirml.errors import AssertionFailed, DeclarationError, ParseError


@frozen
class Question:
    question: str


@frozen
class Answer:
    answer: str


@frozen
class Words:
    words: list[str]
    count: int


def create(stages: dict[str, Any], *, inputs: Any = "question", outputs: Any = None) -> ml.Program[Any, Any]:
    return ml.Program.create("P", inputs=inputs, outputs=outputs, stages=stages, instruction="Answer.")


def ask(text: str = "question -> answer", **settings: Any) -> Any:
    return ml.predict(text, adapter="json", **settings)


def said(answer: str) -> str:
    return f'{{"answer": "{answer}"}}'


def echo(request: ModelRequest) -> str:
    """Answer with the last input, and say whether there was feedback."""
    last = request.messages[-1].content
    return said(f"{len(last)}")


def test_stages_may_be_async(world: Any) -> None:
    """Sync and async stages, checks and ensures run in one program."""

    class P(ml.Program[Question, Words]):
        """Answer."""

        @ml.stage
        async def words(self, question: str) -> list[str]:
            await anyio.lowlevel.checkpoint()
            return question.split()

        @ml.check("no words")
        async def some(self, words: list[str]) -> bool:
            await anyio.lowlevel.checkpoint()
            return bool(words)

        @ml.stage
        def count(self, words: list[str]) -> int:
            return len(words)

    assert world.run(P, {"question": "a b"}).output == Words(["a", "b"], 2)
    assert world.model.requests == []
    with pytest.raises(AssertionFailed, match="no words"):
        world.run(P, {"question": ""})


def test_only_what_depends_on_a_refused_value_runs_again(world: Any) -> None:
    """Stages and assertions beside it keep their values; those behind it are made anew."""
    runs: list[str] = []

    class P(ml.Program[Question, Any]):
        """Answer."""

        first = ask()
        other = ask("question -> other: str")

        @ml.suggest("never good")
        def beside(self, other: Any) -> bool:
            runs.append("beside")
            return False

        @ml.stage
        def behind(self, first: Any) -> str:
            runs.append(f"behind {first.answer}")
            return str(first.answer)

        @ml.suggest("better be b")
        def hoped(self, behind: str) -> bool:
            return behind == "b"

        @ml.ensure("must be b")
        def sure(self, behind: str) -> bool:
            return behind == "b"

    P.declaration = create(dict(P.declaration.members), outputs=None).declaration
    world.answers(said("a"), '{"other": "o"}', said("b"))
    result = world.run(P, {"question": "?"})

    assert len(world.model.requests) == 3
    assert runs == ["beside", "behind a", "behind b"]
    assert [each.assertion for each in result.trace.lapses] == ["beside", "hoped", "sure"]
    assert [each.path for each in result.trace.stages] == ["first", "other", "first"]


def test_a_value_is_never_made_more_often_than_any_of_its_ensures_allows(world: Any) -> None:
    """Two ensures over one reply share its attempts."""
    program = create(
        {
            "reply": ask(),
            "one": ml.ensure("not a", attempts=3)(lambda self, reply: reply.answer != "a"),
            "two": ml.ensure("not b", attempts=2)(lambda self, reply: reply.answer != "b"),
        }
    )
    world.answers(said("a"), said("b"), said("c"))
    with pytest.raises(AssertionFailed, match="not b") as caught:
        world.run(program, {"question": "?"})

    assert (caught.value.attempts, len(world.model.requests)) == (2, 2)


@pytest.mark.parametrize(
    ("assertion", "lapses", "calls"),
    [
        (ml.suggest("m"), [("a", 1)], 1),
        (ml.ensure("m", then="record"), [("a", 1)], 1),
        (ml.ensure("m", then="fail"), None, 1),
        (ml.ensure("m", attempts=1), None, 1),
        (ml.ensure("m", attempts=3), None, 3),
    ],
)
def test_what_follows_a_failure(world: Any, assertion: Any, lapses: Any, calls: int) -> None:
    """A suggestion and a record go on; the others end in an error after so many calls."""
    program = create({"reply": ask(), "a": assertion(lambda self, reply: False)})
    world.answers(said("x"))
    if lapses is None:
        with pytest.raises(AssertionFailed, match=r"P\.a: m"):
            world.run(program, {"question": "?"})
    else:
        found = world.run(program, {"question": "?"}).trace.lapses
        assert [(each.assertion, each.attempt) for each in found] == lapses
    assert len(world.model.requests) == calls


def test_an_ensure_over_inputs_has_nothing_to_run_again(world: Any) -> None:
    """It fails at once, whatever it was told to do."""
    program = create({"a": ml.ensure("m", attempts=9)(lambda self, question: False), "reply": ask()})

    with pytest.raises(AssertionFailed):
        world.run(program, {"question": "?"})
    assert world.model.requests == []


def test_an_assertion_that_says_nothing_is_a_mistake(world: Any) -> None:
    """A forgotten `return` is neither a pass nor a failure."""

    def forgets(self: Any, question: str) -> Any:
        _ = question

    program = create({"a": ml.check("m")(forgets), "reply": ask()})
    with pytest.raises(DeclarationError, match="The check `a` returned None") as caught:
        world.run(program, {"question": "?"})
    assert caught.value.code == "assertion-none"


class Loop(ml.Program[Question, Words]):
    """Answer."""

    most = ml.variable(2, low=1, high=5)
    reply = ask(manual=True)
    judge = ask("answer -> good: bool", manual=True)

    @ml.stage
    async def words(self, question: str) -> list[str]:
        found: list[str] = []
        for at in range(self.most):  # type: ignore[call-overload]
            value: Any = await self.reply(question=f"{question} {at}")
            found.append(value.answer)
        return await self.filtered(found)

    @ml.stage
    def count(self, words: list[str]) -> int:
        return len(words)

    async def filtered(self, found: list[str]) -> list[str]:
        """A method of the class: it sees the run's values and calls too."""
        return [each for each in found if (await self.judge(answer=each)).good]


def test_a_stage_may_ask_in_loops_and_branches(world: Any) -> None:
    """Calls go by name; variables are values; what is called belongs to the space and to the trace."""
    world.answers(said("a"), said("b"), said("c"), '{"good": true}', '{"good": false}', '{"good": true}')
    result = world.run(Loop(most=3), {"question": "?"})

    assert result.output == Words(["a", "c"], 2)
    assert [each.path for each in result.trace.stages] == ["reply"] * 3 + ["judge"] * 3
    assert result.usage.calls == 6
    assert {"reply.adapter", "judge.instruction"} <= set(world.compile(Loop).space.paths)


def test_a_stage_that_asks_is_asked_again_with_the_reason(world: Any) -> None:
    """The feedback goes to what it asked last, once; the first time there is none."""

    class P(ml.Program[Question, Any]):
        """Answer."""

        one = ask(manual=True)
        two = ask("question -> answer: str", manual=True)

        @ml.stage
        async def best(self, question: str) -> Any:
            await self.one(question=question)
            value = await self.two(question=question)
            return value.answer

        @ml.ensure("must be good")
        def good(self, best: str) -> bool:
            return best == "good"

        final = ask("best -> answer")

    P.declaration = create(dict(P.declaration.members)).declaration
    world.answers(said("x"), said("bad"), said("x"), said("good"), said("end"))
    assert world.run(P, {"question": "?"}).output.answer == "end"
    assert ["must be good" in each for each in world.prompts] == [False, False, False, True, False]
    assert "bad" in world.prompts[3]


def call(text: str) -> Callable[..., Any]:
    """A stage that makes one call."""
    namespace: dict[str, Any] = {}
    exec(f"async def s(self, question): return await {text}", namespace)  # noqa: S102 - the text of a test
    return namespace["s"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("self.reply(qestion='?')", "does not take `qestion`", "Did you mean `question`?"),
        ("self.reply(question='?', more=1)", "does not take `more`", "Known here: question"),
        ("self.reply()", "lacks `question`", "`await self.reply(question=...)`"),
        ("self.reply('?')", "does not take values without a name", "`await self.reply(question=...)`"),
        ("self.inner()", "The call of `inner` in `s` lacks `question`", "`await self.inner(question=...)`"),
    ],
)
def test_a_call_with_wrong_names_says_so(world: Any, text: str, message: str, hint: str) -> None:
    """Before any model is asked."""
    inner = create({"reply": ask()})
    program = create({"inner": inner, "reply": ask(manual=True), "s": ml.stage(call(text)), "end": ask()})
    program = create({**program.declaration.members, "inner": inner})
    world.answers(said("x"))

    with pytest.raises(DeclarationError) as caught:
        world.run(program, {"question": "?"})

    assert message in str(caught.value)
    assert hint in str(caught.value)
    assert caught.value.code == "call-inputs"


def test_a_sub_program_is_a_stage(world: Any) -> None:
    """Its variables stand below its name; it takes by name and may be called; its checks and lapses are its own."""

    class Inner(ml.Program[Question, Answer]):
        """Shorten."""

        limit = ml.variable(3, low=1, high=9)
        reply = ask()

        @ml.suggest("too long")
        def short(self, reply: Any) -> bool:
            limit: Any = self.limit
            return bool(len(reply.answer) <= limit)

    class Outer(ml.Program[Question, Words]):
        """Count."""

        inner = Inner(limit=2)

        @ml.stage
        async def words(self, inner: Answer) -> list[str]:
            again: Any = await self.inner(question="again")  # type: ignore[operator]
            return [inner.answer, again.answer]

        @ml.stage
        def count(self, words: list[str]) -> int:
            return len(words)

    world.answers(said("abc"), said("de"))
    result = world.run(Outer, {"question": "?"})

    assert result.output == Words(["abc", "de"], 2)
    assert [each.assertion for each in result.trace.lapses] == ["inner.short"]
    assert [each.path for each in result.trace.stages] == ["inner.reply"] * 2
    own = world.kernel.runner(Outer).assigned()
    assert own.assignment["inner.limit"] == 2
    assert world.run(Outer().with_values({"inner.limit": 9}), {"question": "?"}).trace.lapses == ()


def test_a_tuned_sub_program_keeps_its_values(world: Any) -> None:
    """Saved state on an inner program counts; the outer program's own saved state and values win over it."""
    from elixirml.programs.assigning import saved_program

    inner = create({"tone": ml.variable("plain", choices=["plain", "warm", "cold"]), "reply": ask()})

    def tuned(program: Any, **values: Any) -> Any:
        runner = world.kernel.runner(program)
        own = runner.assigned()
        named = {name.replace("__", "."): value for name, value in values.items()}
        assignment = own.space.updated(own.assignment, named)
        state = saved_program(runner.compiled, own.space, assignment, capabilities=runner.capabilities)
        return program.with_saved(state)

    def tone(program: Any) -> Any:
        return world.kernel.runner(program).assigned().assignment["inner.tone"]

    outer = ml.Program.create("Q", inputs="question", stages={"inner": tuned(inner, tone="warm")})
    assert tone(outer) == "warm"
    assert tone(outer.with_values({"inner.tone": "cold"})) == "cold"
    assert tone(tuned(outer, inner__tone="plain")) == "plain"
    by_hand = ml.Program.create("Q", inputs="question", stages={"inner": inner.with_values({"tone": "cold"})})
    assert tone(by_hand) == "cold"
    assert tone(tuned(by_hand, inner__tone="warm")) == "warm"


def test_a_refused_sub_program_is_told_why(world: Any) -> None:
    """The reason reaches the stage its output comes from, through as many programs as there are."""
    innermost = create({"first": ask("question -> x: str"), "reply": ask("first -> answer")})
    middle = ml.Program.create("M", inputs="question", stages={"inner": innermost})
    outer = ml.Program.create(
        "Q",
        inputs="question",
        stages={
            "middle": middle,
            "good": ml.ensure("must be good")(lambda self, middle: middle.answer == "good"),
        },
    )
    world.answers('{"x": "1"}', said("bad"), '{"x": "2"}', said("good"))

    assert world.run(outer, {"question": "?"}).output.answer == "good"
    assert ["must be good" in each for each in world.prompts] == [False, False, False, True]
    assert "bad" in world.prompts[3]


def test_a_refused_sub_program_without_a_model_runs_again(world: Any) -> None:
    """There is nobody to tell, and nothing breaks."""
    inner = ml.Program.create(
        "I", inputs="question", outputs="answer", stages={"answer": ml.stage(lambda self, question: question)}
    )
    stages = {"inner": inner, "good": ml.ensure("m")(lambda self, inner: False)}
    program = ml.Program.create("Q", inputs="question", outputs=None, stages=stages)

    with pytest.raises(AssertionFailed) as caught:
        world.run(program, {"question": "?"})
    assert caught.value.attempts == 2


def spell(text: str, day: date, *, loud: bool = False) -> date:
    """Say the next day."""
    raise NotImplementedError


def sort(text: str) -> Literal["spam", "ham"]:
    """Is it spam?"""
    raise NotImplementedError


def test_a_typed_function_returns_its_bare_value(world: Any) -> None:
    """Of the declared type, not its JSON; defaults fill what is left out."""
    world.answers("[[ ## answer ## ]]\n2026-02-01\n\n[[ ## completed ## ]]")
    result = world.run(spell, {"text": "?", "day": "2026-01-31"})

    assert result.output == date(2026, 2, 1)
    assert result.fields == {"answer": "2026-02-01"}
    world.answers("spam")
    assert world.run(sort, {"text": "buy"}).output == "spam"


def test_a_string_signature_runs(world: Any) -> None:
    """Text in, attributes out."""
    world.answers("[[ ## answer ## ]]\n4\n\n[[ ## sure ## ]]\ntrue\n\n[[ ## completed ## ]]")
    output = world.run("question -> answer: int, sure: bool", {"question": "2+2"}).output

    assert (output.answer, output.sure) == (4, True)


class Optional(TypedDict):
    question: str
    note: NotRequired[str]


def test_inputs_that_may_be_left_out_are_none(world: Any) -> None:
    """A stage that takes an absent field of a TypedDict gets None."""

    class P(ml.Program[Optional, Answer]):
        """Answer."""

        @ml.stage
        def answer(self, question: str, note: str | None) -> str:
            return f"{question}{note}"

    assert world.run(P, {"question": "?"}).output == Answer("?None")
    assert world.run(P, {"question": "?", "note": "!"}).output == Answer("?!")


def test_a_reply_that_does_not_fit_is_a_parse_error(world: Any) -> None:
    """The reply is attached, whoever noticed."""
    world.answers('{"anser": [5]}')
    with pytest.raises(ParseError) as caught:
        world.run(create({"reply": ask()}), {"question": "?"})
    assert caught.value.reply == '{"anser": [5]}'

    class Careless:
        """A predictor that lets anything through, and keeps no record of its calls."""

        def extend(self, signature: Any) -> Any:
            return signature

        def variables(self, signature: Any) -> tuple[()]:
            return ()

        async def predict(self, request: Any) -> Any:
            from elixirml.contracts import Prediction

            return Prediction({"answer": 5})

    world.kernel.plugins.registry.offer("predictors", "careless", Careless())
    with pytest.raises(ParseError) as caught:
        world.run(create({"reply": ask(using="careless")}), {"question": "?"})
    assert (caught.value.failure, caught.value.path, caught.value.reply) == ("wrong_type", ("answer",), "")


def test_what_a_stage_raises_comes_out_as_it_is(world: Any) -> None:
    """Errors of the user's own code are not dressed up."""

    def fails(self: Any, question: str) -> str:
        raise ZeroDivisionError(question)

    with pytest.raises(ZeroDivisionError, match="boom"):
        world.run(create({"s": ml.stage(fails), "reply": ask()}), {"question": "boom"})


def test_the_latest_binding_is_what_a_stage_sees(world: Any) -> None:
    """Rebinding an input twice over is seen by whoever comes after."""

    class P(ml.Program[Question, Words]):
        """Count."""

        @ml.stage
        def question(self, question: str) -> str:
            return question.strip()

        @ml.stage
        def words(self, question: str) -> list[str]:
            return question.split(" ")

        @ml.stage
        def count(self, words: list[str], question: str) -> int:
            return len(words) + len(question)

    assert world.run(P, {"question": "  a b "}).output == Words(["a", "b"], 5)
