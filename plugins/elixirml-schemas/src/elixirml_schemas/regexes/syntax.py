"""Reads a regular expression of ECMA-262 into a tree."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final, TypeAlias

from attrs import frozen

from elixirml.errors import DeclarationError

__all__ = ["Backreference", "Edge", "Group", "Look", "Node", "OneOf", "Repeat", "Sequence", "Sign", "parse"]

_SPACE: Final = r"\t-\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_NO_SPACE: Final = (
    r"\x00-\x08\x0e-\x1f\x21-\x9f\xa1-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\u205e\u2060-\u2fff"
    r"\u3001-\ufefe\uff00-\U0010ffff"
)
_SETS: Final = {"d": "0-9", "w": "A-Za-z0-9_", "s": _SPACE, "S": _NO_SPACE, "D": r"\D", "W": r"\W"}
_CONTROLS: Final = {"t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "0": "\0"}
_EDGES: Final = {"^": r"\A", "$": r"\Z"}
_CODES: Final = (
    re.compile(r"u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"),
    re.compile(r"u\{([0-9a-fA-F]{1,6})\}"),
    re.compile(r"u([0-9a-fA-F]{4})"),
    re.compile(r"x([0-9a-fA-F]{2})"),
)
_COUNT: Final = re.compile(r"\{(\d{1,6})(,(\d{0,6}))?\}", re.ASCII)
_PROPERTY: Final = re.compile(r"[pP]\{(?:General_Category=|gc=)?(\w+)\}", re.ASCII)
_NAME: Final = re.compile(r"<([A-Za-z_]\w*)>", re.ASCII)
_LOOKS: Final = ("(?=", "(?!", "(?<=", "(?<!")
_CATEGORIES: Final = {
    "Letter": "L",
    "Uppercase_Letter": "Lu",
    "Lowercase_Letter": "Ll",
    "Mark": "M",
    "Number": "N",
    "Decimal_Number": "Nd",
    "digit": "Nd",
    "Punctuation": "P",
    "punct": "P",
    "Symbol": "S",
    "Separator": "Z",
}
_DEEPEST: Final = 30


@frozen
class Sign:
    """One character of a set; `source` is Python's expression for it."""

    source: str


@frozen
class Edge:
    """A place between characters: an end of the text, or an end of a word."""

    source: str


@frozen
class Backreference:
    """The text of an earlier group once more."""

    source: str


@frozen
class Sequence:
    """One part after another."""

    parts: tuple["Node", ...]


@frozen
class OneOf:
    """Any of several alternatives."""

    options: tuple["Node", ...]


@frozen
class Repeat:
    """A part several times; `high` is None where there is no limit."""

    body: "Node"
    low: int
    high: int | None
    lazy: bool = False


@frozen
class Group:
    """A part in brackets; `opening` is how Python opens them."""

    opening: str
    body: "Node"


@frozen
class Look:
    """What must, or must not, stand before or after a place."""

    opening: str
    body: "Node"


Node: TypeAlias = Sign | Edge | Backreference | Sequence | OneOf | Repeat | Group | Look


def parse(source: str) -> Node:
    """Return the tree of a regular expression.

    Raises:
        DeclarationError: It is none, or is nested too deeply.
    """
    return _Reading(source).whole()


class _Reading:
    """A place in an expression that is being read from left to right."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        tree = self._alternatives()
        if self._at < len(self._source):
            raise self._error("a bracket is closed that was not opened")
        return tree

    def _error(self, reason: str) -> DeclarationError:
        return DeclarationError(
            f"The pattern {self._source[:100]!r} is no regular expression: {reason} (at sign {self._at}).",
            hint="Write it as ECMA-262 does, which is what JSON Schema asks for.",
            code="json-schema",
        )

    def _peek(self) -> str:
        return self._source[self._at : self._at + 1]

    def _take(self, text: str) -> bool:
        found = self._source.startswith(text, self._at)
        self._at += len(text) if found else 0
        return found

    def _next(self) -> str:
        sign = self._peek()
        if not sign:
            raise self._error("it ends too early")
        self._at += 1
        return sign

    def _alternatives(self) -> Node:
        options = [self._sequence()]
        while self._take("|"):
            options.append(self._sequence())
        return options[0] if len(options) == 1 else OneOf(tuple(options))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._peek() not in {"", "|", ")"}:
            parts.append(self._repeated())
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _repeated(self) -> Node:
        body = self._single()
        count = self._count()
        if count is None:
            return body
        if isinstance(body, Edge):
            raise self._error("what has no length cannot be repeated")
        lazy = self._take("?")
        if self._count() is not None:
            raise self._error("a repetition is repeated")
        return Repeat(body, *count, lazy)

    def _count(self) -> tuple[int, int | None] | None:
        for sign, count in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._take(sign):
                return count
        found = _COUNT.match(self._source, self._at)
        if found is None:
            return None
        self._at = found.end()
        low = int(found[1])
        high = low if found[2] is None else int(found[3]) if found[3] else None
        if high is not None and high < low:
            raise self._error("a repetition ends below where it begins")
        return low, high

    def _single(self) -> Node:
        sign = self._next()
        match sign:
            case "(":
                self._at -= 1
                return self._bracket()
            case "[":
                return Sign(self._set())
            case ".":
                return Sign(r"[^\n\r\u2028\u2029]")
            case "^" | "$":
                return Edge(_EDGES[sign])
            case "\\":
                return self._escape()
            case "*" | "+" | "?":
                raise self._error("nothing stands before a repetition")
            case _:
                return Sign(re.escape(sign))

    def _bracket(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._error(f"more than {_DEEPEST} brackets stand in each other")
        look = next((each for each in _LOOKS if self._take(each)), None)
        opening = look or self._opening()
        body = self._alternatives()
        if not self._take(")"):
            raise self._error("a bracket is not closed")
        self._depth -= 1
        return Look(opening, body) if look else Group(opening, body)

    def _opening(self) -> str:
        if self._take("(?:"):
            return "(?:"
        if self._take("(?"):
            return f"(?P<{self._name()}>"
        self._at += 1
        return "("

    def _name(self) -> str:
        found = _NAME.match(self._source, self._at)
        if found is None:
            raise self._error("a group has a sign after `(?` that is not known")
        self._at = found.end()
        return found[1]

    def _escape(self) -> Node:
        sign = self._peek()
        if sign and sign in "bB":
            self._at += 1
            return Edge(f"\\{sign}")
        if sign and sign in "123456789":
            self._at += 1
            return Backreference(f"(?:\\{sign})")
        if self._take("k"):
            return Backreference(f"(?P={self._name()})")
        members = self._members()
        return Sign(members if members in {r"\D", r"\W"} or len(members) == 1 else f"[{members}]")

    def _members(self) -> str:
        """Return what an escape adds to a set of characters, as Python writes it between square brackets."""
        named = _PROPERTY.match(self._source, self._at)
        if named is not None:
            self._at = named.end()
            return self._property(named[1], inside=named[0][0] == "p")
        for code in _CODES:
            found = code.match(self._source, self._at)
            if found is not None:
                self._at = found.end()
                return _member(self._character(*found.groups()))
        sign = self._next()
        if sign == "c" and self._peek().isascii() and self._peek().isalpha():
            return _member(chr(ord(self._next()) % 32))
        if sign in _SETS:
            return _SETS[sign]
        if sign.isalnum() and sign not in _CONTROLS:
            raise self._error(f"`\\{sign}` means nothing in ECMA-262")  # and something in Python, such as `\Z`
        return _member(_CONTROLS.get(sign, sign))

    def _character(self, digits: str, low: str | None = None) -> str:
        code = int(digits, 16)
        if low is not None:
            code = 0x10000 + ((code - 0xD800) << 10) + (int(low, 16) - 0xDC00)
        if code > 0x10FFFF:
            raise self._error("there is no such character")
        return chr(code)

    def _property(self, name: str, *, inside: bool) -> str:
        ranges = _ranges(_CATEGORIES.get(name, name), inside)
        if not ranges:
            raise self._error(f"the property {name} is not known here")
        return ranges

    def _set(self) -> str:
        negated = self._take("^")
        members: list[str] = []
        while not self._take("]"):
            members.append(self._set_member())
        if members:
            return f"[{'^' if negated else ''}{''.join(members)}]"
        return r"[\s\S]" if negated else r"[^\s\S]"

    def _set_member(self) -> str:
        first = self._set_sign()
        if self._source.startswith("-]", self._at) or not self._take("-"):
            return first
        last = self._set_sign()
        if _is_several(first) or _is_several(last):
            return f"{first}\\-{last}"
        if _code(first) > _code(last):
            raise self._error("a range of characters ends before it begins")
        return f"{first}-{last}"

    def _set_sign(self) -> str:
        sign = self._next()
        if sign != "\\":
            return _member(sign)
        return r"\x08" if self._take("b") else self._members()


def _member(sign: str) -> str:
    return f"\\x{ord(sign):02x}" if ord(sign) < 0x80 and not sign.isalnum() else sign


def _is_several(member: str) -> bool:
    return len(member) > 1 and not (len(member) == 4 and member.startswith("\\x"))


def _code(member: str) -> int:
    return ord(member) if len(member) == 1 else int(f"0{member[1:]}", 0)


@cache
def _ranges(category: str, inside: bool) -> str:  # noqa: FBT001 - `cache` wants arguments it can compare
    """Return the characters inside, or outside, a category of Unicode; empty when there is no such category."""
    ranges: list[list[int]] = []
    for code in _codes(lambda each: each.startswith(category) is inside):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    whole = len(ranges) == 1 and ranges[0] == [0, 0x10FFFF]
    return "" if whole else "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges)


def _codes(wanted: Callable[[str], bool]) -> Iterator[int]:
    return (code for code in range(0x110000) if wanted(unicodedata.category(chr(code))))
