"""Tests of the middleware `coalesce`: identical calls under way are one call, whoever leaves."""

import itertools
from typing import Any

import anyio
import pytest

from elixirml.contracts import ModelResponse, Usage
from elixirml.errors import BudgetExceeded, ModelOverloaded
from elixirml_resilience.coalesce import Coalesce

pytestmark = pytest.mark.anyio


async def test_identical_calls_ask_once_and_are_paid_for_once(lab: Any) -> None:
    """Eight at once are one upstream; the others cost nothing."""
    model = lab.model(0.01)
    joined = lab.wrapped(Coalesce(), model)
    found = await lab.all_of(*[lambda: joined.complete(lab.asking())] * 8)
    assert len(model.requests) == 1
    assert {each.text for each in found} == {"film"}
    assert sum(each.usage.calls for each in found) == 1
    assert [each.usage for each in found if each.cached] == [Usage()] * 7


async def test_a_thousand_calls_on_ten_keys_are_ten(lab: Any) -> None:
    """Each key has a call of its own."""
    model = lab.model(lambda request: request.messages[0].content)
    joined = lab.wrapped(Coalesce(), model)
    asked = [str(number % 10) for number in range(1000)]
    found = await lab.all_of(*[lambda text=text: joined.complete(lab.asking(text)) for text in asked])
    assert len(model.requests) == 10
    assert [each.text for each in found] == asked


async def test_one_after_the_other_are_two(lab: Any) -> None:
    """Nothing is kept: that is the cache's to do."""
    model = lab.model()
    joined = lab.wrapped(Coalesce(), model)
    for _ in range(2):
        await joined.complete(lab.asking())
    assert len(model.requests) == 2


async def test_sampled_calls_are_never_joined(lab: Any) -> None:
    """Two samples are two; with one seed they are one."""
    for said, calls in (({"temperature": 1.0}, 3), ({"temperature": 1.0, "seed": 7}, 1)):
        model = lab.model(0.01)
        joined = lab.wrapped(Coalesce(), model)
        await lab.all_of(*[lambda said=said, joined=joined: joined.complete(lab.asking(**said))] * 3)
        assert len(model.requests) == calls


async def test_models_and_kernels_are_kept_apart(lab: Any) -> None:
    """The same words to another model are another call."""
    middleware, models = Coalesce(), [lab.model(0.01), lab.model(0.01, name="test/other"), lab.model(0.01)]
    models[2].fingerprint = "elsewhere"
    await lab.all_of(*[lambda each=each: lab.wrapped(middleware, each).complete(lab.asking()) for each in models])
    assert [len(each.requests) for each in models] == [1, 1, 1]


async def test_an_error_is_everybodys(lab: Any) -> None:
    """Nobody waits for a reply that will not come, and the next call is made anew."""

    class Failing(type(lab.model())):
        async def complete(self, request: Any) -> Any:
            self.requests.append(request)
            await anyio.sleep(0.01)
            raise ModelOverloaded("no room")

    model = Failing()
    joined = lab.wrapped(Coalesce(), model)
    found = await lab.all_of(*[lambda: joined.complete(lab.asking())] * 5)
    assert [type(each) for each in found] == [ModelOverloaded] * 5
    assert len(model.requests) == 1
    with pytest.raises(ModelOverloaded):
        await joined.complete(lab.asking())
    assert len(model.requests) == 2


@pytest.mark.parametrize("leavers", [1, 2, 3])
async def test_who_is_cancelled_hands_over(lab: Any, leavers: int) -> None:
    """Whoever asked may leave, and whoever took over as well: the others get their reply."""
    model = lab.model(0.05)
    joined = lab.wrapped(Coalesce(), model)
    texts: list[str] = []

    async def follow() -> None:
        texts.append((await joined.complete(lab.asking())).text)

    async with anyio.create_task_group() as group:
        scopes = []
        for _ in range(leavers):
            scope = anyio.CancelScope()
            scopes.append(scope)

            async def leave(scope: anyio.CancelScope = scope) -> None:
                with scope:
                    await joined.complete(lab.asking())

            group.start_soon(leave)
            await anyio.wait_all_tasks_blocked()
        for _ in range(4):
            group.start_soon(follow)
        await anyio.wait_all_tasks_blocked()
        for scope in scopes:
            scope.cancel()
            await anyio.wait_all_tasks_blocked()
    assert texts == ["film"] * 4
    assert 1 <= model.cancelled == len(model.requests) - 1 <= leavers
    assert model.most == 1


async def test_the_leader_may_be_cancelled_wherever_it_waits(lab: Any) -> None:
    """Its followers are answered, and nothing is left over."""
    for wait in itertools.count(1):
        joined = lab.wrapped(Coalesce(), lab.model())

        def call(joined: Any = joined) -> Any:
            return joined.complete(lab.asking())

        was_cancelled, *found = await lab.all_of(lambda wait=wait, call=call: lab.cancelled_at(wait, call), call, call)
        assert [each.text for each in found] == ["film"] * 2
        assert joined.flights == {}
        if not was_cancelled:
            break
    assert wait > 1


async def test_a_follower_that_leaves_takes_nobody_with_it(lab: Any) -> None:
    """The call goes on for the others."""
    model = lab.model(0.05)
    joined = lab.wrapped(Coalesce(), model)
    texts: list[str] = []

    async def ask() -> None:
        texts.append((await joined.complete(lab.asking())).text)

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        with anyio.move_on_after(0.005):
            await joined.complete(lab.asking())
    assert texts == ["film"]
    assert (len(model.requests), model.cancelled) == (1, 0)


async def test_who_may_not_ask_takes_nobody_with_it(lab: Any) -> None:
    """A budget that is used up is the affair of whose it is: the next one asks, for all others."""
    model = lab.model(BudgetExceeded("The budget of 1 calls is used up.", limit="calls"), "film")
    joined = lab.wrapped(Coalesce(), model)
    found = await lab.all_of(*[lambda: joined.complete(lab.asking())] * 8)
    assert [each.limit for each in found if isinstance(each, BudgetExceeded)] == ["calls"]
    assert [each.text for each in found if isinstance(each, ModelResponse)] == ["film"] * 7
    assert len(model.requests) == 2


async def test_streams_go_their_own_way(lab: Any) -> None:
    """None waits for the reader of another."""
    model = lab.model()
    joined = lab.wrapped(Coalesce(), model)
    found = await lab.all_of(*[lambda: lab.replied(joined, lab.asking(), streaming=True)] * 3)
    assert [each.text for each in found] == ["film"] * 3
    assert len(model.requests) == 3
