"""What the signature and the docstring of a function say to a model."""

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, get_type_hints

from attrs import evolve, field, frozen

from elixirml.errors import DeclarationError
from elixirml_tools.annotations import record_schema, schema_of
from elixirml_tools.docstrings import read_docstring
from elixirml_tools.members import Member, plain_default

__all__ = ["Described", "describe", "tool_name"]

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_REFUSED: Final = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.POSITIONAL_ONLY)


@frozen
class Described:
    """A function as a model sees it.

    Attributes:
        name: The function's own.
        description: The first paragraph of its docstring; may be empty.
        parameters: The JSON Schema of its arguments.
    """

    name: str
    description: str
    parameters: Mapping[str, Any] = field(hash=False)


def describe(function: Callable[..., Any]) -> Described:
    """Return how a model sees a function.

    Raises:
        DeclarationError: It takes arguments by position (`var-positional`, `positional-only`), or of a type that has no
            JSON (`type-unsupported`).

    Example:
        >>> def add(a: int, b: int = 2):
        ...     "Add two numbers."
        >>> describe(add).parameters["required"]
        ['a']
    """
    name = str(getattr(function, "__name__", type(function).__name__))
    documented = read_docstring(function)
    hints, names = _hints(function)
    members: list[Member] = []
    more: dict[str, Any] | bool = False
    for each in _parameters(name, function):
        annotation = hints.get(each.name, Any)
        if each.kind in _REFUSED:
            raise _by_position(name, each)
        if each.kind is inspect.Parameter.VAR_KEYWORD:
            more = schema_of(annotation, names=names) or True
        else:
            members.append(evolve(_member(each, annotation), description=documented.parameters.get(each.name, "")))
    parameters = {**record_schema(members, names=names), "additionalProperties": more}
    return Described(name, documented.summary, parameters)


def tool_name(name: str) -> str:
    """Return the name of a tool, unless models could not say it.

    Raises:
        DeclarationError: It has other signs than letters, digits, `_` and `-`, or more than 64 of them.
    """
    if not _NAME.fullmatch(name):
        raise DeclarationError(
            f"A tool cannot be called {name!r}: names are up to 64 letters, digits, `_` and `-`.",
            hint='Give it one: tool(function, name="look_up").',
            code="tool-name",
        )
    return name


def _parameters(name: str, function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except ValueError:
        raise DeclarationError(
            f"`{name}` cannot be a tool: the parameters of `{name}` are not known.",
            hint="Write a function around it, with annotations.",
        ) from None


def _hints(function: Callable[..., Any]) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """Return the annotations of a function, and the names that records among them may refer to."""
    plain: Any = inspect.unwrap(function)
    plain = plain if inspect.isroutine(plain) else type(plain).__call__
    try:
        return get_type_hints(plain, include_extras=True), getattr(plain, "__globals__", {})
    except NameError as error:
        raise DeclarationError(
            f"The annotations of `{plain.__qualname__}` cannot be read: {error}.",
            hint="Import what they name, or annotate with the types themselves.",
        ) from None


def _member(parameter: inspect.Parameter, annotation: Any) -> Member:
    if parameter.default is inspect.Parameter.empty:
        return Member(parameter.name, annotation, required=True)
    return Member(parameter.name, annotation, required=False, default=plain_default(parameter.default))


def _by_position(function: str, parameter: inspect.Parameter) -> DeclarationError:
    many = parameter.kind is inspect.Parameter.VAR_POSITIONAL
    what = "any number of arguments" if many else "an argument"
    return DeclarationError(
        f"`{function}` cannot be a tool: `{parameter}` takes {what} by position, and models give arguments by name.",
        hint=f"Take a list, `{parameter.name}: list[str]`." if many else "Leave out the `/` of its parameters.",
        code="var-positional" if many else "positional-only",
    )
