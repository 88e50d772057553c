"""Tests of the middleware `gate`: no more calls under way at one endpoint than it has places."""

from typing import Any

import anyio
import pytest

from elixirml.errors import ModelOverloaded
from elixirml_resilience.gate import Gate

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streaming"])
async def test_calls_wait_for_a_place(lab: Any, *, streaming: bool) -> None:
    """Two models of one endpoint share its places; another endpoint has its own."""
    lab.configured("gate", concurrency=3)
    gate, model, other = Gate(), lab.model(0.002), lab.model(0.002, fingerprint="elsewhere")
    calls = [
        lambda each=each: lab.replied(lab.wrapped(gate, each), lab.asking(), streaming=streaming)
        for each in [model, other] * 12
    ]
    await lab.all_of(*calls)
    assert (model.most, other.most) == (3, 3)
    assert len(model.requests) == 12


async def test_the_models_own_figure_is_the_default(lab: Any) -> None:
    """What it can answer at once."""
    model = lab.model(0.002, concurrency=2)
    gated = lab.wrapped(Gate(), model)
    await lab.all_of(*[lambda: gated.complete(lab.asking())] * 8)
    assert model.most == 2


async def test_errors_and_cancellation_give_places_back(lab: Any) -> None:
    """Nothing leaks, whatever becomes of a call."""
    lab.configured("gate", concurrency=1)
    gated = lab.wrapped(Gate(), lab.model(ModelOverloaded("."), 60.0, "film"))
    with pytest.raises(ModelOverloaded):
        await gated.complete(lab.asking())
    with anyio.move_on_after(0.005):
        await gated.complete(lab.asking())
    with anyio.fail_after(5):
        assert (await gated.complete(lab.asking())).text == "film"


async def test_one_task_may_ask_while_it_reads_a_stream(lab: Any) -> None:
    """A place belongs to a call, not to a task."""
    lab.configured("gate", concurrency=2)
    gated = lab.wrapped(Gate(), lab.model())
    async with gated.stream(lab.asking()) as deltas:
        await anext(deltas)
        assert (await gated.complete(lab.asking())).text == "film"
