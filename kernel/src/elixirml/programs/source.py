"""What a Python stage means, as it takes part in digests: its source, and the values and functions it uses.

Comments, layout, docstrings and decorators take no part: what a decorator puts around a function is in the function.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, FunctionType
from typing import Any, cast

from elixirml.identity import Json, canonical_json

__all__ = ["is_constant", "meaning_of", "names_in", "source_of"]


def meaning_of(function: Callable[..., Any]) -> Json:
    """Return what identifies a function: its source, and what it takes from around it.

    Of the names it uses, these take part: values it encloses, defaults of parameters, constants of its module, and
    functions of its module, with all that they use in turn.
    """
    return _meaning(function, set())


def is_constant(value: object) -> bool:
    """Return whether a value is plain and cannot change: what may change is state, and no part of a declaration."""
    if isinstance(value, tuple):
        return all(is_constant(part) for part in cast("tuple[object, ...]", value))
    try:
        return (value is None or isinstance(value, (bool, int, float, str))) and bool(canonical_json(value))
    except ValueError:  # NaN, infinity
        return False


def source_of(function: Callable[..., Any]) -> str:
    """Return the source of a function without comments, blank lines, layout, docstrings and decorators.

    A lambda, and a function typed at a prompt, has no source of its own; its byte code stands in, and its digest then
    holds for this version of Python only.
    """
    code: CodeType = function.__code__
    if code.co_name == "<lambda>":
        return _fingerprint(code)
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(code)))
    except (OSError, TypeError, SyntaxError):
        return _fingerprint(code)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            node.body = _without_docstring(node.body)
    outer: Any = tree.body[0]
    outer.decorator_list = []
    return ast.unparse(tree)


def names_in(function: Callable[..., Any]) -> frozenset[str]:
    """Return every name a function looks up: globals and attributes, those of inner functions included."""
    return frozenset(name for code in _codes(function.__code__) for name in code.co_names)


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    match body:
        case [ast.Expr(value=ast.Constant(value=str())), *rest]:
            return rest or [ast.Pass()]
        case _:
            return body


def _fingerprint(code: CodeType) -> str:
    constants = [_fingerprint(each) if isinstance(each, CodeType) else _constant(each) for each in code.co_consts]
    return canonical_json([code.co_code.hex(), code.co_names, code.co_varnames, code.co_freevars, constants])


def _constant(value: object) -> str:
    """Return a constant as text; sets are sorted, as their order is another in each process."""
    if isinstance(value, frozenset):
        return repr(sorted(map(repr, cast("frozenset[object]", value))))
    return repr(value)


def _meaning(function: Callable[..., Any], seen: set[CodeType]) -> Json:
    """Return the meaning of a function; one that was met before is left out, so that circles end."""
    seen.add(function.__code__)
    used: dict[str, Json] = {}
    for name, value in _taken(function).items():
        if isinstance(value, FunctionType):
            if value.__code__ not in seen:
                used[name] = _meaning(value, seen)
        elif is_constant(value):
            used[name] = cast("Json", value)
    return {"source": source_of(function), "uses": used}


def _taken(function: Callable[..., Any]) -> Mapping[str, object]:
    """Return what a function uses of its surroundings, by name."""
    surroundings: Mapping[str, object] = getattr(function, "__globals__", {})
    taken = {name: surroundings[name] for name in sorted(names_in(function)) if name in surroundings}
    module = getattr(function, "__module__", None)
    taken = {name: value for name, value in taken.items() if getattr(value, "__module__", module) == module}
    for name, cell in zip(function.__code__.co_freevars, getattr(function, "__closure__", None) or (), strict=True):
        try:
            taken[name] = cell.cell_contents
        except ValueError:  # not bound yet: a function that encloses itself
            continue
    defaults: tuple[object, ...] = getattr(function, "__defaults__", None) or ()
    taken |= {f"default {at}": value for at, value in enumerate(defaults)}
    by_name: Mapping[str, object] = getattr(function, "__kwdefaults__", None) or {}
    return taken | {f"default {name}": value for name, value in by_name.items()}
