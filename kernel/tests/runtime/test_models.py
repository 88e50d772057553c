"""Tests of `elixirml.runtime.models`: one model for all who say nothing, and others beside it for who does."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import pytest
from attrs import define, evolve, field, frozen

import elixirml as ml
from elixirml.config import option
from elixirml.contracts import LanguageModel, ModelHost, ModelRequest, ModelResponse, Usage, WrappedModel
from elixirml.errors import BudgetExceeded, ConfigError, DeclarationError
from elixirml.plugins import PluginManager
from elixirml.testing.models import ScriptedModel, ScriptedProvider
from elixirml.variables import Variable, variable

pytestmark = pytest.mark.anyio
ASK = ml.predict("question -> answer: str", adapter="json", model="scripted/m")
PLAIN = ml.as_program(ASK).with_values({"middlewares.marking.enabled": False, "middlewares.remembering.enabled": False})
REPLY = '{"answer": "oslo"}'


@frozen(eq=False)
class Marked(WrappedModel):
    """Writes a mark behind the reply, slowly."""

    mark: str

    async def complete(self, request: ModelRequest) -> ModelResponse:
        response = await self.model.complete(request)
        await anyio.sleep(0.001)
        return evolve(response, text=response.text + self.mark)


@define(eq=False)
class Marking:
    """A middleware that notes whom it serves."""

    order: int = 50
    hosts: list[Any] = field(factory=list)

    def variables(self) -> tuple[Variable, ...]:
        return (variable(1, low=0, high=9, name="times"),)

    def wrap(self, model: LanguageModel, *, options: Mapping[str, Any], host: ModelHost) -> Any:
        self.hosts.append(host)
        return Marked(model, "!" * options.get("times", 0))


@define(eq=False)
class Remembering:
    """A middleware that gives a reply again."""

    order: int = 20
    known: dict[str, ModelResponse] = field(factory=dict)

    def variables(self) -> tuple[Variable, ...]:
        return ()

    def wrap(self, model: LanguageModel, *, options: Mapping[str, Any], host: ModelHost) -> Any:
        return Remembered(model, self.known)


@frozen(eq=False)
class Remembered(WrappedModel):
    known: dict[str, ModelResponse]

    async def complete(self, request: ModelRequest) -> ModelResponse:
        key = repr(request.to_json())
        if key not in self.known:
            response = await self.model.complete(request)
            self.known[key] = evolve(response, usage=Usage(), attempts=0, cached=True)
            return response
        return self.known[key]


@frozen
class EchoConfig:
    """The section of the provider below."""

    text: str = option("a", choices=["a", "b"], tunable=True)


@define(eq=False)
class Echo:
    """A provider whose models say what is configured."""

    opened: int = 0

    def models(self) -> tuple[Any, ...]:
        return ()

    def open(self, model: str, host: ModelHost) -> LanguageModel:
        self.opened += 1
        return ScriptedModel(name=f"echo/{model}", script=[host.configuration("echo").text])


@pytest.fixture
def parts(tmp_path: Path) -> Any:
    manager = PluginManager.load()
    model = ScriptedModel(name="scripted/m", script=[REPLY])
    marking, echo = Marking(), Echo()
    manager.registry.offer("language_models", "scripted", ScriptedProvider({"m": model}))
    manager.registry.offer("language_models", "echo", echo)
    manager.registry.offer("configurations", "echo", EchoConfig)
    kernel = ml.Kernel(plugins=manager, home=tmp_path, middlewares=[marking, Remembering()])
    return kernel, model, marking, echo


async def test_two_choices_at_once_do_not_disturb_each_other(parts: Any) -> None:
    """Each asks with its own values; who chooses nothing asks with what is configured."""
    kernel, _, _, _ = parts
    heard: dict[int, str] = {}

    async def ask(times: int) -> None:
        values = {"middlewares.marking.times": times} if times else None
        request = ModelRequest(text=str(times))
        heard[times] = (await kernel.model("scripted/m", values=values)[0].complete(request)).text

    async with anyio.create_task_group() as tasks:
        for times in range(4):
            tasks.start_soon(ask, times)
    assert heard == {times: REPLY + "!" * times for times in range(4)}


async def test_what_a_middleware_remembers_is_the_kernels(parts: Any) -> None:
    """To a middleware, a kernel with chosen values is the kernel: limits and caches are not multiplied."""
    kernel, _, marking, _ = parts
    kernel.model("scripted/m")
    kernel.model("scripted/m", values={"middlewares.marking.times": 2})
    first, second = marking.hosts
    assert first == second
    assert hash(first) == hash(second)
    assert kernel.model("scripted/m")[1] is kernel.model("scripted/m", values={"middlewares.marking.times": 2})[1]


async def test_a_journal_tells_replies_under_other_values_apart(parts: Any) -> None:
    """The fingerprint covers the values; without any it is the model's own."""
    kernel, model, _, _ = parts
    prints = {
        kernel.model("scripted/m", values=values)[0].fingerprint
        for values in (None, {"middlewares.marking.times": 1}, {"middlewares.marking.times": 2})
    }
    assert len(prints) == 3
    assert model.fingerprint in prints


async def test_a_provider_opens_anew_for_settings_of_its_own_plugin_alone(parts: Any) -> None:
    """The same model serves whatever does not concern it, and is opened once for each choice that does."""
    kernel, _, _, echo = parts
    for values in ({}, {"middlewares.marking.times": 0}, {"plugins.echo.text": "b"}, {"plugins.echo.text": "b"}):
        kernel.model("echo/m", values=values)
    assert echo.opened == 2
    texts = [
        (await kernel.model("echo/m", values=values)[0].complete(ModelRequest(text=str(values)))).text
        for values in ({}, {"plugins.echo.text": "b"})
    ]
    assert texts == ["a", "b"]
    assert kernel.configuration("echo").text == "a"


async def test_the_space_is_frozen_at_what_is_in_force(parts: Any) -> None:
    """Nothing of the kernel is searched unless it is freed by its path."""
    kernel, _, _, _ = parts
    space = kernel.space()
    assert space.searchable == ()
    assert space.defaults()["middlewares.marking.times"] == 1
    kernel.config.change("echo", {"text": "b"})
    assert kernel.space().defaults()["plugins.echo.text"] == "b"


async def test_a_program_may_be_given_values_for_it(parts: Any) -> None:
    """What a study would find may be set by hand as well."""
    kernel, _, _, _ = parts
    program = ml.as_program(ASK).with_values({"middlewares.marking.enabled": False})
    async with kernel:
        assert (await kernel.run(program, {"question": "?"})).output.answer == "oslo"
    with pytest.raises(DeclarationError, match="middlewares") as caught:
        kernel.runner(program.with_values({"middlewares.marking.time": 2})).assigned()
    assert "middlewares.marking.times" in str(caught.value.hint)
    with pytest.raises(ConfigError, match=r"plugins\.echo\.txt"):
        kernel.model("echo/m", values={"plugins.echo.txt": "b"})


@pytest.mark.parametrize("limit", [{"calls": 1}, {"tokens": 1}])
async def test_a_budget_that_is_used_up_lets_a_reply_at_hand_through(parts: Any, limit: Any) -> None:
    """It costs no call; what is not at hand is refused, and is not asked for."""
    kernel, model, _, _ = parts
    model.script = lambda request: ModelResponse(REPLY, usage=Usage(calls=1, tokens_in=1))
    twice = [{"question": "?"}, {"question": "?"}, {"question": "another?"}]
    async with kernel:
        first, second, third = await kernel.batch(ASK, twice, width=1, budget=ml.Budget(**limit))
    assert (first.usage.calls, second.usage.calls) == (1, 0)
    assert isinstance(third, BudgetExceeded)
    assert len(model.requests) == 1


async def test_time_that_is_over_is_over(parts: Any) -> None:
    """A limit of seconds ends a run, whatever is at hand."""
    kernel, _, _, _ = parts
    async with kernel:
        await kernel.run(ASK, {"question": "?"})
        with pytest.raises(BudgetExceeded, match="seconds"):
            await kernel.run(ASK, {"question": "?"}, budget=ml.Budget(seconds=0))


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_reply_tells_what_it_took(parts: Any, *, streamed: bool) -> None:
    """Usage, cost, latency, time to first token, cache state and attempts; a price that is not known is never 0."""
    kernel, model, _, _ = parts
    model.script = lambda _: ModelResponse(REPLY, usage=Usage(calls=1, tokens_in=3, tokens_out=2, money=None))
    async with kernel:
        if streamed:
            async with kernel.stream(PLAIN, {"question": "?"}) as deltas:
                *_, end = [each async for each in deltas]
            result = end.result
        else:
            result = await kernel.run(PLAIN, {"question": "?"})
    (exchange,) = result.trace.exchanges()
    response, usage = exchange.response, exchange.response.usage
    assert (usage.calls, usage.tokens_in, usage.tokens_out, usage.money) == (1, 3, 2, None)
    assert (response.attempts, response.cached) == (1, False)
    assert usage.seconds > 0
    assert (response.first_token is not None) == streamed
    assert result.usage.money is None
