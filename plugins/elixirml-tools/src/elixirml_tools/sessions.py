"""Sessions of the tool `python`: cells that share their state, in a confined process that may call functions outside.

What comes from the process is believed in nothing: lines have a limit, and what is no message of the protocol (see
`elixirml_tools.cell`) ends it.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from types import TracebackType
from typing import Any, Final, NoReturn, Self, cast

import anyio
from anyio.abc import Process
from attrs import define, field

from elixirml.contracts import CellResult, HostFunction
from elixirml.errors import ToolError, did_you_mean
from elixirml.identity import Json

__all__ = ["Session"]

_LONGEST_LINE: Final = 1 << 24
_CHUNK: Final = 1 << 16
_STARTING: Final = 60.0  # seconds
_REAPING: Final = 1.0
_ANEW: Final = "What the code had defined is lost; the given values are there again."


class _Lost(Exception):
    """The process cannot be used any more; the message says why."""


@define(eq=False)
class Session:
    """A session; made by `Python.session`.

    Its process starts with the first cell, and anew after one that was ended.

    Args:
        process: Starts a confined process, and ends it with the block.
        values: What the code knows.
        functions: What it may call.
        seconds: How long a cell may run.
        most_signs: How much is told of what it prints.

    .. versionadded:: 0.1
    """

    process: Callable[[], AbstractAsyncContextManager[Process]] = field(repr=False)
    values: Mapping[str, Json] = field(kw_only=True, repr=False)
    functions: Mapping[str, HostFunction] = field(kw_only=True)
    seconds: float = field(kw_only=True)
    most_signs: int = field(kw_only=True)
    _stack: AsyncExitStack = field(factory=AsyncExitStack, init=False)
    _running: Process | None = field(default=None, init=False)
    _heard: bytearray = field(factory=bytearray, init=False)
    _left: float = field(default=0.0, init=False)  # seconds of the cell that runs
    _over: bool = field(default=False, init=False)  # it has called a function with which it ends

    async def __aenter__(self) -> Self:
        """Begin; nothing is started yet."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the process."""
        await self._end()

    async def run(self, code: str) -> CellResult:
        """Run a cell; see `elixirml.contracts.InterpreterSession`."""
        try:
            if self._running is None:
                await self._begin()
            self._left, self._over = self.seconds, False
            await self._send({"run": code})
            return await self._result()
        except _Lost as lost:
            await self._end()
            return CellResult(error=f"{lost} {_ANEW}")
        except OSError as error:
            await self._end()
            return CellResult(error=f"The process of the tool `python` could not be started: {error}.")

    async def _begin(self) -> None:
        self._running = await self._stack.enter_async_context(self.process())
        self._heard.clear()
        self._left = _STARTING
        opening = {"values": dict(self.values), "functions": list(self.functions), "most": self.most_signs}
        await self._send(cast("dict[str, Json]", opening))
        if "ready" not in await self._received():
            self._garbled()

    async def _end(self) -> None:
        self._running = None
        await self._stack.aclose()

    async def _result(self) -> CellResult:
        """Carry out what the cell calls, until it has ended."""
        while True:
            message = await self._received()
            match message:
                case {"call": str(name), "given": list(), "named": dict()}:
                    await self._send(await self._answer(name, message["given"], message["named"]))
                case {"printed": str(printed), "error": None | str() as error}:
                    return CellResult(printed, error)
                case _:
                    self._garbled()

    async def _answer(self, name: str, given: list[Json], named: dict[str, Json]) -> dict[str, Json]:
        """Return the answer to a call of a function; once the cell was to end, it ends with the next one."""
        if self._over:
            return {"end": True}
        function = self.functions.get(name)
        if function is None:
            return {"error": f"There is no function `{name}`. {did_you_mean(name, self.functions)}"}
        try:
            value = await function.call(given, named)
        except ToolError as error:
            return {"error": str(error)}
        self._over = function.ends
        return {"end": True} if function.ends else {"value": value}

    async def _send(self, message: dict[str, Json]) -> None:
        line = json.dumps(message).encode("ascii") + b"\n"
        stdin = self._pipe().stdin
        assert stdin is not None  # noqa: S101 - it was asked for
        try:
            with self._time() as scope:
                await stdin.send(line)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            await self._died()
        if scope.cancelled_caught:
            self._too_late()

    async def _received(self) -> dict[str, Any]:
        started, line = anyio.current_time(), b""
        with self._time() as scope:
            line = await self._line()
        self._left -= anyio.current_time() - started
        if scope.cancelled_caught:
            self._too_late()
        try:
            # Half a surrogate pair, which Python lets be in a text, is no UTF-8.
            sound = json.dumps(json.loads(line), ensure_ascii=False).encode("utf-8", "replace")
            message: object = json.loads(sound)
        except (ValueError, RecursionError):
            message = None
        return cast("dict[str, Any]", message) if isinstance(message, dict) else self._garbled()

    async def _line(self) -> bytes:
        stdout, searched = self._pipe().stdout, 0
        assert stdout is not None  # noqa: S101 - it was asked for
        while (end := self._heard.find(b"\n", searched)) < 0:
            searched = len(self._heard)
            if searched > _LONGEST_LINE:
                raise _Lost(f"It was ended, for it gave more than {_LONGEST_LINE} bytes to a function.")
            try:
                self._heard += await stdout.receive(_CHUNK)
            except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
                await self._died()
        line = bytes(self._heard[:end])
        del self._heard[: end + 1]
        return line

    def _pipe(self) -> Process:
        assert self._running is not None  # noqa: S101 - a cell runs
        return self._running

    def _time(self) -> anyio.CancelScope:
        return anyio.move_on_after(max(0.0, self._left))

    async def _died(self) -> NoReturn:
        status = None
        with anyio.move_on_after(_REAPING):
            status = await self._pipe().wait()
        signal = f" by signal {-status}" if status is not None and status < 0 else ""
        raise _Lost(f"It was ended{signal}: too much time or memory.")

    def _too_late(self) -> NoReturn:
        raise _Lost(f"It was ended after {self.seconds:g} s.")

    def _garbled(self) -> NoReturn:
        raise _Lost("It was ended, for it wrote to where only its answers go.")
