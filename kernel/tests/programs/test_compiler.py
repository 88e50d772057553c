"""The compiler: how names are wired, and every mistake with its name, place and remedy, before any model call."""

from collections.abc import Callable
from typing import Any, Protocol, TypedDict

import pytest
from attrs import frozen

import elixirml as ml
from elixirml.errors import DeclarationError, PluginFailed
from elixirml.programs.compiled import AssertionNode, FunctionNode, PredictNode, ProgramNode


@frozen
class Question:
    context: str
    question: str


@frozen
class Answer:
    answer: str


def made(stages: dict[str, Any], *, inputs: Any = "context, question", outputs: Any = None) -> ml.Program[Any, Any]:
    return ml.Program.create("P", inputs=inputs, outputs=outputs, stages=stages, instruction="Answer.")


def stage(text: str, **surroundings: Any) -> Any:
    """A stage of a function written in one line: `def name(self, ...): ...`."""
    return ml.stage(function(text, **surroundings))


def function(text: str, **surroundings: Any) -> Callable[..., Any]:
    namespace: dict[str, Any] = dict(surroundings)
    exec(text, namespace)  # noqa: S102 - the text of a test
    found: Callable[..., Any] = namespace[text.partition("def ")[2].partition("(")[0]]
    return found


def mistake(world: Any, program: Any) -> DeclarationError:
    with pytest.raises(DeclarationError) as caught:
        world.compile(program)
    assert world.model.requests == []
    return caught.value


HOT: Any = "hot"


def wiring(world: Any, program: Any) -> dict[str, Any]:
    return {node.name: dict(node.arguments) for node in world.compile(program).nodes}


def test_the_latest_binding_of_a_name_wins(world: Any) -> None:
    """A stage named like an input takes its place for every stage after it, and only for those."""
    found = wiring(
        world,
        made(
            {
                "first": stage("def first(self, question): ..."),
                "question": stage("def question(self, question): ..."),
                "second": stage("def second(self, question, first): ..."),
                "reply": ml.predict("context, question -> answer"),
            }
        ),
    )

    assert found["first"] == {"question": "input.question"}
    assert found["question"] == {"question": "input.question"}
    assert found["second"] == {"question": "stage.question", "first": "stage.first"}
    assert found["reply"] == {"context": "input.context", "question": "stage.question"}


def test_a_predict_stage_is_given_every_input_by_its_latest_binding(world: Any) -> None:
    """A rebound input is still an input, described as it was declared and typed as it is now."""
    compiled = world.compile(
        made({"question": stage("def question(self, question) -> list[str]: ..."), "reply": ml.predict(Answer)})
    )
    reply = compiled.nodes[-1]

    assert reply.arguments == {"context": "input.context", "question": "stage.question"}
    assert [each.annotation for each in reply.signature.inputs] == [str, list[str]]


def test_a_predict_stage_takes_what_it_is_told_to(world: Any) -> None:
    """`inputs` narrows or replaces the names, down to none."""
    stages = {
        "words": stage("def words(self, question) -> list[str]: ..."),
        "some": ml.predict(Answer, inputs=["words", "context"]),
        "none": ml.predict(Answer, inputs=[]),
        "typed": ml.predict("words: list[str], answer -> verdict: bool", inputs=["words"]),
    }
    found = wiring(world, made(stages))

    assert found["some"] == {"words": "stage.words", "context": "input.context"}
    assert found["none"] == {}
    assert found["typed"] == {"words": "stage.words"}


def test_a_parameter_with_a_default_needs_no_binding(world: Any) -> None:
    """Its default is used, unless something has its name."""
    found = wiring(
        world,
        made(
            {
                "cut": stage("def cut(self, question, limit=3, *, context=''): ..."),
                "reply": ml.predict("cut -> answer"),
            }
        ),
    )

    assert found["cut"] == {"question": "input.question", "context": "input.context"}


def test_checks_and_what_they_need_come_before_any_model_call(world: Any) -> None:
    """A check written last runs first, with the stages it depends on, and with nothing else."""
    program = made(
        {
            "reply": ml.predict("question -> answer"),
            "other": stage("def other(self, reply): ..."),
            "tidy": stage("def tidy(self, question): ..."),
            "short": ml.check("too long")(function("def short(self, tidy): ...")),
        }
    )

    assert [node.name for node in world.compile(program).nodes] == ["tidy", "short", "reply", "other"]


def test_every_mistake_is_told_at_once(world: Any) -> None:
    """One compilation names all of them, each with what to do and where; none hides another."""

    class Wrong(ml.Program[Question, Answer]):
        """Answer."""

        @ml.stage
        def tidy(self, replay: str, contxt: str) -> str:
            return replay

        reply = ml.predict("question -> answer: strr")
        other = ml.predict("question -> answer", using="dirct", adapter="jsn", model="gpt", temperature=HOT)

        @ml.check("no")
        def late(self, result: str) -> bool:
            return bool(result)

        result = ml.predict("question -> answer")

    error = mistake(world, Wrong)
    text = str(error)

    assert text.startswith("The program Wrong has 8 mistakes:\n1. ")
    for said in (
        "stage `tidy` of Wrong needs `replay`, which no input field and no earlier stage provides",
        "stage `tidy` of Wrong needs `contxt`",
        "Did you mean `context`?",
        "`strr` in `strr` is not a type known here",
        "asks for the predictor `dirct`",
        "Did you mean `direct`?",
        "asks for the adapter `jsn`",
        "asks for the model `gpt`, which is not a full name",
        "`temperature` of stage `other` is a number, not 'hot'",
        "stage `late` of Wrong needs `result`, which is declared after it",
        "Move `result` above `late`",
    ):
        assert said in text
    assert text.count(f"at {__file__}:") == 8


def test_a_place_is_the_line_of_the_stage(world: Any) -> None:
    """The message ends with the file and line of what is wrong, as in the house style."""

    class Wrong(ml.Program[Question, Answer]):
        """Answer."""

        reply = ml.predict(Answer)

        @ml.ensure("no")
        def sure(self, replay: Answer) -> bool:
            return True

    line = Wrong.declaration.members["sure"].function.__code__.co_firstlineno
    error = mistake(world, Wrong)

    assert error.code == "name-not-found"
    assert str(error).splitlines() == [
        "stage `sure` of Wrong needs `replay`, which no input field and no earlier stage provides.",
        "  Known here: context, question, reply. Did you mean `reply`?",
        f"  at {__file__}:{line}",
    ]


UNHASHABLE: Any = [int]
REPLY = {"reply": ml.predict("question -> answer")}


class Record(TypedDict):
    answer: str


class Speaks(Protocol):
    def speak(self) -> str: ...


@pytest.mark.parametrize(
    ("stages", "code", "message", "hint"),
    [
        (
            {"level": ml.variable(1, low=0, high=2), "s": stage("def s(self, level): ..."), **REPLY},
            "name-not-found",
            "needs `level`, which is a variable",
            "`self.level`",
        ),
        (
            {"ask": ml.predict("question -> answer", manual=True), "s": stage("def s(self, ask): ..."), **REPLY},
            "name-not-found",
            "which runs only when it is called",
            "await self.ask(",
        ),
        (
            {"ok": ml.check("m")(function("def ok(self): ...")), "s": stage("def s(self, ok): ..."), **REPLY},
            "name-not-found",
            "which is an assertion and has no value",
            "Known here",
        ),
        (
            {"a": stage("def a(self, b): ..."), "b": stage("def b(self, a): ..."), **REPLY},
            "cycle",
            "needs `b`, and so needs itself: a -> b -> a",
            "Break the circle",
        ),
        ({"a": stage("def a(self, a): ..."), **REPLY}, "cycle", "needs itself: a -> a", "Break the circle"),
        (
            {"a": stage("def a(self, reply): ..."), **REPLY},
            "name-later",
            "which is declared after it",
            "Move `reply` above `a`",
        ),
        (
            {"n": stage("def n(self) -> int: ..."), "s": stage("def s(self, n: str): ..."), **REPLY},
            "type-mismatch",
            "takes `n` as str, but it is int",
            "Change one of the two types",
        ),
        (
            {"n": stage("def n(self) -> int: ..."), "reply": ml.predict("n: bytes -> answer")},
            "type-unknown",
            "`bytes`",
            "Known here",
        ),
        (
            {"n": stage("def n(self) -> int: ..."), "reply": ml.predict("n: list -> answer")},
            "type-mismatch",
            "stage `reply` of P takes `n` as list, but it is int",
            "Change",
        ),
        ({"s": stage("def s(): ..."), **REPLY}, "stage-function", "has no `self`", "def s(self)"),
        ({"s": stage("def s(question): ..."), **REPLY}, "stage-function", "has no `self`", "def s(self, question)"),
        ({"s": stage("def s(self, *rest): ..."), **REPLY}, "stage-function", "takes `*rest`", "ordinary parameter"),
        ({"s": stage("def s(self, x, /): ..."), **REPLY}, "stage-function", "given to it by name", "ordinary"),
        ({"name": REPLY["reply"]}, "name-reserved", "`name` cannot name a part of P", "another name"),
        ({"with_values": REPLY["reply"]}, "name-reserved", "every program has it already", "another name"),
        ({"a b": REPLY["reply"]}, "name-invalid", "it is not a name in Python", "another name"),
        (
            {**REPLY, "c": ml.check("m")(function("def c(self, reply): ..."))},
            "check-after-call",
            "the check `c` of P depends on the reply of `reply`",
            "@ml.ensure",
        ),
        (
            {
                "ask": ml.predict("question -> answer", manual=True),
                "s": stage("async def s(self): await self.ask(question='?')"),
                "c": ml.check("m")(function("def c(self, s): ...")),
                **REPLY,
            },
            "check-after-call",
            "depends on the reply of `s`",
            "@ml.ensure",
        ),
        (
            {
                "ask": ml.predict("question -> answer", manual=True),
                "c": ml.check("m")(function("async def c(self): await self.ask(question='?')")),
                **REPLY,
            },
            "check-after-call",
            "depends on the reply of `ask`",
            "@ml.ensure",
        ),
        ({"s": stage("def s(self): ...")}, "output-missing", "has no predict stage", "ml.predict"),
        ({"reply": ml.predict("qestion -> answer")}, "name-not-found", "needs `qestion`", "Did you mean `question`?"),
        ({"reply": ml.predict(int)}, "type-unknown", "No installed schema engine reads <class 'int'>", "attrs class"),
        ({"reply": ml.predict(UNHASHABLE)}, "type-unknown", "No installed schema engine reads", "attrs class"),
    ],
)
def test_a_mistake_has_a_code_a_place_and_a_remedy(
    world: Any, stages: dict[str, Any], code: str, message: str, hint: str
) -> None:
    """Each way to declare wrongly is named before any model call."""
    error = mistake(world, made(stages))

    assert (error.code, message in str(error), hint in (error.hint or "")) == (code, True, True), str(error)
    assert "\n  at " in str(error)


def test_a_circle_goes_through_predict_stages(world: Any) -> None:
    """Each stage of a circle that needs a later one tells the whole way; a stage that is wrong itself is no way."""
    circle = {
        "a": stage("def a(self, b): ..."),
        "b": ml.predict("c -> x"),
        "c": ml.predict(Answer, inputs=["a"]),
        "d": stage("def d(self, e): ..."),
        "e": ml.predict("no signature"),
        "f": stage("def f(self, g): ..."),
        "g": ml.predict(Answer),
        "h": stage("def h(self, i): ..."),
        "i": stage("def i(self, j, k): ..."),
        "j": stage("def j(self, k): ..."),
        "k": stage("def k(self, question): ..."),
    }
    text = str(mistake(world, made(circle)))

    assert "a -> b -> c -> a" in text
    assert "b -> c -> a -> b" in text
    assert "needs `e`, which is declared after it" in text
    assert "needs `g`, which is declared after it" in text


@pytest.mark.parametrize(
    ("found", "wanted"),
    [(Record, Record), (Record, dict), (dict, Record), (Speaks, Answer), (Answer, Speaks), (int, float), (bool, int)],
)
def test_types_that_may_fit_are_let_through(world: Any, found: Any, wanted: Any) -> None:
    """Only what cannot fit is refused: a TypedDict is a dict, and who is a Protocol cannot be told."""
    stages = {
        "a": stage("def a(self) -> T: ...", T=found),
        "b": stage("def b(self, a: T): ...", T=wanted),
        **REPLY,
    }

    assert wiring(world, made(stages))["b"] == {"a": "stage.a"}


def test_one_unreadable_annotation_does_not_hide_the_others(world: Any) -> None:
    """A name that only type checkers know is passed over; the types beside it still count."""
    text = "def s(self, n: str, x: 'Unknown' = None) -> 'Unknown': ..."
    error = mistake(world, made({"n": stage("def n(self) -> int: ..."), "s": stage(text), **REPLY}))

    assert error.code == "type-mismatch"


def test_a_sub_program_given_as_a_class_is_named(world: Any) -> None:
    """Forgetting the brackets is told with the line to write."""

    class Inner(ml.Program[Question, Answer]):
        """Answer."""

        reply = ml.predict(Answer)

    class Outer(ml.Program[Question, Answer]):
        """Answer."""

        inner = Inner

        @ml.stage
        def out(self, inner: Answer) -> Answer:
            return inner

    error = mistake(world, Outer)

    assert "needs `inner`, which is a class" in str(error)
    assert "`inner = inner()`" in str(error)


def test_a_wrong_stage_does_not_make_others_wrong(world: Any) -> None:
    """What it would have provided is taken for there, whether it rebinds a name or brings a new one."""
    stages = {
        "question": stage("def question(): ..."),
        "more": stage("def more(self, never): ..."),
        "reply": ml.predict("question, more -> answer"),
    }
    text = str(mistake(world, made(stages)))

    assert "has 2 mistakes" in text
    assert "`question` has no `self`" in text
    assert "`never`" in text


@pytest.mark.parametrize(
    ("stages", "code", "message"),
    [
        (
            {"a": ml.variable(1, low=0, high=2, active_if=ml.when("b").equals(1)), **REPLY},
            "name-not-found",
            "`a` depends on `b`, which is not in the space",
        ),
        (
            {
                "a": ml.variable(1, low=0, high=2, active_if=ml.when("b").equals(1)),
                "b": ml.variable(1, low=0, high=2, active_if=ml.when("a").equals(1)),
                **REPLY,
            },
            "cycle",
            "depend on each other in a circle",
        ),
    ],
)
def test_mistakes_across_variables_have_the_place_of_the_program(
    world: Any, stages: dict[str, Any], code: str, message: str
) -> None:
    """Conditions that speak of nothing, or of each other."""
    error = mistake(world, made(stages))

    assert (error.code, message in str(error)) == (code, True)
    assert "\n  at " in str(error)


def test_a_sub_program_takes_what_is_there(world: Any) -> None:
    """An input it can do without is given only where something has its name."""

    @frozen
    class Loose:
        question: str
        note: str = "none"

    inner = made(REPLY, inputs=Loose)
    without = wiring(world, ml.Program.create("Q", inputs="question", stages={"inner": inner}))
    with_note = wiring(world, ml.Program.create("Q", inputs="question, note", stages={"inner": inner}))

    assert without["inner"] == {"question": "input.question"}
    assert with_note["inner"] == {"question": "input.question", "note": "input.note"}


def test_mistakes_of_a_sub_program_are_told_in_it(world: Any) -> None:
    """The inner program's own list is part of the outer one's; a missing or unfit input is the outer one's."""
    wrong = made({"s": stage("def s(self, replay): ..."), "t": stage("def t(self, replai): ..."), **REPLY})
    error = mistake(world, ml.Program.create("Q", inputs="context, question", stages={"p": wrong, "r": REPLY["reply"]}))
    assert "The program P has 2 mistakes:" in str(error)

    outer = ml.Program.create("Q", inputs="context: int", stages={"p": made(REPLY), "r": ml.predict(Answer)})
    error = mistake(world, outer)
    assert "stage `p` of Q takes `context` as str, but it is int" in str(error)
    assert "stage `p` of Q needs `question`" in str(error)


@pytest.mark.parametrize("types", [(), (Question, int), (int, Answer)])
def test_a_program_says_what_goes_in_and_out(world: Any, types: tuple[Any, ...]) -> None:
    """Missing types, and types no engine reads, are mistakes of the class."""
    generic: Any = ml.Program
    base = generic[types] if types else generic

    class P(base):  # type: ignore[misc, valid-type]
        """Answer."""

        reply = ml.predict(Answer)

    error = mistake(world, P)

    assert error.code == ("type-unknown" if types else "types-missing")
    assert f"at {__file__}:" in str(error)


@frozen
class Judged:
    answer: str
    length: int
    context: str = ""
    note: str | None = None


def test_an_output_is_gathered_by_name(world: Any) -> None:
    """A stage or an input of a field's name provides it, else the latest reply that has such a field."""
    program = made(
        {
            "first": ml.predict("question -> answer"),
            "second": ml.predict("question -> answer: str, extra: str"),
            "length": stage("def length(self, second) -> int: ..."),
        },
        outputs=Judged,
    )
    rule = world.compile(program).rule

    assert rule.whole is None
    assert rule.fields == {
        "answer": ("stage.second", "answer"),
        "length": ("stage.length", None),
        "context": ("input.context", None),
    }


def test_the_latest_value_of_the_output_type_is_the_output(world: Any) -> None:
    """An input of that type is not: a program that makes nothing returns nothing."""
    improve = {
        "answer": stage("def answer(self, answer: Answer) -> Answer: ...", Answer=Answer),
        "reply": ml.predict(Answer, inputs=[]),
    }

    @frozen
    class Draft:
        answer: Answer

    compiled = world.compile(made(improve, inputs=Draft, outputs=Answer))
    assert compiled.rule.whole == "stage.reply"
    reversed_order = dict(reversed(improve.items()))
    assert world.compile(made(reversed_order, inputs=Draft, outputs=Answer)).rule.whole == "stage.answer"


def test_every_output_field_that_is_missing_or_unfit_is_named(world: Any) -> None:
    """All at once, and only where no stage is wrong itself."""

    @frozen
    class Wide:
        one: str
        two: str
        answer: int
        question: int

    text = str(mistake(world, made(REPLY, outputs=Wide)))
    for said in (
        "nothing in P provides the output field `one`",
        "nothing in P provides the output field `two`",
        "stage `output` of P takes `answer` as int, but it is str",
        "stage `output` of P takes `question` as int, but it is str",
    ):
        assert said in text

    text = str(mistake(world, made({"s": stage("def s(self, nope): ..."), **REPLY}, outputs=Wide)))
    assert "needs `nope`" in text
    assert "output field" not in text


def test_what_leads_nowhere_is_warned_of(world: Any) -> None:
    """Unused stages, through other unused stages, uncalled manual ones, and retries of nothing; each with its line."""
    compiled = world.compile(
        made(
            {
                "unused": stage("def unused(self, question): ..."),
                "too": stage("def too(self, unused): ..."),
                "judged": stage("def judged(self, question): ..."),
                "idle": ml.predict("question -> x", manual=True),
                "called": ml.predict("question -> x", manual=True),
                "helps": ml.predict("question -> x"),
                "calls": stage("async def calls(self): return await self.called(question='?'), self.helps"),
                "sure": ml.ensure("m")(function("def sure(self, judged): ...")),
                "fine": ml.ensure("m", then="fail")(function("def fine(self, judged, calls): ...")),
                "extra": ml.predict("question -> answer"),
                "reply": ml.predict("question -> answer"),
            }
        )
    )
    told = "\n".join(compiled.warnings)

    assert [each.split("`")[1] for each in compiled.warnings] == ["unused", "too", "idle", "sure", "extra"]
    assert "stage `too` of P leads nowhere: nothing uses its value" in told
    assert "stage `idle` of P leads nowhere: nothing calls it" in told
    assert "ensure `sure` of P has nothing to run again" in told
    assert all("\n  at " in each for each in compiled.warnings)


def test_a_retry_runs_the_latest_stage_that_asks_a_model(world: Any) -> None:
    """Behind Python stages, inside them, and in sub-programs."""
    compiled = world.compile(
        made(
            {
                "inner": made(REPLY),
                "ask": ml.predict("question -> x", manual=True),
                "loop": stage("async def loop(self, inner): return await self.helper()"),
                "first": ml.predict("question -> answer"),
                "words": stage("def words(self, first): ..."),
                "a": ml.ensure("m")(function("def a(self, words): ...")),
                "b": ml.ensure("m")(function("def b(self, inner): ...")),
                "helper": stage("async def helper(self): return await self.ask(question='?')"),
                "c": ml.ensure("m")(function("def c(self, loop): ...")),
                "d": ml.ensure("m", then="fail")(function("def d(self, question): ...")),
            }
        )
    )
    found = {node.name: node.retries for node in compiled.nodes if isinstance(node, AssertionNode)}

    assert found == {"a": "first", "b": "inner", "c": "loop", "d": None}
    assert compiled.answers == "first"


def test_kinds_of_nodes_and_their_outline(world: Any) -> None:
    """The graph is plain data: what each node is and what it takes."""
    compiled = world.compile(
        made({"inner": made(REPLY), "s": stage("def s(self, inner): ..."), "r": ml.predict("s -> answer")})
    )

    assert [type(node) for node in compiled.nodes] == [ProgramNode, FunctionNode, PredictNode]
    assert compiled.graph()["s"] == {"kind": "stage", "takes": {"inner": "stage.inner"}}
    assert [node.path for node in compiled.predict_nodes()] == ["inner.reply", "r"]


def test_one_broken_plugin_is_not_the_program_s_mistake(world: Any) -> None:
    """Where all that is wrong is a plugin that cannot be used, its own error says so."""

    class Broken:
        def extend(self, signature: Any) -> Any:
            raise PluginFailed("the predictor is broken", hint="mend it")

    world.kernel.plugins.registry.offer("predictors", "broken", Broken())
    with pytest.raises(PluginFailed, match="the predictor is broken") as caught:
        world.compile(made({"reply": ml.predict("question -> answer", using="broken")}))

    assert caught.value.hint is not None
    assert caught.value.hint.startswith("mend it\n  at ")
    assert world.compile(made(REPLY)).nodes  # and stages that do not use it are whole
