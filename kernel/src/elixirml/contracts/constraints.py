"""Marks for `typing.Annotated`: what a field's values must keep to, in plain objects that any schema engine can read.

Example:
    >>> from typing import Annotated
    >>> Confidence = Annotated[float, Range(0, 1), "how sure the answer is"]
"""

import math
import re

from attrs import Attribute, field, frozen

from elixirml.errors import DeclarationError

__all__ = ["Description", "Length", "Pattern", "Range"]


def _ordered(low: float | None, high: float | None, mark: str) -> None:
    if any(bound is not None and math.isnan(bound) for bound in (low, high)):
        raise DeclarationError(f"{mark} has a bound that is not a number.", code="constraint")
    if low is not None and high is not None and low > high:
        raise DeclarationError(
            f"{mark} holds nothing: {low} is above {high}.", hint=f"Write {mark}({high}, {low}).", code="constraint"
        )


@frozen
class Range:
    """A number from `low` to `high`, both included; None leaves a side open.

    Raises:
        DeclarationError: The range holds nothing.

    .. versionadded:: 0.1
    """

    low: float | None = None
    high: float | None = None

    def __attrs_post_init__(self) -> None:
        _ordered(self.low, self.high, "Range")


@frozen
class Length:
    """A text of so many characters, or a collection of so many items; both bounds included.

    Raises:
        DeclarationError: The bounds hold nothing.

    .. versionadded:: 0.1
    """

    minimum: int = 0
    maximum: int | None = None

    def __attrs_post_init__(self) -> None:
        if self.minimum < 0:
            raise DeclarationError(f"Length begins at {self.minimum}: no text is shorter than 0.", code="constraint")
        _ordered(self.minimum, self.maximum, "Length")


def _check_regex(_: object, __: "Attribute[str]", regex: str) -> None:
    try:
        re.compile(regex)
    except re.error as error:
        raise DeclarationError(f"Pattern({regex!r}) is no regular expression: {error}.", code="constraint") from error


@frozen
class Pattern:
    """A text in which the regular expression is found; `^` and `$` bind it to the whole.

    Raises:
        DeclarationError: The text is no regular expression.

    .. versionadded:: 0.1
    """

    regex: str = field(validator=_check_regex)


@frozen
class Description:
    """What a field means, in words a model can use; plain text in `Annotated` is the same.

    .. versionadded:: 0.1
    """

    text: str
