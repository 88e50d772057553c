"""Tests of the middleware `rate_limit` and its pace: calls wait so that the provider need not refuse them."""

from typing import Any

import anyio
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from elixirml.contracts import ModelResponse, RateLimits
from elixirml.errors import ModelOverloaded, ModelRateLimited
from elixirml_resilience.pacing import Bucket, Pace
from elixirml_resilience.rate_limit import RateLimit, estimated_tokens

BOTH_WAYS = pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streaming"])


def pace(requests: float = 0, tokens: float = 0) -> Pace:
    return Pace(Bucket(requests), Bucket(tokens))


@BOTH_WAYS
def test_no_more_than_the_limit_in_a_minute(lab: Any, *, streaming: bool) -> None:
    """A minute's worth at once, the rest as it becomes free, first come first served."""
    lab.configured("rate_limit", requests_per_minute=60.0)
    starts: list[tuple[str, float]] = []

    def asked(request: Any) -> str:
        starts.append((request.messages[0].content, anyio.current_time()))
        return "film"

    limited = lab.wrapped(RateLimit(), lab.model(asked))

    async def work() -> None:
        async with anyio.create_task_group() as group:
            for number in range(90):
                group.start_soon(lambda text=str(number): lab.replied(limited, lab.asking(text), streaming=streaming))
                await anyio.lowlevel.checkpoint()

    lab.in_fake_time(work)
    assert [text for text, _ in starts] == [str(number) for number in range(90)]
    assert [when for _, when in starts[:60]] == [0.0] * 60
    assert starts[-1][1] == pytest.approx(30, abs=0.1)


def test_tokens_are_reserved_and_put_right(lab: Any) -> None:
    """A call that used less than it might have gives the rest back."""
    lab.configured("rate_limit", tokens_per_minute=1000.0)
    limited = lab.wrapped(RateLimit(), lab.model())

    async def work() -> float:
        for _ in range(10):
            await limited.complete(lab.asking(max_tokens=400))
        return anyio.current_time()

    # Each of them used 12 of the 400 tokens set aside.
    assert lab.in_fake_time(work) == pytest.approx(0)


def test_a_call_larger_than_the_limit_waits_for_all_of_it(lab: Any) -> None:
    """It is let through at last: refusing it is the provider's to do."""
    lab.configured("rate_limit", tokens_per_minute=100.0)
    limited = lab.wrapped(RateLimit(), lab.model())

    async def work() -> float:
        for _ in range(2):
            await limited.complete(lab.asking(max_tokens=4000))
        return anyio.current_time()

    assert lab.in_fake_time(work) < 60


@BOTH_WAYS
def test_a_refusal_halves_the_pace_for_everybody(lab: Any, *, streaming: bool) -> None:
    """And nobody asks before the time the provider named."""
    lab.configured("rate_limit", requests_per_minute=600.0)
    limited = lab.wrapped(RateLimit(), lab.model(ModelRateLimited(".", retry_after=5.0), "film"))

    async def work() -> tuple[float, float]:
        with pytest.raises(ModelRateLimited):
            await limited.complete(lab.asking())
        await lab.replied(limited, lab.asking(), streaming=streaming)
        return anyio.current_time(), limited.line.pace.share

    assert lab.in_fake_time(work) == (pytest.approx(5), pytest.approx(0.55))


def test_no_credit_and_other_errors_teach_nothing(lab: Any) -> None:
    """Only a refusal for speed is about speed."""
    errors = [ModelRateLimited(".", code="model-quota"), ModelOverloaded(".")]
    limited = lab.wrapped(RateLimit(), lab.model(*errors))

    async def work() -> float:
        for _ in range(2):
            with pytest.raises((ModelRateLimited, ModelOverloaded)):
                await limited.complete(lab.asking())
        return limited.line.pace.share

    assert lab.in_fake_time(work) == 1


def test_what_the_provider_says_is_believed(lab: Any) -> None:
    """Nothing left, and a time when there will be: the next call waits, without any configured limit."""

    class Telling(type(lab.model())):
        async def complete(self, request: Any) -> ModelResponse:
            limits = RateLimits(requests_left=0, requests_reset=8.0, tokens_left=50, tokens_reset=1.0)
            return evolve(await super().complete(request), limits=limits)

    limited = lab.wrapped(RateLimit(), Telling())

    async def work() -> float:
        for _ in range(3):
            await limited.complete(lab.asking())
        return anyio.current_time()

    assert lab.in_fake_time(work) == pytest.approx(16)


@pytest.mark.anyio
async def test_who_gives_up_waiting_takes_nobodys_place(lab: Any) -> None:
    """A cancelled call leaves the line, on either event loop."""
    lab.configured("rate_limit", requests_per_minute=6000.0)
    limited = lab.wrapped(RateLimit(), lab.model())
    limited.line.pace.requests.take(6000)
    with anyio.move_on_after(0.001) as scope:
        await limited.complete(lab.asking())
    assert scope.cancelled_caught
    with anyio.fail_after(5):
        await limited.complete(lab.asking())
    assert len(limited.model.requests) == 1


def test_an_estimate_counts_what_is_read_and_what_may_be_written(lab: Any) -> None:
    """Four letters a token, and the most that may be written."""
    assert estimated_tokens(lab.asking("x" * 400, max_tokens=50)) == 150


def test_pauses_double_until_a_reply_comes() -> None:
    """Where the provider names no time, refusals are answered with longer and longer pauses."""
    found, now = pace(1e6), 0.0
    pauses = []
    for _ in range(8):
        now += 1000
        found.refused(None, now, begun=now)
        pauses.append(found.delay(1, now))
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    found.accepted(None, now + 100)
    found.refused(None, now + 200, begun=now + 150)
    assert found.delay(1, now + 200) == 1


def test_refusals_of_one_burst_teach_once() -> None:
    """A hundred calls that began together and were refused together halve the pace once, not a hundred times."""
    found = pace(6000)
    for number in range(100):
        found.refused(1.0, number / 100, begun=0.0)
    assert found.share == 0.5
    found.refused(1.0, 5.0, begun=4.0)
    assert found.share == 0.25


def test_without_a_configured_rate_one_is_learned_until_all_is_well() -> None:
    """Half of how fast it was asked; replies lift it again."""
    found = pace()
    for _ in range(20):
        found.begin(10, 0.0)
    found.refused(1.0, 0.0, begun=0.0)
    assert (found.requests.per_minute, found.share) == (120, 0.5)
    for _ in range(10):
        found.accepted(None, 5.0)
    assert found.delay(1, 5.0) == 0
    assert found.requests.per_minute == 0


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(1, 50)), max_size=60))
def test_a_bucket_never_gives_more_than_a_minute_holds(steps: list[tuple[float, int]]) -> None:
    """In any stretch of time: a full bucket, and what ran in."""
    bucket, now, taken = Bucket(100), 0.0, 0.0
    for pause, amount in steps:
        now += pause
        if bucket.delay(amount, now, share=1.0) == 0:
            bucket.take(amount)
            taken += amount
        assert taken <= 100 + now * 100 / 60 + 1e-3


@given(st.lists(st.sampled_from(["accepted", "refused"]), max_size=80))
def test_the_share_stays_between_its_bounds(events: list[str]) -> None:
    """However often it is refused, it goes on; however often accepted, no faster than configured."""
    found, now = pace(60), 0.0
    for event in events:
        now += 1
        if event == "accepted":
            found.accepted(None, now)
        else:
            found.refused(0.0, now, begun=now)
        assert 1 / 64 <= found.share <= 1


def test_usage_may_exceed_what_was_reserved() -> None:
    """Then the bucket owes, and the next call waits longer."""
    found = pace(tokens=600)
    found.begin(10, 0.0)
    found.settle(10, 1200)
    assert found.delay(10, 0.0) == pytest.approx(61)
