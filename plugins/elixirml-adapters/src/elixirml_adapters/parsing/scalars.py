"""Numbers and booleans as models write them, read without guessing."""

import math
import re

__all__ = ["is_null_word", "read_boolean", "read_integer", "read_number"]

_MAX_DIGITS = 4300  # the longest whole number that Python converts in bounded time
_MAX_POWER_DIGITS = 10
_NULL = frozenset({"null", "none"})
_TRUE = frozenset({"true", "yes", "on", "y", "t", "1"})
_FALSE = frozenset({"false", "no", "off", "n", "f", "0"})
_PLAIN_INTEGER = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(
    r"(?P<sign>[+-]?)(?:[$\u20ac\u00a3\u00a5]\s*(?P<later_sign>[+-]?))?"
    r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,3}(?:_[0-9]{3})+|[0-9]+)?"
    r"(?P<point>\.(?P<fraction>[0-9]*))?"
    r"(?P<exponent>[eE](?P<power>[+-]?[0-9]+))?"
)


def is_null_word(text: str) -> bool:
    """Return whether the text is one of the words for nothing."""
    return text.strip().casefold() in _NULL


def read_boolean(text: str) -> bool | None:
    """Return the truth value that the word stands for; None when it stands for none.

    Example:
        >>> read_boolean("Yes"), read_boolean("0"), read_boolean("maybe")
        (True, False, None)
    """
    word = text.strip().casefold()
    return True if word in _TRUE else False if word in _FALSE else None


def read_number(text: str) -> int | float | None:
    """Return the number that the whole text spells; None when it spells none or overflows.

    Sign, one leading currency sign, thousands in groups of three by `,` or `_`, point and exponent are understood.

    Example:
        >>> read_number("-1,234.5"), read_number("$ 12"), read_number("12 kg")
        (-1234.5, 12, None)
    """
    if _PLAIN_INTEGER.fullmatch(text):
        return int(text)
    match = _match(text)
    if match is None:
        return None
    if match["point"] is None and match["exponent"] is None:
        return _whole(_ungrouped(match["whole"]), _sign(match))
    value = float(_plain(match))
    return None if math.isinf(value) else value


def read_integer(text: str) -> int | None:
    """Return the whole number that the text spells, exactly; None when it spells none. Nothing is rounded.

    Example:
        >>> read_integer("3.0"), read_integer("1e3"), read_integer("3.7")
        (3, 1000, None)
    """
    if _PLAIN_INTEGER.fullmatch(text):
        return int(text)
    match = _match(text)
    if match is None or (match["exponent"] is not None and math.isinf(float(_plain(match)))):
        return None
    fraction = match["fraction"] or ""
    digits = _ungrouped(match["whole"] or "") + fraction
    if not digits.strip("0"):
        return 0
    power = _power(match["power"] or "0")
    if power is None:
        return None
    places = power - len(fraction)
    if places >= 0:
        return _whole(digits + "0" * min(places, _MAX_DIGITS), _sign(match))
    return None if digits[places:].strip("0") else _whole(digits[:places], _sign(match))


def _power(written: str) -> int | None:
    """Return the power of ten; None beyond all that the digits of a reply could make whole."""
    digits = written.lstrip("+-0") or "0"
    return None if len(digits) > _MAX_POWER_DIGITS else int(digits) * (-1 if written.startswith("-") else 1)


def _match(text: str) -> re.Match[str] | None:
    match = _NUMBER.fullmatch(text.strip())
    if match is None or not (match["whole"] or match["fraction"]) or (match["sign"] and match["later_sign"]):
        return None
    return match


def _sign(match: re.Match[str]) -> str:
    sign = match["sign"] or match["later_sign"] or ""
    return "-" if sign == "-" else ""


def _plain(match: re.Match[str]) -> str:
    whole = _ungrouped(match["whole"] or "0")
    return f"{_sign(match)}{whole}{match['point'] or ''}{match['exponent'] or ''}"


def _whole(digits: str, sign: str) -> int | None:
    digits = digits.lstrip("0") or "0"
    return None if len(digits) > _MAX_DIGITS else int(sign + digits)


def _ungrouped(digits: str) -> str:
    return digits.replace(",", "").replace("_", "")
