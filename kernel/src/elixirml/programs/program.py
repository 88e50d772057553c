"""What a program is: an immutable declaration, and values for its variables.

A program holds no model, no client and no state. Its class body is the declaration; an instance adds the values that
differ from the declared defaults, so that a tuned program is an instance as well.
"""

import copy
from collections.abc import Callable, Mapping
from inspect import Parameter, cleandoc, signature
from pathlib import Path
from types import FunctionType
from typing import Any, ClassVar, Generic, Self, TypeAlias, TypeGuard, TypeVar, get_args, get_origin, get_type_hints

from attrs import field, frozen

from elixirml.contracts.schema import NO_DEFAULT, FieldDeclaration
from elixirml.errors import DeclarationError, located
from elixirml.identity import Json
from elixirml.programs.places import calling_line, line_of
from elixirml.programs.signature_text import parse_fields, parse_signature
from elixirml.programs.stages import Assertion, FunctionStage, PredictStage
from elixirml.programs.state import SavedProgram, read_saved
from elixirml.variables import Variable

__all__ = ["Declaration", "Program", "Runnable", "SingleOutput", "as_program", "load", "program"]

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
        where: File and line of the declaration, for messages.
        helpers: Methods and constants of the class that its stages may use; part of what identifies it.
    """

    name: str
    instruction: str
    inputs: Any
    outputs: Any
    members: Mapping[str, Any] = field(hash=False)
    bare: str | None = None
    where: str = ""
    helpers: Mapping[str, Any] = field(factory=dict[str, Any], hash=False)


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
        members, helpers = _contents_of(cls)
        cls.declaration = Declaration(
            name=cls.__name__,
            instruction=_instruction_of(cls),
            inputs=inputs,
            outputs=outputs,
            members=members,
            where=calling_line(),
            helpers=helpers,
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
        other = copy.copy(self)
        other._values = {**self._values, **values}  # noqa: SLF001 - a new instance of this class
        return other

    def with_saved(self, saved: SavedProgram) -> Self:
        """Return the same program with saved state.

        Raises:
            StateError: The state was saved by a program of another name.
            PluginMissing: A distribution it needs is not installed.
        """
        saved.check_name(self.declaration.name)
        saved.check_installed()
        other = self.with_values({})
        other._saved = saved  # noqa: SLF001
        return other

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
            outputs: The same for its output, or None when the last predict stage's output is the program's.
            stages: Variables, stages, sub-programs and assertions by name, in order.
            instruction: What the program is to do.

        Raises:
            DeclarationError: A side written as text is no list of fields, or a stage is no such thing.
        """
        where = calling_line()
        for stage, value in stages.items():
            if not _is_member(value):
                raise DeclarationError(
                    f"`{stage}` of {name} is {value!r}, which is no part of a program.",
                    hint=located("Make it with ml.predict, ml.stage, ml.check, ml.ensure or ml.variable.", where),
                )
        sides = [parse_fields(side) if isinstance(side, str) else side for side in (inputs, outputs)]
        return _made(Declaration(name, cleandoc(instruction).strip(), sides[0], sides[1], dict(stages), where=where))

    def __repr__(self) -> str:
        return f"<program {self.name}{f' with {len(self._values)} values set' if self._values else ''}>"


Runnable: TypeAlias = Program[Any, OutT] | type[Program[Any, OutT]] | PredictStage[OutT]
"""What runs with an output that type checkers know: a program, its class, or a predict stage."""


def _made(declaration: Declaration) -> Program[Any, Any]:
    made: type[Program[Any, Any]] = type(declaration.name, (Program,), {"__doc__": declaration.instruction})
    made.declaration = declaration
    return made()


def _types_of(cls: type) -> tuple[Any, Any]:
    """Return the input and output type of a program class, through generic classes in between."""
    bases = cls.__dict__.get("__orig_bases__", cls.__bases__)
    base = next(each for each in bases if _is_program_class(get_origin(each) or each))
    origin: Any = get_origin(base) or base
    if origin is Program:
        given = get_args(base)
        return (given[0], given[1]) if len(given) == 2 else (None, None)
    known = dict(zip(getattr(origin, "__parameters__", ()), get_args(base), strict=False))
    inputs, outputs = _types_of(origin)
    return known.get(inputs, inputs), known.get(outputs, outputs)


def _contents_of(cls: type) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a class declares, and the methods and constants beside it; those of its bases included."""
    members: dict[str, Any] = {}
    helpers: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base in {Program, Generic, object}:
            continue
        for name, value in vars(base).items():
            if _is_member(value):
                members[name] = value
            elif not (name.startswith("__") or name in _HOOKS):
                members.pop(name, None)  # a subclass may put an end to a stage: `confident = None`
                helpers[name] = _plain_function(value)
    return members, {name: value for name, value in helpers.items() if name not in members}


_HOOKS = frozenset({"after_prediction", "declaration"})


def _plain_function(value: Any) -> Any:
    """Return the function inside a property, a class method or a static method; anything else as it is."""
    inner = getattr(value, "__func__", getattr(value, "fget", value))
    return inner if isinstance(inner, FunctionType) else value


def _is_member(value: object) -> bool:
    return isinstance(value, (Variable, PredictStage, FunctionStage, Assertion, Program))


def _instruction_of(cls: type) -> str:
    """Return the docstring of the class, or of the nearest base that has one."""
    own = (base.__dict__.get("__doc__") for base in cls.__mro__[: cls.__mro__.index(Program)])
    return next((cleandoc(doc) for doc in own if doc), "")


def program(function: Callable[..., OutT]) -> Program[Any, OutT]:
    """Return the one-predictor program a typed function stands for: parameters in, return type out.

    The docstring is the instruction; the body is never run.

    Raises:
        DeclarationError: The function has no parameters, or one without a type, or no return type.

    Example:
        >>> def classify(text: str) -> bool:
        ...     "Is the message spam?"
        >>> program(classify).name
        'classify'
    """
    name, where = function.__name__, line_of(function)
    try:
        hints = get_type_hints(function, include_extras=True)
    except Exception as error:
        raise DeclarationError(
            f"The types of the function `{name}` cannot be read: {error}.",
            hint=located("Declare them at the top of the module, above the function.", where),
            code="type-unknown",
        ) from error
    parameters = tuple(signature(function).parameters.values())
    untyped = [str(each) for each in parameters if each.name not in hints or each.kind not in _BY_NAME]
    if untyped or not parameters or hints.get("return") in {None, type(None)}:
        lacking = f": `{untyped[0]}` has none" if untyped else ""
        raise DeclarationError(
            f"The function `{name}` needs typed parameters and a return type to stand for a program{lacking}.",
            hint=located(f"Write `def {name}(text: str) -> str:`.", where),
            code="types-missing",
        )
    inputs = tuple(
        FieldDeclaration(
            each.name, hints[each.name], default=each.default if each.default is not each.empty else NO_DEFAULT
        )
        for each in parameters
    )
    # The name of the answer is shown to the model; an input of that name would be another thing.
    bare = next(each for each in ("answer", "result", f"{name}_output") if each not in hints)
    output = SingleOutput(FieldDeclaration(bare, hints["return"]))
    reply = PredictStage[Any](output, None, {}, manual=False, where=where)
    doc = cleandoc(function.__doc__) if function.__doc__ else ""
    return _made(Declaration(name, doc, inputs, None, {"reply": reply}, bare, where))


_BY_NAME = frozenset({Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY})


class SingleOutput(tuple[FieldDeclaration, ...]):
    """Output fields declared one by one rather than by a record type."""

    __slots__ = ()

    def __new__(cls, *fields: FieldDeclaration) -> Self:
        """Return the fields as one output."""
        return super().__new__(cls, fields)


def _is_program(value: object) -> TypeGuard[Program[Any, Any]]:
    return isinstance(value, Program)


def _is_program_class(value: object) -> TypeGuard[type[Program[Any, Any]]]:
    return isinstance(value, type) and issubclass(value, Program)


def as_program(declared: Any) -> Program[Any, Any]:
    """Return the program that a class, an instance, a predict stage, a typed function or a signature stands for.

    Raises:
        DeclarationError: It stands for none.
    """
    if _is_program(declared):
        return declared
    if _is_program_class(declared):
        return declared()
    if isinstance(declared, str):
        where = f"the signature `{declared}`"
        declared = PredictStage[Any](declared, None, {}, manual=False, where=where)
    if isinstance(declared, PredictStage) and isinstance(declared.output, str):
        sides = parse_signature(declared.output)
        return _made(Declaration("predict", "", sides.inputs, None, {"reply": declared}, where=declared.where))
    if isinstance(declared, FunctionType):
        return program(declared)
    raise DeclarationError(
        f"{declared!r} is not a program.",
        hint="Give a Program class or instance, a typed function, or a signature such as `question -> answer`.",
    )


ProgramT = TypeVar("ProgramT", bound=Program[Any, Any])


def load(path: str | Path, declared: type[ProgramT] | ProgramT, *, accept_source: bool = False) -> ProgramT:
    """Return a program with the values saved in a JSON file.

    The state is checked against the declaration when the program is compiled, before any model call.

    Args:
        path: A file written by `SavedProgram.save` or `elixirml optimize --out`.
        declared: The program it was saved from: its class, or an instance, as `ml.program` and `Program.create` make.
        accept_source: Accept that the Python source of a stage has changed since; fields and variables may not.

    Raises:
        StateError: The file is not a saved program, is of a newer version, or of a program of another name.
        PluginMissing: A distribution it needs is not installed.
        DeclarationError: What it is to be loaded into is no program.
    """
    if isinstance(declared, type):
        declared = declared()
    if not isinstance(declared, Program):
        raise DeclarationError(
            f"{declared!r} is not a program to load values into.",
            hint="Give a Program class or instance; make one of a function or a signature with ml.as_program(...).",
        )
    saved = read_saved(path)
    return declared.with_saved(saved.with_any_source() if accept_source else saved)
