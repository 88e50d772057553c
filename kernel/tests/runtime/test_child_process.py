"""Tests of `elixirml.runtime.supervision.ChildProcess` with real, tiny children, on asyncio and trio."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from elixirml.errors import ElixirError, ExecutorError
from elixirml.runtime.supervision import (
    Backoff,
    ChildProcess,
    ChildProcessDied,
    ChildProcessTimeout,
    ChildStartFailed,
    ChildState,
    Restart,
    Supervisor,
)

pytestmark = pytest.mark.anyio

WORKER = r"""
import json, os, signal, subprocess, sys, time

def answer(**fields):
    print(json.dumps({"id": question["id"], **fields}), flush=True)

mode = sys.argv[1] if len(sys.argv) > 1 else ""
if mode == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
for line in sys.stdin:
    question = json.loads(line)
    match question["do"]:
        case "echo":
            answer(said=question["say"])
        case "env":
            answer(value=os.environ.get(question["name"]), path="PATH" in os.environ)
        case "hold":
            while not os.path.exists(question["until"]):
                time.sleep(0.002)
            answer(said="held")
        case "mutter":
            print("Loading weights...", flush=True)
            print('["no", "object"]', flush=True)
            print('{"id": "x"}', flush=True)
            answer(said="done")
        case "shout":
            sys.stderr.write("x" * 100_000 + "the end\n")
            sys.stderr.flush()
            answer(said="done")
        case "crash":
            sys.stderr.write("out of memory\n")
            sys.stderr.flush()
            os._exit(7)
        case "last word":
            answer(said="bye")
            os._exit(0)
        case "quit":
            sys.exit(0)
        case "hang up":
            os.close(1)
            time.sleep(600)
        case "leave a heir":
            sleep = "import time; time.sleep(600)"
            heir = subprocess.Popen([sys.executable, "-c", sleep], stdin=subprocess.DEVNULL)
            sys.stderr.write(str(heir.pid))
            sys.stderr.flush()
            os._exit(9)
if mode == "deaf" or mode == "slow":
    time.sleep(600)
if mode.startswith("/"):
    open(mode, "w").close()
"""

PARENT = r"""
import anyio, sys
from elixirml.runtime.supervision import ChildProcess

async def main():
    async with ChildProcess([sys.executable, "-c", sys.argv[1], sys.argv[2]]) as child:
        print((await child.ask({"do": "echo", "say": "up"}))["said"], flush=True)
        await anyio.sleep_forever()

anyio.run(main)
"""


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def worker(mode: str = "", **options: Any) -> ChildProcess:
    return ChildProcess([sys.executable, "-I", "-c", WORKER, mode], name="worker", **options)


def assert_reaped(pid: int | None) -> None:
    """Fail when the process still exists, also as a zombie."""
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_question_is_answered() -> None:
    """Texts of any kind survive both ways, and variables are added to the environment."""
    said = 'line\nbreak "quoted" \u2028 grüße 🧪 \ud800'
    async with worker(env={"MODEL": "tiny"}) as child:
        pid = child.pid
        assert await child.ask({"do": "echo", "say": said}) == {"said": said}
        assert await child.ask({"do": "env", "name": "MODEL"}) == {"value": "tiny", "path": True}

    assert child.exit_code == 0
    assert child.pid is None
    assert_reaped(pid)


async def test_questions_of_many_tasks_get_their_own_answers() -> None:
    """Questions wait for each other; no answer goes to the wrong asker."""
    answers: dict[int, Any] = {}

    async def ask(number: int) -> None:
        answers[number] = (await child.ask({"do": "echo", "say": number}))["said"]

    async with worker() as child, anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(ask, number)

    assert answers == {number: number for number in range(20)}


async def test_messages_of_a_megabyte_pass() -> None:
    """Big messages neither block nor get cut."""
    big = "0123456789abcdef" * (1 << 16)
    async with worker() as child:
        assert (await child.ask({"do": "echo", "say": big}))["said"] == big


async def test_a_crash_fails_the_question_with_the_last_words() -> None:
    """Who asked learns the exit code and what the child wrote before it died; so does everybody after."""
    async with worker() as child:
        pid = child.pid
        with pytest.raises(ChildProcessDied, match=r"worker ended with exit code 7\n.*out of memory") as caught:
            await child.ask({"do": "crash"})
        with pytest.raises(ChildProcessDied, match="exit code 7"):
            await child.ask({"do": "echo", "say": 1})

    assert (caught.value.exit_code, caught.value.stderr_tail) == (7, "out of memory")
    assert isinstance(caught.value, ExecutorError)
    assert_reaped(pid)


async def test_an_answer_given_before_the_end_still_counts() -> None:
    """What the child said before it ended is read to the end."""
    async with worker() as child:
        assert await child.ask({"do": "last word"}) == {"said": "bye"}
        with pytest.raises(ChildProcessDied, match="exit code 0"):
            await child.ask({"do": "echo", "say": 1})


async def test_a_killed_child_is_restarted_by_its_supervisor(tmp_path: Path) -> None:
    """SIGKILL in the middle of a question fails that question alone; the next generation answers the next one."""
    child = worker()
    failures: list[ChildProcessDied] = []
    asked = anyio.Event()

    async def ask() -> None:
        asked.set()
        try:
            await child.ask({"do": "hold", "until": str(tmp_path / "never")})
        except ChildProcessDied as error:
            failures.append(error)

    with anyio.fail_after(60):
        async with Supervisor("root", [child.as_child()], backoff=Backoff(initial_s=0)).running() as supervisor:
            first = child.pid
            assert first is not None
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ask)
                await asked.wait()
                os.kill(first, signal.SIGKILL)
            await child.ready()
            second = child.pid
            assert await child.ask({"do": "echo", "say": "again"}) == {"said": "again"}
            (status,) = supervisor.tree().children

    assert [failure.exit_code for failure in failures] == [-9]
    assert "killed by SIGKILL" in str(failures[0])
    assert first != second
    assert (status.id, status.state, status.generation) == ("worker", ChildState.RUNNING, 2)
    assert "SIGKILL" in str(status.last_error)
    assert_reaped(first)
    assert_reaped(second)


async def test_a_late_answer_is_not_taken_for_the_next_one(tmp_path: Path) -> None:
    """After a question was given up, the next one gets its own answer, though the old answer comes first."""
    release = tmp_path / "release"
    async with worker() as child:
        with pytest.raises(ChildProcessTimeout, match="did not answer within") as caught:
            await child.ask({"do": "hold", "until": str(release)}, timeout_s=0.1)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await child.ask({"do": "crash"})
        release.touch()
        assert await child.ask({"do": "echo", "say": "mine"}) == {"said": "mine"}

    assert isinstance(caught.value, TimeoutError)
    assert isinstance(caught.value, ElixirError)


async def test_a_question_given_up_half_written_does_not_garble_the_next(tmp_path: Path) -> None:
    """A question begun while the child was busy is written to its end; one given up before its first byte is not."""
    release = tmp_path / "release"
    async with worker() as child:
        big = {"do": "echo", "say": "x" * (1 << 20)}
        for question in ({"do": "hold", "until": str(release)}, big, {"do": "crash"}):
            with pytest.raises(ChildProcessTimeout):
                await child.ask(question, timeout_s=0.1)
        release.touch()
        assert await child.ask({"do": "echo", "say": "mine"}) == {"said": "mine"}


@pytest.mark.parametrize(("mode", "exit_code"), [("", 0), ("slow", -signal.SIGTERM), ("deaf", -signal.SIGKILL)])
async def test_stopping_goes_from_a_hint_to_force(mode: str, exit_code: int) -> None:
    """A child ends when its input does; one that stays gets SIGTERM, one that ignores that SIGKILL; all are reaped."""
    grace = 60.0 if exit_code == 0 else 0.05
    with anyio.fail_after(60):
        async with worker(mode, grace_s=grace, terminate_s=0.05 if mode == "deaf" else 60) as child:
            pid = child.pid
            await child.ask({"do": "echo", "say": 1})

    assert child.exit_code == exit_code
    assert_reaped(pid)


async def test_a_cancelled_run_still_ends_its_process() -> None:
    """Cancellation of the surrounding task stops the child in full before it goes on."""
    child = worker("deaf", grace_s=0.05, terminate_s=0.05)
    pids: list[int | None] = []
    async with anyio.create_task_group() as tasks:
        await tasks.start(child.run)
        pids.append(child.pid)
        tasks.cancel_scope.cancel()

    assert_reaped(pids[0])


async def test_cancelling_at_any_step_of_the_start_leaves_no_process() -> None:
    """Wherever the cancellation hits, a process that was started has ended afterwards."""
    started = 0
    for steps in range(12):
        child = worker()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(child.run)
            for _ in range(steps):
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
        assert child.pid is None
        started += child.exit_code is not None

    assert started > 0


async def test_the_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    """SIGKILL leaves the parent no time to clean up; the closed input tells the child all the same."""
    marker = tmp_path / "ended"
    with anyio.fail_after(60):
        async with await anyio.open_process([sys.executable, "-c", PARENT, WORKER, str(marker)], stderr=None) as parent:
            assert parent.stdout is not None
            assert (await parent.stdout.receive()).startswith(b"u")
            parent.kill()
            await parent.wait()
        while not marker.exists():  # noqa: ASYNC110 - an orphan can be watched from outside only
            await anyio.sleep(0.01)


async def test_stray_output_is_no_answer() -> None:
    """Lines that are no answers are passed over, and kept for messages."""
    async with worker() as child:
        assert await child.ask({"do": "mutter"}) == {"said": "done"}
        assert "Loading weights..." in child.stderr_tail


@pytest.mark.parametrize("to_file", [False, True])
async def test_standard_error_is_kept_to_its_end(tmp_path: Path, *, to_file: bool) -> None:
    """However much a child writes, the last 8 KiB are at hand, in memory or from its file."""
    path = tmp_path / "worker.log" if to_file else None
    async with worker(stderr_file=path) as child:
        await child.ask({"do": "shout"})

    assert child.stderr_tail.endswith("xxx\nthe end".replace("\n", ""))
    assert len(child.stderr_tail) <= 8192
    if path is not None:
        assert path.stat().st_size == 100_008


async def test_a_child_is_ready_when_its_greeting_is_answered() -> None:
    """With `hello` the block is entered after the first answer, which is kept."""
    async with worker(hello={"do": "echo", "say": "version 1"}) as child:
        assert child.greeting == {"said": "version 1"}


async def test_a_child_that_dies_before_it_is_ready_fails_to_start() -> None:
    """Death at the greeting, or a program that is not there, fails the start with a bare error that says why."""
    with pytest.raises(ChildProcessDied, match="out of memory"):
        async with worker(hello={"do": "crash"}):
            pytest.fail("entered")  # pragma: no cover
    with pytest.raises(ChildProcessDied, match=r"ghost could not be started.*\n.*Check the command: /no/ghost --now"):
        async with ChildProcess(["/no/ghost", "--now"]):
            pytest.fail("entered")  # pragma: no cover
    with pytest.raises(ChildStartFailed) as caught:
        await Supervisor("root", [worker(hello={"do": "crash"}).as_child()]).run()
    assert isinstance(caught.value.__cause__, ChildProcessDied)


async def test_an_end_without_error_is_no_crash() -> None:
    """A transient child that ends with code 0 is not started again."""
    child = worker()
    ended = anyio.Event()
    spec = child.as_child(restart=Restart.TRANSIENT)
    supervisor = Supervisor(
        "root", [spec], on_transition=lambda change: ended.set() if change.after is ChildState.EXITED else None
    )
    with anyio.fail_after(60):
        async with supervisor.running():
            with pytest.raises(ChildProcessDied, match="exit code 0"):
                await child.ask({"do": "quit"})
            await ended.wait()
            assert [status.generation for status in supervisor.tree().children] == [1]


async def test_a_child_that_hangs_up_is_ended() -> None:
    """A process that closed its output cannot answer any more: it is ended, not left alone."""
    async with worker(grace_s=0.05) as child:
        pid = child.pid
        with pytest.raises(ChildProcessDied, match="SIGTERM"):
            await child.ask({"do": "hang up"})
        assert_reaped(pid)


async def test_a_grandchild_that_holds_the_pipes_delays_nobody_for_long() -> None:
    """The death of the child is noticed although its own child keeps the output open."""
    with anyio.fail_after(30):
        async with worker() as child:
            with pytest.raises(ChildProcessDied, match="exit code 9") as caught:
                await child.ask({"do": "leave a heir"})
            os.kill(int(caught.value.stderr_tail), signal.SIGKILL)


async def test_wrong_use_is_told() -> None:
    """Asking a child that does not run, running it twice or using the protocol's key is an error that says so."""
    child = worker()
    with pytest.raises(ChildProcessDied, match="does not run") as caught:
        await child.ask({"do": "echo", "say": 1})
    assert caught.value.exit_code is None
    assert (child.pid, child.exit_code, child.stderr_tail) == (None, None, "")
    async with child:
        with pytest.raises(ExecutorError, match="runs already"):
            await child.run()
        with pytest.raises(ExecutorError, match="belongs to the protocol"):
            await child.ask({"id": 3})
        assert await child.ask({"do": "echo", "say": 1}) == {"said": 1}


async def test_a_child_may_run_again() -> None:
    """After its end the same object starts a new process with a clean slate."""
    child = worker()
    pids: list[int | None] = []
    for _ in range(2):
        async with child:
            pids.append(child.pid)
            assert await child.ask({"do": "echo", "say": 1}) == {"said": 1}

    assert len(set(pids)) == 2


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_one_object_serves_two_event_loops_in_turn(backend: str) -> None:
    """Nothing of a past loop is kept: a kernel may be closed and opened again with the same children."""
    child = worker()

    async def main() -> Any:
        async with child:
            await child.ready()
            return await child.ask({"do": "echo", "say": 1})

    run: Callable[[], Any] = lambda: anyio.run(main, backend=backend)  # noqa: E731
    assert [run(), run()] == [{"said": 1}, {"said": 1}]
