"""Cancellation at any moment: control comes back, nothing goes on asking, and the kernel works as before."""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from attrs import define, field, frozen

import elixirml as ml
from elixirml.contracts import ModelRequest, ModelResponse
from elixirml.testing.conformance.suite import leaving_nothing
from elixirml.testing.models import ScriptedModel

pytestmark = pytest.mark.anyio


@frozen
class Asked:
    question: str


@frozen
class Answer:
    answer: str


class Inner(ml.Program[Asked, Answer]):
    """Answer shortly."""

    reply = ml.predict(Answer, adapter="json", using="majority")


class Program(ml.Program[Asked, Answer]):
    """Answer."""

    one = ml.predict("question -> one: str", adapter="json")
    other = ml.predict("question -> other: str", adapter="json", using="refine")
    inner = Inner()

    @ml.stage
    async def joined(self, one: Any, other: Any, inner: Any) -> str:
        await checkpoint()
        return f"{one}{other}{inner}"

    reply = ml.predict("joined -> answer: str", adapter="json")

    @ml.ensure("is not x")
    def fine(self, reply: Any) -> bool:
        return "x" not in str(reply)


@define
class Counting(ScriptedModel):
    """Answers after some turns of the loop, and rings when a given turn has come.

    Attributes:
        turn: How many turns have passed, in all requests.
        at: When to ring.
        ring: What to do then.
    """

    turn: int = 0
    at: int = -1
    ring: Callable[[], object] = field(default=lambda: None)

    async def complete(self, request: ModelRequest) -> ModelResponse:
        """Return the reply once some turns have passed."""
        for _ in range(3):
            self.turn += 1
            if self.turn == self.at:
                self.ring()
            await checkpoint()
        return await ScriptedModel.complete(self, request)


def reply(request: ModelRequest) -> str:
    wanted = {"one", "other", "answer", "verdict", "advice", "reasoning"}
    return "{" + ", ".join(f'"{name}": "good"' for name in sorted(wanted)) + "}"


async def run(kernel: ml.Kernel, strategy: str) -> Any:
    return (await kernel.run(Program, Asked("?"), strategy=strategy)).output


async def batch(kernel: ml.Kernel, strategy: str) -> Any:
    return [each.output for each in await kernel.batch(Program, [Asked("?"), Asked("!")], strategy=strategy)]  # type: ignore[union-attr]


async def stream(kernel: ml.Kernel, strategy: str) -> Any:
    async with kernel.stream(Program, Asked("?"), strategy=strategy) as pieces:
        return [each async for each in pieces][-1].result.output


WAYS: dict[str, Callable[[ml.Kernel, str], Awaitable[Any]]] = {"run": run, "batch": batch, "stream": stream}


@pytest.mark.parametrize("strategy", ["sequential", "parallel"])
@pytest.mark.parametrize("way", WAYS)
async def test_nothing_is_left_of_a_run_cancelled_at_any_moment(
    world: Any, anyio_backend: str, way: str, strategy: str
) -> None:
    """Whichever turn of the loop the cancellation comes in, and however the program is run."""
    model = world.model = Counting(name="scripted/m", script=reply)
    async with world.kernel as kernel:
        whole = await WAYS[way](kernel, strategy)
        turns = model.turn
        assert turns > 20
        for at in range(1, turns + 1, 3):
            model.turn, model.at = 0, at
            async with leaving_nothing(f"A {way} cancelled in turn {at}"):
                with anyio.CancelScope() as scope:
                    model.ring = scope.cancel
                    await WAYS[way](kernel, strategy)
                assert scope.cancelled_caught
            asked = len(model.requests)
            for _ in range(20):
                await checkpoint()
            assert len(model.requests) == asked
        model.at = -1
        assert await WAYS[way](kernel, strategy) == whole
