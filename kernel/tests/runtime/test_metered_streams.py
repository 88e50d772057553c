"""Streams under a meter: booked once, given back in every case, and honest about what a model can do."""

from typing import Any

import anyio
import pytest
from attrs import define, field, frozen

from elixirml.contracts import (
    Capability,
    Event,
    Message,
    ModelEnd,
    ModelRequest,
    ModelResponse,
    ReasoningDelta,
    Role,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
    streamed,
)
from elixirml.errors import BudgetExceeded, ModelDisconnected, ModelError
from elixirml.runtime.budget import Budget, Meter
from elixirml.runtime.events import EventBus, Span
from elixirml.runtime.metering import MeteredModel
from elixirml.testing.models import ScriptedModel

pytestmark = pytest.mark.anyio

ASKED = ModelRequest(messages=(Message(Role.USER, "where is it"),))


@define
class Metered:
    """A model under a meter, and what is told of its calls."""

    model: Any
    meter: Meter = field(factory=lambda: Meter(Budget(calls=3)))
    limiter: anyio.CapacityLimiter = field(factory=lambda: anyio.CapacityLimiter(1))
    events: list[Event] = field(factory=list)

    def notify(self, event: Event) -> None:
        self.events.append(event)

    @property
    def asked(self) -> MeteredModel:
        return MeteredModel(self.model, self.meter, self.limiter, Span(EventBus([self]), "run"), "reply")

    def left(self) -> tuple[int, float]:
        """Calls that are still reserved, and slots still taken."""
        return self.meter.pending, self.limiter.borrowed_tokens


async def read(model: Any) -> list[Any]:
    async with streamed(model, ASKED) as deltas:
        return [each async for each in deltas]


async def test_a_stream_is_booked_like_a_call(anyio_backend: str) -> None:
    """Usage, time to the first piece and events; the pieces are those of the reply."""
    metered = Metered(ScriptedModel(script=["it is here"], pieces=4))
    deltas = await read(metered.asked)

    end = deltas.pop()
    assert deltas == [TextDelta("it i"), TextDelta("s he"), TextDelta("re")]
    assert isinstance(end, ModelEnd)
    assert end.response.text == "it is here"
    assert end.response.usage == metered.meter.spent
    assert (end.response.usage.calls, end.response.usage.tokens_in) == (1, 3)
    assert 0 < (end.response.first_token or 0) <= end.response.usage.seconds
    assert [each.name for each in metered.events] == ["model.start", "model.end"]
    assert metered.events[1].data["usage"] == metered.meter.spent
    assert metered.left() == (0, 0)


async def test_a_stream_that_breaks_off_or_is_left_costs_its_call(anyio_backend: str) -> None:
    """The provider has been at work, even where nothing came."""
    metered = Metered(
        ScriptedModel(script=["it is here"], breaks_after=2), Meter(Budget(calls=4), counts_failures=True)
    )
    with pytest.raises(ModelDisconnected) as broken:
        await read(metered.asked)
    assert (broken.value.partial, metered.meter.spent.calls, metered.left()) == ("it is he", 1, (0, 0))

    metered.model = ScriptedModel(script=["it is here"])
    async with metered.asked.stream(ASKED) as deltas:
        assert await anext(deltas) == TextDelta("it i")
        assert metered.left() == (1, 1)
    assert (metered.model.closed_early, metered.meter.spent.calls, metered.left()) == (1, 2, (0, 0))

    metered.model = ScriptedModel(failures=1)
    with pytest.raises(ModelError, match="told to fail"):
        await read(metered.asked)
    assert (metered.model.closed_early, metered.meter.spent.calls, metered.left()) == (0, 3, (0, 0))

    await read(metered.asked)
    with pytest.raises(BudgetExceeded):
        await read(metered.asked)
    assert (len(metered.model.requests), metered.left()) == (2, (0, 0))


class Dear(ScriptedModel):
    """A model whose tokens cost a dollar each."""

    def price(self, usage: Usage) -> float | None:
        return float(usage.tokens_out)


class Silent(ScriptedModel):
    """A model that does not know what it costs."""

    def price(self, usage: Usage) -> float | None:
        return None


@pytest.mark.parametrize(("kind", "money"), [(ScriptedModel, 0.0), (Dear, 2.0), (Silent, None)])
async def test_what_broke_off_is_booked_at_the_models_price(
    anyio_backend: str, kind: type[ScriptedModel], money: float | None
) -> None:
    """A piece is no less than a token; a price that is not known is not taken for nothing."""
    metered = Metered(kind(script=["it is here"], breaks_after=2), Meter(counts_failures=False))
    with pytest.raises(ModelDisconnected):
        await read(metered.asked)
    assert (metered.meter.spent.calls, metered.meter.spent.money) == (1, money)

    metered = Metered(kind(script=["it is here"], breaks_after=2))
    async with metered.asked.stream(ASKED) as deltas:
        await anext(deltas)
        await anext(deltas)
    assert metered.meter.spent.money == money
    assert metered.events[-1].data["usage"].money == money


@frozen(eq=False)
class Wrapper:
    """Passes capabilities on, but no stream."""

    model: ScriptedModel

    @property
    def capabilities(self) -> frozenset[Capability]:
        return self.model.capabilities

    @property
    def name(self) -> str:
        return self.model.name

    async def complete(self, request: ModelRequest) -> ModelResponse:
        return await self.model.complete(request)


async def test_a_stream_that_a_provider_breaks_is_an_outage(anyio_backend: str) -> None:
    """Its error is told as the model's; that of who reads the stream stays what it is."""
    metered = Metered(ScriptedModel(script=lambda _: broken()), Meter(counts_failures=True))
    with pytest.raises(ModelError, match="The model scripted/model failed: AttributeError: no such thing") as caught:
        await read(metered.asked)
    assert isinstance(caught.value.__cause__, AttributeError)
    assert (metered.meter.spent.calls, metered.left()) == (1, (0, 0))

    metered.model = ScriptedModel(script=["it is here"])
    with pytest.raises(AttributeError, match="no such thing"):
        async with metered.asked.stream(ASKED):
            broken()


def broken() -> str:
    raise AttributeError("no such thing")


async def test_a_model_without_streams_gives_its_reply_whole(anyio_backend: str) -> None:
    """Also a wrapper that claims what the model in it can do; there is no first piece then."""
    for model in (Wrapper(ScriptedModel(script=["it is here"])), ScriptedModel(script=["it is here"], capabilities=NO)):
        metered = Metered(model)
        text, end = await read(metered.asked)
        assert text == TextDelta("it is here")
        assert (end.response.text, end.response.first_token) == ("it is here", None)
        assert Capability.STREAM not in metered.asked.capabilities
        assert (metered.meter.spent.calls, metered.left()) == (1, (0, 0))


NO = frozenset[Capability]()


async def test_a_scripted_model_streams_all_that_a_reply_can_hold(anyio_backend: str) -> None:
    """What it thinks, what it says, cut as told, and what it wants to be called."""
    response = ModelResponse("a b", reasoning="so", tool_calls=(ToolCall("1", "find", "{}"),), usage=Usage(calls=1))
    model = ScriptedModel(script=lambda _: response, pieces=lambda text: text.split(" "))

    assert await read(model) == [
        ReasoningDelta("so"),
        TextDelta("a"),
        TextDelta("b"),
        ToolCallDelta(0, "1", "find", "{}"),
        ModelEnd(response),
    ]
    assert model.closed_early == 0
