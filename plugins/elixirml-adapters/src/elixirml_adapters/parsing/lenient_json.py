"""Reads JSON as language models write it.

Beyond JSON: single and typographic quotes, one trailing comma, comments (`//`, `#`, `/* */`), bare keys and values,
True, False and None, raw line breaks in texts, inner quotes left unescaped, commas missing at line breaks.
Nothing is repaired that was cut off.

Time is in proportion to the text although reading starts anew at every bracket of prose: a reading that fails notes
its states (position and what is awaited there), and a later one that comes to such a state fails at once; ways to far
signs are remembered by `Landmarks`; texts are decoded only when the bracket around them has closed; plain parts are
read at once by `flat_json`.
"""

import re
from typing import Literal, TypeAlias

from elixirml_adapters.parsing.flat_json import BARE_KEY, bare_value, read_flat, read_items
from elixirml_adapters.parsing.landmarks import Landmarks
from elixirml_adapters.parsing.strict_json import StrictReader
from elixirml_adapters.parsing.values import MAX_DEPTH, Members, Value

__all__ = [
    "BARE_END",
    "BARE_KEY",
    "CLOSING_SIGNS",
    "COLON",
    "COMMA",
    "COMMA_OR_MEMBER",
    "ESCAPE",
    "LINE_BREAK",
    "MEMBER",
    "SPACE",
    "VALUE",
    "Reader",
    "UnreadableError",
    "bare_value",
    "meaning",
    "read_whole",
    "unescaped",
]

_Problem: TypeAlias = Literal["malformed", "truncated", "too_deep"]

SPACE = re.compile(r"\s+")
"""Blanks between signs."""

LINE_BREAK = re.compile(r"[\r\n]")
"""Where a line ends."""

CLOSING_SIGNS = {
    '"': '"',
    "'": "'",
    **dict.fromkeys("\u201c\u201d\u201e\u201f", "\u201c\u201d\u201f"),
    **dict.fromkeys("\u2018\u2019\u201a\u201b", "\u2018\u2019\u201b"),
}
"""What may end a text, by the sign that begins it."""

_COMMENT = r"//|/\*|#"
_COMMENT_END = re.compile(r"\*/")
BARE_END = re.compile(rf"[,}}\]\r\n]|{_COMMENT}")
"""What ends a bare value."""

_SHORT = 256  # signs; to compare longer failures with every later bracket could take long

# A quote sign ends a text only where something that may follow a text follows; else it is part of the text.
_TEXT_ENDS = {
    signs: re.compile(rf"\\.|[{signs}](?=[^\S\r\n]*(?:[,:}}\]\r\n]|{_COMMENT}|\Z))", re.DOTALL)
    for signs in set(CLOSING_SIGNS.values())
}
ESCAPE = re.compile(
    r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\(.)", re.DOTALL
)
"""One escape, or two that are one sign."""

_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", **{sign: sign for sign in "\"'\\/"}}
_OPENING_BRACKETS = ("{", "[")
_CLOSING_BRACKETS = ("}", "]")


class UnreadableError(Exception):
    """The text holds no JSON here.

    Args:
        problem: `malformed`, `truncated` or `too_deep`.
    """

    def __init__(self, problem: _Problem) -> None:
        super().__init__(problem)
        self.problem: _Problem = problem


# What may come next inside a bracket (plain numbers: this is the innermost loop).
MEMBER = 0  # or the closing bracket
COLON = 1
VALUE = 2
COMMA = 3  # or the closing bracket
COMMA_OR_MEMBER = 4  # after a line break, which stands for a comma

_Span: TypeAlias = tuple[int, int, bool]
"""A key or plain value not decoded yet: start, end and whether it is a text."""

_Slot: TypeAlias = "Value | _Span"


class _Bracket:
    """One open bracket, `states` states after the reading began."""

    __slots__ = ("awaits", "is_object", "keys", "states", "values")

    def __init__(self, opener: str, states: int) -> None:
        self.is_object = opener == "{"
        self.states = states
        self.awaits = MEMBER
        self.keys: list[_Span] = []
        self.values: list[_Slot] = []


def read_whole(text: str) -> Value:
    """Read a text that is one object or list and nothing else but blanks and comments.

    Raises:
        UnreadableError: It is not, it was cut off, or its brackets are nested too deeply.
    """
    text = text.strip()
    if text[:1] not in ("{", "["):
        raise UnreadableError("malformed")
    reader = Reader(text)
    read = reader.read(0)
    if read is None or reader.skip(read[1]) < len(text):
        raise UnreadableError("malformed")
    return read[0]


class Reader:
    """Reads brackets out of one text.

    Args:
        text: What to read from; its end counts as the end of the reply.
        strict_first: Whether to try the faster reader of JSON by the letter; the results are the same.

    Example:
        >>> Reader("so {n: 3,}").read(3)
        (Members(pairs=(('n', Number(source='3')),)), 10)
    """

    def __init__(self, text: str, *, strict_first: bool = True) -> None:
        self._text = text
        self._strict = StrictReader(text) if strict_first else None
        self._failed: set[int] = set()
        self._recalled = False  # whether the reading failed at a state that is known to fail
        self._unreadable = ""  # all that the last failed reading looked at; what begins so fails alike
        self._bare_ends = Landmarks(text, BARE_END)
        self._line_breaks = Landmarks(text, LINE_BREAK)
        self._comment_ends = Landmarks(text, _COMMENT_END)
        self._text_ends: dict[str, Landmarks] = {}
        self._open: list[_Bracket] = []
        self._states: list[int] = []
        self._result: Value = None

    def read(self, start: int) -> tuple[Value, int] | None:
        """Read the object or list whose opening bracket stands at `start`.

        Returns:
            The value and the position behind it; None when what stands there is no JSON.

        Raises:
            UnreadableError: `truncated` when the text ends first, `too_deep` beyond `MAX_DEPTH` brackets.
        """
        if self._unreadable and self._text.startswith(self._unreadable, start):
            return None
        if self._strict is not None and (strict := self._strict.read(start)) is not None:
            return strict
        return self._read(start)

    def _read(self, start: int) -> tuple[Value, int] | None:
        self._open.clear()
        self._states.clear()
        self._recalled = False
        position = self._open_bracket(self._text[start], start)
        while self._open:
            following = self._step(position)
            if following is None:
                self._failed.update(self._states)
                seen = self._blanks_end(position) + 2
                self._unreadable = "" if self._recalled or seen - start > _SHORT else self._text[start:seen]
                return None
            position = following
        return self._result, position

    def skip(self, position: int) -> int:
        """Return the position behind the blanks and comments at `position`."""
        while (end := self._comment_end(self._blanks_end(position))) > position:
            position = end
        return position

    def _step(self, position: int) -> int | None:
        """Read one sign, text, bare word or gap; None when it cannot stand there."""
        bracket = self._open[-1]
        awaits = bracket.awaits
        state = position << 4 | awaits << 1 | bracket.is_object
        if state in self._failed:
            self._recalled = True
            return None
        self._states.append(state)
        text = self._text
        sign = text[position : position + 1]
        if sign.isspace():
            start, position = position, self._blanks_end(position)
            if awaits == COMMA and self._line_breaks.after(start) < position:
                awaits = bracket.awaits = COMMA_OR_MEMBER
            sign = text[position : position + 1]
        if not sign:
            raise UnreadableError("truncated")
        if sign in "/#" and (end := self._comment_end(position)) > position:
            if awaits == COMMA and self._line_breaks.after(position) < end:
                bracket.awaits = COMMA_OR_MEMBER
            return end
        return self._take(bracket, sign, position)

    def _take(self, bracket: _Bracket, sign: str, position: int) -> int | None:
        awaits = bracket.awaits
        if awaits == VALUE:
            return self._take_value(bracket, sign, position)
        if awaits == COLON:
            return self._take_sign(bracket, ":", VALUE, position) if sign == ":" else None
        if awaits == COMMA:
            return self._take_end(bracket, sign, position)
        return self._take_member(bracket, sign, position)

    def _take_member(self, bracket: _Bracket, sign: str, position: int) -> int | None:
        if sign in _CLOSING_BRACKETS or (sign == "," and bracket.awaits == COMMA_OR_MEMBER):
            return self._take_end(bracket, sign, position)
        if bracket.is_object:
            return self._take_key(bracket, sign, position)
        return self._take_value(bracket, sign, position)

    def _take_end(self, bracket: _Bracket, sign: str, position: int) -> int | None:
        """Read what ends a member."""
        if sign == ",":
            return self._take_sign(bracket, ",", MEMBER, position)
        return self._close_bracket(bracket, position) if sign == "]}"[bracket.is_object] else None

    def _take_sign(self, bracket: _Bracket, sign: str, then: int, position: int) -> int:
        """Step over the sign where it stands directly at `position`."""
        if self._text.startswith(sign, position):
            bracket.awaits = then
            return position + 1
        return position

    def _take_key(self, bracket: _Bracket, sign: str, position: int) -> int | None:
        if sign in CLOSING_SIGNS:
            start, end = position + 1, self._text_end(sign, position)
            following = end + 1
        elif match := BARE_KEY.match(self._text, position):
            start, end = match.span()
            following = end
        else:
            return None
        bracket.keys.append((start, end, True))
        bracket.awaits = COLON
        return self._take_sign(bracket, ":", VALUE, following)

    def _take_value(self, bracket: _Bracket, sign: str, position: int) -> int | None:
        bracket.awaits = COMMA
        if not bracket.is_object and len(self._open) < MAX_DEPTH and (plain := read_items(self._text, position)):
            items, following, with_comma = plain
            bracket.values += items
            bracket.awaits = MEMBER if with_comma else COMMA_OR_MEMBER
            return following
        if sign in _OPENING_BRACKETS:
            return self._open_bracket(sign, position)
        if sign in CLOSING_SIGNS:
            end = self._text_end(sign, position)
            bracket.values.append((position + 1, end, True))
            return self._take_sign(bracket, ",", MEMBER, end + 1)
        end = self._bare_ends.after(position)
        if end == position:
            return None
        if end == len(self._text):
            raise UnreadableError("truncated")
        bracket.values.append((position, end, False))
        return self._take_sign(bracket, ",", MEMBER, end)

    def _text_end(self, sign: str, position: int) -> int:
        signs = CLOSING_SIGNS[sign]
        if signs not in self._text_ends:
            self._text_ends[signs] = Landmarks(self._text, _TEXT_ENDS[signs])
        end = self._text_ends[signs].after(position + 1)
        if end == len(self._text):
            raise UnreadableError("truncated")
        return end

    def _open_bracket(self, sign: str, position: int) -> int:
        if len(self._open) == MAX_DEPTH:
            raise UnreadableError("too_deep")
        if flat := read_flat(self._text, position):
            return self._put(*flat)
        self._open.append(_Bracket(sign, len(self._states)))
        return position + 1

    def _close_bracket(self, bracket: _Bracket, position: int) -> int:
        self._open.pop()
        # What happened inside a closed bracket says nothing about readings that fail later.
        del self._states[bracket.states :]
        return self._put(self._value_of(bracket), position + 1)

    def _put(self, value: Value, end: int) -> int:
        """Put a bracket's value where it belongs: it is the result, or stands in the bracket around."""
        if not self._open:
            self._result = value
            return end
        outer = self._open[-1]
        outer.values.append(value)
        return self._take_sign(outer, ",", MEMBER, end)

    def _blanks_end(self, position: int) -> int:
        match = SPACE.match(self._text, position)
        return match.end() if match else position

    def _comment_end(self, position: int) -> int:
        """Return the end of the comment that starts at `position`; `position` when none does."""
        text = self._text
        if text.startswith(("#", "//"), position):
            return self._line_breaks.after(position)
        if text.startswith("/*", position):
            return min(self._comment_ends.after(position + 2) + 2, len(text))
        return position

    def _value_of(self, bracket: _Bracket) -> Value:
        values = [self._decoded(value) if isinstance(value, tuple) else value for value in bracket.values]
        if not bracket.is_object:
            return values
        keys = (unescaped(self._text[start:end]) for start, end, _ in bracket.keys)
        return Members(tuple(zip(keys, values, strict=True)))

    def _decoded(self, span: _Span) -> Value:
        start, end, is_text = span
        written = self._text[start:end]
        return unescaped(written) if is_text else bare_value(written.strip())


def unescaped(written: str) -> str:
    """Return the text that is written so between quotes."""
    return ESCAPE.sub(meaning, written) if "\\" in written else written


def meaning(escape: re.Match[str]) -> str:
    """Return the text that an escape, or a pair for one sign, stands for."""
    high, low, code, sign = escape.groups()
    if high:
        return chr(0x10000 + ((int(high, 16) & 0x3FF) << 10 | int(low, 16) & 0x3FF))
    if code:
        # Half of a surrogate pair is no character: like every unknown escape it stays as written.
        return escape[0] if code[0] in "dD" and code[1] in "89abcdefABCDEF" else chr(int(code, 16))
    return _ESCAPED.get(sign, escape[0])
