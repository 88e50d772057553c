"""The tool `python`: runs code that a model writes, in a process of its own that can only compute."""

import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from math import ceil
from pathlib import Path
from subprocess import PIPE, STDOUT
from tempfile import TemporaryDirectory
from typing import Any, Final

import anyio
from anyio.abc import Process
from attrs import field, frozen

from elixirml.contracts import HostFunction, ToolContext, ToolExample, ToolFlag, ToolResult
from elixirml.errors import ToolError
from elixirml.identity import Json
from elixirml_tools.arguments import checked
from elixirml_tools.cell import ALLOWED
from elixirml_tools.given import ArgumentsError
from elixirml_tools.sessions import Session

__all__ = ["Python"]

_CELL: Final = Path(__file__).with_name("cell.py")
_ELSEWHERE: Final = "The tool `python` needs Linux: code is not confined enough elsewhere."
_LONGEST_SESSION: Final = 3600
_SCHEMA: Final = {
    "type": "object",
    "properties": {"code": {"type": "string", "description": "Python; print what you want to see"}},
    "required": ["code"],
    "additionalProperties": False,
}
_DESCRIPTION: Final = (
    "Runs Python code and returns what it prints. It can only compute: no files, no network, no other process. "
    f"It can import {', '.join(sorted(ALLOWED))}. Nothing is kept from one call to the next."
)


@frozen(eq=False)
class Python:
    """Runs code in a process of its own, without files, network, environment or further processes.

    The process has limits of the operating system that it cannot raise, an empty environment, an empty folder, and no
    open file but its standard streams; inside it an audit hook refuses all but plain computing. See
    `elixirml_tools.cell`. **This is no security boundary against exploits of the interpreter itself**: an audit hook is
    Python guarding Python. A program has this tool only when it names it. Do not name it in programs that strangers
    feed, unless the machine itself is one to lose. It needs Linux.

    `call` runs code and forgets it. A `session` keeps what code defines, in one such process; strategies use it, and
    models do not see it.

    Args:
        seconds: How long the code of a call, or of one cell, may run; functions outside are not counted.
        memory: Bytes of address space.
        most_signs: The longest output; longer output ends the process of a call, and is cut in a session.
        session_seconds: How much processor time a session may use in all.

    .. versionadded:: 0.1
    """

    seconds: float = field(default=10.0, kw_only=True)
    memory: int = field(default=512 * 1024 * 1024, kw_only=True)
    most_signs: int = field(default=20_000, kw_only=True)
    session_seconds: float = field(default=120.0, kw_only=True)

    name: str = field(default="python", init=False)
    description: str = field(default=_DESCRIPTION, init=False)
    parameters: Mapping[str, Any] = field(default=_SCHEMA, init=False)
    examples: tuple[ToolExample, ...] = field(
        default=(ToolExample({"code": "print(sum(range(101)))"}, "5050\n"),), init=False
    )
    flags: frozenset[ToolFlag] = field(default=frozenset({ToolFlag.SLOW}), init=False)

    async def call(self, arguments: Mapping[str, Json], context: ToolContext) -> ToolResult:
        """Return what the code prints, or how it failed."""
        _ = context
        if sys.platform != "linux":
            return ToolResult(error=_ELSEWHERE)
        try:
            code = str(checked(self.parameters, arguments)["code"])
        except ArgumentsError as error:
            return ToolResult(error=str(error))
        try:
            async with self._process("once", self.seconds, wall=self.seconds + 1) as process:
                return await self._run(process, code.encode("utf-8", "replace"))
        except OSError as error:
            return ToolResult(error=f"The process of the tool `python` could not be started: {error}.")

    def session(
        self, *, values: Mapping[str, Json], functions: Mapping[str, HostFunction]
    ) -> AbstractAsyncContextManager[Session]:
        """Open a session; see `elixirml.contracts.CodeInterpreter`.

        Raises:
            ToolError: This is not Linux.
        """
        if sys.platform != "linux":
            raise ToolError(_ELSEWHERE, hint="Run the program on Linux.")
        return Session(
            lambda: self._process("session", self.session_seconds, wall=_LONGEST_SESSION),
            values=values,
            functions=functions,
            seconds=self.seconds,
            most_signs=self.most_signs,
        )

    @asynccontextmanager
    async def _process(self, mode: str, cpu: float, *, wall: float) -> AsyncGenerator[Process]:
        """Start a confined process, and end it with the block."""
        limits = [str(ceil(cpu)), str(self.memory), str(ceil(wall))]
        # Isolated as by -I, but for the variable that lets sets have the same order in every process.
        command = [sys.executable, "-P", "-s", "-S", "-u", "-X", "utf8", str(_CELL), mode, *limits]
        with TemporaryDirectory(prefix="elixirml-cell-") as folder:
            async with await anyio.open_process(
                command,
                stdin=PIPE,
                stdout=PIPE,
                stderr=STDOUT,
                cwd=folder,
                env={"PYTHONHASHSEED": "0"},
                start_new_session=True,
            ) as process:
                try:
                    yield process
                finally:
                    if process.returncode is None:
                        process.kill()

    async def _run(self, process: Process, code: bytes) -> ToolResult:
        printed, whole, status = bytearray(), False, 0
        with anyio.move_on_after(self.seconds) as time:
            await self._say(process, code)
            whole = await self._heard(process, printed)
            status = await process.wait() if whole else 0
        text = bytes(printed).decode("utf-8", errors="replace")
        if time.cancelled_caught:
            return ToolResult(error=_failed(f"It was ended after {self.seconds:g} s.", text))
        if not whole:
            return ToolResult(error=_failed(f"It was ended after printing {self.most_signs} signs.", text))
        if status < 0:
            return ToolResult(error=_failed(f"It was ended by signal {-status}: too much time or memory.", text))
        if status:
            return ToolResult(error=text.strip() or "It failed without a word.")
        return ToolResult(text) if text else ToolResult(error="Nothing was printed. Print what you want to see.")

    @staticmethod
    async def _say(process: Process, code: bytes) -> None:
        assert process.stdin is not None  # noqa: S101 - it was asked for
        try:
            await process.stdin.send(code)
            await process.stdin.aclose()
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            return  # it died before it had read everything; its exit code says how

    async def _heard(self, process: Process, printed: bytearray) -> bool:
        """Read what is printed; false when that is too much."""
        assert process.stdout is not None  # noqa: S101 - it was asked for
        async for piece in process.stdout:
            printed += piece
            if len(printed) > self.most_signs:
                del printed[self.most_signs :]
                return False
        return True


def _failed(what: str, printed: str) -> str:
    return f"{what} It had printed:\n{printed}" if printed else what
