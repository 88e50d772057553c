"""Tests of `elixirml.runtime.middlewares`: their order is their own, and their settings are variables."""

from collections.abc import Mapping
from typing import Any

import pytest
from attrs import evolve, frozen

from elixirml.contracts import LanguageModel, ModelHost, ModelRequest, ModelResponse
from elixirml.errors import ConfigError, PluginMissing
from elixirml.plugins import PluginManager
from elixirml.runtime.middlewares import Middlewares
from elixirml.testing.models import ScriptedModel
from elixirml.variables import Variable, variable

pytestmark = pytest.mark.anyio


@frozen(eq=False)
class Marked:
    """Writes its mark behind the reply."""

    inner: Any
    mark: str

    async def complete(self, request: ModelRequest) -> ModelResponse:
        response = await self.inner.complete(request)
        return evolve(response, text=response.text + self.mark)


@frozen
class Marker:
    """A middleware with one setting."""

    order: int
    mark: str = "!"

    def variables(self) -> tuple[Variable, ...]:
        return (variable(1, low=1, high=5, name="times"),)

    def configured(self, host: Any) -> Mapping[str, Any]:
        return host.configuration("marks")

    def wrap(self, model: LanguageModel, *, options: Mapping[str, Any], host: ModelHost) -> Any:
        _ = host
        return Marked(model, self.mark * options.get("times", 1))


@pytest.fixture
def registry() -> Any:
    registry = PluginManager.load().registry
    registry.offer("middlewares", "inner", Marker(90, "i"))
    registry.offer("middlewares", "outer", Marker(10, "o"))
    return registry


class Host:
    """Says what is configured."""

    def configuration(self, section: str) -> Mapping[str, Any]:
        assert section == "marks"
        return {"times": 2}


HOST: Any = Host()


async def said(found: Middlewares, **values: Any) -> str:
    chosen = {path.replace("__", "."): value for path, value in values.items()}
    return (await found.wrap(ScriptedModel(script=["a"]), HOST, values=chosen).complete(ModelRequest())).text


@pytest.mark.parametrize("names", [("inner", "outer"), ("outer", "inner")])
async def test_they_compose_by_their_order(registry: Any, names: tuple[str, ...]) -> None:
    """Whatever order they are named in, the smaller number is further out."""
    found = Middlewares(names, registry)
    assert found.names == ("outer", "inner")
    assert await said(found) == "aio"


async def test_settings_are_variables(registry: Any) -> None:
    """Each may be chosen for a run, and is offered to who tunes; its default is what is configured."""
    found = Middlewares(["inner", "outer"], registry)
    assert await said(found, middlewares__outer__times=3) == "aiooo"
    assert await said(found) == "aio"
    assert {each.name: each.default for each in found.variables(HOST)} == {
        "middlewares.outer.enabled": True,
        "middlewares.outer.times": 2,
        "middlewares.inner.enabled": True,
        "middlewares.inner.times": 2,
    }


async def test_each_may_be_left_out_of_a_run(registry: Any) -> None:
    """Whether a middleware helps at all is a question like others."""
    found = Middlewares(["inner", "outer"], registry)
    assert await said(found, middlewares__outer__enabled=False) == "ai"
    assert await said(found, middlewares__inner__enabled=False, middlewares__outer__times=2) == "aoo"


@frozen
class Switch(Marker):
    """A middleware that has a variable for whether it takes part itself."""

    def variables(self) -> tuple[Variable, ...]:
        return (variable(False, name="enabled"),)

    def configured(self, host: Any) -> Mapping[str, Any]:
        _ = host
        return {}

    def wrap(self, model: LanguageModel, *, options: Mapping[str, Any], host: ModelHost) -> Any:
        return Marked(model, str(options.get("enabled")))


async def test_a_switch_of_its_own_is_its_own_affair(registry: Any) -> None:
    """A middleware with a variable of that name is told its value, and is never left out."""
    found = Middlewares([Switch(5)], registry)
    assert [(each.name, each.default) for each in found.variables(HOST)] == [("middlewares.switch.enabled", False)]
    assert await said(found, middlewares__switch__enabled=False) == "aFalse"


async def test_a_middleware_at_hand_needs_no_plugin(registry: Any) -> None:
    """A host application may bring its own object; it is called after its class."""
    found = Middlewares(["inner", Marker(50, "m")], registry)
    assert found.names == ("marker", "inner")
    assert await said(found) == "aim"


def test_what_does_not_fit_is_refused(registry: Any) -> None:
    """Unknown names and repetitions are told at once."""
    with pytest.raises(PluginMissing, match="outer"):
        Middlewares(["outr"], registry)
    with pytest.raises(ConfigError, match="twice"):
        Middlewares(["outer", "outer"], registry)
