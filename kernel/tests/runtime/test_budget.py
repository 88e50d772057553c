"""Budgets: how they are written, and that they hold."""

import math
from typing import Any

import anyio
import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

import elixirml as ml
from elixirml.contracts import ModelRequest, ModelResponse, Usage
from elixirml.errors import (
    BudgetExceeded,
    ConfigError,
    ContextLengthExceeded,
    ModelError,
    ModelRateLimited,
    ModelTimeout,
    ModelUnavailable,
)
from elixirml.runtime.budget import Budget, Meter
from elixirml.runtime.events import Span
from elixirml.runtime.metering import MeteredModel
from elixirml.runtime.result import Trace
from elixirml.testing.models import ScriptedModel


def test_a_budget_is_read_as_it_is_written() -> None:
    """Limits by name, in any order, with blanks; what is not said is no limit."""
    assert Budget.parse("calls=600, seconds = 300") == Budget(calls=600, seconds=300.0)
    assert Budget.parse("money=0.5,tokens=1e6,") == Budget(money=0.5, tokens=1_000_000)
    assert Budget.parse("") == Budget()
    assert Budget(calls=3).to_json() == {"calls": 3, "tokens": None, "money": None, "seconds": None}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cals=3", "Did you mean `calls`?"),
        ("calls", r"`calls` must be a number above 0, and whole \(got ``\)"),
        ("calls=0", "above 0"),
        ("calls=-1", "above 0"),
        ("calls=1.5", "and whole"),
        ("calls=inf", "above 0"),
        ("seconds=nan", "above 0"),
        ("seconds=many", r"got `many`"),
        ("calls=1,calls=2", "given twice"),
    ],
)
def test_a_limit_that_is_no_limit_is_refused(text: str, message: str) -> None:
    """A limit that would be passed over, cut or never reached is a mistake."""
    with pytest.raises(ConfigError, match=message):
        Budget.parse(text)


@pytest.mark.parametrize("limit", [-1, math.nan, math.inf])
def test_a_budget_of_no_amount_cannot_be_made(limit: float) -> None:
    """Nor can one that never ends pass for one."""
    with pytest.raises(ConfigError, match=r"`money` is .*, which is no amount"):
        Budget(money=limit)


@frozen
class Clock:
    """Seconds that pass when they are told to."""

    times: list[float]

    def __call__(self) -> float:
        return self.times[-1]


def test_each_limit_stops_the_next_call() -> None:
    """Calls under way count at once; tokens, money and seconds when they are known."""
    clock = Clock([0.0])
    used = {
        "calls": (Budget(calls=1), Usage(calls=1)),
        "tokens": (Budget(tokens=1500), Usage(tokens_in=1000, tokens_out=500)),
        "money": (Budget(money=0.25), Usage(money=0.25)),
    }
    for limit, (budget, usage) in used.items():
        meter = Meter(budget, clock=clock)
        meter.reserve()
        meter.settle(usage)
        with pytest.raises(BudgetExceeded, match=f"{limit} is used up") as caught:
            meter.reserve()
        assert caught.value.limit == limit
        assert meter.pending == 0
        assert f"--budget {limit}=" in str(caught.value.hint)

    meter = Meter(Budget(seconds=2), clock=clock)
    meter.reserve()
    clock.times.append(2.0)
    with pytest.raises(BudgetExceeded, match=r"The budget of 2 seconds is used up \(2\)"):
        meter.reserve()
    assert "1,500 tokens" in str(_refusal(Meter(Budget(tokens=1500)), Usage(tokens_in=1500)))


def _refusal(meter: Meter, usage: Usage) -> BudgetExceeded:
    meter.charge(usage)
    with pytest.raises(BudgetExceeded) as caught:
        meter.reserve()
    return caught.value


def test_what_an_earlier_process_used_counts() -> None:
    """A resumed study has what is left, and knows what it took over."""
    meter = Meter(Budget(calls=3))
    meter.charge(Usage(calls=2))
    meter.reserve()

    assert (meter.reused, meter.remaining_calls()) == (2, 0)
    assert Meter().remaining_calls() is None


@given(limit=st.integers(0, 20), steps=st.lists(st.booleans(), max_size=60))
def test_the_limit_on_calls_is_never_passed(limit: int, steps: list[bool]) -> None:
    """In whatever order calls begin and end, begun and ended ones together stay within it."""
    meter = Meter(Budget(calls=limit))
    for begins in steps:
        if begins:
            try:
                meter.reserve()
            except BudgetExceeded:
                assert meter.spent.calls + meter.pending == limit
        elif meter.pending:
            meter.settle(Usage(calls=1))
        assert meter.spent.calls + meter.pending <= limit


@pytest.mark.anyio
async def test_calls_at_once_stay_within_the_budget(anyio_backend: str) -> None:
    """Sixty tasks ask a model at once; exactly the budget is asked, the rest is refused."""
    model = ScriptedModel(script=["x"], latency=0.001, concurrency=32)
    meter = Meter(Budget(calls=17))
    metered = MeteredModel(model, meter, anyio.CapacityLimiter(32), Span.nowhere(), "s")
    refused: list[str] = []

    async def ask() -> None:
        try:
            await metered.complete(ModelRequest())
        except BudgetExceeded as error:
            refused.append(error.limit)

    async with anyio.create_task_group() as tasks:
        for _ in range(60):
            tasks.start_soon(ask)

    assert len(model.requests) == 17
    assert refused == ["calls"] * 43
    assert (meter.spent.calls, meter.pending) == (17, 0)


@pytest.mark.anyio
async def test_a_metered_model_is_the_model(anyio_backend: str) -> None:
    """It passes on what the model says of itself; a call counts as one at least."""
    model = ScriptedModel(script=lambda request: ModelResponse("x", usage=Usage(tokens_in=5)))
    meter = Meter()
    metered = MeteredModel(model, meter, anyio.CapacityLimiter(1), Span.nowhere(), "s")

    assert (metered.name, metered.capabilities) == (model.name, model.capabilities)
    assert (metered.fingerprint, metered.concurrency) == (model.fingerprint, model.concurrency)
    response = await metered.complete(ModelRequest())
    assert (response.usage.calls, response.usage.tokens_in) == (1, 5)
    assert meter.spent == response.usage


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("error", "calls"),
    [
        (ModelError("no reply"), 1),
        (ModelTimeout("no reply in time"), 1),
        (ModelUnavailable("not installed"), 0),
        (ModelRateLimited("not now"), 0),
        (ContextLengthExceeded("too long"), 0),
    ],
)
async def test_a_call_that_fails_counts_unless_it_was_turned_away(
    error: ModelError, calls: int, anyio_backend: str
) -> None:
    """A provider that has been at work may want to be paid; in any case nothing stays reserved."""

    def fails(request: ModelRequest) -> str:
        raise error

    meter = Meter(Budget(calls=5), counts_failures=True)
    metered = MeteredModel(ScriptedModel(script=fails), meter, anyio.CapacityLimiter(1), Span.nowhere(), "s")
    with pytest.raises(ModelError) as caught:
        await metered.complete(ModelRequest())

    assert caught.value is error
    assert (meter.spent.calls, meter.pending) == (calls, 0)


@pytest.mark.anyio
async def test_a_study_pays_for_no_outage(anyio_backend: str) -> None:
    """What a resumed study could not know of is not counted: by default, failures cost nothing."""
    meter = Meter(Budget(calls=1))
    metered = MeteredModel(ScriptedModel(failures=3), meter, anyio.CapacityLimiter(1), Span.nowhere(), "s")
    for _ in range(3):
        with pytest.raises(ModelError):
            await metered.complete(ModelRequest())
    await metered.complete(ModelRequest())
    assert (meter.spent.calls, meter.pending) == (1, 0)


@pytest.mark.anyio
async def test_a_budget_ends_a_row_of_failures(anyio_backend: str) -> None:
    """A model that fails again and again is not asked more often than the budget allows."""
    model = ScriptedModel(failures=99)
    meter = Meter(Budget(calls=2), counts_failures=True)
    metered = MeteredModel(model, meter, anyio.CapacityLimiter(1), Span.nowhere(), "s")
    for _ in range(2):
        with pytest.raises(ModelError):
            await metered.complete(ModelRequest())
    with pytest.raises(BudgetExceeded, match="2 calls"):
        await metered.complete(ModelRequest())
    assert len(model.requests) == 2


def test_a_broken_provider_is_named(world: Any) -> None:
    """An error in its code is no riddle: the message says whose bug it is, and the cause is the error itself."""

    def broken(request: ModelRequest) -> str:
        return str(request.mesages)  # type: ignore[attr-defined]

    world.model.script = broken
    with pytest.raises(ModelError, match=r"The model scripted/m failed: AttributeError: .*mesages") as caught:
        world.run("question -> answer: str", {"question": "?"})

    assert "a bug in the provider `scripted`" in (caught.value.hint or "")
    assert isinstance(caught.value.__cause__, AttributeError)


class Three(ml.Program[Any, Any]):
    """Answer."""


def three() -> ml.Program[Any, Any]:
    stages = {name: ml.predict(f"question -> {name}: str", adapter="json") for name in ("a", "b", "c")}
    return ml.Program.create("Three", inputs="question", stages=stages)


def test_a_run_stops_within_one_call_and_says_what_was_done(world: Any) -> None:
    """The error holds the trace of the stages that were finished."""
    world.answers('{"a": "1"}', '{"b": "2"}', '{"c": "3"}')

    with pytest.raises(BudgetExceeded, match=r"The budget of 2 calls is used up \(2\)") as caught:
        world.run(three(), {"question": "?"}, budget=Budget(calls=2))

    assert len(world.model.requests) == 2
    assert isinstance(caught.value.partial, Trace)
    assert [each.path for each in caught.value.partial.stages] == ["a", "b"]
    world.model.requests.clear()
    assert world.run(three(), {"question": "?"}, budget=Budget(calls=3)).usage.calls == 3


def test_tokens_and_money_stop_a_run_after_the_call_that_passes_them(world: Any) -> None:
    """The limit is passed by no more than the call under way."""
    usage = Usage(calls=1, tokens_in=60, money=0.6)
    world.answers(by=lambda request: ModelResponse('{"a": "1", "b": "2", "c": "3"}', usage=usage))
    for budget in (Budget(tokens=100), Budget(money=1.0)):
        world.model.requests.clear()
        with pytest.raises(BudgetExceeded):
            world.run(three(), {"question": "?"}, budget=budget)
        assert len(world.model.requests) == 2
