"""The synchronous doors: from scripts, from inside a running loop, and never from inside a run."""

import asyncio
import signal
import threading
from pathlib import Path
from typing import Any

import anyio
import pytest

import elixirml as ml
from elixirml.errors import AssertionFailed, ConfigError
from elixirml.plugins import PluginManager
from elixirml.testing.models import ScriptedModel, ScriptedProvider

ASK = ml.predict("question -> answer: str", adapter="json", model="scripted/m")
ROWS = [{"question": f"q{at}", "answer": "x", "id": str(at)} for at in range(24)]


async def standing(kernel: ml.Kernel) -> bool:
    """Whether the kernel has services; only its own loop knows."""
    return kernel.tree() is not None


@pytest.fixture
def kernel(tmp_path: Path) -> ml.Kernel:
    manager = PluginManager.load()
    model = ScriptedModel(name="scripted/m", script=['{"answer": "x"}'])
    manager.registry.offer("language_models", "scripted", ScriptedProvider({"m": model}))
    return ml.Kernel(plugins=manager, home=tmp_path / "home")


def test_a_script_runs_evaluates_and_optimizes(kernel: ml.Kernel) -> None:
    """Each door opens a kernel, and closes it again."""
    assert ml.run(ASK, {"question": "?"}, kernel=kernel).output.answer == "x"
    assert kernel.tree() is None
    assert ml.evaluate(ASK, ROWS, kernel=kernel).metrics["exact_match"].mean == 1.0
    study = ml.optimize(ASK, ROWS, teleprompter="random_search", budget=ml.Budget(calls=30), kernel=kernel)
    assert study.program == "predict"


def test_a_kernel_stays_open_from_call_to_call(kernel: ml.Kernel) -> None:
    """Compiled programs and models stay; rows are told as they come."""
    told: list[Any] = []
    with ml.BlockingKernel(kernel) as door:
        first = door.run(ASK, {"question": "?"}, seed=1, budget=ml.Budget(calls=1))
        report = door.evaluate(ASK, ROWS, limit=5, on_row=told.append)
        assert door.call(standing, kernel)

    assert first.usage.calls == 1
    assert len(told) == len(report.rows) == 5


def test_a_door_works_where_a_loop_runs(kernel: ml.Kernel) -> None:
    """As in a notebook: the loop of the kernel is another, on another thread."""

    async def notebook() -> str:
        return str(ml.run(ASK, {"question": "?"}, kernel=kernel).output.answer)

    assert asyncio.run(notebook()) == "x"


def test_several_threads_may_share_an_open_kernel(kernel: ml.Kernel) -> None:
    """Calls from any thread are carried out on the kernel's own."""
    found: list[str] = []
    with ml.BlockingKernel(kernel) as door:
        threads = [
            threading.Thread(target=lambda: found.append(door.run(ASK, {"question": "?"}).output.answer))
            for _ in range(8)
        ]
        for each in threads:
            each.start()
        for each in threads:
            each.join(20)

    assert found == ["x"] * 8


def test_a_door_that_is_not_open_says_how_to_open_it(kernel: ml.Kernel) -> None:
    """Before, and after; and one that is open is not opened twice, without harm to it."""
    door = ml.BlockingKernel(kernel)
    with pytest.raises(ConfigError, match="The kernel does not run") as caught:
        door.run(ASK, {"question": "?"})
    assert "with ml.BlockingKernel()" in str(caught.value)
    with door:
        with pytest.raises(ConfigError, match="runs already"):
            door.__enter__()
        assert door.run(ASK, {"question": "?"}).output.answer == "x"
    with pytest.raises(ConfigError, match="The kernel does not run"):
        door.run(ASK, {"question": "?"})


def test_a_run_that_asks_its_own_door_is_told_so(kernel: ml.Kernel) -> None:
    """It would wait for itself for ever."""
    with ml.BlockingKernel(kernel) as door:

        def asks(self: Any, question: str) -> Any:
            return door.run(ASK, {"question": question}).output

        program = ml.Program.create("P", inputs="question", stages={"s": ml.stage(asks), "reply": ASK})
        with pytest.raises(ConfigError, match="from inside one of its own runs") as caught:
            door.run(program, {"question": "?"})
    assert caught.value.code == "door-inside"


def test_errors_come_through_as_they_are(kernel: ml.Kernel) -> None:
    """Those of a run, and those of the block around the door."""
    refused = ml.Program.create("P", inputs="question", stages={"no": ml.check("m")(lambda self: False), "reply": ASK})
    with pytest.raises(AssertionFailed, match="m"):
        ml.run(refused, {"question": "?"}, kernel=kernel)
    with pytest.raises(ZeroDivisionError), ml.BlockingKernel(kernel):
        raise ZeroDivisionError


def test_an_interrupt_stops_what_is_under_way(kernel: ml.Kernel) -> None:
    """The run is cancelled, and the interrupt goes on."""
    begun, ended = threading.Event(), threading.Event()

    async def long() -> None:
        begun.set()
        try:
            await anyio.sleep_forever()
        finally:
            ended.set()

    def interrupt() -> None:
        begun.wait(10)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    with ml.BlockingKernel(kernel) as door:
        threading.Thread(target=interrupt).start()
        with pytest.raises(KeyboardInterrupt):
            door.call(long)
        assert ended.wait(10)
