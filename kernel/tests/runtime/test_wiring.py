"""Tests of what a kernel is made of beside its programs: configuration, middlewares, observers and extensions."""

import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import anyio
import pytest
from attrs import define, field, frozen

import elixirml as ml
from elixirml.config import option
from elixirml.contracts import Event, Extension, LanguageModel, ModelHost, ModelRequest, ModelResponse, Service
from elixirml.errors import ConfigError, PluginMissing
from elixirml.plugins import Contribution, PluginManager, hookimpl
from elixirml.testing.models import ScriptedModel, ScriptedProvider
from elixirml.variables import Variable

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


@frozen
class PoliteConfig:
    """The section of the plugin below."""

    word: str = option("please", help="What to add.")


@frozen(eq=False)
class Shouting:
    """A model that replies in capitals."""

    inner: Any

    @property
    def concurrency(self) -> int:
        return 1

    @property
    def capabilities(self) -> Any:
        return self.inner.capabilities

    @property
    def fingerprint(self) -> str:
        return "shouting"

    @property
    def name(self) -> str:
        return str(self.inner.name)

    async def complete(self, request: ModelRequest) -> ModelResponse:
        response = await self.inner.complete(request)
        return ModelResponse(response.text.upper(), usage=response.usage)


class Shout:
    """A middleware."""

    order = 50

    def variables(self) -> tuple[Variable, ...]:
        return ()

    def wrap(self, model: LanguageModel, *, options: Mapping[str, Any], host: ModelHost) -> Any:
        assert host.configuration("polite").word
        return Shouting(model)


@define
class Noting:
    """An observer and an extension that note what they are told."""

    told: list[str] = field(factory=list)

    def notify(self, event: Event) -> None:
        self.told.append(event.name)


class Living(Extension):
    """An extension with a service, that takes its word from the configuration."""

    seen: list[Any]

    def initialize(self, host: Any) -> None:
        self.seen = [host.configuration("polite").word]

    def services(self) -> Iterable[Service]:
        async def beat(*, task_status: Any) -> None:
            task_status.started()
            await anyio.sleep_forever()

        return (Service("beat", beat),)

    def before_run(self, program: str, inputs: object) -> None:
        self.seen.append(("before", program))

    def after_run(self, program: str, result: object) -> None:
        self.seen.append(("after", program))

    def after_prediction(self, program: str, stage: str, fields: Mapping[str, Any]) -> None:
        self.seen.append(("answered", program, stage, dict(fields)))

    def after_compile(self, program: str, digest: str) -> None:
        self.seen.append(("compiled", program, len(digest)))


class Stillborn(Extension):
    """An extension whose service cannot start."""

    def services(self) -> Iterable[Service]:
        async def fail(*, task_status: Any) -> None:
            raise RuntimeError("no")

        return (Service("fail", fail),)


def manager(reply: str = "oslo") -> PluginManager:
    made = PluginManager.load()
    model = ScriptedModel(script=[f"[[ ## answer ## ]] {reply}"])
    made.registry.offer("language_models", "scripted", ScriptedProvider({"m": model}))
    made.registry.offer("middlewares", "shout", Shout())
    made.registry.offer("configurations", "polite", PoliteConfig)
    return made


ASK = "question -> answer"


async def test_models_are_put_into_the_middlewares_of_their_kernel(tmp_path: Path) -> None:
    """What is named when the kernel is made stands between its programs and its models, and in no other kernel."""
    async with (
        ml.Kernel(plugins=manager(), home=tmp_path, model="scripted/m", middlewares=["shout"]) as loud,
        ml.Kernel(plugins=manager(), home=tmp_path, model="scripted/m") as quiet,
    ):
        assert (await loud.run(ASK, {"question": "?"})).fields["answer"] == "OSLO"
        assert (await quiet.run(ASK, {"question": "?"})).fields["answer"] == "oslo"
        assert loud.language_model("scripted/m").fingerprint == "shouting"


async def test_the_section_kernel_says_what_the_code_does_not(tmp_path: Path) -> None:
    """Model, home, cache, middlewares and observers may all come from the configuration."""
    plugins, noting = manager(), Noting()
    plugins.registry.offer("observers", "noting", noting)
    own = {"model": "scripted/m", "home": str(tmp_path / "h"), "cache": str(tmp_path / "c")}
    config = {"kernel": {**own, "middlewares": ["shout"], "observers": ["noting"]}, "polite": {"word": "kindly"}}
    async with ml.Kernel(plugins=plugins, config=config) as kernel:
        result = await kernel.run(ASK, {"question": "?"})

    assert result.fields["answer"] == "OSLO"
    assert kernel.home == tmp_path / "h"
    assert kernel.cache_dir == tmp_path / "c"
    assert kernel.configuration("polite").word == "kindly"
    assert "run.end" in noting.told


def test_what_is_not_there_is_told_when_the_kernel_is_made(tmp_path: Path) -> None:
    """A misspelt middleware, observer, section or setting is refused before anything runs."""
    with pytest.raises(PluginMissing, match="shout"):
        ml.Kernel(plugins=manager(), home=tmp_path, middlewares=["shot"])
    with pytest.raises(PluginMissing, match="observers"):
        ml.Kernel(plugins=manager(), home=tmp_path, observers=["nobody"])
    with pytest.raises(ConfigError, match="word"):
        ml.Kernel(plugins=manager(), home=tmp_path, config={"polite": {"wort": "x"}})
    with pytest.raises(ConfigError, match="polit"):
        ml.Kernel(plugins=manager(), home=tmp_path).configuration("polit")


async def test_extensions_live_with_their_kernel(tmp_path: Path) -> None:
    """They are initialized with the configuration, told of compilations and runs, and their services are supervised."""
    plugins = manager()
    plugins.registry.offer("extensions", "living", Living)
    async with ml.Kernel(plugins=plugins, home=tmp_path, model="scripted/m") as kernel:
        await kernel.run(ASK, {"question": "?"})
        living: Any = kernel.extensions.running["living"]
        tree = kernel.tree()
        assert tree is not None
        assert [each.id for each in tree.children] == ["living.beat"]
    assert living.seen == [
        "please",
        ("compiled", "predict", 64),
        ("before", "predict"),
        ("answered", "predict", "reply", {"answer": "oslo"}),
        ("after", "predict"),
    ]
    assert kernel.extensions.running == {}


async def test_an_extension_whose_service_cannot_start_is_left_out(tmp_path: Path) -> None:
    """The kernel starts without it, and says how to be rid of it."""
    plugins = manager()
    plugins.registry.offer("extensions", "stillborn", Stillborn)
    kernel = ml.Kernel(plugins=plugins, home=tmp_path, model="scripted/m")

    async def live() -> None:
        async with kernel:
            assert kernel.extensions.running == {}

    with pytest.warns(UserWarning, match="elixirml plugins disable stillborn"):
        await live()


async def test_a_change_of_the_configuration_is_seen_by_who_asks(tmp_path: Path) -> None:
    """Settings may change while a kernel runs: checked first, whole or not at all, and told."""
    kernel = ml.Kernel(plugins=manager(), home=tmp_path)
    told: list[str] = []
    kernel.config.subscribe(lambda _old, new: told.append(new["polite"].word))
    with pytest.raises(ConfigError):
        kernel.config.change("polite", {"word": 3})
    kernel.config.change("polite", {"word": "thanks"})
    assert kernel.configuration("polite").word == "thanks"
    assert told == ["thanks"]


def test_two_kernels_on_two_threads_share_nothing(tmp_path: Path) -> None:
    """Other plugins, models, configuration, threads and event loops: each kernel answers as it was told."""
    answers: dict[str, Any] = {}

    @hookimpl
    def register_metrics() -> list[Contribution]:
        return [Contribution("only_here", "builtins:float", "of one kernel alone")]

    def host(name: str, backend: str) -> None:
        plugins = manager(reply=name)
        if name == "first":
            plugins.add("own", type("Own", (), {"register_metrics": staticmethod(register_metrics)}))

        async def live() -> None:
            settings = {"polite": {"word": name}}
            async with ml.Kernel(plugins=plugins, home=tmp_path / name, model="scripted/m", config=settings) as kernel:
                for _ in range(5):
                    result = await kernel.run(ASK, {"question": "?"})
                has = "only_here" in kernel.plugins.registry.names("metrics")
                answers[name] = (result.fields["answer"], kernel.configuration("polite").word, has)

        anyio.run(live, backend=backend)

    threads = [threading.Thread(target=host, args=pair) for pair in [("first", "asyncio"), ("second", "trio")]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == {"first": ("first", "first", True), "second": ("second", "second", False)}
