"""Comparing numbers, whether given as numbers or written as texts."""

import math
import re
from typing import Final

__all__ = ["numeric_match", "read_number"]

_NUMBER: Final = re.compile(
    r"\s*(?P<sign>[+-]?)(?:[$€£¥]\s*(?P<later>[+-]?))?"
    r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)?(?P<part>\.[0-9]*)?(?P<power>[eE][+-]?[0-9]+)?\s*"
)


def read_number(value: object) -> float | None:
    """Return the number that a value is, or that a text as a whole says; None when it is none.

    A text may have outer blanks, one leading currency sign, a sign before or after it, thousands in groups of three
    set off by commas, a point and an exponent. Booleans and what is not finite are no numbers.

    Example:
        >>> read_number(" $1,234.50 ")
        1234.5
        >>> read_number("about 5") is None
        True
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = _read_text(value) if isinstance(value, str) else float(value)
    except OverflowError:
        return None
    return number if number is not None and math.isfinite(number) else None


def _read_text(text: str) -> float | None:
    found = _NUMBER.fullmatch(text)
    if found is None or (found["sign"] and found["later"]):
        return None
    whole, part = found["whole"] or "", found["part"] or ""
    if not whole and len(part) <= 1:
        return None
    return float(f"{found['sign'] or found['later'] or ''}{whole.replace(',', '')}{part}{found['power'] or ''}")


def numeric_match(prediction: object, gold: object, *, rel_tol: float = 1e-9, abs_tol: float = 0.0) -> float:
    """Return 1 when both are numbers within either tolerance of each other, as `math.isclose` has it.

    Args:
        prediction: A number, or a text that says one.
        gold: The same.
        rel_tol: The largest difference, as a part of the larger number.
        abs_tol: The largest difference, in the unit of the numbers.
    """
    one, other = read_number(prediction), read_number(gold)
    if one is None or other is None:
        return 0.0
    return float(math.isclose(one, other, rel_tol=rel_tol, abs_tol=abs_tol))
