"""What a program is made of: stages and assertions, as they are written down in a class body."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import StrEnum
from inspect import isasyncgenfunction, isgeneratorfunction
from types import FunctionType
from typing import Any, Generic, TypeVar, overload

from attrs import frozen

from elixirml.contracts.schema import RecordDeclaration
from elixirml.contracts.tool import Tool
from elixirml.errors import DeclarationError, did_you_mean, located
from elixirml.programs.places import calling_line, line_of
from elixirml.variables import Variable

__all__ = [
    "Assertion",
    "AssertionKind",
    "FunctionStage",
    "PredictStage",
    "Then",
    "check",
    "ensure",
    "predict",
    "stage",
    "suggest",
]

OutT = TypeVar("OutT")


@frozen(eq=False)
class PredictStage(Generic[OutT]):
    """A step that asks a language model; made by `predict`.

    Attributes:
        output: A record type, or a signature written as text.
        inputs: The names it is given; None means all inputs of the program (or those of the signature's text).
        settings: What was given of `instruction`, `predictor`, `adapter`, `model`, `temperature`, `max_tokens`,
            `demos` and `repair`: values, or Variables.
        manual: Whether it only runs when another stage calls it.
        where: File and line of the declaration.
        tools: What its model may call: names of installed tools, or tools at hand.
    """

    output: Any
    inputs: tuple[str, ...] | None
    settings: Mapping[str, Any]
    manual: bool
    where: str
    tools: tuple[str | Tool, ...] = ()

    def __call__(self, **inputs: Any) -> Awaitable[OutT]:
        """Ask the model from inside another stage, as `await self.<name>(...)`.

        Raises:
            DeclarationError: Always here, on the declaration; inside a run the stage is callable.
        """
        raise DeclarationError(
            f"A predict stage can only be called inside a run, with {', '.join(inputs) or 'its inputs'}.",
            hint="Call it from a stage of the program: `await self.<name>(...)`; or run the program with `ml.run`.",
        )


@frozen(eq=False)
class FunctionStage:
    """A step in Python; made by `stage`."""

    function: Callable[..., Any]
    where: str


class AssertionKind(StrEnum):
    """How strict an assertion is."""

    CHECK = "check"  #: refuses an input before any model call
    ENSURE = "ensure"  #: must hold
    SUGGEST = "suggest"  #: is recorded, and the run goes on


class Then(StrEnum):
    """What follows when an `ensure` fails."""

    RETRY = "retry"  #: the predict stage that produced the value runs again, with the message as feedback
    FAIL = "fail"  #: `AssertionFailed` is raised at once
    FALLBACK = "fallback"  #: the value is replaced at once by that of the fallback, and judged once more
    RECORD = "record"  #: the failure is recorded, and the run goes on


@frozen(eq=False)
class Assertion:
    """A condition on values of a program; made by `check`, `ensure` or `suggest`.

    Attributes:
        kind: How strict it is.
        message: Said to people and models when it fails.
        function: Returns whether it holds.
        then: What follows a failure.
        attempts: How often the value may be produced in all.
        where: File and line of the declaration.
        on: The stage whose output fields its parameters name before anything else; empty for none.
        fallback: What gives the value in the end; empty for nothing.
    """

    kind: AssertionKind
    message: str
    function: Callable[..., Any]
    then: Then
    attempts: int
    where: str
    on: str = ""
    fallback: str = ""


@overload
def predict(
    output: type[OutT],
    /,
    *,
    inputs: Sequence[str] | None = ...,
    instruction: str | Variable | None = ...,
    using: str | Variable | None = ...,
    adapter: str | Variable | None = ...,
    model: str | Variable | None = ...,
    temperature: float | Variable | None = ...,
    max_tokens: int | Variable | None = ...,
    demos: Variable | None = ...,
    repair: str | Variable | None = ...,
    tools: Sequence[str | Tool] = ...,
    manual: bool = ...,
) -> PredictStage[OutT]: ...
@overload
def predict(
    output: str | RecordDeclaration,
    /,
    *,
    inputs: Sequence[str] | None = ...,
    instruction: str | Variable | None = ...,
    using: str | Variable | None = ...,
    adapter: str | Variable | None = ...,
    model: str | Variable | None = ...,
    temperature: float | Variable | None = ...,
    max_tokens: int | Variable | None = ...,
    demos: Variable | None = ...,
    repair: str | Variable | None = ...,
    tools: Sequence[str | Tool] = ...,
    manual: bool = ...,
) -> PredictStage[Any]: ...
def predict(
    output: Any,
    /,
    *,
    inputs: Sequence[str] | None = None,
    instruction: str | Variable | None = None,
    using: str | Variable | None = None,
    adapter: str | Variable | None = None,
    model: str | Variable | None = None,
    temperature: float | Variable | None = None,
    max_tokens: int | Variable | None = None,
    demos: Variable | None = None,
    repair: str | Variable | None = None,
    tools: Sequence[str | Tool] = (),
    manual: bool = False,
) -> PredictStage[Any]:
    """Declare a step that asks a language model; every setting is a value or a Variable.

    A plain value is fixed unless it is freed by name; what is left out has a default. By default the instruction, the
    demos, the adapter and the adapter's own variables are free to be tuned.

    Args:
        output: The record type to answer with, a class or what `schema` returns; or a signature such as
            `"question -> answer: str"`.
        inputs: Names to give it; by default all inputs of the program, or those of the signature's text.
        instruction: What to do; by default the program's docstring.
        using: The predictor: `direct`, `chain_of_thought`, ...
        adapter: The prompt format; by default the installed one that suits the signature best.
        model: The language model, as `provider/model`.
        temperature: 0 takes the likeliest token each time.
        max_tokens: The most tokens of a reply.
        demos: A subset Variable over worked examples.
        repair: What is done about a reply that does not hold the outputs: `fail` (the default), `resend` it once with
            the reason, mend it by `local` means, without a call, or the name of the adapter that asks once more.
        tools: What the model may call, for predictors that let it: names of installed tools, or tools at hand.
        manual: True for a step that runs only when another stage calls it.

    Example:
        >>> predict("question -> answer: str", temperature=0.2).settings["temperature"]
        0.2
    """
    given = {
        "instruction": instruction,
        "predictor": using,
        "adapter": adapter,
        "model": model,
        "temperature": temperature,
        "max_tokens": max_tokens,
        "demos": demos,
        "repair": repair,
    }
    settings = {name: value for name, value in given.items() if value is not None}
    takes = None if inputs is None else tuple(inputs)
    return PredictStage(output, takes, settings, manual, calling_line(), tuple(tools))


def stage(function: Callable[..., Any]) -> Any:
    """Declare a step in Python: parameters name what it needs, the function's name is what it provides.

    The function may be async, and may call predict stages and sub-programs of the program through `self`.

    Raises:
        DeclarationError: It is no function written in Python, or it yields.
    """
    return FunctionStage(_function(function, "stage", calling_line()), line_of(function))


def check(message: str) -> Callable[[Callable[..., Any]], Any]:
    """Declare a condition on the inputs, refused before any model call.

    One that takes nothing but `self` is decided when the program is compiled; so are those of `ensure` and `suggest`.
    """
    return _assertion(AssertionKind.CHECK, message, Then.FAIL, attempts=1)


def ensure(
    message: str, *, then: str = "retry", attempts: int = 2, fallback: str = "", on: str = ""
) -> Callable[[Callable[..., Any]], Any]:
    """Declare a condition that must hold.

    A parameter names a value as that of a stage does, or else an output field of the latest reply that has such a
    field. A condition on fields alone is judged while the reply arrives: a failure ends the generation at once.

    Args:
        message: Said to the model on a retry, and to people when it fails.
        then: `retry` the predict stage that produced the value, `fail` at once, replace the value by that of the
            `fallback` at once, or `record` and go on.
        attempts: How often the value may be produced in all, the first time included.
        fallback: What gives the value when the attempts are used up: a manual predict stage, a sub-program, or a method
            of the class. It is wired like a stage, and what it gives is judged once more.
        on: The stage whose output fields the parameters name before anything else.

    Example:
        >>> @ensure("the answer is too long", attempts=2, fallback="cautious")
        ... def short(self, answer: str) -> bool:
        ...     return len(answer) < 200
        >>> short.fallback
        'cautious'
    """
    action = _then(then)
    if (action is Then.FALLBACK and not fallback) or (fallback and action not in {Then.RETRY, Then.FALLBACK}):
        raise _without_use(action, fallback)
    return _assertion(AssertionKind.ENSURE, message, action, attempts=attempts, on=on, fallback=fallback)


def suggest(message: str, *, on: str = "") -> Callable[[Callable[..., Any]], Any]:
    """Declare a condition that should hold; a failure is recorded and counted, and the run goes on.

    Args:
        message: Said to people, and to what tunes the program.
        on: As for `ensure`.
    """
    return _assertion(AssertionKind.SUGGEST, message, Then.RECORD, attempts=1, on=on)


def _then(word: str) -> Then:
    try:
        return Then(word)
    except ValueError:
        raise DeclarationError(
            f"`then={word!r}` is not an action.",
            hint=located(did_you_mean(str(word), [str(each) for each in Then]), calling_line()),
        ) from None


def _without_use(then: Then, fallback: str) -> DeclarationError:
    """Return the error for a fallback that is never used, or is wanted and not named."""
    says, hint = (
        (f"`then={str(then)!r}` never comes to the fallback `{fallback}`.", "Write then='retry' or then='fallback'.")
        if fallback
        else ("`then='fallback'` names no fallback.", "Write then='fallback', fallback='name_of_a_method'.")
    )
    return DeclarationError(says, hint=located(hint, calling_line()), code="fallback")


def _assertion(
    kind: AssertionKind, message: str, then: Then, *, attempts: int, on: str = "", fallback: str = ""
) -> Callable[[Callable[..., Any]], Any]:
    where = calling_line()
    if not isinstance(message, str) or not message.strip():
        raise DeclarationError(
            f"`{kind}` needs a message in words.", hint=located(f'Write @ml.{kind}("what must hold").', where)
        )
    if not isinstance(attempts, int) or attempts < 1:
        raise DeclarationError(
            f"`attempts` must be a whole number, 1 or more (got {attempts!r}).",
            hint=located("The first time counts: attempts=2 tries once more.", where),
        )

    def declare(function: Callable[..., Any]) -> Any:
        judge = _function(function, str(kind), where)
        return Assertion(kind, message, judge, then, attempts, line_of(function), on, fallback)

    return declare


def _function(function: Any, what: str, where: str) -> Callable[..., Any]:
    """Return a function that can be called with `self` and arguments by name, and whose source can be known."""
    if not isinstance(function, FunctionType):
        raise DeclarationError(
            f"@ml.{what} stands on a function written in Python, not on {function!r}.",
            hint=located("Write `def name(self, ...): ...` and call it from there.", where),
            code="stage-function",
        )
    if isgeneratorfunction(function) or isasyncgenfunction(function):
        raise DeclarationError(
            f"@ml.{what} `{function.__name__}` yields, and a stage has one value.",
            hint=located("Return a value, for instance a list.", line_of(function)),
            code="stage-function",
        )
    return function
