"""Replies that cannot be read, from end to end: each policy costs what it says, and everybody can see what was done."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pytest
from attrs import frozen

import elixirml as ml
from elixirml.contracts import Event, ModelResponse, Role, ToolCall, Usage
from elixirml.errors import BudgetExceeded, DeclarationError, ParseError
from elixirml.plugins import PluginManager
from elixirml.runtime.listening import RunDelta
from elixirml.runtime.streaming import RunEnd
from elixirml.studies.evaluation import run_evaluation
from elixirml.testing.loopback import Answer, LoopbackServer
from elixirml.variables import Space

pytestmark = pytest.mark.anyio

Scripted = Callable[..., Any]


@frozen
class Asked:
    """What is given."""

    text: str


@frozen
class Weighed:
    """What is found."""

    name: str
    kilos: Annotated[int, ml.Range(0, 500)]


BROKEN = '{"name": "oak"}'
ODD = '{"name": "oak", "kilos": "12 kg"}'
RIGHT = '{"name": "oak", "kilos": 12}'
SECTIONS = "[[ ## name ## ]]\noak\n\n[[ ## kilos ## ]]\n12\n\n[[ ## completed ## ]]"


def weigh(**settings: Any) -> Any:
    """Return a program of one predict stage."""
    given = {"model": "scripted/m", "adapter": "json", **settings}

    class Weigh(ml.Program[Asked, Weighed]):
        """How heavy is it?"""

        reply = ml.predict(Weighed, **given)

    return Weigh()


async def run(kernel: ml.Kernel, **settings: Any) -> Any:
    """Run the program once."""
    async with kernel:
        return await kernel.run(weigh(**settings), {"text": "an oak"})


async def told(kernel: ml.Kernel, **settings: Any) -> tuple[list[RunDelta], Any]:
    """Return what a stream tells of the last attempt, and the result."""
    deltas: list[RunDelta] = []
    result: Any = None
    async with kernel, kernel.stream(weigh(**settings), {"text": "an oak"}) as stream:
        async for each in stream:
            if isinstance(each, RunEnd):
                result = each.result
            else:
                deltas.append(each)
    last = max(each.attempt for each in deltas)
    return [each for each in deltas if each.attempt == last], result


def joined(deltas: list[RunDelta]) -> dict[str, str]:
    """Return the text of each field."""
    said: dict[str, str] = {}
    for each in deltas:
        said[each.field] = said.get(each.field, "") + each.text
    return said


async def test_a_stage_that_names_no_policy_fails_with_the_reason(scripted: Scripted) -> None:
    """The default makes no call that nobody asked for, and changes nothing."""
    kernel, model = scripted(BROKEN)
    with pytest.raises(ParseError) as caught:
        await run(kernel)

    assert (caught.value.failure, caught.value.path, len(model.requests)) == ("missing_field", ("kilos",), 1)


async def test_resending_shows_the_reason_once_more_and_costs_one_call(scripted: Scripted) -> None:
    """The second request is the first, with the refused reply and the reason as data, at temperature 0."""
    kernel, model = scripted(BROKEN, RIGHT)
    result = await run(kernel, repair="resend", temperature=0.7)

    first, second = model.requests
    assert result.output == Weighed("oak", 12)
    assert second.messages[:-1] == first.messages[:-1]
    assert '"reason":"the reply holds no `kilos`."' in second.messages[-1].content
    assert '"reply":"{\\"name\\": \\"oak\\"}"' in second.messages[-1].content
    assert (first.temperature, second.temperature) == (0.7, 0.0)
    assert result.usage.calls == 2
    (stage,) = result.trace.stages
    assert [each.response.text for each in stage.exchanges] == [BROKEN, RIGHT]


async def test_every_repair_is_in_the_trace(scripted: Scripted) -> None:
    """With the stage, the policy, the reason, and what became of it."""
    kernel, _ = scripted(BROKEN, RIGHT)
    (repair,) = (await run(kernel, repair="resend")).trace.repairs

    assert (repair.stage, repair.policy, repair.succeeded) == ("reply", "resend", True)
    assert (repair.failure, repair.path, repair.message) == ("missing_field", ("kilos",), "the reply holds no `kilos`.")


async def test_resending_is_bounded(scripted: Scripted) -> None:
    """There is one more call, not several; the error is that of the last reply, and knows of the one before."""
    kernel, model = scripted(BROKEN, "no", RIGHT)
    with pytest.raises(ParseError) as caught:
        await run(kernel, repair="resend")

    assert (caught.value.failure, caught.value.reply, len(model.requests)) == ("no_object", "no", 2)
    assert caught.value.__notes__ == ["The reply before it was refused (missing_field): the reply holds no `kilos`."]


async def test_a_value_beyond_its_declared_range_is_repaired_too(scripted: Scripted) -> None:
    """Formats know nothing of ranges: what the declared type refuses counts as what the format refuses."""
    kernel, _ = scripted('{"name": "oak", "kilos": 900}', RIGHT)
    result = await run(kernel, repair="resend")

    assert result.output == Weighed("oak", 12)
    assert [each.failure for each in result.trace.repairs] == ["wrong_type"]


async def test_the_feedback_of_an_assertion_gives_way_to_that_of_the_reply(scripted: Scripted) -> None:
    """The model sees the last fault only."""

    class Weigh(ml.Program[Asked, Weighed]):
        """How heavy is it?"""

        reply = ml.predict(Weighed, model="scripted/m", adapter="json", repair="resend")

        @ml.ensure("it is light")
        def light(self, reply: Weighed) -> bool:
            return reply.kilos < 100

    kernel, model = scripted('{"name": "oak", "kilos": 400}', BROKEN, RIGHT)
    async with kernel:
        result = await kernel.run(Weigh(), {"text": "an oak"})

    assert result.output == Weighed("oak", 12)
    asked = [each.messages[-1].content for each in model.requests]
    assert ["it is light" in each for each in asked] == [False, True, False]
    assert ["holds no `kilos`" in each for each in asked] == [False, False, True]


async def test_mending_makes_no_call_and_says_what_it_changed(scripted: Scripted) -> None:
    """A number is read out of its unit; the reply stays in the trace as it came."""
    kernel, model = scripted(ODD)
    result = await run(kernel, repair="local")

    assert result.output == Weighed("oak", 12)
    assert len(model.requests) == result.usage.calls == 1
    (repair,) = result.trace.repairs
    assert (repair.policy, repair.changes) == ("local", ("`kilos`: 12 was taken from '12 kg'",))
    assert result.trace.exchanges()[0].response.text == ODD


async def test_what_cannot_be_mended_is_refused_as_it_was(scripted: Scripted) -> None:
    """The error is the reader's own, and the attempt is on record."""
    kernel, model = scripted(BROKEN)
    seen: list[Event] = []
    kernel.events.add(Watching(seen))
    with pytest.raises(ParseError) as caught:
        await run(kernel, repair="local")

    assert (caught.value.failure, len(model.requests)) == ("missing_field", 1)
    (event,) = [each for each in seen if each.name == "reply.refused"]
    assert event.data == {"stage": "reply", "failure": "missing_field", "policy": "local", "repaired": False}


async def test_another_adapter_asks_once_more_in_its_own_format(scripted: Scripted) -> None:
    """It is asked afresh, with that adapter's settings: its format knows nothing of the refused reply."""
    kernel, model = scripted(BROKEN, SECTIONS)
    result = await run(kernel, repair="sections")

    assert result.output == Weighed("oak", 12)
    assert "[[ ## kilos ## ]]" in model.requests[1].messages[0].content
    assert "refused" not in model.requests[1].messages[-1].content
    assert [each.policy for each in result.trace.repairs] == ["sections"]
    assert len(result.trace.exchanges()) == result.usage.calls == 2


async def test_a_strategy_of_its_own_fields_is_repaired_as_well(scripted: Scripted) -> None:
    """Whatever a predictor asks, the policy holds for each reply."""
    kernel, _ = scripted('{"reasoning": "heavy"}', '{"reasoning": "heavy", "name": "oak", "kilos": 12}')
    result = await run(kernel, repair="resend", using="chain_of_thought")

    assert result.output == Weighed("oak", 12)
    assert len(result.trace.repairs) == 1


async def test_a_budget_ends_a_repair(scripted: Scripted) -> None:
    """A call that is not in the budget is not made, whatever the policy."""
    kernel, model = scripted(BROKEN, RIGHT)
    async with kernel:
        with pytest.raises(BudgetExceeded) as caught:
            await kernel.run(weigh(repair="resend"), {"text": "an oak"}, budget=ml.Budget(calls=1))

    assert len(model.requests) == 1
    assert "missing_field" in caught.value.__notes__[0]


@pytest.mark.parametrize(
    ("policy", "replies"),
    [("resend", (BROKEN, RIGHT)), ("local", (ODD,)), ("sections", (BROKEN, SECTIONS)), ("resend", (ODD, RIGHT))],
)
async def test_what_was_streamed_is_what_is_returned(scripted: Scripted, policy: str, replies: tuple[str, ...]) -> None:
    """The fields begin anew: what the last attempt tells, each field to its end, is the result."""
    kernel, _ = scripted(*replies)
    deltas, result = await told(kernel, repair=policy)

    assert joined(deltas) == {"name": "oak", "kilos": "12"}
    assert sorted(each.field for each in deltas if each.last) == ["kilos", "name"]
    assert result.output == Weighed("oak", 12)


async def test_an_observer_is_told_without_what_was_said(scripted: Scripted) -> None:
    """The event names policy and reason, and no word of the reply."""
    kernel, _ = scripted(BROKEN, RIGHT)
    seen: list[Event] = []
    kernel.events.add(Watching(seen))
    await run(kernel, repair="resend")

    (event,) = [each for each in seen if each.name == "reply.refused"]
    assert event.data == {"stage": "reply", "failure": "missing_field", "policy": "resend", "repaired": True}


async def test_the_policy_is_a_variable(scripted: Scripted) -> None:
    """It can be set by name, is fixed until it is freed, and offers every installed adapter."""
    kernel, _ = scripted(ODD)
    async with kernel:
        program = weigh()
        space: Space = kernel.runner(program).assigned().space
        result = await kernel.run(program.with_values({"reply.repair": "local"}), {"text": "an oak"})

    assert result.output == Weighed("oak", 12)
    assert space["reply.repair"].default == "fail"
    assert "reply.repair" not in [each.name for each in space.searchable]
    assert "reply.repair" in [each.name for each in space.free(["reply.repair"]).searchable]
    options: Any = space["reply.repair"].describe()["options"]
    assert {"fail", "resend", "local", "json", "two_step"} <= set(options)


@pytest.mark.parametrize(
    ("policy", "says"),
    [("resned", "Did you mean"), ("choice", "cannot format its task"), (3, "no policy and no adapter")],
)
async def test_a_policy_that_cannot_be_is_refused_before_any_call(scripted: Scripted, policy: Any, says: str) -> None:
    """With what is wrong, and the nearest name."""
    kernel, model = scripted(RIGHT)
    with pytest.raises(DeclarationError, match=says):
        await run(kernel, repair=policy)

    assert not model.requests


async def test_an_evaluation_counts_what_was_repaired(scripted: Scripted) -> None:
    """A report says how many replies were repaired, so that a mean is not read as better than it is."""
    kernel, _ = scripted(ODD, RIGHT, ODD)
    rows = [{"text": str(number), "name": "oak", "kilos": 12} for number in range(3)]
    async with kernel:
        found = await run_evaluation(kernel, weigh(repair="local"), rows, metrics=["exact_match"])

    assert (found.repaired, found.to_json()["repaired"], found.faults) == (2, 2, {})


async def test_a_native_call_is_streamed_field_by_field(scripted: Scripted) -> None:
    """The arguments of the call are told as values, and the last of them is what is returned."""
    call = ModelResponse("", "tool_calls", Usage(calls=1), tool_calls=(ToolCall("1", "reply", RIGHT),))
    kernel, _ = scripted(call)
    deltas, result = await told(kernel, adapter="tools")

    assert [(each.field, each.text, each.attempt) for each in deltas if each.text] == [
        ("name", "oak", 1),
        ("kilos", "12", 1),
    ]
    assert result.output == Weighed("oak", 12)


async def test_a_mended_call_keeps_the_calls_of_the_model(scripted: Scripted) -> None:
    """What is mended of a native call are its arguments."""
    call = ModelResponse("", "tool_calls", Usage(calls=1), tool_calls=(ToolCall("1", "reply", ODD),))
    kernel, _ = scripted(call)

    assert (await run(kernel, adapter="tools", repair="local")).output == Weighed("oak", 12)


async def test_a_reply_over_http_is_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same holds for a provider behind a connection: two requests arrive, and both are paid."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    async with LoopbackServer([Answer(BROKEN), Answer(RIGHT)]).running() as server:
        kernel = ml.Kernel(plugins=PluginManager.load(), home=tmp_path, config={"http": {"openai_url": server.url}})
        result = await run(kernel, model="openai/gpt-5-mini", repair="resend")
        roles = [[each["role"] for each in received.body["messages"]] for received in server.received]

    assert result.output == Weighed("oak", 12)
    assert result.usage.calls == len(server.received) == 2
    assert roles[0] == roles[1] == [str(Role.SYSTEM), str(Role.USER)]


class Watching:
    """Keeps what it is told."""

    def __init__(self, seen: list[Event]) -> None:
        self._seen = seen

    def notify(self, event: Event) -> None:
        """Keep an event."""
        self._seen.append(event)
