"""Marks of this engine, beside those of the kernel: for `Annotated` and for the `constraints` of a `SchemaField`.

Example:
    >>> from typing import Annotated
    >>> Even = Annotated[int, MultipleOf(2), Above(0)]
"""

from collections.abc import Callable
from typing import Any

from attrs import Attribute, field, frozen

from elixirml.errors import DeclarationError

__all__ = ["Above", "Below", "MultipleOf", "Satisfies", "Unique"]


@frozen
class Above:
    """A number greater than `low`.

    .. versionadded:: 0.1
    """

    low: float


@frozen
class Below:
    """A number less than `high`.

    .. versionadded:: 0.1
    """

    high: float


def _check_step(_: object, __: "Attribute[float]", step: float) -> None:
    if not step > 0:
        raise DeclarationError(f"MultipleOf({step}) holds nothing: write a number above 0.", code="constraint")


@frozen
class MultipleOf:
    """A number that is a whole number of steps.

    Raises:
        DeclarationError: The step is not above 0.

    .. versionadded:: 0.1
    """

    step: float = field(validator=_check_step)


@frozen
class Unique:
    """A list that holds nothing twice.

    .. versionadded:: 0.1
    """


@frozen
class Satisfies:
    """A value of which a test is true; JSON Schemas cannot say it, so only validation does.

    Attributes:
        test: Takes the typed value.
        words: What is expected, as a message says it: `a prime number`.

    .. versionadded:: 0.1
    """

    test: Callable[[Any], object]
    words: str
