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
_NAMES = (*_SCALARS, "tuple", "Optional", "Union", "Literal")


def parse_annotation(text: str) -> Any:
    """Return the type a text describes.

    Raises:
        DeclarationError: The text is no type expression, or names a type that is not known here.

    Example:
        >>> parse_annotation("list[int] | None")
        typing.Optional[list[int]]
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise DeclarationError(
            f"`{text}` is not a type.", hint="Write for example `str`, `float`, `list[str]` or `Literal['a', 'b']`."
        ) from error
    return _read(tree, text)


def _read(node: ast.expr, text: str) -> Any:
    match node:
        case ast.Constant(value=None):
            return NoneType
        case ast.Name(id=name) if name in _SCALARS:
            return _SCALARS[name]
        case ast.Name(id=name):
            raise DeclarationError(
                f"`{name}` in `{text}` is not a type known here.", hint=did_you_mean(name, _NAMES), code="type-unknown"
            )
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return Union[_read(left, text), _read(right, text)]  # noqa: UP007 - built from values
        case ast.Subscript(value=ast.Name(id="Literal"), slice=inner):
            return Literal[tuple(_literal(part, text) for part in _parts(inner))]
        case ast.Subscript(value=ast.Name(id=name), slice=inner) if name in _GENERICS:
            arguments = tuple(_read(part, text) for part in _parts(inner))
            return _GENERICS[name][arguments if len(arguments) > 1 else arguments[0]]
        case _:
            raise DeclarationError(f"`{ast.unparse(node)}` in `{text}` is not a type known here.", code="type-unknown")


def _parts(node: ast.expr) -> list[ast.expr]:
    return list(node.elts) if isinstance(node, ast.Tuple) else [node]


def _literal(node: ast.expr, text: str) -> object:
    try:
        value: object = ast.literal_eval(node)
    except ValueError:
        value = node
    if isinstance(value, (str, int, bool)) or value is None:
        return value
    raise DeclarationError(f"`{ast.unparse(node)}` in `{text}` must be a text or a whole number.", code="type-unknown")
