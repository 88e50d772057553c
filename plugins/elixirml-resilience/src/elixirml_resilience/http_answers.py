"""What an HTTP answer says about trying again, for providers whose errors are not the kernel's own.

The middleware `retry` reads `ModelError`, where providers have put this already.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from elixirml_resilience.deciding import Answer

__all__ = ["answer_of", "retry_after"]

_DAYS: Final = "Mon|Tue|Wed|Thu|Fri|Sat|Sun"
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE: Final = re.compile(
    rf"(?:{_DAYS}), (\d{{2}}) ({'|'.join(_MONTHS)}) (\d{{4}}) (\d{{2}}):(\d{{2}}):(\d{{2}}) GMT", re.ASCII
)
_DECIMAL: Final = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_WISHES: Final[Mapping[str, bool]] = {"true": True, "false": False}


def answer_of(
    status: int, headers: Mapping[str, str], body: object = None, *, start: datetime, at: float, streaming: bool = False
) -> Answer:
    """Return what an HTTP answer comes to.

    Args:
        status: Its status.
        headers: Its headers, whatever the case of their names.
        body: Its JSON body.
        start: When the first attempt began.
        at: Seconds from then to this answer.
        streaming: Part of a reply was handed on already.
    """
    found = {name.lower(): value.strip() for name, value in headers.items()}
    return Answer(
        status=status,
        retry_after=retry_after(found, now=start + timedelta(seconds=at)),
        should_retry=_WISHES.get(found.get("x-should-retry", "")),
        out_of_quota=_error_code(body) == "insufficient_quota",
        stream_started=streaming,
        at=at,
    )


def retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Return the seconds a server wants to be left alone; None when it says nothing that can be read.

    `retry-after-ms` first, then `retry-after` in seconds or as an IMF-fixdate, where a date in the past is 0.
    """
    found = {name.lower(): value.strip() for name, value in headers.items()}
    milliseconds = found.get("retry-after-ms", "")
    if _DECIMAL.fullmatch(milliseconds):
        return float(milliseconds) / 1000
    value = found.get("retry-after", "")
    return float(value) if _DECIMAL.fullmatch(value) else _until(value, now)


def _until(value: str, now: datetime) -> float | None:
    said = _DATE.fullmatch(value)
    if said is None:
        return None
    day, month, year, hour, minute, second = said.groups()
    try:
        then = datetime(int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    except ValueError:
        return None
    return max(0.0, (then - now).total_seconds())


def _error_code(body: object) -> object:
    error = cast("Mapping[str, Any]", body).get("error") if isinstance(body, Mapping) else None
    return cast("Mapping[str, Any]", error).get("code") if isinstance(error, Mapping) else None
