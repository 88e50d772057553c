"""Numbers, truth values and names as models spell them, read without guessing."""

import math
import re
from decimal import Decimal, InvalidOperation
from typing import Final

__all__ = ["fold", "is_null_word", "read_boolean", "read_integer", "read_number"]

_MOST_DIGITS: Final = 4300  # the longest whole number that Python converts in bounded time
_TRUE: Final = frozenset({"true", "yes", "on", "y", "t", "1"})
_FALSE: Final = frozenset({"false", "no", "off", "n", "f", "0"})
_NUMBER: Final = re.compile(
    r"(?P<sign>[+-]?)(?:[$\u20ac\u00a3\u00a5]\s*(?P<later_sign>[+-]?))?"
    r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,3}(?:_[0-9]{3})+|[0-9]+)?"
    r"(?P<rest>(?P<fraction>\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)"
)
_SEPARATORS: Final = re.compile(r"[\s_-]+")


def fold(name: str) -> str:
    """Return a name without white space, `_` and `-`, casefolded."""
    return _SEPARATORS.sub("", name).casefold()


def is_null_word(text: str) -> bool:
    """Return whether a text is one of the words for nothing."""
    return text.strip().casefold() in {"null", "none"}


def read_boolean(text: str) -> bool | None:
    """Return the truth value that a word stands for; None when it stands for none.

    Example:
        >>> read_boolean("Yes"), read_boolean("0"), read_boolean("maybe")
        (True, False, None)
    """
    word = text.strip().casefold()
    return True if word in _TRUE else False if word in _FALSE else None


def read_number(text: str) -> int | float | None:
    """Return the number that a whole text spells; None when it spells none or overflows.

    Sign, one leading currency sign, thousands in groups of three by `,` or `_`, point and exponent are understood.

    Example:
        >>> read_number("-1,234.5"), read_number("$ 12"), read_number("12 kg")
        (-1234.5, 12, None)
    """
    plain = _plainly(text)
    if plain is None or plain.lstrip("-").isdigit():
        return None if plain is None else _whole(plain)
    value = float(plain)
    return None if math.isinf(value) else value


def read_integer(text: str) -> int | None:
    """Return the whole number that a text spells, exactly; None when it spells none. Nothing is rounded.

    Example:
        >>> read_integer("3.0"), read_integer("1e3"), read_integer("3.7")
        (3, 1000, None)
    """
    plain = _plainly(text)
    if plain is None or plain.lstrip("-").isdigit():
        return None if plain is None else _whole(plain)
    if math.isinf(float(plain)):
        return None
    try:
        value = Decimal(plain)
    except InvalidOperation:  # an exponent beyond all that may be whole
        return None
    return int(value) if value.is_zero() or value == value.to_integral_value() else None


def _plainly(text: str) -> str | None:
    """Return the spelling without currency and groups; None when the text is no number."""
    found = _NUMBER.fullmatch(text.strip())
    if found is None or (found["sign"] and found["later_sign"]):
        return None
    if not found["whole"] and (found["fraction"] or ".") == ".":
        return None
    sign = "-" if "-" in (found["sign"], found["later_sign"]) else ""
    return sign + (found["whole"] or "0").replace(",", "").replace("_", "") + found["rest"]


def _whole(plain: str) -> int | None:
    digits = plain.lstrip("-").lstrip("0") or "0"
    return None if len(digits) > _MOST_DIGITS else int(("-" if plain.startswith("-") else "") + digits)
