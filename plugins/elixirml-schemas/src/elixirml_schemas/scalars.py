"""Shapes of single values: text, numbers, truth values, nothing, days and moments; and of anything plain."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, NamedTuple, cast
from uuid import UUID

from attrs import field, frozen

from elixirml.contracts.constraints import Description, Length, Pattern, Range
from elixirml.errors import Problem
from elixirml.identity import Json
from elixirml_schemas.constraints import Above, Below, MultipleOf, Satisfies
from elixirml_schemas.marks import check, with_keywords
from elixirml_schemas.shape import REFUSED, Mark, Path, refuse

__all__ = [
    "CLOCK",
    "DAY",
    "DECIMAL",
    "INTEGER",
    "MOMENT",
    "NOTHING",
    "REAL",
    "TEXT",
    "TRUTH",
    "UNIQUE_ID",
    "Anything",
    "Scalar",
]

_CLOCK: Final = re.compile(r"\d{2}:\d{2}(:\d{2}([.,]\d+)?)?([Zz]|[+-]\d{2}:\d{2}(:\d{2})?)?", re.ASCII)
_UNIQUE_ID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DECIMAL: Final = re.compile(r"[+-]?\d{1,400}(\.\d{1,400})?([eE][+-]?\d{1,4})?", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?([Zz]|[+-]\d{2}:\d{2}(:\d{2})?)?", re.ASCII
)


@frozen
class Scalar:
    """A single value.

    Attributes:
        noun: What messages call it.
        keywords: Its JSON Schema before marks.
        accept: Returns the typed value, or `REFUSED`.
        write: Returns the JSON of a typed value.
        forms: The JSON types its values take.
        takes: The kinds of mark that mean something, beside a description.
        plain: Whether a typed value equals its JSON form.
        marks: What the values must keep to.
    """

    noun: str
    keywords: Mapping[str, Any] = field(hash=False)
    accept: Callable[[object], Any]
    write: Callable[[Any], Json]
    forms: frozenset[str]
    takes: frozenset[type[Mark]] = frozenset({Satisfies, Description})
    plain: bool = True
    marks: tuple[Mark, ...] = ()
    hashable: bool = field(default=True, init=False, repr=False)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return with_keywords(dict(self.keywords), self.marks)

    def read(self, value: object, path: Path, problems: list[Problem]) -> Any:
        """Return the typed value."""
        typed = self.accept(value)
        if typed is REFUSED:
            refuse(problems, path, self.noun, value)
        elif self.marks:
            check(self.marks, typed, path, problems, kind=self.keywords["type"])
        return typed

    def dump(self, value: Any) -> Json:
        """Return the plain value."""
        return self.write(value)


def _text(value: object) -> Any:
    return value if isinstance(value, str) else REFUSED


def _integer(value: object) -> Any:
    return value if isinstance(value, int) and not isinstance(value, bool) else REFUSED


def _real(value: object) -> Any:
    if type(value) is float and value - value == 0:
        return value
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return REFUSED
    try:
        number = float(value)
    except OverflowError:
        return REFUSED
    return number if math.isfinite(number) else REFUSED


def _truth(value: object) -> Any:
    return value if isinstance(value, bool) else REFUSED


def _nothing(value: object) -> Any:
    return None if value is None else REFUSED


def _day(value: object) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) and _DAY.fullmatch(value) else REFUSED
    except ValueError:  # the 31st of February
        return REFUSED


def _moment(value: object) -> Any:
    if isinstance(value, datetime):
        return value
    try:
        matches = isinstance(value, str) and _MOMENT.fullmatch(value)
        return datetime.fromisoformat(cast("str", value).upper()) if matches else REFUSED
    except ValueError:  # the 25th hour
        return REFUSED


def _clock(value: object) -> Any:
    if isinstance(value, time):
        return value
    try:
        matches = isinstance(value, str) and _CLOCK.fullmatch(value)
        return time.fromisoformat(cast("str", value).upper()) if matches else REFUSED
    except ValueError:  # the 25th hour
        return REFUSED


def _unique_id(value: object) -> Any:
    if isinstance(value, UUID):
        return value
    return UUID(value) if isinstance(value, str) and _UNIQUE_ID.fullmatch(value) else REFUSED


def _decimal(value: object) -> Any:
    if isinstance(value, Decimal):
        return value if value.is_finite() else REFUSED
    if isinstance(value, float) and math.isfinite(value):
        return Decimal(repr(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return Decimal(value) if isinstance(value, str) and _DECIMAL.fullmatch(value) else REFUSED


def _iso(value: date | time) -> Json:
    return value.isoformat()


def _keywords(**keywords: Any) -> Mapping[str, Any]:
    return MappingProxyType(keywords)


# A text may read as a day; a day and a moment never read as each other.
_ANY_TEXT: Final = frozenset({"string", "date", "date-time", "time", "uuid", "decimal"})
_NUMBER: Final = frozenset({"number"})
_ON_ALL: Final[frozenset[type[Mark]]] = frozenset({Satisfies, Description})
_ON_TEXT: Final[frozenset[type[Mark]]] = _ON_ALL | {Length, Pattern}
_ON_NUMBERS: Final[frozenset[type[Mark]]] = _ON_ALL | {Range, Above, Below, MultipleOf}

# `str.__str__` and `int` take subclasses off, such as the members of `StrEnum` and `IntEnum`.
TEXT: Final = Scalar("text", _keywords(type="string"), _text, str.__str__, _ANY_TEXT, _ON_TEXT)
"""A text."""
INTEGER: Final = Scalar("a whole number", _keywords(type="integer"), _integer, int, _NUMBER, _ON_NUMBERS)
"""A whole number; 3.0 and True are none."""
REAL: Final = Scalar("a finite number", _keywords(type="number"), _real, float, _NUMBER, _ON_NUMBERS)
"""A finite number, since JSON has neither NaN nor infinity. Whole numbers become floats; nothing else does."""
TRUTH: Final = Scalar("true or false", _keywords(type="boolean"), _truth, bool, frozenset({"boolean"}))
"""True or false; 1 and 0 are neither."""
NOTHING: Final = Scalar("null", _keywords(type="null"), _nothing, lambda _: None, frozenset({"null"}))
"""None, which JSON writes as null."""
DAY: Final = Scalar(
    "a date like 2026-01-31",
    _keywords(type="string", format="date"),
    _day,
    _iso,
    frozenset({"date"}),
    plain=False,
)
"""A calendar day; a `datetime` is none."""
MOMENT: Final = Scalar(
    "a date and time like 2026-01-31T12:00:00Z",
    _keywords(type="string", format="date-time"),
    _moment,
    _iso,
    frozenset({"date-time"}),
    plain=False,
)
"""A day with a time, and an offset where the value has one."""

CLOCK: Final = Scalar(
    "a time of day like 12:00:00",
    _keywords(type="string", format="time"),
    _clock,
    _iso,
    frozenset({"time"}),
    plain=False,
)
"""A time of day, with an offset where the value has one."""
UNIQUE_ID: Final = Scalar(
    "a UUID like 123e4567-e89b-12d3-a456-426614174000",
    _keywords(type="string", format="uuid"),
    _unique_id,
    str,
    frozenset({"uuid"}),
    plain=False,
)
"""A universally unique identifier, in its usual form with dashes."""
DECIMAL: Final = Scalar(
    "a decimal number like 19.90",
    _keywords(type="string", format="decimal"),
    _decimal,
    str,
    frozenset({"decimal"}),
    _ON_NUMBERS,
    plain=False,
)
"""A decimal number, as text in JSON, where numbers lose digits; numbers are read as they are written."""


@frozen
class Anything:
    """Any plain data: what JSON can hold."""

    marks: tuple[Mark, ...] = ()
    noun: str = field(
        default="plain data (text, finite numbers, true, false, null, lists, objects with text keys)",
        init=False,
        repr=False,
    )
    forms: frozenset[str] = field(
        default=_ANY_TEXT | {"number", "boolean", "null", "array", "object"}, init=False, repr=False
    )
    takes: frozenset[type[Mark]] = field(default=frozenset({Description}), init=False, repr=False)
    plain: bool = field(default=True, init=False, repr=False)
    hashable: bool = field(default=False, init=False, repr=False)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema that accepts everything."""
        return with_keywords({}, self.marks)

    def read(self, value: object, path: Path, problems: list[Problem]) -> Any:
        """Accept what JSON can hold; no depth of nesting exhausts the stack."""
        waiting: list[tuple[_Link | None, object]] = [(None, value)]
        while waiting:
            link, part = waiting.pop()
            inner = _parts(part)
            if inner is None:
                refuse(problems, (*path, *_path(link)), self.noun, part)
            else:
                waiting.extend((_Link(key, link), each) for key, each in inner)
        return value

    def dump(self, value: Any) -> Json:
        """Return the data itself."""
        return cast("Json", value)


class _Link(NamedTuple):
    """The last step of a path and what comes before it; written out only for a message."""

    key: str | int
    before: "_Link | None"


def _path(link: _Link | None) -> Path:
    keys: list[str | int] = []
    while link is not None:
        keys.append(link.key)
        link = link.before
    return tuple(reversed(keys))


def _parts(value: object) -> Iterable[tuple[str | int, object]] | None:
    """Return what a piece of plain data holds, or None when it is no plain data."""
    if isinstance(value, list):
        return enumerate(cast("list[object]", value))
    if isinstance(value, dict):
        entries = cast("dict[str, object]", value)
        return entries.items() if all(isinstance(key, str) for key in entries) else None
    return () if value is None or isinstance(value, (str, int)) or _real(value) is not REFUSED else None
