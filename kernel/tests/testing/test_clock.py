"""The clock that stands still until a test moves it."""

from typing import Any

import anyio
import pytest

from elixirml.errors import BudgetExceeded
from elixirml.runtime.budget import Budget, Meter
from elixirml.testing.clock import FakeClock


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_time_passes_when_it_is_told_to() -> None:
    """The clock is what the kernel calls a clock, and a budget of seconds can be tried without waiting."""
    clock = FakeClock(now=100.0)
    meter = Meter(Budget(seconds=60), clock=clock)
    meter.reserve()

    clock.advance(61)

    assert meter.elapsed() == 61.0
    with pytest.raises(BudgetExceeded):
        meter.reserve()


def test_time_does_not_go_back() -> None:
    """A clock of this kind only goes forward."""
    with pytest.raises(ValueError, match="only goes forward"):
        FakeClock().advance(-1)


@pytest.mark.anyio
async def test_sleepers_wake_in_their_order() -> None:
    """Whoever sleeps wakes when the time has come, the earliest first, and not a moment before."""
    clock, woken = FakeClock(), list[float]()

    async def sleep(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    async with anyio.create_task_group() as group:
        for seconds in (3.0, 1.0, 2.0):
            group.start_soon(sleep, seconds)
        await anyio.wait_all_tasks_blocked()
        assert clock.sleepers == 3
        for moment in range(1, 4):
            clock.advance(1.0)
            await anyio.wait_all_tasks_blocked()
            assert woken == [1.0, 2.0, 3.0][:moment]
    assert clock.sleepers == 0


@pytest.mark.anyio
async def test_a_cancelled_sleeper_is_forgotten() -> None:
    """A sleep that is given up leaves nothing behind, and one of no time gives others a turn."""
    clock = FakeClock()
    with anyio.move_on_after(0.01):
        await clock.sleep(60)
    await clock.sleep(0)

    assert clock.sleepers == 0
