"""A child that is another program: spoken to in JSON lines, and really ended when asked to.

A task can only be asked to end; a process can be killed. Work that may hang, crash the interpreter or leak memory
belongs in a `ChildProcess`.
"""

import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, suppress
from pathlib import Path
from subprocess import PIPE
from types import TracebackType
from typing import IO, Any, Self

import anyio
from anyio.abc import ByteReceiveStream, Process, TaskStatus

from elixirml.errors import ExecutorError
from elixirml.runtime.supervision._dialogue import Dialogue
from elixirml.runtime.supervision._lives import alongside
from elixirml.runtime.supervision.children import ChildSpec
from elixirml.runtime.supervision.policy import Restart

__all__ = ["ChildProcess", "ChildProcessDied", "ChildProcessTimeout"]

_TAIL = 8192  # bytes of standard error kept for messages
_LAST_LINES = 5  # of them shown in a message
_DRAIN_S = 1.0  # how long output may still come after the end, when a grandchild holds the pipe open


class ChildProcessDied(ExecutorError):
    """A child process ended, so that a question stays without an answer.

    Args:
        message: Which process, and how it ended.
        exit_code: Its exit code, negative for a signal; None when it could not be started or does not run yet.
        stderr_tail: The last 8 KiB it wrote to standard error.
        hint: The next step.
    """

    default_code = "child-process-died"

    def __init__(
        self, message: str, *, exit_code: int | None = None, stderr_tail: str = "", hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = exit_code
        self.stderr_tail = stderr_tail


class ChildProcessTimeout(ExecutorError, TimeoutError):
    """A child process did not answer in time; it may still be at work on the question."""

    default_code = "child-process-timeout"


def _how_it_ended(exit_code: int) -> str:
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    try:
        return f"was killed by {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"was killed by signal {-exit_code}"


class _Session:
    """One life of the process, from its start until it is reaped."""

    def __init__(self, owner: "ChildProcess", process: Process) -> None:
        stdin, stdout = process.stdin, process.stdout
        if stdin is None or stdout is None:  # pragma: no cover - both are asked for as pipes
            raise ExecutorError(f"{owner.name}: no pipes to the child process")
        self.process = process
        self.ready = False
        self.over = anyio.Event()  # it ended, hung up, or is to end
        self.buried = anyio.Event()
        self.dialogue = Dialogue(stdin, stdout, on_noise=self._keep, width=owner.width)
        self._stdin = stdin
        self._owner = owner
        self._exited = anyio.Event()
        self._heard = anyio.Event()
        self._read_out = anyio.Event()
        self._tail = b""

    async def attend(self) -> None:
        """Talk with the process, end it when it is to end, reap it; not to be cancelled half-way."""
        with anyio.CancelScope(shield=True):
            try:
                async with anyio.create_task_group() as helpers:
                    for helper in (self.dialogue.write, self._listen, self._collect, self._await_exit):
                        helpers.start_soon(helper)
                    await self.over.wait()
                    await self._end()
                    with anyio.move_on_after(_DRAIN_S):
                        await self._heard.wait()
                        await self._read_out.wait()
                    helpers.cancel_scope.cancel()
            finally:
                self._kill()
                await self.process.aclose()
                self.dialogue.close(self.died)
                self.buried.set()

    def died(self) -> ChildProcessDied:
        """Return the error that tells how the process ended, with its last words."""
        exit_code = self.process.returncode
        tail = self.tail()
        ended = "does not run" if exit_code is None else _how_it_ended(exit_code)
        words = "\n  | ".join(["", *tail.splitlines()[-_LAST_LINES:]])
        return ChildProcessDied(f"{self._owner.name} {ended}{words}", exit_code=exit_code, stderr_tail=tail)

    def tail(self) -> str:
        """Return the last of standard error."""
        path = self._owner.stderr_file
        return (self._tail if path is None else _end_of(path)).decode(errors="replace").strip()

    async def _listen(self) -> None:
        await self.dialogue.read()
        self._heard.set()
        self.over.set()

    async def _collect(self) -> None:
        stderr: ByteReceiveStream | None = self.process.stderr
        if stderr is not None:
            with suppress(anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
                while True:
                    self._keep(await stderr.receive())
        self._read_out.set()

    async def _await_exit(self) -> None:
        await self.process.wait()
        self._exited.set()
        self.over.set()

    async def _end(self) -> None:
        """End the process by closing its input, then by SIGTERM, then by SIGKILL; each has its time."""
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
            await self._stdin.aclose()
        if await self._exits_within(self._owner.grace_s):
            return
        with suppress(ProcessLookupError):
            self.process.terminate()
        if not await self._exits_within(self._owner.terminate_s):
            self._kill()
            await self._exited.wait()

    async def _exits_within(self, seconds: float) -> bool:
        with anyio.move_on_after(seconds):
            await self._exited.wait()
        return self._exited.is_set()

    def _kill(self) -> None:
        """Kill the process with all it started, unless it has been reaped: its number may be another's by then."""
        if self.process.returncode is not None:
            return
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, signal.SIGKILL)
            else:  # pragma: no cover - no process groups on Windows
                self.process.kill()

    def _keep(self, output: bytes) -> None:
        self._tail = (self._tail + output)[-_TAIL:]


def _end_of(path: Path) -> bytes:
    """Return the last bytes of a file."""
    with suppress(OSError), path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        return file.read(_TAIL)
    return b""


class ChildProcess:
    r"""A program run as a child and spoken to through its standard input and output.

    Each question is one line with a JSON object, the payload and its number `id`; the program answers with one line
    with a JSON object that repeats the `id`. Other lines are kept with standard error, for messages. The program must
    end when its standard input ends: that is how it notices that its parent is gone, even by SIGKILL.

    `run` is a supervised child's life (see `as_child`); each call starts the program anew. `async with` runs it for the
    length of a block; there, its death shows in `ask` alone.

    Args:
        argv: The program and its arguments.
        env: Variables added to this process's environment.
        cwd: The working directory, this process's when None.
        stderr_file: Where standard error is appended to; None keeps its last 8 KiB in memory.
        hello: A first question; the child counts as ready once it is answered, see `greeting`.
        name: What messages call it; the program's name when None.
        grace_s: How long it may take to end after its input was closed, in seconds.
        terminate_s: How long it may take to end after SIGTERM, before SIGKILL.
        width: How many questions the program answers at once, in any order.

    Example:
        >>> import sys
        >>> echo = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"
        >>> async def main():
        ...     async with ChildProcess([sys.executable, "-c", echo]) as child:
        ...         return await child.ask({"say": "hello"}, timeout_s=60)
        >>> anyio.run(main)
        {'say': 'hello'}
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stderr_file: Path | None = None,
        hello: Mapping[str, object] | None = None,
        name: str | None = None,
        grace_s: float = 2.0,
        terminate_s: float = 2.0,
        width: int = 1,
    ) -> None:
        self.argv = tuple(argv)
        self.env = dict(env or {})
        self.cwd = cwd
        self.stderr_file = stderr_file
        self.hello = hello
        self.name = name or Path(argv[0]).name
        self.grace_s = grace_s
        self.terminate_s = terminate_s
        self.width = width
        self.greeting: Mapping[str, Any] | None = None
        self._session: _Session | None = None
        self._alive = False
        self._waiting: list[anyio.Event] = []
        self._context: AbstractAsyncContextManager[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process number while it runs, else None."""
        return self._session.process.pid if self._session is not None and self.exit_code is None else None

    @property
    def exit_code(self) -> int | None:
        """How the latest process ended; None while it runs or before it was started."""
        return None if self._session is None else self._session.process.returncode

    @property
    def stderr_tail(self) -> str:
        """The last 8 KiB that the latest process wrote to standard error."""
        return "" if self._session is None else self._session.tail()

    def as_child(self, *, id: str | None = None, restart: Restart = Restart.PERMANENT) -> ChildSpec:  # noqa: A002
        """Return the declaration of this process as a supervised child; its id is its name unless given."""
        limit = self.grace_s + self.terminate_s + _DRAIN_S + 1  # one second to be killed and reaped
        return ChildSpec(id or self.name, self.run, restart=restart, shutdown_s=limit)

    async def ready(self) -> None:
        """Wait until a process runs and is ready, for instance after a restart."""
        while self._session is None or not self._session.ready or self._session.over.is_set():
            event = anyio.Event()
            self._waiting.append(event)
            await event.wait()

    async def ask(self, payload: Mapping[str, object], *, timeout_s: float | None = None) -> dict[str, Any]:
        """Ask the child and return its answer. Questions wait for their turn, of which there are `width`.

        Cancelling gives up on the answer; the child may still be at work on it, and the next question waits for that.

        Args:
            payload: Anything that JSON can say, without the key `id`.
            timeout_s: How long to wait at most, for the turn and the answer together.

        Raises:
            ChildProcessDied: The child does not run, or ended before it answered.
            ChildProcessTimeout: No answer in time.
        """
        session = self._session
        if session is None:
            raise ChildProcessDied(
                f"{self.name} does not run", hint="Start it under a supervisor or with `async with`."
            )
        answer: dict[str, Any] | None = None
        with anyio.move_on_after(timeout_s):
            answer = await session.dialogue.ask(payload)
        if answer is None:
            raise ChildProcessTimeout(
                f"{self.name} did not answer within {timeout_s} s", hint="Allow more time, or restart the child."
            )
        return answer

    async def run(self, *, task_status: TaskStatus["ChildProcess"] = anyio.TASK_STATUS_IGNORED) -> None:
        """Start the process, and stay until it has ended; cancelling ends it: input closed, SIGTERM, SIGKILL.

        Raises:
            ChildProcessDied: It could not be started, or ended by itself with another exit code than 0.
        """
        session = await self._live(task_status=task_status)
        if session.process.returncode != 0:
            raise session.died()

    async def __aenter__(self) -> Self:
        self._context = alongside(self._live, name=self.name)
        await self._context.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        if self._context is None:
            return None
        context, self._context = self._context, None
        return await context.__aexit__(kind, error, traceback)

    async def _live(self, *, task_status: TaskStatus["ChildProcess"]) -> _Session:
        if self._alive:
            raise ExecutorError(f"{self.name} runs already", hint="Make a second ChildProcess.")
        self._alive = True
        failure: ChildProcessDied | None = None
        try:
            session = self._session = _Session(self, await self._open())
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(session.attend)
                try:
                    await self._become_ready(session)
                    task_status.started(self)
                    await session.buried.wait()
                except ChildProcessDied as error:
                    failure = error
                finally:
                    session.over.set()
        finally:
            self._alive = False
        if failure is not None:
            raise failure
        return session

    async def _open(self) -> Process:
        with ExitStack() as stack:
            # Shielded: a process once started must be known, or nobody reaps it.
            stack.enter_context(anyio.CancelScope(shield=True))
            stderr: int | IO[bytes] = PIPE if self.stderr_file is None else _appended(self.stderr_file, stack)
            try:
                return await anyio.open_process(
                    self.argv,
                    stderr=stderr,
                    cwd=self.cwd,
                    env={**os.environ, **self.env},
                    start_new_session=True,  # an interrupt from the terminal is the parent's to handle
                )
            except OSError as error:
                raise ChildProcessDied(
                    f"{self.name} could not be started: {error}", hint=f"Check the command: {' '.join(self.argv)}"
                ) from error

    async def _become_ready(self, session: _Session) -> None:
        if self.hello is not None:
            self.greeting = await session.dialogue.ask(self.hello)
        session.ready = True
        for event in self._waiting:
            event.set()
        self._waiting.clear()


def _appended(path: Path, stack: ExitStack) -> IO[bytes]:
    return stack.enter_context(path.open("ab"))
