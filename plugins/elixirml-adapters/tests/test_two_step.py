"""The format that lets the model answer in its own words first."""

from collections.abc import Callable
from typing import Any, Literal

import pytest
from attrs import evolve, frozen

import elixirml as ml
from elixirml.contracts import Capability, Demo, Feedback, Field, FormatCall, ModelResponse, Role, Signature
from elixirml.errors import BudgetExceeded, ParseError
from elixirml.runtime.listening import RunDelta
from elixirml.runtime.streaming import RunEnd
from elixirml_adapters.two_step import TwoStepAdapter

TEXT = {"type": "string"}
TASK = Signature(
    "weigh",
    "How heavy is it?",
    (Field("text", str, TEXT),),
    (Field("name", str, TEXT), Field("kilos", int, {"type": "integer"}, description="when dry")),
)
CALL = FormatCall(TASK, {"text": "an oak"}, temperature=0.7, max_tokens=99)
PROSE = "An oak, I think, weighs some 12 kilos."
RIGHT = '{"name": "oak", "kilos": 12}'
Scripted = Callable[..., Any]


@frozen
class Asked:
    """What is given."""

    text: str


@frozen
class Weighed:
    """What is found."""

    name: str
    kilos: int


class Weigh(ml.Program[Asked, Weighed]):
    """How heavy is it?"""

    reply = ml.predict(Weighed, model="scripted/m", adapter="two_step", temperature=0.7)


def test_the_first_request_asks_for_words() -> None:
    """Fields are named and explained, no form is asked for, and nothing keeps the model to one."""
    demo = Demo({"text": "a pine"}, {"name": "pine", "kilos": 9})
    asked = TwoStepAdapter().format(evolve(CALL, demos=(demo,), capabilities=frozenset(Capability)))

    system, _, shown, example = (each.content for each in asked.messages)
    assert "- kilos (integer): when dry" in system
    assert "JSON" not in system
    assert (shown, example) == ("name: pine\nkilos: 9", "text: an oak")
    assert (asked.json_schema, asked.grammar, asked.json_mode) == (None, None, False)
    assert (asked.temperature, asked.max_tokens, asked.stable) == (0.7, 99, 3)


def test_the_second_request_asks_for_the_fields_of_the_answer() -> None:
    """It shows the answer without its thoughts, not the inputs; a model that can is kept to the schema."""
    call = evolve(CALL, capabilities=frozenset({Capability.JSON_SCHEMA}))
    asked = TwoStepAdapter().follow(call, ModelResponse(f"<think>9? no</think>{PROSE}"))

    assert asked is not None
    assert asked.messages[-1].content == f"answer_given: {PROSE}"
    assert "How heavy is it?" in asked.messages[0].content
    assert asked.json_schema is not None
    assert (asked.temperature, asked.max_tokens) == (0.0, 99)


def test_a_demo_shows_how_an_answer_is_put_into_fields() -> None:
    """One is enough for that; the model sees the form filled in."""
    demos = (Demo({"text": "a pine"}, {"name": "pine", "kilos": 9}), Demo({"text": "a fir"}, {"name": "fir"}))
    asked = TwoStepAdapter().follow(evolve(CALL, demos=demos), ModelResponse(PROSE))

    assert asked is not None
    shown = [each.content for each in asked.messages if each.role is Role.ASSISTANT]
    assert shown == ['{"name":"pine","kilos":9}']


@pytest.mark.parametrize("reply", ["", "   ", "<think>hm", RIGHT, f"So: {RIGHT}"])
def test_no_second_request_follows_what_needs_none(reply: str) -> None:
    """There is nothing to take from an empty reply, and one that has the form already saves the call."""
    assert TwoStepAdapter().follow(CALL, ModelResponse(reply)) is None


def test_the_form_of_the_second_call_is_a_variable() -> None:
    """All of its variables are fixed until they are freed by name: each candidate would cost two calls."""
    variables = {each.name: each for each in TwoStepAdapter().variables(TASK)}
    asked = TwoStepAdapter().follow(evolve(CALL, options={"extraction": "sections"}), ModelResponse(PROSE))

    assert variables["extraction"].describe()["options"] == ["json", "sections"]
    assert all(each.frozen for each in variables.values())
    assert asked is not None
    assert "[[ ## kilos ## ]]" in asked.messages[0].content


def test_the_answer_gets_a_name_that_no_output_has() -> None:
    """Whatever the outputs are called."""
    task = evolve(TASK, outputs=(Field("answer_given", str, TEXT), *TASK.outputs))
    asked = TwoStepAdapter().follow(evolve(CALL, signature=task), ModelResponse(PROSE))

    assert asked is not None
    assert asked.messages[-1].content == f"answer_given_: {PROSE}"


def test_one_label_needs_no_second_step() -> None:
    """So the format is never offered where `choice` is made for the task."""
    label = Field("kind", Literal["a", "b"], {"type": "string", "enum": ["a", "b"]})

    assert TwoStepAdapter().suits(evolve(TASK, outputs=(label,))) == 0
    assert 0 < TwoStepAdapter().suits(TASK) < 20


def test_feedback_on_the_fields_is_shown_with_the_second_request() -> None:
    """What was wrong with the form is told to who fills it in."""
    asked = TwoStepAdapter().follow(evolve(CALL, feedback=Feedback("{}", "no kilos")), ModelResponse(PROSE))

    assert asked is not None
    assert "no kilos" in asked.messages[-1].content


@pytest.mark.anyio
async def test_both_calls_are_counted_and_seen(scripted: Scripted) -> None:
    """Both exchanges are in the trace, and the usage is their sum."""
    kernel, _ = scripted(PROSE, RIGHT)
    async with kernel:
        result = await kernel.run(Weigh(), {"text": "an oak"})

    assert result.output == Weighed("oak", 12)
    assert [each.response.text for each in result.trace.exchanges()] == [PROSE, RIGHT]
    assert result.usage.calls == 2
    assert result.usage.tokens_in == sum(each.response.usage.tokens_in for each in result.trace.exchanges())


@pytest.mark.anyio
async def test_a_budget_of_one_call_stops_before_the_second(scripted: Scripted) -> None:
    """Each of the two is a call like any other."""
    kernel, model = scripted(PROSE, RIGHT)
    async with kernel:
        with pytest.raises(BudgetExceeded):
            await kernel.run(Weigh(), {"text": "an oak"}, budget=ml.Budget(calls=1))

    assert len(model.requests) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("replies", [(PROSE, RIGHT), (RIGHT,), ("name: no, kilos: 3", RIGHT)])
async def test_only_the_fields_are_streamed(scripted: Scripted, replies: tuple[str, ...]) -> None:
    """Of the words before them nothing is told, and there is one attempt."""
    kernel, _ = scripted(*replies)
    said: list[RunDelta] = []
    async with kernel, kernel.stream(Weigh(), {"text": "an oak"}) as stream:
        said.extend([each async for each in stream if not isinstance(each, RunEnd)])

    assert {each.attempt for each in said} == {1}
    assert "".join(each.text for each in said if each.field == "name") == "oak"
    assert "".join(each.text for each in said if each.field == "kilos") == "12"


@pytest.mark.anyio
async def test_resending_asks_again_for_the_fields_alone(scripted: Scripted) -> None:
    """The words were given; only the form is asked for once more, so a repair is one call here too."""
    kernel, model = scripted(PROSE, '{"name": "oak"}', RIGHT)
    async with kernel:
        result = await kernel.run(Weigh().with_values({"reply.repair": "resend"}), {"text": "an oak"})

    assert result.output == Weighed("oak", 12)
    assert result.usage.calls == len(model.requests) == 3
    assert model.requests[1].messages[:-1] == model.requests[2].messages[:-1]
    assert "holds no `kilos`" in model.requests[2].messages[-1].content


@pytest.mark.anyio
async def test_the_fields_are_mended_without_a_call(scripted: Scripted) -> None:
    """By the means of the second call's format."""
    kernel, _ = scripted(PROSE, '{"name": "oak", "kilos": "12 kg"}')
    async with kernel:
        result = await kernel.run(Weigh().with_values({"reply.repair": "local"}), {"text": "an oak"})

    assert (result.output, result.usage.calls) == (Weighed("oak", 12), 2)


@pytest.mark.anyio
async def test_an_empty_first_reply_is_refused(scripted: Scripted) -> None:
    """It is not put into fields that nobody has answered."""
    kernel, model = scripted("")
    async with kernel:
        with pytest.raises(ParseError) as caught:
            await kernel.run(Weigh(), {"text": "an oak"})

    assert (caught.value.failure, len(model.requests)) == ("empty", 1)
