"""What a code interpreter is: a tool that runs code, and can keep what code defines from one cell to the next.

A strategy opens a session, gives it values and functions, and has cells run in it. The values are in the memory of the
session, not in a prompt. The functions are the strategy's own: they are carried out on its side, while the code waits.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, runtime_checkable

from attrs import frozen

from elixirml.contracts.tool import Tool
from elixirml.identity import Json

__all__ = ["CellResult", "CodeInterpreter", "HostFunction", "InterpreterSession"]


@frozen
class HostFunction:
    """A function for the code of a session, carried out outside of it.

    Attributes:
        call: Given the arguments by position and those by name, returns what the code gets. A `ToolError` of it is
            raised in the code, as a RuntimeError; any other error ends the session, and `run` raises it.
        ends: Whether no more of the cell runs once the function has returned.

    .. versionadded:: 0.1
    """

    call: Callable[[Sequence[Json], Mapping[str, Json]], Awaitable[Json]]
    ends: bool = False


@frozen
class CellResult:
    """What came of a cell.

    Attributes:
        printed: What it printed; cut where that was very long.
        error: What ended it before its time, in words the model can act on; None when it came to its end.

    .. versionadded:: 0.1
    """

    printed: str = ""
    error: str | None = None


class InterpreterSession(Protocol):
    """An interpreter that keeps its state; one cell runs at a time.

    .. versionadded:: 0.1
    """

    async def run(self, code: str) -> CellResult:
        """Run a cell, in view of what the ones before it have defined.

        What goes wrong in the code is part of the result. A cell that takes more than it may loses the state: the next
        one begins with the given values, and the result says so.
        """
        ...


@runtime_checkable
class CodeInterpreter(Tool, Protocol):
    """A tool that runs code, in sessions too.

    .. versionadded:: 0.1
    """

    def session(
        self, *, values: Mapping[str, Json], functions: Mapping[str, HostFunction]
    ) -> AbstractAsyncContextManager[InterpreterSession]:
        """Open a session; what it runs in is gone when the block ends.

        Args:
            values: What the code knows, by name.
            functions: What the code may call, by name.

        Raises:
            ToolError: Code cannot be run here.
        """
        ...
