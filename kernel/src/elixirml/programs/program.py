"""What a program is: an immutable declaration, and values for its variables.

A program holds no model, no client and no state. Its class body is the declaration; an instance adds the values that
differ from the declared defaults, so that a tuned program is an instance as well.
"""

from collections.abc import Callable, Mapping
from inspect import cleandoc
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar, get_args, get_origin, get_type_hints

from attrs import field, frozen

from elixirml.contracts.schema import FieldDeclaration
from elixirml.errors import DeclarationError
from elixirml.identity import Json
from elixirml.programs.signature_text import parse_signature
from elixirml.programs.stages import Assertion, FunctionStage, PredictStage, predict
from elixirml.programs.state import SavedProgram, read_saved
from elixirml.variables import Variable

__all__ = ["Declaration", "Program", "SingleOutput", "as_program", "load", "program"]

InT = TypeVar("InT")
OutT = TypeVar("OutT")


@frozen(eq=False)
class Declaration:
    """A program as it is written down, before it is compiled.

    Attributes:
        name: The program's name.
        instruction: Its docstring: what it is to do.
        inputs: A record type, or fields declared one by one.
        outputs: The same for its output; None when a single predict stage's output is the program's.
        members: Variables, stages, sub-programs and assertions by name, in the order they are written.
        bare: The only output field, when callers want its value and not a record around it.
        where: File and line of the class, for messages.
    """

    name: str
    instruction: str
    inputs: Any
    outputs: Any
    members: Mapping[str, Any] = field(hash=False)
    bare: str | None = None
    where: str = ""


class Program(Generic[InT, OutT]):
    """The base class of declared programs: `class QA(Program[Question, Answer])`.

    The class docstring is the instruction. Stages are wired by name: a parameter names an input field or an earlier
    stage, and the latest of that name wins.

    Args:
        **values: Values of variables of the program itself, by name; they replace the declared defaults.
    """

    declaration: ClassVar[Declaration]

    def __init__(self, **values: Json) -> None:
        self._values: dict[str, Json] = dict(values)
        self._saved: SavedProgram | None = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        inputs, outputs = _types_of(cls)
        members: dict[str, Any] = {}
        for base in reversed(cls.__mro__):
            if base is not cls and issubclass(base, Program) and "declaration" in base.__dict__:
                members |= base.declaration.members
        members |= {name: value for name, value in vars(cls).items() if _is_member(value)}
        cls.declaration = Declaration(
            name=cls.__name__,
            instruction=_clean(cls.__doc__),
            inputs=inputs,
            outputs=outputs,
            members=members,
            where=f"class {cls.__module__}.{cls.__qualname__}",
        )

    @property
    def name(self) -> str:
        """The program's name."""
        return self.declaration.name

    @property
    def values(self) -> Mapping[str, Json]:
        """Values that differ from the declared defaults, by variable path."""
        return dict(self._values)

    @property
    def saved(self) -> SavedProgram | None:
        """The saved state this program was loaded with, if any; it is checked when the program is compiled."""
        return self._saved

    def with_values(self, values: Mapping[str, Json]) -> Self:
        """Return the same program with other values, by variable path."""
        copy = type(self)()
        copy._values = {**self._values, **values}  # noqa: SLF001 - a new instance of this class
        copy._saved = self._saved  # noqa: SLF001
        return copy

    def with_saved(self, saved: SavedProgram) -> Self:
        """Return the same program with saved state.

        Raises:
            StateError: The state was saved by a program of another name.
        """
        saved.check_name(self.name)
        copy = self.with_values({})
        copy._saved = saved  # noqa: SLF001
        return copy

    @staticmethod
    def create(
        name: str,
        *,
        inputs: Any,
        outputs: Any = None,
        stages: Mapping[str, Any],
        instruction: str = "",
    ) -> "Program[Any, Any]":
        """Return a program made at run time, without a class.

        Args:
            name: The program's name.
            inputs: A record type, or a signature's left side as text: `"context, question"`.
            outputs: A record type, or None when the last predict stage's output is the program's.
            stages: Variables, stages, sub-programs and assertions by name, in order.
            instruction: What the program is to do.
        """
        declared = parse_signature(f"{inputs} -> output").inputs if isinstance(inputs, str) else inputs
        return _made(Declaration(name, instruction, declared, outputs, dict(stages), where=f"Program.create({name!r})"))

    def __repr__(self) -> str:
        return f"<program {self.name}{f' with {len(self._values)} values set' if self._values else ''}>"


def _made(declaration: Declaration) -> Program[Any, Any]:
    made: type[Program[Any, Any]] = type(declaration.name, (Program,), {"__doc__": declaration.instruction})
    made.declaration = declaration
    return made()


def _types_of(cls: type) -> tuple[Any, Any]:
    for base in cls.__mro__:
        for generic in getattr(base, "__orig_bases__", ()):
            origin = get_origin(generic)
            if isinstance(origin, type) and issubclass(origin, Program) and len(get_args(generic)) == 2:
                return get_args(generic)
    return None, None


def _is_member(value: object) -> bool:
    return isinstance(value, (Variable, PredictStage, FunctionStage, Assertion, Program))


def _clean(doc: str | None) -> str:
    return cleandoc(doc) if doc else ""


def program(function: Callable[..., Any]) -> Program[Any, Any]:
    """Return the one-predictor program a typed function stands for: parameters in, return type out.

    The docstring is the instruction; the body is never run.

    Raises:
        DeclarationError: The function has no parameters or no return type.

    Example:
        >>> def classify(text: str) -> Literal["spam", "ham"]:
        ...     "Is the message spam?"
        >>> program(classify).name
        'classify'
    """
    hints = get_type_hints(function, include_extras=True)
    returned = hints.pop("return", None)
    name = function.__name__
    if returned is None or not hints:
        raise DeclarationError(
            f"The function `{name}` needs typed parameters and a return type to stand for a program.",
            hint=f"Write `def {name}(text: str) -> str:`.",
        )
    inputs = tuple(FieldDeclaration(each, annotation) for each, annotation in hints.items())
    where = f"function {function.__module__}.{name}"
    reply = PredictStage[Any](SingleOutput(FieldDeclaration("answer", returned)), None, {}, manual=False, where=where)
    return _made(Declaration(name, _clean(function.__doc__), inputs, None, {"reply": reply}, "answer", where))


class SingleOutput(tuple[FieldDeclaration, ...]):
    """Output fields declared one by one rather than by a record type."""

    __slots__ = ()

    def __new__(cls, *fields: FieldDeclaration) -> Self:
        """Return the fields as one output."""
        return super().__new__(cls, fields)


def as_program(declared: Any) -> Program[Any, Any]:
    """Return the program that a class, an instance, a predict stage, a typed function or a signature stands for.

    Raises:
        DeclarationError: It stands for none.
    """
    if isinstance(declared, Program):
        return declared
    if isinstance(declared, type) and issubclass(declared, Program):
        return declared()
    if isinstance(declared, str):
        return as_program(predict(declared))
    if isinstance(declared, PredictStage) and isinstance(declared.output, str):
        sides = parse_signature(declared.output)
        return _made(Declaration("predict", "", sides.inputs, None, {"reply": declared}, where=declared.where))
    if callable(declared) and hasattr(declared, "__code__"):
        return program(declared)
    raise DeclarationError(
        f"{declared!r} is not a program.",
        hint="Give a Program class or instance, a typed function, or a signature such as `question -> answer`.",
    )


ProgramT = TypeVar("ProgramT", bound=Program[Any, Any])


def load(path: str | Path, declared: type[ProgramT], *, accept_source: bool = False) -> ProgramT:
    """Return a program with the values saved in a JSON file.

    The state is checked against the declaration when the program is compiled, before any model call.

    Args:
        path: A file written by `SavedProgram.save` or `elixirml optimize --out`.
        declared: The program class it was saved from.
        accept_source: Accept that the Python source of a stage has changed since; fields and variables may not.

    Raises:
        StateError: The file is not a saved program, is of a newer version, or of a program of another name.
    """
    saved = read_saved(path)
    return declared().with_saved(saved.with_any_source() if accept_source else saved)
