"""Tests of the middleware `breaker` and its circuit: a failing model is left alone, and tried again."""

from typing import Any

import anyio
import pytest

from elixirml.errors import ModelDisconnected, ModelError, ModelOverloaded, ModelRequestInvalid
from elixirml_resilience.breaker import Breaker
from elixirml_resilience.circuit import Circuit, CircuitState
from elixirml_resilience.config import BreakerConfig

BOTH_WAYS = pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streaming"])


async def failing(lab: Any, model: Any, times: int, *, streaming: bool = False) -> list[str]:
    codes = []
    for _ in range(times):
        with pytest.raises(ModelError) as caught:
            await lab.replied(model, lab.asking(), streaming=streaming)
        codes.append(caught.value.code)
    return codes


@BOTH_WAYS
def test_it_opens_and_closes_again(lab: Any, *, streaming: bool) -> None:
    """Ten failures open it; after its pause one call tries, and a reply closes it."""
    model = lab.model(*[ModelOverloaded(".")] * 10, "film")
    broken = lab.wrapped(Breaker(), model)

    async def work() -> None:
        assert await failing(lab, broken, 10, streaming=streaming) == ["model-overloaded"] * 10
        assert await failing(lab, broken, 5, streaming=streaming) == ["circuit-open"] * 5
        assert len(model.requests) == 10
        await anyio.sleep(15)
        for _ in range(3):
            assert (await lab.replied(broken, lab.asking(), streaming=streaming)).text == "film"

    lab.in_fake_time(work)


def test_the_error_says_when_it_is_tried_again(lab: Any) -> None:
    """In words, and as a number of seconds."""
    broken = lab.wrapped(Breaker(), lab.model(ModelDisconnected(".")))

    async def work() -> None:
        await failing(lab, broken, 10)
        await anyio.sleep(5)
        with pytest.raises(ModelOverloaded, match=r"in 10\.0 s") as caught:
            await broken.complete(lab.asking())
        assert caught.value.retry_after == pytest.approx(10)

    lab.in_fake_time(work)


def test_only_one_call_tries(lab: Any) -> None:
    """The others are told at once; when it fails, the pause begins anew."""
    model = lab.model(*[ModelOverloaded(".")] * 11, 1.0)
    broken = lab.wrapped(Breaker(), model)

    async def work() -> None:
        await failing(lab, broken, 10)
        await anyio.sleep(15)
        assert await failing(lab, broken, 2) == ["model-overloaded", "circuit-open"]
        await anyio.sleep(15)
        found = await lab.all_of(*[lambda: broken.complete(lab.asking())] * 4)
        assert sorted(getattr(each, "code", "reply") for each in found) == ["circuit-open"] * 3 + ["reply"]

    lab.in_fake_time(work)


@BOTH_WAYS
def test_a_trial_that_is_cancelled_leaves_the_place_to_another(lab: Any, *, streaming: bool) -> None:
    """It told nothing."""
    model = lab.model(*[ModelOverloaded(".")] * 10, 60.0, "film")
    broken = lab.wrapped(Breaker(), model)

    async def work() -> None:
        await failing(lab, broken, 10)
        await anyio.sleep(15)
        with anyio.move_on_after(1):
            await lab.replied(broken, lab.asking(), streaming=streaming)
        assert (await broken.complete(lab.asking())).text == "film"

    lab.in_fake_time(work)


def test_errors_of_the_request_are_answers(lab: Any) -> None:
    """A model that says that a parameter is wrong is well."""
    broken = lab.wrapped(Breaker(), lab.model(ModelRequestInvalid(".")))

    async def work() -> None:
        assert set(await failing(lab, broken, 50)) == {"model-request"}

    lab.in_fake_time(work)


def test_what_a_reader_raises_is_not_the_models_fault(lab: Any) -> None:
    """Only the stream itself counts."""
    broken = lab.wrapped(Breaker(), lab.model())

    async def reading() -> None:
        async with broken.stream(lab.asking()) as deltas:
            await anext(deltas)
            raise ModelOverloaded("of another model")

    async def work() -> None:
        for _ in range(20):
            with pytest.raises(ModelOverloaded):
                await reading()
        assert broken.circuit.state(anyio.current_time()) is CircuitState.CLOSED

    lab.in_fake_time(work)


def test_a_share_below_the_threshold_keeps_it_closed() -> None:
    """Four of ten are bad luck, five are an outage; what is long past does not count."""
    circuit = Circuit(BreakerConfig())
    for number in range(100):
        (circuit.failed if number % 5 > 2 else circuit.succeeded)(float(number) / 10, trying=False)
    assert circuit.state(10.0) is CircuitState.CLOSED
    for _ in range(9):
        circuit.failed(100.0, trying=False)
    assert circuit.state(100.0) is CircuitState.CLOSED
    circuit.failed(100.0, trying=False)
    assert circuit.state(100.0) is CircuitState.OPEN


def test_calls_from_before_do_not_close_it() -> None:
    """A slow success that began earlier says nothing about now."""
    circuit = Circuit(BreakerConfig(least=1))
    circuit.failed(0.0, trying=False)
    circuit.succeeded(1.0, trying=False)
    assert circuit.state(1.0) is CircuitState.OPEN
    assert circuit.enter(15.0)
    circuit.failed(16.0, trying=False)
    circuit.succeeded(17.0, trying=True)
    assert circuit.state(17.0) is CircuitState.CLOSED
