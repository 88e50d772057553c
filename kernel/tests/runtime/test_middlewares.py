"""Tests of `elixirml.runtime.middlewares`: their order is their own, and their settings are variables."""

from collections.abc import Mapping
from typing import Any

import pytest
from attrs import evolve, frozen

from elixirml.contracts import LanguageModel, ModelHost, ModelRequest, ModelResponse
from elixirml.errors import ConfigError, PluginMissing, ValidationError
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

    def wrap(self, model: LanguageModel, *, options: Mapping[str, Any], host: ModelHost) -> Any:
        _ = host
        return Marked(model, self.mark * options.get("times", 1))


@pytest.fixture
def registry() -> Any:
    registry = PluginManager.load().registry
    registry.offer("middlewares", "inner", Marker(90, "i"))
    registry.offer("middlewares", "outer", Marker(10, "o"))
    return registry


async def said(found: Middlewares) -> str:
    host: Any = None
    return (await found.wrap(ScriptedModel(script=["a"]), host).complete(ModelRequest())).text


@pytest.mark.parametrize("names", [("inner", "outer"), ("outer", "inner")])
async def test_they_compose_by_their_order(registry: Any, names: tuple[str, ...]) -> None:
    """Whatever order they are named in, the smaller number is further out."""
    found = Middlewares(names, registry)
    assert found.names == ("outer", "inner")
    assert await said(found) == "aio"


async def test_settings_are_variables(registry: Any) -> None:
    """Each may be set, is checked like a variable, and is offered to who tunes."""
    found = Middlewares(["inner", "outer"], registry, settings={"outer.times": 3})
    assert await said(found) == "aiooo"
    assert {each.name: each.default for each in found.variables()} == {"outer.times": 3, "inner.times": 1}


async def test_a_middleware_at_hand_needs_no_plugin(registry: Any) -> None:
    """A host application may bring its own object; it is called after its class."""
    found = Middlewares(["inner", Marker(50, "m")], registry)
    assert found.names == ("marker", "inner")
    assert await said(found) == "aim"


def test_what_does_not_fit_is_refused(registry: Any) -> None:
    """Unknown names, unknown settings, wrong values and repetitions are told at once."""
    with pytest.raises(PluginMissing, match="outer"):
        Middlewares(["outr"], registry)
    with pytest.raises(ConfigError, match=r"outer\.times"):
        Middlewares(["outer"], registry, settings={"outer.time": 2})
    with pytest.raises(ValidationError):
        Middlewares(["outer"], registry, settings={"outer.times": 9})
    with pytest.raises(ConfigError, match="twice"):
        Middlewares(["outer", "outer"], registry)
