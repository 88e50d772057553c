"""The synchronous doors: from scripts, from inside a running loop, and never from inside a run."""

import asyncio
import signal
import subprocess
import sys
import threading
from concurrent.futures import CancelledError
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import anyio
import pytest
from attrs import define, field

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


def interrupt() -> None:
    """Press Ctrl-C: whatever thread calls this, the main thread is interrupted."""
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def interrupts(*moments: threading.Event) -> None:
    """Press Ctrl-C at each of these moments, from a thread of its own."""

    def press() -> None:
        for each in moments:
            each.wait(10)
            interrupt()

    threading.Thread(target=press).start()


@define
class Work:
    """Work on a kernel's loop that goes on until it is stopped.

    Attributes:
        begun: Set at its start.
        stopping: Set when it is told to stop.
        ended: Set when it has stopped.
    """

    begun: threading.Event = field(factory=threading.Event)
    stopping: threading.Event = field(factory=threading.Event)
    ended: threading.Event = field(factory=threading.Event)

    async def until_cancelled(self) -> None:
        self.begun.set()
        try:
            await anyio.sleep_forever()
        finally:
            self.stopping.set()
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.05)  # what it has to put in order
            self.ended.set()

    async def interrupting(self) -> None:
        """As the above; the interrupt comes while whoever asked may still be waiting for the beginning."""
        interrupt()
        await self.until_cancelled()

    async def until(self, released: threading.Event) -> None:
        """Take no notice of being told to stop."""
        try:
            await self.until_cancelled()
        finally:
            with anyio.CancelScope(shield=True):
                while not released.is_set():  # noqa: ASYNC110 - set by another thread
                    await anyio.sleep(0.01)


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("moment", ["beginning", "under way"])
def test_an_interrupt_stops_what_is_under_way(kernel: ml.Kernel, moment: str) -> None:
    """Whenever it comes, the work has stopped when the interrupt goes on, and the kernel is as it was."""
    work = Work()
    with ml.BlockingKernel(kernel) as door:
        if moment == "under way":
            interrupts(work.begun)
        with pytest.raises(KeyboardInterrupt):
            door.call(work.until_cancelled if moment == "under way" else work.interrupting)
        assert work.ended.is_set() == work.begun.is_set()
        assert door.run(ASK, {"question": "?"}).output.answer == "x"
    assert work.ended.is_set() == work.begun.is_set()


@pytest.mark.usefixtures("terminal")
def test_a_second_interrupt_ends_the_wait(kernel: ml.Kernel) -> None:
    """Work that does not stop holds nobody up who presses again."""
    work, released = Work(), threading.Event()
    with ml.BlockingKernel(kernel) as door:
        interrupts(work.begun, work.ended)
        with pytest.raises(KeyboardInterrupt):
            door.call(work.until, released)
        assert work.ended.is_set()
        released.set()


def test_nothing_is_left_running_in_a_kernel_that_is_closed(kernel: ml.Kernel) -> None:
    """A call of another thread ends with the block, and its caller is told."""
    work, told = Work(), threading.Event()

    def call() -> None:
        with pytest.raises(CancelledError):
            door.call(work.until_cancelled)
        told.set()

    with ml.BlockingKernel(kernel) as door:
        threading.Thread(target=call).start()
        assert work.begun.wait(10)
    assert work.ended.is_set()
    assert told.wait(10)


class Interrupted(ml.Kernel):
    """A kernel during whose opening or closing Ctrl-C is pressed."""

    moment = "opening"

    async def __aenter__(self) -> Self:
        if self.moment == "opening":
            interrupt()
        return await super().__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.moment == "closing":
            interrupt()
        await super().__aexit__(kind, error, trace)


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("moment", ["opening", "closing"])
def test_an_interrupt_leaves_no_kernel_open(kernel: ml.Kernel, moment: str) -> None:
    """One that comes while a kernel is opened or closed is obeyed when it is closed: no thread is left behind."""
    threads = threading.active_count()
    done: list[str] = []
    interrupted = Interrupted(plugins=kernel.plugins, home=kernel.home)
    interrupted.moment = moment
    with pytest.raises(KeyboardInterrupt), ml.BlockingKernel(interrupted) as door:
        done.append(door.run(ASK, {"question": "?"}).output.answer)

    assert done == ([] if moment == "opening" else ["x"])
    assert interrupted.tree() is None
    assert threading.active_count() == threads


SCRIPT = """
import signal, sys

signal.signal(signal.SIGINT, signal.default_int_handler)

import elixirml as ml
from elixirml.plugins import PluginManager
from elixirml.testing.models import ScriptedModel, ScriptedProvider


def reply(request):
    print("asked", file=sys.stderr, flush=True)
    return '{"answer": "x"}'


manager = PluginManager.load()
manager.registry.offer("language_models", "scripted", ScriptedProvider({"m": ScriptedModel("scripted/m", reply)}))
ask = ml.predict("question -> answer: str", adapter="json", model="scripted/m")


async def for_ever(self, question):
    while True:
        await self.reply(question=question)


program = ml.Program.create("P", inputs="question", stages={"reply": ask, "again": ml.stage(for_ever)})
ml.run(program, {"question": "?"}, kernel=ml.Kernel(plugins=manager, home="home"))
"""


def test_an_interrupted_script_shows_one_trace(tmp_path: Path) -> None:
    """That of the script itself: the event loop on the other thread has nothing to say."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, "utf-8")
    process = subprocess.Popen([sys.executable, script], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert process.stderr.readline() == "asked\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)

    assert process.returncode == -signal.SIGINT
    said = err.replace("asked\n", "")
    assert said.startswith("Traceback")
    assert said.count("Traceback") == 1
    assert said.endswith("KeyboardInterrupt\n")
