"""The `self` of a stage during a run: the program's variables as values, its predict stages as calls."""

from collections.abc import Awaitable, Callable
from typing import Any

from elixirml.programs.program import Program
from elixirml.programs.stages import PredictStage
from elixirml.variables import Variable

__all__ = ["BoundProgram"]

Call = Callable[..., Awaitable[Any]]


class BoundProgram:
    """A program inside one run.

    `self.temperature` is the variable's value here, and `await self.reply(question=...)` asks the model; everything
    else is the program's own.
    """

    __slots__ = ("_call", "_program", "_value")

    def __init__(self, program: Program[Any, Any], *, call: Callable[[str], Call], value: Callable[[str], Any]) -> None:
        self._program = program
        self._call = call
        self._value = value

    def __getattr__(self, name: str) -> Any:
        member = self._program.declaration.members.get(name)
        if isinstance(member, Variable):
            return self._value(name)
        if isinstance(member, (PredictStage, Program)):
            return self._call(name)
        return getattr(self._program, name)
