"""Fits plain text, which has no kind of its own, to what a schema asks for."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from elixirml_adapters.parsing.failure import ParseFailure, Path, bounded
from elixirml_adapters.parsing.fitting import fit, fit_each, passes_on, wrong_type
from elixirml_adapters.parsing.lenient_json import UnreadableError, read_whole
from elixirml_adapters.parsing.scalars import is_null_word
from elixirml_adapters.parsing.shapes import (
    Anything,
    Choice,
    ListOf,
    MapOf,
    Nothing,
    Record,
    Shape,
    Text,
    Union,
    accepts_null,
    accepts_text,
    shape_of,
)
from elixirml_adapters.parsing.values import Value, describe

__all__ = ["fit_json_text", "fit_plain_member", "fit_plain_text", "fit_text", "holds_json", "settle"]

_FENCE = "```"
_INFO = re.compile(r"[\w+-]*[^\S\n]*(?:\n|(?=[\[{]))")
# A blank must follow, or `-5` were 5 and `1.5` were 5; only the bullet sign stands for itself.
_BULLET = re.compile(r"\u2022\s*|(?:[-*]|[0-9]+[.)])(?:\s+|$)")


@bounded
def fit_text(text: str, schema: Mapping[str, Any]) -> Any:
    """Return the value that a plain text stands for.

    Numbers, booleans, choices, null, JSON and lists written line by line are understood; a text field keeps the text
    as it is. Of a union, the members other than text are tried first.

    Args:
        text: The text without any markup around.
        schema: The schema of one field.

    Raises:
        ParseFailure: The text stands for no value of the schema.

    Example:
        >>> fit_text("Positive.", {"enum": ["positive", "negative"]})
        'positive'
    """
    return fit_plain_text(text, shape_of(schema), ())


def fit_plain_text(text: str, shape: Shape, path: Path) -> Any:
    """Return the value of this shape that the text stands for; see `fit_text`."""
    return settle(text, shape, path, lambda member: fit_plain_member(text, member, path))


def fit_plain_member(text: str, shape: Shape, path: Path) -> Any:
    """Return the value of this shape, which is no union, that a text other than null stands for."""
    match shape:
        case ListOf():
            return _fit_list_text(text, shape, path)
        case Record() | MapOf():
            return fit_json_text(text, shape, path)
        case Anything() | Text():
            return text
        case _:
            return fit(text, shape, path)


def settle(text: str, shape: Shape, path: Path, fit_member: Callable[[Shape], Any]) -> Any:
    """Return null where the text says so and null is allowed, else what the first member that fits makes of it.

    Args:
        text: What is given.
        shape: What is asked for.
        path: Where it stands.
        fit_member: Fits what is given to a shape that is no union.

    Raises:
        ParseFailure: What `fit_member` raised; for a union `wrong_type`, unless JSON for a member was broken.
    """
    if _says_null(text, shape):
        return None
    if not isinstance(shape, Union):
        return fit_member(shape)
    failures: list[ParseFailure] = []
    for member in shape.text_last:
        if isinstance(member, Nothing):
            continue
        try:
            return fit_member(member)
        except ParseFailure as failure:
            if passes_on(failure):
                raise
            failures.append(failure)
    broken = [failure for failure in failures if failure.code in ("truncated", "malformed")]
    raise broken[0] if broken else wrong_type("one of several kinds", describe(text), path)


def holds_json(text: str, shape: Shape) -> bool:
    """Return whether a text for this list, record or map is to be read as JSON."""
    sign = _unfenced(text)[:1]
    return sign == "[" or (sign == "{" and not (isinstance(shape, ListOf) and accepts_text(shape.item)))


def fit_json_text(text: str, shape: Shape, path: Path) -> Any:
    """Return the list, record or map that the text, with or without a fence around, holds as JSON.

    Raises:
        ParseFailure: `wrong_type` for text that does not start as JSON, `truncated` or `malformed` for broken JSON.
    """
    if not holds_json(text, shape):
        raise wrong_type("JSON", describe(text), path)
    return fit(_read(_unfenced(text), path), shape, path)


def _read(text: str, path: Path) -> Value:
    try:
        return read_whole(text)
    except UnreadableError as error:
        if error.problem == "truncated":
            raise ParseFailure("truncated", path, "the JSON ends too early.") from None
        raise ParseFailure("malformed", path, f"{describe(text)} is not readable as JSON.") from None


def _says_null(text: str, shape: Shape) -> bool:
    if not accepts_null(shape) or (isinstance(shape, Choice) and text.strip() in shape.members):
        return False
    return is_null_word(text) or (not accepts_text(shape) and not text.strip())


def _fit_list_text(text: str, shape: ListOf, path: Path) -> list[Any]:
    if holds_json(text, shape):
        return list(fit_json_text(text, shape, path))
    lines = [line.strip() for line in _unfenced(text).split("\n") if line.strip()]
    bullets = [_BULLET.match(line) for line in lines]
    items = [line[bullet.end() :] for line, bullet in zip(lines, bullets, strict=True) if bullet]
    if items and len(items) == len(lines):
        return fit_each(items, str, lambda item, index: fit_plain_text(item, shape.item, (*path, index)))
    if len(lines) == 1:
        return [fit_plain_text(lines[0], shape.item, path)]
    raise wrong_type("a list", describe(text), path)


def _unfenced(text: str) -> str:
    """Return the trimmed text without the fence around it, closed or not."""
    text = text.strip()
    if not text.startswith(_FENCE):
        return text
    body = text.removeprefix(_FENCE).removesuffix(_FENCE)
    info = _INFO.match(body)
    return (body[info.end() :] if info else body).strip()
