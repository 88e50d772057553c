"""Reads type expressions written as text, such as `list[int] | None`, without evaluating anything."""

import ast
import datetime as dt
from collections.abc import Mapping
from types import NoneType
from typing import Any, Literal, Optional, Union

from elixirml.errors import DeclarationError, did_you_mean

__all__ = ["parse_annotation"]

_SCALARS: Mapping[str, Any] = {
    "Any": Any,
    "None": NoneType,
    "bool": bool,
    "date": dt.date,
    "datetime": dt.datetime,
    "dict": dict,
    "float": float,
    "int": int,
    "list": list,
    "str": str,
    "string": str,
    "text": str,
}
_GENERICS: Mapping[str, Any] = {"list": list, "dict": dict, "tuple": tuple, "Optional": Optional, "Union": Union}
_SIZES: Mapping[str, int] = {"list": 1, "dict": 2, "Optional": 1}
_EXAMPLES: Mapping[str, str] = {
    "list": "list[str]",
    "dict": "dict[str, int]",
    "tuple": "tuple[int, ...]",
    "Optional": "Optional[str]",
    "Union": "Union[str, int]",
    "Literal": "Literal['a', 'b']",
}
_NAMES = sorted({*_SCALARS, *_EXAMPLES})


def parse_annotation(text: str) -> Any:
    """Return the type a text describes.

    Raises:
        DeclarationError: The text is no type expression, or names a type that is not known here.

    Example:
        >>> parse_annotation("list[int] | None")
        typing.Optional[list[int]]
    """
    text = text.strip()
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise DeclarationError(
            f"`{text}` is not a type.",
            hint="Write for example `str`, `float`, `list[str]` or `Literal['a', 'b']`.",
            code="type-unknown",
        ) from error
    return _read(tree, text)


def _read(node: ast.expr, text: str) -> Any:
    match node:
        case ast.Constant(value=None):
            return NoneType
        case ast.Name(id=name) if name in _SCALARS:
            return _SCALARS[name]
        case ast.Name(id=name):
            hint = f"Say of what, as in `{_EXAMPLES[name]}`." if name in _EXAMPLES else did_you_mean(name, _NAMES)
            raise DeclarationError(f"`{name}` in `{text}` is not a type known here.", hint=hint, code="type-unknown")
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return Union[_read(left, text), _read(right, text)]  # noqa: UP007 - built from values
        case ast.Subscript(value=ast.Name(id="Literal"), slice=inner):
            return Literal[tuple(_literal(part, text) for part in _parts(inner))]
        case ast.Subscript(value=ast.Name(id=name), slice=inner) if name in _GENERICS:
            return _generic(name, _parts(inner), text)
        case _:
            raise _unknown(node, text)


def _generic(name: str, parts: list[ast.expr], text: str) -> Any:
    if len(parts) != _SIZES.get(name, len(parts)):
        raise DeclarationError(
            f"`{name}` in `{text}` takes {_SIZES[name]} {'type' if _SIZES[name] == 1 else 'types'}, not {len(parts)}.",
            hint=f"Write for example `{_EXAMPLES[name]}`.",
            code="type-unknown",
        )
    match parts:
        case [first, ast.Constant(value=last)] if name == "tuple" and last is Ellipsis:
            return _GENERICS[name][_read(first, text), ...]
        case _:
            arguments = [_read(part, text) for part in parts]
            return _GENERICS[name][tuple(arguments) if len(arguments) > 1 else arguments[0]]


def _parts(node: ast.expr) -> list[ast.expr]:
    return list(node.elts) if isinstance(node, ast.Tuple) and node.elts else [node]


def _literal(node: ast.expr, text: str) -> object:
    try:
        value: object = ast.literal_eval(node)
    except (ValueError, TypeError):
        value = node
    if isinstance(value, (str, int, bool)) or value is None:
        return value
    raise DeclarationError(f"`{ast.unparse(node)}` in `{text}` must be a text or a whole number.", code="type-unknown")


def _unknown(node: ast.expr, text: str) -> DeclarationError:
    return DeclarationError(
        f"`{ast.unparse(node)}` in `{text}` is not a type known here.",
        hint=did_you_mean(ast.unparse(node), _NAMES),
        code="type-unknown",
    )
