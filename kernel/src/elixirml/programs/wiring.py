"""How names and types meet: what a stage needs, what it calls, whether a value fits, and who needs whom in a circle."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from types import FunctionType, SimpleNamespace
from typing import Any, get_origin, get_type_hints

from attrs import frozen

from elixirml.errors import DeclarationError
from elixirml.programs.program import Program
from elixirml.programs.signature_text import parse_signature
from elixirml.programs.source import names_in
from elixirml.programs.stages import Assertion, FunctionStage, PredictStage

__all__ = ["Needs", "annotations_of", "calls_of", "circle", "may_fit", "needs_of", "word"]


@frozen
class Needs:
    """What a Python stage takes.

    Attributes:
        names: Its parameters after `self`, in order.
        optional: Those that have a default of their own.
    """

    names: tuple[str, ...]
    optional: frozenset[str]


def needs_of(function: Callable[..., Any], name: str, *, known: Iterable[str]) -> Needs:
    """Return what a Python stage takes.

    Args:
        function: The stage, or the condition of an assertion.
        name: Its name in the program.
        known: Names of values, to notice where `self` was forgotten.

    Raises:
        DeclarationError: It has no `self`, or a parameter that cannot be given by name.
    """
    parameters = list(inspect.signature(function).parameters.values())
    if not parameters or parameters[0].name in known:
        raise DeclarationError(
            f"stage `{name}` has no `self`.",
            hint=f"Write `def {name}({', '.join(['self', *(each.name for each in parameters)])})`.",
            code="stage-function",
        )
    for each in parameters[1:]:
        if each.kind not in {each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY}:
            raise DeclarationError(
                f"stage `{name}` takes `{each}`, but values are given to it by name.",
                hint="Name each value it needs as an ordinary parameter.",
                code="stage-function",
            )
    optional = frozenset(each.name for each in parameters[1:] if each.default is not each.empty)
    return Needs(tuple(each.name for each in parameters[1:]), optional)


def annotations_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the annotations of a function; one that cannot be read is left out, the others stay."""
    try:
        return get_type_hints(function)
    except Exception:  # noqa: BLE001 - evaluating what somebody has written may raise anything
        return {name: found for name in function.__annotations__ for found in _annotation(function, name)}


def _annotation(function: Callable[..., Any], name: str) -> Iterable[Any]:
    alone = SimpleNamespace(__annotations__={name: function.__annotations__[name]})
    surroundings: dict[str, Any] = getattr(function, "__globals__", {})
    try:
        yield get_type_hints(alone, surroundings)[name]
    except Exception:  # noqa: BLE001 - as above
        return


def calls_of(function: Callable[..., Any], members: Mapping[str, Any], helpers: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the predict stages and sub-programs whose names a function uses, directly or through methods."""
    found: dict[str, None] = {}
    waiting, seen = [function], set[str]()
    while waiting:
        for name in sorted(names_in(waiting.pop()) - seen):
            seen.add(name)
            member = members.get(name, helpers.get(name))
            if isinstance(member, (PredictStage, Program)):
                found[name] = None
            elif isinstance(member, (FunctionStage, Assertion)):
                waiting.append(member.function)
            elif isinstance(member, FunctionType):
                waiting.append(member)
    return tuple(found)


def circle(start: str, first: str, members: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names on a way from `start`, by what it needs (`first` first), back to `start`; else nothing."""
    ways: list[tuple[str, ...]] = [(start, first)]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        if way[-1] == start:
            return way
        if way[-1] not in seen:
            seen.add(way[-1])
            ways.extend((*way, name) for name in _needed_by(members.get(way[-1])))
    return ()


def _needed_by(member: Any) -> tuple[str, ...]:
    match member:
        case FunctionStage() | Assertion():
            return tuple(inspect.signature(member.function).parameters)[1:]
        case PredictStage(inputs=None, output=str() as text):
            try:
                return tuple(each.name for each in parse_signature(text).inputs)
            except DeclarationError:
                return ()
        case PredictStage(inputs=tuple() as names):
            return names
        case _:
            return ()


def may_fit(found: Any, wanted: Any) -> bool:
    """Return False only when two plain classes cannot have a value in common."""
    if found is wanted or not (_is_plain_class(found) and _is_plain_class(wanted)):
        return True
    try:
        return issubclass(found, wanted) or issubclass(wanted, found) or (found is int and wanted is float)
    except TypeError:  # a TypedDict or a Protocol has no subclasses to ask for
        return True


def _is_plain_class(annotation: Any) -> bool:
    """Return whether an annotation is a class whose instances can be told from others; since Python 3.11 Any is one."""
    return isinstance(annotation, type) and annotation not in {Any, object} and get_origin(annotation) is None


def word(annotation: Any) -> str:
    """Return what messages call a type."""
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)
