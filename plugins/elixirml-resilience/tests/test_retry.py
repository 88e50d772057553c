"""Tests of the middleware `retry`: what failed for a moment is asked again, within limits."""

import random
from typing import Any

import anyio
import pytest

from elixirml.errors import (
    ContextLengthExceeded,
    ModelAccessDenied,
    ModelDisconnected,
    ModelError,
    ModelOverloaded,
    ModelRateLimited,
    ModelRefused,
    ModelRequestInvalid,
    ModelTimeout,
    ModelUnavailable,
)
from elixirml_resilience.deciding import RetryPolicy, decide
from elixirml_resilience.retry import Retry, answer_of_error
from elixirml_resilience.retry_budget import RetryBudget

BOTH_WAYS = pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streaming"])


def again(error: ModelError) -> bool:
    return decide(RetryPolicy(), answer_of_error(error, at=0), retries=0).action == "retry"


@pytest.mark.parametrize(
    "error",
    [
        ModelRateLimited("."),
        ModelRateLimited(".", status=429),
        ModelOverloaded("."),
        ModelOverloaded(".", status=529),
        ModelTimeout("."),
        ModelTimeout(".", status=408),
        ModelDisconnected("."),
        ModelDisconnected(".", status=200, partial="fil"),
        ModelUnavailable(".", status=503),
        ModelError(".", status=500),
        ModelRequestInvalid(".", status=400, should_retry=True),
        ModelError(".", status=404, should_retry=True),
    ],
    ids=repr,
)
def test_what_may_pass_is_tried_again(error: ModelError) -> None:
    """The rules are those of the table, for errors as providers raise them."""
    assert again(error)


@pytest.mark.parametrize(
    "error",
    [
        ModelRateLimited(".", code="model-quota", status=429),
        ModelOverloaded(".", status=501),
        ModelOverloaded(".", code="circuit-open", retry_after=1),
        ModelUnavailable("."),
        ModelUnavailable(".", status=404),
        ModelAccessDenied(".", status=401),
        ModelRequestInvalid(".", status=400),
        ContextLengthExceeded(".", status=413),
        ModelRefused("."),
        ModelError("."),
        ModelError(".", should_retry=True),
        ModelRateLimited(".", status=429, should_retry=False),
        ModelOverloaded(".", status=529, should_retry=False),
        ModelTimeout(".", status=408, should_retry=False),
    ],
    ids=repr,
)
def test_what_no_wait_mends_is_not(error: ModelError) -> None:
    """A wrong key stays wrong, and an open circuit is there so that nobody waits."""
    assert not again(error)


@BOTH_WAYS
def test_the_reply_tells_of_every_attempt(lab: Any, *, streaming: bool) -> None:
    """Each attempt was a call, and is counted as one."""
    model = lab.model(ModelOverloaded("."), ModelTimeout("."), "film")
    retrying = lab.wrapped(Retry(random.Random(0)), model)

    async def work() -> Any:
        return await lab.replied(retrying, lab.asking(), streaming=streaming)

    response = lab.in_fake_time(work)
    assert (response.text, response.attempts, response.usage.calls) == ("film", 3, 3)
    assert len(model.requests) == 3


@BOTH_WAYS
def test_the_last_error_is_raised_and_says_how_often_was_asked(lab: Any, *, streaming: bool) -> None:
    """It is the provider's own error, not another one around it."""
    errors = [ModelOverloaded(f"no room {number}") for number in range(3)]
    retrying = lab.wrapped(Retry(), lab.model(*errors))

    async def work() -> Any:
        with pytest.raises(ModelOverloaded, match="no room 2") as caught:
            await lab.replied(retrying, lab.asking(), streaming=streaming)
        return caught.value.__notes__

    assert lab.in_fake_time(work) == ["The model was asked 3 times."]


def test_waits_are_drawn_below_the_computed_ones(lab: Any) -> None:
    """Full jitter: many clients that fail together do not come back together."""

    class Highest(random.Random):
        def uniform(self, a: float, b: float) -> float:
            return a + (b - a) / 2

    lab.configured("retry", max_retries=4)
    retrying = lab.wrapped(Retry(Highest()), lab.model(*[ModelOverloaded(".")] * 4, "film"))

    async def work() -> float:
        await retrying.complete(lab.asking())
        return anyio.current_time()

    assert lab.in_fake_time(work) == pytest.approx((0.5 + 1 + 2 + 4) / 2)


def test_a_wait_the_server_wants_is_kept_to(lab: Any) -> None:
    """No jitter makes it shorter."""
    retrying = lab.wrapped(Retry(), lab.model(ModelRateLimited(".", retry_after=7.0), "film"))

    async def work() -> float:
        await retrying.complete(lab.asking())
        return anyio.current_time()

    assert lab.in_fake_time(work) == pytest.approx(7)


def test_no_attempt_begins_after_the_deadline(lab: Any) -> None:
    """The time of the attempts counts, too."""
    lab.configured("retry", max_retries=20, deadline=10.0)

    async def slow_failure() -> Any:
        await anyio.sleep(4)
        raise ModelTimeout(".")

    class Slow:
        name = fingerprint = "slow"
        calls = 0

        async def complete(self, request: Any) -> Any:
            self.calls += 1
            return await slow_failure()

    model = Slow()

    async def work() -> float:
        with pytest.raises(ModelTimeout):
            await lab.wrapped(Retry(), model).complete(lab.asking())
        return anyio.current_time()

    assert lab.in_fake_time(work) <= 14
    assert model.calls in {2, 3}


def test_a_stream_that_breaks_is_not_begun_again(lab: Any) -> None:
    """Its reader has seen a part already."""
    model = lab.model(ModelDisconnected(".", partial="fi"), breaks=1)
    model.plan = [ModelDisconnected("broken")]
    seen: list[Any] = []

    async def work() -> None:
        async with lab.wrapped(Retry(), model).stream(lab.asking()) as deltas:
            seen.extend([each.text async for each in deltas])

    with pytest.raises(BaseException) as caught:  # noqa: PT011 - trio may put it into a group
        lab.in_fake_time(work)
    assert "broken" in repr(caught.value)
    assert len(model.requests) == 1


def test_retries_are_a_tenth_of_the_calls_and_ten(lab: Any) -> None:
    """When everything fails, retries do not multiply the load."""
    model = lab.model(ModelOverloaded("."))
    retrying = lab.wrapped(Retry(), model)

    async def work() -> None:
        for _ in range(100):
            with pytest.raises(ModelOverloaded):
                await retrying.complete(lab.asking())

    lab.in_fake_time(work)
    assert 100 < len(model.requests) <= 100 + 10 + 10


def test_a_budget_does_not_save_up_for_a_storm() -> None:
    """A million good calls pay for a hundred retries, not for a hundred thousand."""
    budget = RetryBudget(0.1, 10)
    for _ in range(1_000_000):
        budget.called()
    assert sum(budget.take() for _ in range(1000)) == 100


def test_a_chosen_variable_overrides_the_configuration(lab: Any) -> None:
    """Also where it is chosen to be what it would be without a configuration."""
    lab.configured("retry", max_retries=0)

    async def attempts(**options: Any) -> int:
        model = lab.model(ModelOverloaded("."))
        with pytest.raises(ModelOverloaded):
            await lab.wrapped(Retry(), model, **options).complete(lab.asking())
        return len(model.requests)

    async def work() -> tuple[int, int, int]:
        return await attempts(), await attempts(max_retries=2), await attempts(max_retries=1)

    assert lab.in_fake_time(work) == (1, 3, 2)
