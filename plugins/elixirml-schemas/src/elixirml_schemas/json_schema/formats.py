"""The formats that are asserted, as RFC 3339, 4122, 5321, 2673, 4291 and 3986 define them."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["FORMATS"]

_DATE: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_TIME: Final = re.compile(r"(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII)
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL: Final = re.compile(rf'{_ATOM}(?:\.{_ATOM})*|"(?:[ !#-\[\]-~]|\\[ -~])*"')
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_QUAD: Final = re.compile(r"(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}", re.ASCII)
_NAME: Final = r"[A-Za-z0-9._~!$&'()*+,;=%-]"
_USER: Final = r"[A-Za-z0-9._~!$&'()*+,;=%:-]"
_PATH: Final = r"[A-Za-z0-9._~!$&'()*+,;=%:@/-]"
_QUERY: Final = r"[A-Za-z0-9._~!$&'()*+,;=%:@/?-]"
_URI: Final = re.compile(
    rf"[A-Za-z][A-Za-z0-9+.-]*:(?://(?:{_USER}*@)?(?:\[[0-9A-Fa-fvV.:]+\]|{_NAME}*)(?::[0-9]*)?(?=[/?#]|\Z)|(?!//))"
    rf"{_PATH}*(?:\?{_QUERY}*)?(?:#{_QUERY}*)?"
)
_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_LONG_MONTHS: Final = frozenset({1, 3, 5, 7, 8, 10, 12})


def _is_date(text: str) -> bool:
    found = _DATE.fullmatch(text)
    if found is None:
        return False
    year, month, day = map(int, found.groups())
    return 1 <= month <= 12 and 1 <= day <= _days(year, month)


def _days(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 31 if month in _LONG_MONTHS else 30


def _is_moment(text: str) -> bool:
    return text[10:11] in {"T", "t"} and _is_date(text[:10]) and _is_time(text[11:])


def _is_time(text: str) -> bool:
    found = _TIME.fullmatch(text)
    if found is None:
        return False
    hour, minute, second = int(found[1]), int(found[2]), int(found[3])
    hours, minutes = int(found[5] or 0), int(found[6] or 0)
    if max(hour, hours) > 23 or max(minute, minutes) > 59 or second > 60:
        return False
    if second < 60:
        return True
    # A leap second is the last of a day in UTC.
    offset = (hours * 60 + minutes) * (-1 if found[4] == "-" else 1)
    return (hour * 60 + minute - offset) % 1440 == 1439


def _is_email(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    return bool(at) and _LOCAL.fullmatch(local) is not None and _is_domain(domain)


def _is_domain(text: str) -> bool:
    if text.startswith("[") and text.endswith("]"):
        inner = text[1:-1]
        return _is_ipv6(inner[5:]) if inner.lower().startswith("ipv6:") else _is_ipv4(inner)
    return len(text) <= 255 and _DOMAIN.fullmatch(text) is not None


def _is_ipv4(text: str) -> bool:
    return _QUAD.fullmatch(text) is not None and all(int(each) <= 255 for each in text.split("."))


def _is_ipv6(text: str) -> bool:
    if "%" in text or "/" in text:
        return False
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def _is_uri(text: str) -> bool:
    return _URI.fullmatch(text) is not None and _ESCAPE.search(text) is None


FORMATS: Final[Mapping[str, Callable[[str], bool]]] = MappingProxyType(
    {
        "date": _is_date,
        "date-time": _is_moment,
        "uuid": lambda text: _UUID.fullmatch(text) is not None,
        "email": _is_email,
        "ipv4": _is_ipv4,
        "ipv6": _is_ipv6,
        "uri": _is_uri,
    }
)
"""Whether a text is of a format, by the name of the format."""
