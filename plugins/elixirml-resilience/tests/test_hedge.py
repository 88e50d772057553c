"""Tests of the middleware `hedge`: a slow call is made twice, seldom, and the first reply counts."""

import itertools
from typing import Any

import anyio
import pytest

from elixirml.errors import ModelOverloaded
from elixirml_resilience.hedge import Hedge, Latencies

USUAL = [0.2, 0.2] + [0.1] * 38
"""What makes 0.2 seconds the most that a reply usually takes."""


async def many(lab: Any, model: Any, count: int = 40) -> None:
    for _ in range(count):
        await model.complete(lab.asking())


def test_the_second_reply_comes_when_the_first_does_not(lab: Any) -> None:
    """Who would have waited half a minute waits hardly longer than usual, and both calls are paid for."""
    model = lab.model(*USUAL, 30.0, 0.1)
    hedged = lab.wrapped(Hedge(), model)

    async def work() -> None:
        await many(lab, hedged)
        begun = anyio.current_time()
        response = await hedged.complete(lab.asking())
        assert anyio.current_time() - begun == pytest.approx(0.3)
        assert (response.usage.calls, response.usage.tokens_in, response.usage.money) == (2, 20, 1.0)
        assert response.attempts == 2
        assert (model.cancelled, model.under_way) == (1, 0)

    lab.in_fake_time(work)


def test_no_more_than_a_twentieth_is_made_twice(lab: Any) -> None:
    """Even when all have become slow."""
    model = lab.model(*USUAL[:30], 10.0)
    hedged = lab.wrapped(Hedge(), model)

    async def work() -> None:
        await many(lab, hedged, 230)

    lab.in_fake_time(work)
    assert 230 < len(model.requests) <= 230 * 1.05


@pytest.mark.parametrize("said", [{"temperature": 1.0}])
def test_samples_are_not_asked_for_twice(lab: Any, said: Any) -> None:
    """Nor is anything before it is known what is slow."""
    model = lab.model(*USUAL, 30.0, 0.1)
    hedged = lab.wrapped(Hedge(), model)

    async def work() -> None:
        await many(lab, hedged)
        await hedged.complete(lab.asking(**said))

    lab.in_fake_time(work)
    assert len(model.requests) == 41


@pytest.mark.parametrize(
    "plan", [[ModelOverloaded("first")], [0.5, ModelOverloaded("second")]], ids=["at once", "late"]
)
def test_an_error_counts_only_when_no_reply_comes(lab: Any, plan: Any) -> None:
    """An error before the second call is told; one of the second leaves the first its chance."""
    model = lab.model(*USUAL, *plan)
    hedged = lab.wrapped(Hedge(), model)

    async def work() -> Any:
        await many(lab, hedged)
        return (await lab.all_of(lambda: hedged.complete(lab.asking())))[0]

    found = lab.in_fake_time(work)
    assert (str(found) if len(plan) == 1 else found.text) == ("first" if len(plan) == 1 else "film")


def test_two_errors_are_the_first(lab: Any) -> None:
    """As without hedging."""

    class Both(type(lab.model())):
        async def complete(self, request: Any) -> Any:
            if len(self.requests) < 40:
                return await super().complete(request)
            self.requests.append(request)
            number = len(self.requests)
            await anyio.sleep(1.0 if number == 41 else 2.0)
            raise ModelOverloaded(str(number))

    hedged = lab.wrapped(Hedge(), Both(USUAL))

    async def work() -> None:
        await many(lab, hedged)
        with pytest.raises(ModelOverloaded, match="41"):
            await hedged.complete(lab.asking())

    lab.in_fake_time(work)


@pytest.mark.parametrize("after", [0.0, 0.1, 0.2, 0.25, 0.3])
def test_cancelling_cancels_both(lab: Any, after: float) -> None:
    """At any moment of the race, and nothing is left running."""
    model = lab.model(*USUAL, 30.0)
    hedged = lab.wrapped(Hedge(), model)

    async def work() -> None:
        await many(lab, hedged)
        with anyio.move_on_after(after) as scope:
            await hedged.complete(lab.asking())
        assert scope.cancelled_caught
        assert model.under_way == 0

    lab.in_fake_time(work)


def test_it_may_be_cancelled_wherever_it_waits(lab: Any) -> None:
    """Whatever wakes it up."""

    async def work() -> int:
        for wait in itertools.count(1):
            model = lab.model(*USUAL, 1.0, 1.0)
            hedged = lab.wrapped(Hedge(), model)
            await many(lab, hedged)
            was_cancelled = await lab.cancelled_at(wait, lambda hedged=hedged: hedged.complete(lab.asking()))
            assert model.under_way == 0
            if not was_cancelled:
                return wait
        raise AssertionError

    assert lab.in_fake_time(work) > 2


@pytest.mark.anyio
async def test_it_runs_on_either_event_loop(lab: Any) -> None:
    """With real time, however short."""
    lab.configured("hedge", share=0.5)
    model = lab.model(*[0.0001] * 40, 30.0, "film")
    hedged = lab.wrapped(Hedge(), model)
    with anyio.fail_after(10):
        await many(lab, hedged, 60)
    assert model.under_way == 0


def test_patience_is_the_quantile_of_recent_replies(lab: Any) -> None:
    """What is long past is forgotten."""
    found, config = Latencies(calls=1000), lab.host.config.hedge
    for seconds in [100.0] * 200 + [float(number) for number in range(200)]:
        found.add(seconds)
    assert found.patience(config) == 190.0
    assert Latencies(calls=1000).patience(config) is None
