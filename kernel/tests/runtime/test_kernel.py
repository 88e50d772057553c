"""The kernel: an async context that runs programs, on either event loop, and shares nothing with another."""

import threading
from pathlib import Path
from typing import Any

import anyio
import pytest
from attrs import define, field, frozen

import elixirml as ml
from elixirml.contracts import Event, ModelRequest, ModelResponse, Usage
from elixirml.contracts.language_model import Capability, LanguageModel, ModelHost, ModelInfo
from elixirml.errors import ConfigError, DeclarationError, ModelUnavailable, PluginMissing
from elixirml.runtime.kernel import cache_folder
from elixirml.testing.models import ScriptedModel, ScriptedProvider


@frozen
class Question:
    question: str


ASK = ml.predict("question -> answer", adapter="json")


@pytest.mark.anyio
async def test_programs_run_on_asyncio_and_trio(world: Any, anyio_backend: str) -> None:
    """The embedding door is the implementation itself."""
    world.answers('{"answer": "x"}')
    async with world.kernel as kernel:
        assert kernel.tree() is not None
        result = await kernel.run(ASK, {"question": "?"})
        again = await kernel.run(ASK, {"question": "?"})

    assert result.output.answer == again.output.answer == "x"
    assert kernel.tree() is None


@pytest.mark.anyio
async def test_a_kernel_may_run_again_after_it_has_stopped(world: Any, anyio_backend: str) -> None:
    """But not twice at once."""
    world.answers('{"answer": "x"}')
    for _ in range(2):
        async with world.kernel as kernel:
            assert (await kernel.run(ASK, {"question": "?"})).output.answer == "x"
            with pytest.raises(ConfigError, match="runs already"):
                await kernel.__aenter__()


@pytest.mark.anyio
async def test_runs_at_once_keep_to_the_concurrency_of_the_model(world: Any, anyio_backend: str) -> None:
    """A model is opened once, and asked by as many as it can answer."""
    under_way, most = 0, 0

    class Slow:
        name, fingerprint, concurrency = "slow/m", "f", 3
        capabilities = frozenset[Capability]()

        async def complete(self, request: ModelRequest) -> ModelResponse:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await anyio.sleep(0.002)
            under_way -= 1
            return ModelResponse('{"answer": "x"}', usage=Usage(calls=1))

    opened: list[str] = []

    class Provider:
        def models(self) -> tuple[ModelInfo, ...]:
            return ()

        def open(self, model: str, host: ModelHost) -> LanguageModel:
            opened.append(model)
            return Slow()

    world.kernel.plugins.registry.offer("language_models", "slow", Provider())
    program = ml.predict("question -> answer", adapter="json", model="slow/m")
    async with world.kernel as kernel, anyio.create_task_group() as tasks:
        for _ in range(12):
            tasks.start_soon(kernel.run, program, {"question": "?"})

    assert (most, opened) == (3, ["m"])


@pytest.mark.anyio
async def test_an_error_of_the_block_comes_out_as_it_is(world: Any, anyio_backend: str) -> None:
    """Not in a group, and with its own cause."""
    cause = KeyError("cause")
    with pytest.raises(ZeroDivisionError, match="own") as caught:
        async with world.kernel:
            raise ZeroDivisionError("own") from cause

    assert caught.value.__cause__ is cause


@pytest.mark.anyio
async def test_an_error_of_a_run_keeps_its_cause(world: Any, anyio_backend: str) -> None:
    """The reason behind a parse error is still there outside of the kernel."""
    world.answers("nothing of the kind")
    with pytest.raises(ml.ElixirError) as caught:
        async with world.kernel as kernel:
            await kernel.run(ASK, {"question": "?"})

    assert caught.value.__cause__ is not None


@pytest.mark.anyio
async def test_services_are_started_once_and_supervised(world: Any, anyio_backend: str) -> None:
    """Two that ask for one service at once get one; it stands in the tree and ends with the kernel."""
    started: list[str] = []

    async def serve(*, task_status: Any = anyio.TASK_STATUS_IGNORED) -> None:
        started.append("begin")
        task_status.started()
        try:
            await anyio.sleep_forever()
        finally:
            started.append("end")

    @define
    class Watcher:
        events: list[Event] = field(factory=list)

        def notify(self, event: Event) -> None:
            self.events.append(event)

    watcher = Watcher()
    world.kernel.events.add(watcher)
    async with world.kernel as kernel:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(kernel.supervise, "pool", serve)
            tasks.start_soon(kernel.supervise, "pool", serve)
        assert started == ["begin"]
        assert "pool" in str(kernel.tree())
    assert started == ["begin", "end"]
    assert {each.name for each in watcher.events} == {"service.moved"}
    with pytest.raises(ConfigError, match="does not run"):
        await kernel.supervise("pool", serve)


@pytest.mark.anyio
async def test_several_errors_come_out_together(world: Any, anyio_backend: str) -> None:
    """Nothing is lost where a service and the block fail at the same time."""

    async def fails(*, task_status: Any = anyio.TASK_STATUS_IGNORED) -> None:
        task_status.started()
        try:
            await anyio.sleep_forever()
        finally:
            raise KeyError("service")

    with pytest.raises(BaseException) as caught:  # noqa: PT011, PT012 - what comes out is looked at below
        async with world.kernel as kernel:
            await kernel.supervise("pool", fails)
            raise ZeroDivisionError
    found = caught.value
    kinds = {type(each) for each in found.exceptions} if isinstance(found, BaseExceptionGroup) else {type(found)}
    assert ZeroDivisionError in kinds


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("smollm2", ModelUnavailable, "is not the name of a model"),
        ("scripted/", ModelUnavailable, "Write provider/model"),
        ("nowhere/m", PluginMissing, "offers `nowhere`"),
        ("scripted/x", ModelUnavailable, "no scripted model `x`"),
    ],
)
def test_a_model_that_cannot_be_had_says_why(world: Any, name: str, error: type[Exception], message: str) -> None:
    """By its name, its provider or the provider's own words."""
    with pytest.raises(error, match=message):
        world.kernel.model(name)


def test_two_kernels_on_two_threads_share_nothing(tmp_path: Path, world: Any) -> None:
    """Each has its own models, compiled programs and observers, at the same time."""
    barrier = threading.Barrier(2, timeout=20)
    found: dict[str, Any] = {}

    def live(name: str) -> None:
        manager_world = type(world)(tmp_path / name, ScriptedModel(script=[f'{{"answer": "{name}"}}']))
        kernel = manager_world.kernel
        events: list[str] = []

        class Watcher:
            def notify(self, event: Event) -> None:
                events.append(event.name)

        kernel.events.add(Watcher())
        with ml.BlockingKernel(kernel) as door:
            barrier.wait()
            answers = [door.run(ASK, {"question": "?"}).output.answer for _ in range(20)]
            compiled = kernel.compile(ASK)
            barrier.wait()
        found[name] = (set(answers), compiled, events.count("run.end"), kernel)

    threads = [threading.Thread(target=live, args=(name,)) for name in ("one", "two")]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)

    assert [found[name][0] for name in ("one", "two")] == [{"one"}, {"two"}]
    assert [found[name][2] for name in ("one", "two")] == [20, 20]
    assert found["one"][1] is not found["two"][1]
    registries = {id(found[name][3].plugins.registry) for name in ("one", "two")}
    assert len(registries) == 2


def test_a_kernel_finds_the_installed_plugins_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any argument it is ready; what stands for no program is refused."""
    monkeypatch.chdir(tmp_path)
    kernel = ml.Kernel()
    kernel.plugins.registry.offer("language_models", "scripted", ScriptedProvider({"m": ScriptedModel()}))

    assert kernel.compile(ml.predict("a -> b", model="scripted/m")).name == "predict"
    declared: Any
    for declared in ([], 3):
        with pytest.raises(DeclarationError, match="is not a program"):
            kernel.compile(declared)


def test_downloads_are_kept_where_the_user_says(tmp_path: Path, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the variable's folder, in the user's cache, or in what the kernel was told."""
    assert cache_folder({"ELIXIRML_CACHE": "/a"}) == Path("/a")
    assert cache_folder({"XDG_CACHE_HOME": "/b"}) == Path("/b/elixirml")
    assert cache_folder({}) == Path.home() / ".cache" / "elixirml"
    assert world.new_kernel(cache=tmp_path).cache_dir == tmp_path
    monkeypatch.setenv("ELIXIRML_CACHE", str(tmp_path / "x"))
    assert world.kernel.cache_dir == tmp_path / "x"
