"""What a model gave as arguments: JSON whose numbers remember how they were written."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn, TypeAlias

from attrs import frozen

from elixirml_tools.spelling import read_number

__all__ = [
    "ArgumentsError",
    "Given",
    "Number",
    "Path",
    "describe",
    "given_arguments",
    "opened",
    "plain_number",
    "same",
    "whole_json",
]

Path: TypeAlias = "tuple[str | int, ...]"
"""Names and list positions from the outside in; empty for the whole."""


class ArgumentsError(ValueError):
    """The arguments of a call do not fit.

    Args:
        code: `bad_json`, `not_an_object`, `missing_argument`, `unknown_argument`, `wrong_type`, `not_in_enum` or
            `ambiguous`.
        path: The argument concerned; empty for all of them.
        message: What was expected and what was found.
    """

    def __init__(self, code: str, path: Path, message: str) -> None:
        super().__init__(code, path, message)
        self.code = code
        self.path = path
        self.message = message

    def __str__(self) -> str:
        where = f" at `{'.'.join(map(str, self.path))}`" if self.path else ""
        return f"{self.code}{where}: {self.message}"


@frozen
class Number:
    """A number as written: `1.50` for a text stays `1.50`."""

    source: str

    @property
    def is_whole(self) -> bool:
        """Whether it is written without point and exponent."""
        return self.source.removeprefix("-").isdigit()


Given: TypeAlias = "str | bool | Number | list[Given] | dict[str, Given] | None"
"""A value as given."""

_DEEPEST: Final = 200
_TOO_DEEP: Final = "it is nested too deeply"


def given_arguments(arguments: Any) -> dict[str, Given]:
    """Return arguments by name, from an object or from its JSON text; a blank text means none.

    Raises:
        ArgumentsError: `bad_json` or `not_an_object`.
    """
    try:
        found = _read(arguments) if isinstance(arguments, str) else _marked(arguments, 0)
    except ValueError as error:
        raise ArgumentsError("bad_json", (), f"the arguments are no JSON: {error}.") from None
    if not isinstance(found, dict):
        raise ArgumentsError("not_an_object", (), f"expected a JSON object of arguments, found {describe(found)}.")
    return found


def whole_json(text: str) -> Given:
    """Return what a whole JSON text says.

    Raises:
        ValueError: It is not strict JSON.
    """
    try:
        found = json.loads(text, parse_int=Number, parse_float=Number, parse_constant=_no_number)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    return _marked(found, 0)


def opened(value: Given, openers: str) -> Given:
    """Return the JSON that a text is as a whole, when it starts with one of `openers`; else the value itself."""
    if not isinstance(value, str) or not value.lstrip().startswith(tuple(openers)):
        return value
    try:
        return whole_json(value)
    except ValueError:
        return value


def describe(value: Given) -> str:
    """Return a value in a few words, for a message.

    Example:
        >>> describe("three")
        "the text 'three'"
    """
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case Number():
            return f"the number {_short(value.source)}"
        case str():
            return f"the text {_short(value)!r}"
        case dict():
            return "an object"
        case _:
            return f"a list of {len(value)}"


def same(left: Any, right: Any) -> bool:
    """Return whether two JSON values are equal; unlike `==`, true is not 1.

    Example:
        >>> same({"n": 3}, {"n": 3.0}), same(True, 1)
        (True, False)
    """
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)  # pyright: ignore[reportUnknownVariableType]
    return bool(left == right)


def _read(text: str) -> Given:
    return whole_json(text) if text.strip() else {}


def _marked(value: Any, depth: int) -> Given:
    """Return a plain value with its numbers as written.

    Raises:
        ValueError: It is nested too deeply, or no JSON.
    """
    if depth > _DEEPEST:
        raise ValueError(_TOO_DEEP)
    match value:
        case None | bool() | str() | Number():
            return value
        case int() | float():
            return Number(_source(value))
        case Mapping():
            return {str(key): _marked(item, depth + 1) for key, item in _pairs(value)}
        case Sequence():
            return [_marked(item, depth + 1) for item in _items(value)]
        case _:
            raise ValueError(f"{type(value).__name__} is no JSON value")


def _pairs(mapping: Any) -> Any:
    return mapping.items()


def _items(sequence: Any) -> Any:
    return sequence


def _source(number: float) -> str:
    try:
        return json.dumps(number)
    except ValueError:  # more digits than Python writes
        return "NaN"


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


def plain_number(number: Number, path: Path) -> int | float:
    """Return the value of a number.

    Raises:
        ArgumentsError: It is out of range.
    """
    value = read_number(number.source)
    if value is None:
        raise ArgumentsError("wrong_type", path, f"expected a number in range, found {describe(number)}.")
    return value
