"""What a strategy needs: whether a model is asked, and which tools it uses itself; what is missing is told at once."""

from collections.abc import Mapping
from typing import Any

import pytest
from attrs import evolve, frozen

import elixirml as ml
from elixirml.contracts import (
    UNTOLD,
    Needs,
    Prediction,
    PredictorBase,
    PredictorCall,
    Signature,
    ToolContext,
    ToolExample,
    ToolFlag,
    ToolResult,
)
from elixirml.errors import DeclarationError, ParseError, PluginIncompatible, PluginMissing
from elixirml.runtime.equipping import equipped
from elixirml.variables import Variable


@frozen
class Words:
    text: str


@frozen
class Count:
    count: int


@frozen
class Scales:
    """A tool that always says the same."""

    says: int
    name: str = "scales"
    description: str = "Weighs a text."
    parameters: Mapping[str, Any] = {"type": "object", "properties": {"text": {"type": "string"}}}
    examples: tuple[ToolExample, ...] = ()
    flags: frozenset[ToolFlag] = frozenset()

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        assert (set(arguments), context.stage) == ({"text"}, "reply")
        return ToolResult(self.says)


class Counting(PredictorBase):
    """Counts words, which needs no model."""

    def needs(self) -> Needs:
        return Needs(model=False)

    async def answer(self, call: PredictorCall) -> Prediction:
        return Prediction({"count": len(call.format.values["text"].split())})


class Deceitful(Counting):
    """Says that it needs no model, and asks one."""

    async def answer(self, call: PredictorCall) -> Prediction:
        return await call.exchange()


class Fitting(Deceitful):
    """Goes round the model to the format, which is not there either."""

    async def answer(self, call: PredictorCall) -> Prediction:
        assert (call.adapter.suits(call.signature), call.adapter.variables(call.signature)) == (0, ())
        assert call.adapter.fit(call.signature, (), options={}) == {}
        return Prediction(call.adapter.parse(call.signature, await call.ask(Any), options={}))


class Reading(Fitting):
    async def answer(self, call: PredictorCall) -> Prediction:
        return Prediction(call.adapter.parse(call.signature, object(), options={}))  # type: ignore[arg-type]


class Weighing(PredictorBase):
    """Uses a tool of its own to answer, and no model."""

    def needs(self) -> Needs:
        return Needs(model=False, tools={"scales": "toy-scales"})

    def refuses(self, signature: Signature) -> str | None:
        return None if [each.name for each in signature.outputs] == ["count"] else "it counts, and does nothing else"

    async def answer(self, call: PredictorCall) -> Prediction:
        result = await call.tools["scales"].call({"text": call.format.values["text"]}, ToolContext(stage=call.stage))
        return Prediction({"count": result.content})


def offer(world: Any, **predictors: Any) -> None:
    for name, predictor in predictors.items():
        world.kernel.plugins.registry.offer("predictors", name, predictor)


def stage(**settings: Any) -> Any:
    return ml.Program.create("P", inputs=Words, stages={"reply": ml.predict(Count, **settings)}, instruction="Count.")


def test_a_strategy_without_a_model_is_asked_without_one(world: Any) -> None:
    """Neither the model nor the format is opened, and a model that is not there is not missed."""
    offer(world, counting=Counting())
    result = world.run(stage(using="counting", model="absent/model"), Words("one two three"))

    assert (result.output.count, result.usage.calls, world.model.requests) == (3, 0, [])


def test_a_stage_without_a_model_names_none_where_none_is_installed(world: Any) -> None:
    """What is not needed is not asked for: a machine without models compiles and runs it."""
    kernel = world.new_kernel(model=None)
    kernel.plugins.registry.offer("predictors", "counting", Counting())
    with ml.BlockingKernel(kernel) as door:
        assert door.run(stage(using="counting"), Words("one two")).output.count == 2


@pytest.mark.parametrize("liar", [Deceitful, Fitting, Reading])
def test_whoever_denies_to_need_a_model_gets_none(world: Any, liar: type[Counting]) -> None:
    """The plugin is named, not the user's program."""
    offer(world, liar=liar())
    with pytest.raises(PluginIncompatible, match="`liar` says that it needs no model"):
        world.run(stage(using="liar"), Words("one"))
    assert world.model.requests == []


def test_a_tool_that_is_needed_is_there(world: Any) -> None:
    """The strategy gets the installed tool without the program naming it; a tool of that name at hand goes first."""
    offer(world, weighing=Weighing())
    world.kernel.plugins.registry.offer("tools", "scales", Scales(7))
    assert world.run(stage(using="weighing"), Words("one")).output.count == 7

    own = Scales(9)
    assert world.run(stage(using="weighing", tools=[own]), Words("one")).output.count == 9


def test_a_tool_that_is_missing_is_told_before_any_run(world: Any) -> None:
    """With the command that installs it."""
    offer(world, weighing=Weighing())
    with pytest.raises(DeclarationError, match="needs the tool `scales`, which is not installed") as caught:
        world.compile(stage(using="weighing"))

    assert caught.value.code == "capability-missing"
    assert str(caught.value.hint).startswith("pip install toy-scales\n")


def test_a_tool_that_goes_missing_later_is_told_too(world: Any) -> None:
    """A program compiled where the tool was, run where it is not."""
    offer(world, weighing=Weighing())
    world.kernel.plugins.registry.offer("tools", "scales", Scales(7))
    [node] = world.compile(stage(using="weighing")).predict_nodes()
    elsewhere = world.new_kernel()
    elsewhere.plugins.registry.offer("predictors", "weighing", Weighing())

    with pytest.raises(PluginMissing, match="Stage `reply`: the predictor `weighing` needs the tool") as caught:
        equipped(node, lambda _: "weighing", elsewhere.capabilities)
    assert caught.value.hint == "pip install toy-scales"


def test_a_task_that_is_refused_is_told_before_any_run(world: Any) -> None:
    """In the strategy's own words."""
    offer(world, weighing=Weighing())
    world.kernel.plugins.registry.offer("tools", "scales", Scales(7))
    with pytest.raises(DeclarationError, match="cannot do its task: it counts, and does nothing else") as caught:
        world.compile(ml.predict("text -> words", using="weighing"))

    assert caught.value.code == "predictor-unsuited"


def test_an_option_that_cannot_be_used_is_a_warning(world: Any) -> None:
    """The stage works with the others."""
    offer(world, weighing=Weighing())
    choice = ml.variable("direct", choices=["direct", "weighing"])
    compiled = world.compile(ml.predict("text -> words", using=choice))

    assert any("cannot use the predictor `weighing`: it needs the tool" in each for each in compiled.warnings)


def test_a_preview_shows_no_request_where_none_is_sent(world: Any) -> None:
    """Nothing is made up."""
    offer(world, counting=Counting())
    assert world.kernel.runner(stage(using="counting")).preview(Words("one")) == []


class Polite(PredictorBase):
    """Changes each step a little."""

    def extend(self, signature: Signature) -> Signature:
        return signature

    def variables(self, signature: Signature) -> tuple[Variable, ...]:
        return ()

    def prepare_input(self, call: PredictorCall) -> PredictorCall:
        values = {name: f"please: {value}" for name, value in call.format.values.items()}
        return evolve(call, format=evolve(call.format, values=values))

    def format_prompt(self, call: Any, request: Any) -> Any:
        assert call.values["text"].startswith("please")
        return evolve(request, max_tokens=7)

    def parse_output(self, signature: Signature, fields: Any) -> Any:
        if fields["count"] < 0:
            raise ParseError("less than nothing", failure="wrong_value", path=("count",))
        return {"count": fields["count"] + 1}


def test_the_steps_of_a_strategy_can_be_replaced_one_by_one(world: Any) -> None:
    """Input, prompt and reply: what is asked and what is answered go through them, and the preview shows it."""
    offer(world, polite=Polite())
    world.answers('{"count": 3}')
    program = stage(using="polite", adapter="json")
    result = world.run(program, Words("one"))
    [request] = world.model.requests
    [(_, shown)] = world.kernel.runner(program).preview(Words("one"))

    assert result.output.count == 4
    assert (request.max_tokens, "please: one" in request.messages[-1].content) == (7, True)
    assert shown.messages == request.messages


def test_a_reply_that_a_strategy_refuses_is_repaired_as_the_stage_says(world: Any) -> None:
    """A ParseError of `parse_output` is like one of the adapter."""
    offer(world, polite=Polite())
    world.answers('{"count": -3}', '{"count": 5}')
    result = world.run(stage(using="polite", adapter="json", repair="resend"), Words("one"))

    assert (result.output.count, result.usage.calls) == (6, 2)
    with pytest.raises(ParseError, match="less than nothing"):
        world.answers('{"count": -3}').run(stage(using="polite", adapter="json"), Words("two"))


def test_the_base_asks_once() -> None:
    """A subclass that replaces nothing is `direct`."""
    base, task = PredictorBase(), Signature("reply", "", (), ())

    assert (base.needs(), base.refuses(task), base.extend(task), base.variables(task)) == (Needs(), None, task, ())


def test_a_strategy_that_nobody_listens_to_may_tell_all_the_same() -> None:
    """A call made in a test has a span too."""
    with UNTOLD.inside("tool", tool="scales") as inner:
        inner.tell("weighed", grams=7)
        inner.outcome["grams"] = 7

    assert UNTOLD.outcome == {}
