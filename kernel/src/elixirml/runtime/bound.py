"""The `self` of a stage during a run: the program's variables as values, its predict stages as calls."""

from collections.abc import Awaitable, Callable
from inspect import getattr_static
from types import FunctionType, MethodType
from typing import Any, NoReturn

from elixirml.errors import DeclarationError
from elixirml.programs.program import Program
from elixirml.programs.stages import Assertion, FunctionStage, PredictStage
from elixirml.variables import Variable

__all__ = ["BoundProgram"]

Call = Callable[..., Awaitable[Any]]


class BoundProgram:
    """A program inside one run.

    `self.temperature` is the variable's value here, `await self.reply(question=...)` asks the model, and the methods of
    the class see this `self` too; everything else is the program's own.
    """

    __slots__ = ("_call", "_program", "_value")

    _call: Callable[[str], Call]
    _program: Program[Any, Any]
    _value: Callable[[str], Any]

    def __init__(self, program: Program[Any, Any], *, call: Callable[[str], Call], value: Callable[[str], Any]) -> None:
        object.__setattr__(self, "_program", program)
        object.__setattr__(self, "_call", call)
        object.__setattr__(self, "_value", value)

    def __getattr__(self, name: str) -> Any:
        program = self._program
        match program.declaration.members.get(name):
            case Variable():
                return self._value(name)
            case PredictStage() | Program():
                return self._call(name)
            case FunctionStage() | Assertion() as member:
                return MethodType(member.function, self)
            case _:
                return self._own(program, name)

    def _own(self, program: Program[Any, Any], name: str) -> Any:
        """Return what the program's class has under a name; its own methods and properties see this `self`."""
        found = getattr_static(type(program), name, None)
        if name not in vars(Program) and isinstance(found, FunctionType):
            return MethodType(found, self)
        if name not in vars(Program) and isinstance(found, property):
            return found.__get__(self)
        return getattr(program, name)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise DeclarationError(
            f"A stage of {self._program.declaration.name} sets `self.{name}`, but a program holds no state.",
            hint="Return the value instead, and name it as a parameter of the stage that needs it.",
            code="program-state",
        )
