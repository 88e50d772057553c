"""Tests of the local model as a service of a kernel: what dies is started again, and nothing stays behind."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from attrs import evolve, field, frozen

from elixirml.contracts import Message, ModelRequest, Role
from elixirml.errors import ContextLengthExceeded, ModelError, ModelUnavailable
from elixirml.runtime.supervision import ChildSpec, Supervisor
from elixirml_local.catalogue import CATALOGUE
from elixirml_local.model import LocalModel
from elixirml_local.provider import LocalProvider

pytestmark = [pytest.mark.model, pytest.mark.anyio]

ASKED = ModelRequest(text="The capital of France is", max_tokens=3)
LENGTHY = ModelRequest(text="Once upon a time", max_tokens=1500, grammar='root ::= "a" root')


@frozen
class Host:
    """A host that supervises like a kernel, on the cache that holds the model."""

    cache_dir: Path
    supervisor: Supervisor = field(factory=lambda: Supervisor("host"))

    async def supervise(self, name: str, run: Callable[..., Awaitable[None]]) -> None:
        await self.supervisor.start_child(ChildSpec(name, run))


@asynccontextmanager
async def opened(cache: Path, name: str = "smollm2") -> AsyncGenerator[LocalModel]:
    """Open a model on a host of its own, and stop the host afterwards."""
    host = Host(cache)
    async with host.supervisor.running():
        yield LocalProvider().open(name, host)


@pytest.fixture
def cache(model_path: Path) -> Path:
    return model_path.parent.parent


def engine_pid(cache: Path) -> int:
    """Return the process that holds the machine."""
    return int((cache / "engine.lock").read_text())


def exists(pid: int) -> bool:
    """Return whether a process exists, also as a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_killed_engine_fails_one_call_and_comes_back(cache: Path) -> None:
    """Killed in the middle of a call, that call says so, and the next one is answered as before."""
    async with opened(cache) as model:
        before = await model.complete(ASKED)
        pid = engine_pid(cache)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_kill_soon, pid)
            with pytest.raises(ModelUnavailable, match=r"died during a call[\s\S]*SIGKILL"):
                await model.complete(LENGTHY)
        assert await model.complete(ASKED) == before
        assert engine_pid(cache) != pid
        assert not exists(pid)
    assert not exists(engine_pid(cache))


async def _kill_soon(pid: int) -> None:
    await anyio.sleep(0.2)
    os.kill(pid, signal.SIGKILL)


async def test_a_stopped_host_ends_the_engine_in_the_middle_of_a_call(cache: Path) -> None:
    """Leaving does not wait for the reply nobody wants any more; the process is gone and reaped."""
    async with opened(cache) as model:
        await model.complete(ASKED)
        pid = engine_pid(cache)
        with anyio.move_on_after(0.2):
            await model.complete(LENGTHY)
    assert not exists(pid)


async def test_errors_say_what_to_do_and_the_engine_goes_on(cache: Path) -> None:
    """Too long a prompt and a bad grammar are told apart; neither costs the process its life."""
    async with opened(cache) as model:
        with pytest.raises(ContextLengthExceeded, match=r"do not fit a context of 2048[\s\S]*shorter demos"):
            await model.complete(ModelRequest(text="word " * 5000))
        pid = engine_pid(cache)
        with pytest.raises(ModelError) as caught:
            await model.complete(evolve(ASKED, grammar='root ::= "a'))
        assert not isinstance(caught.value, ModelUnavailable)
        reply = await model.complete(evolve(ASKED, labels=(" Paris", " Rome")))
        assert (reply.text, set(reply.label_logprobs)) == (" Paris", {" Paris", " Rome"})
        assert reply.usage.calls == 1
        assert engine_pid(cache) == pid


async def test_a_broken_file_says_what_to_do(tmp_path: Path, model_path: Path) -> None:
    """A file of the right size with the wrong content is told with the command that mends it, at every call."""
    broken = CATALOGUE["smollm2"].path(tmp_path)
    broken.parent.mkdir()
    with broken.open("wb") as file:
        file.truncate(CATALOGUE["smollm2"].size)
    async with opened(tmp_path) as model:
        for _ in range(2):
            with pytest.raises(ModelUnavailable, match="cannot be loaded") as caught:
                await model.complete(ASKED)
            assert caught.value.hint == "elixirml models get smollm2"
        broken.unlink()
        with pytest.raises(ModelUnavailable, match="is gone"):
            await model.complete(ASKED)
        broken.symlink_to(model_path)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(tmp_path)
            assert (await model.complete(ASKED)).text


async def test_calls_at_once_are_answered_one_after_another(cache: Path) -> None:
    """Callers that do not wait for each other get the replies they would get alone."""
    chats = [
        ModelRequest(messages=(Message(Role.USER, f"Say {word}."),), max_tokens=4) for word in ("one", "two", "three")
    ]
    async with opened(cache) as model:
        alone = [await model.complete(each) for each in chats]
        together: dict[int, Any] = {}

        async def ask(number: int) -> None:
            together[number] = await model.complete(chats[number])

        async with anyio.create_task_group() as tasks:
            for number in range(len(chats)):
                tasks.start_soon(ask, number)
        assert [together[number] for number in range(len(chats))] == alone


PARENT = """
import signal
import sys
import anyio
from pathlib import Path
from elixirml.contracts import ModelRequest
from elixirml.runtime.kernel import Kernel

# A shell's background jobs ignore interrupts, and their children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

async def main():
    async with Kernel(cache=Path(sys.argv[1])) as kernel:
        model, _ = kernel.model("local/smollm2")
        await model.complete(ModelRequest(text="Hello", max_tokens=1))
        print("up", flush=True)
        while True:
            await model.complete(ModelRequest(text="Hello", max_tokens=1500, grammar='root ::= "a" root'))

anyio.run(main)
"""


@contextmanager
def parent(cache: Path, folder: Path) -> Generator[subprocess.Popen[str]]:
    """Start another process with a kernel whose engine is computing, and end it with the block."""
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(cache)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        if process.stdout.readline() != "up\n":
            raise AssertionError(process.communicate()[1])
        yield process
    finally:
        process.kill()


async def test_a_killed_parent_leaves_no_engine(cache: Path, tmp_path: Path) -> None:
    """Killed without a warning while its engine computes: the engine ends by itself and the machine is free."""
    with parent(cache, tmp_path) as process:
        pid = engine_pid(cache)
        process.kill()
        with anyio.fail_after(30):
            while exists(pid):  # noqa: ASYNC110 - another process sets no event
                await anyio.sleep(0.05)
        process.communicate()
    async with opened(cache) as model:
        assert (await model.complete(ASKED)).text


async def test_an_interrupt_ends_quietly(cache: Path, tmp_path: Path) -> None:
    """Ctrl-C in a terminal reaches the parent; the engine ends with it and prints nothing."""
    with parent(cache, tmp_path) as process:
        pid = engine_pid(cache)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert not exists(pid)
    assert errors.count("Traceback") <= errors.count("KeyboardInterrupt")
    assert "elixirml_local/worker" not in errors
