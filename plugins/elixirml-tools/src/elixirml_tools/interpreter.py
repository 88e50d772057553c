"""The tool `python`: runs code that a model writes, in a process of its own that can only compute."""

import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from math import ceil
from pathlib import Path
from subprocess import PIPE, STDOUT
from tempfile import TemporaryDirectory
from typing import Any, Final

import anyio
from anyio.abc import Process
from attrs import field, frozen

from elixirml.contracts import ToolContext, ToolExample, ToolFlag, ToolResult
from elixirml.identity import Json
from elixirml_tools.arguments import checked
from elixirml_tools.cell import ALLOWED
from elixirml_tools.given import ArgumentsError

__all__ = ["Python"]

_CELL: Final = Path(__file__).with_name("cell.py")
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

    Args:
        seconds: How long the code may run.
        memory: Bytes of address space.
        most_signs: The longest output; longer output ends the process.

    .. versionadded:: 0.1
    """

    seconds: float = field(default=10.0, kw_only=True)
    memory: int = field(default=512 * 1024 * 1024, kw_only=True)
    most_signs: int = field(default=20_000, kw_only=True)

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
            return ToolResult(error="The tool `python` needs Linux: code is not confined enough elsewhere.")
        try:
            code = str(checked(self.parameters, arguments)["code"])
        except ArgumentsError as error:
            return ToolResult(error=str(error))
        try:
            async with self._cell() as process:
                return await self._run(process, code.encode("utf-8", "replace"))
        except OSError as error:
            return ToolResult(error=f"The process of the tool `python` could not be started: {error}.")

    @asynccontextmanager
    async def _cell(self) -> AsyncGenerator[Process]:
        """Start a process, and end it with the block."""
        limits = [str(ceil(self.seconds)), str(self.memory), str(ceil(self.seconds) + 1)]
        command = [sys.executable, "-I", "-S", "-u", "-X", "utf8", str(_CELL), *limits]
        with TemporaryDirectory(prefix="elixirml-cell-") as folder:
            async with await anyio.open_process(
                command, stdin=PIPE, stdout=PIPE, stderr=STDOUT, cwd=folder, env={}, start_new_session=True
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
        return ToolResult(text or "Nothing was printed. Print what you want to see.")

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
