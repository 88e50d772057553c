"""Finds the objects in a text that arrives in pieces, and tells of their fields.

The syntax is that of `elixirml_adapters.parsing.lenient_json`, and so is the way to stay fast: a reading that fails
notes its states, and a later one that comes to such a state fails at once.
"""

import re
from typing import Final

from attrs import define, field

from elixirml_adapters.parsing.failure import ParseFailure
from elixirml_adapters.parsing.fitting import fit
from elixirml_adapters.parsing.flat_json import flat_end, flat_keys, members_end
from elixirml_adapters.parsing.lenient_json import (
    BARE_END,
    BARE_KEY,
    CLOSING_SIGNS,
    COLON,
    COMMA,
    COMMA_OR_MEMBER,
    ESCAPE,
    LINE_BREAK,
    MEMBER,
    VALUE,
    UnreadableError,
    bare_value,
    meaning,
    read_whole,
    unescaped,
)
from elixirml_adapters.parsing.shapes import Record, Shape, accepts_null, is_textual
from elixirml_adapters.parsing.streams.taking import Taker
from elixirml_adapters.parsing.streams.writer import FieldWriter
from elixirml_adapters.parsing.values import MAX_DEPTH
from elixirml_adapters.parsing.wrappers import MAX_WRAPPERS, as_object, wrapper_keys

__all__ = ["ObjectScanner"]

_WAIT: Final = -1  # what stands here is not decided yet
_FAIL: Final = -2  # what stands here is no JSON

# What becomes of the signs of a value.
_SKIP: Final = 0
_DECODE: Final = 1  # a text: written without its quotes, escapes decoded
_COPY: Final = 2  # anything else: written as it stands

_FOLLOWS_TEXT: Final = ",:}]\r\n#"
_BLANKS = re.compile(r"[^\S\r\n]*")
_QUOTE_OR_ESCAPE = {signs: re.compile(rf"[{signs}\\]") for signs in set(CLOSING_SIGNS.values())}
# What may matter inside a text, to its reader or to those around.
_UNUSUAL = {signs: re.compile(rf"[{signs}\\\r\n<{{\"]") for signs in set(CLOSING_SIGNS.values())}
_START = re.compile(rf"\{{(?=\s*+(?:[{''.join(CLOSING_SIGNS)}}}/#]|{BARE_KEY.pattern}|\Z))")
"""Where an object may begin: no other sign can follow its bracket."""
_GAP = re.compile(r"(?:\s++|(?://|#)[^\r\n]*+(?=[\r\n])|/\*(?s:.*?)\*/)++")
"""Blanks and whole comments."""
_ESCAPES = re.compile(r"(?:\\[\"'/bfnrt])++")
"""Escapes of one sign each, which are whole wherever the text was cut."""
_CUT_ESCAPE = re.compile(
    r"\\(?:u(?:[0-9a-fA-F]{0,3}|[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u(?:[dD](?:[c-fC-F][0-9a-fA-F]?)?)?)?)?))?\Z"
)


@define
class _Bracket:
    is_object: bool
    states: int
    awaits: int = MEMBER


@define
class _Candidate:
    """One object while it is read.

    Attributes:
        start: Where it begins in the whole text.
        copied: Up to where its value was written, where that is written as it stands.
        brackets: Those that are open.
        source: What was read of it.
        states: Where the reading was, and what it awaited there.
        key: The last key of the object itself.
        value: Where that key's value begins, while it is read; else None.
        spans: Where the values begin and end, by key.
        known: Whether a field of the schema was among the keys.
    """

    start: int
    brackets: list[_Bracket]
    source: list[str] = field(factory=list[str])
    states: list[int] = field(factory=list[int])
    key: str = ""
    value: int | None = None
    copied: int = 0
    spans: dict[str, tuple[int, int]] = field(factory=dict[str, tuple[int, int]])
    known: bool = False


class ObjectScanner(Taker):
    """Finds objects and writes their fields.

    Args:
        writer: Is told of the fields.
        record: Which fields there are.
        wrappers: How many objects around the one with the fields are looked through.
    """

    def __init__(self, writer: FieldWriter, record: Record, *, wrappers: int = MAX_WRAPPERS) -> None:
        super().__init__()
        self._writer = writer
        self._record = record
        self._shapes: dict[str, Shape] = {each.name: each.shape for each in record.fields}
        self._wrappers = wrappers
        self._failed: set[int] = set()
        self._at = 0  # how far the undecided text was read
        self._offset = 0  # where in the whole text the undecided text begins
        self._candidate: _Candidate | None = None
        self._signs = ""  # what may end the open text; empty outside texts
        self._sink = _SKIP
        self._field: str | None = None  # whose value is read; None for values of no field
        self.dead = False  # nested too deeply: nothing in the reply counts

    def unusual(self) -> re.Pattern[str] | None:
        """Return a pattern for the signs that matter in the open text; None when no text is open."""
        return _UNUSUAL[self._signs] if self._signs and not self._held and not self.dead else None

    def pass_over(self, text: str) -> None:
        """Take more of the open text, in which nothing matters, and which was told of where it belongs to a field."""
        if self._candidate is not None:
            self._candidate.source.append(text)
            self._candidate.copied += len(text)
        self._offset += len(text)

    def _decide(self, text: str, *, final: bool) -> str:
        at = 0
        while not self.dead:
            candidate = self._candidate
            if candidate is None:
                start = self._next(text, at)
                if start < 0:
                    self._offset += len(text)
                    return ""
                candidate, at = self._begin(self._offset + start), start + 1
            at = self._read(candidate, text, at, final=final)
            if at >= 0:
                self._end(candidate, self._own(candidate, text, at))
            elif at != _FAIL:
                return self._pause(candidate, text)
            else:
                text, at = self._give_up(candidate, text)
        return ""

    def _next(self, text: str, at: int) -> int:
        """Return where the next object may begin that has something to tell, or -1."""
        while found := _START.search(text, at):
            start = found.start()
            end = flat_end(text, start)
            if end is None or any(map(self._tells, flat_keys(text, start, end))):
                return start
            at = end  # no field, or told before; and what is plain is wrapped around nothing
        return -1

    def _tells(self, key: str) -> bool:
        field = self._record.names.find(key)
        return field is not None and not self._writer.knows(field)

    def _begin(self, start: int) -> _Candidate:
        self._candidate = _Candidate(start, [_Bracket(is_object=True, states=0)])
        return self._candidate

    def _own(self, candidate: _Candidate, text: str, end: int) -> str:
        """Return what of the undecided text belongs to the object, up to a place."""
        return text[max(candidate.start - self._offset, 0) : end]

    def _read(self, candidate: _Candidate, text: str, at: int, *, final: bool) -> int:
        """Read on and return the end of the object, or why there is none; `_at` is how far it was read."""
        self._at = at
        while candidate.brackets:
            following = (
                self._read_text(text, at, final=final) if self._signs else self._step(candidate, text, at, final=final)
            )
            if following < 0:
                return following
            self._at = at = following
            if candidate.value is not None and len(candidate.brackets) == 1 and not self._signs:
                self._copy(candidate, text, at)
                self._end_value(candidate, candidate.value, text, at)
        return at

    def _copy(self, candidate: _Candidate, text: str, end: int) -> None:
        """Write what was read of a value that is written as it stands."""
        if self._sink == _COPY:
            self._writer.write(text[candidate.copied - self._offset : end])
            candidate.copied = self._offset + end

    def _pause(self, candidate: _Candidate, text: str) -> str:
        if candidate.value is not None:
            self._copy(candidate, text, self._at)
        candidate.source.append(self._own(candidate, text, self._at))
        self._offset += self._at
        return text[self._at :]

    def _give_up(self, candidate: _Candidate, text: str) -> tuple[str, int]:
        """Forget what turned out to be no object; return the text to go on in, and where: behind its bracket."""
        self._failed.update(candidate.states)
        self._writer.cut()
        self._candidate, self._signs, self._sink, self._field = None, "", _SKIP, None
        if not candidate.source:
            return text, candidate.start - self._offset + 1
        self._offset = candidate.start
        return "".join([*candidate.source, text]), 1

    def _end(self, candidate: _Candidate, rest: str) -> None:
        self._candidate = None
        if not candidate.known and self._wrappers:
            self._unwrap(candidate, "".join([*candidate.source, rest]))

    def _unwrap(self, candidate: _Candidate, source: str) -> None:
        """Tell of the fields of the object that one without any field is wrapped around."""
        for key in wrapper_keys(candidate.spans):
            start, end = candidate.spans[key]
            inner = _object_source(source[start - candidate.start : end - candidate.start].strip())
            if inner is not None:
                scanner = ObjectScanner(self._writer, self._record, wrappers=self._wrappers - 1)
                scanner.take(inner)
                scanner.finish()
                return

    def _step(self, candidate: _Candidate, text: str, at: int, *, final: bool) -> int:
        """Read one sign, text, bare word or gap outside texts."""
        bracket = candidate.brackets[-1]
        state = (self._offset + at) << 4 | bracket.awaits << 1 | bracket.is_object
        if state in self._failed:
            return _FAIL
        candidate.states.append(state)
        if gap := _GAP.match(text, at):
            at = gap.end()
            if bracket.awaits == COMMA and LINE_BREAK.search(gap[0]):
                bracket.awaits = COMMA_OR_MEMBER
        sign = text[at : at + 1]
        if not sign:
            return _WAIT
        if sign in "/#" and _may_be_comment(text, at, final=final):
            return _WAIT
        return self._take_sign(candidate, text, at, final=final)

    def _take_sign(self, candidate: _Candidate, text: str, at: int, *, final: bool) -> int:
        """Read what begins with the sign at `at`, which is no blank and begins no comment."""
        bracket, sign = candidate.brackets[-1], text[at]
        if bracket.awaits == COLON:
            return self._sign(bracket, VALUE, at) if sign == ":" else _FAIL
        if bracket.awaits == COMMA or (bracket.awaits != VALUE and sign in ",}]"):
            return self._member_end(candidate, text, at)
        if bracket.awaits != VALUE and 1 < len(candidate.brackets) < MAX_DEPTH:
            plain = members_end(text, at, of_object=bracket.is_object)
            if plain is not None:
                end, with_comma = plain
                bracket.awaits = MEMBER if with_comma else COMMA_OR_MEMBER
                return end
        if bracket.is_object and bracket.awaits != VALUE:
            return self._key(candidate, text, at, final=final)
        return self._value(candidate, text, at)

    def _sign(self, bracket: _Bracket, then: int, at: int) -> int:
        bracket.awaits = then
        return at + 1

    def _member_end(self, candidate: _Candidate, text: str, at: int) -> int:
        """Read a comma, or closing brackets."""
        bracket, sign = candidate.brackets[-1], text[at]
        if sign == ",":
            return self._sign(bracket, MEMBER, at) if bracket.awaits != MEMBER else _FAIL
        if sign != "]}"[bracket.is_object]:
            return _FAIL
        brackets = candidate.brackets
        brackets.pop()
        while len(brackets) > 1 and text.startswith("]}"[brackets[-1].is_object], at + 1):
            bracket = brackets.pop()  # which awaited a comma, or this, after the value that has just ended
            at += 1
        # What happened inside a closed bracket says nothing about readings that fail later.
        del candidate.states[bracket.states :]
        return at + 1

    def _key(self, candidate: _Candidate, text: str, at: int, *, final: bool) -> int:
        bracket, sign = candidate.brackets[-1], text[at]
        if sign in CLOSING_SIGNS:
            end = _text_end(text, at + 1, CLOSING_SIGNS[sign], final=final)
            if end < 0:
                return _WAIT
            key, following = unescaped(text[at + 1 : end]), end + 1
        else:
            word = BARE_KEY.match(text, at)
            if word is None:
                return _FAIL
            if word.end() == len(text):
                return _WAIT
            key, following = word[0], word.end()
        bracket.awaits = COLON
        if len(candidate.brackets) == 1:
            self._field = self._record.names.find(key)
            candidate.key = key
            candidate.known = candidate.known or self._field is not None
        return following

    def _value(self, candidate: _Candidate, text: str, at: int) -> int:
        outer = len(candidate.brackets) == 1
        bracket, sign = candidate.brackets[-1], text[at]
        if sign in "{[":
            if len(candidate.brackets) == MAX_DEPTH:
                self.dead = True
                return _WAIT
            if outer:
                self._begin_value(candidate, at, _COPY)
            bracket.awaits = COMMA
            return flat_end(text, at) or self._open(candidate, text, at)
        if sign in CLOSING_SIGNS:
            if outer:
                self._begin_value(candidate, at, _DECODE)
            bracket.awaits = COMMA
            self._signs = CLOSING_SIGNS[sign]
            return at + 1
        return self._bare(candidate, text, at)

    def _open(self, candidate: _Candidate, text: str, at: int) -> int:
        """Read an opening bracket, and those of lists within lists that stand behind it."""
        brackets, states = candidate.brackets, len(candidate.states)
        brackets.append(_Bracket(text[at] == "{", states))
        while text.startswith("[[", at) and len(brackets) < MAX_DEPTH:
            at += 1
            brackets[-1].awaits = COMMA
            brackets.append(_Bracket(False, states))
        return at + 1

    def _bare(self, candidate: _Candidate, text: str, at: int) -> int:
        found = BARE_END.search(text, at)
        if found is None or found.start() == at:
            return _WAIT if found is None else _FAIL
        end = found.start()
        candidate.brackets[-1].awaits = COMMA
        if len(candidate.brackets) == 1:
            self._bare_member(candidate, text[at:end].strip(), at)
        return end

    def _bare_member(self, candidate: _Candidate, word: str, at: int) -> None:
        value = bare_value(word)
        if value is None and self._field is not None and not accepts_null(self._shapes[self._field]):
            self._field = None  # it counts as absent
        self._begin_value(candidate, at, _SKIP)
        self._writer.write(str(value).lower() if isinstance(value, bool) and self._textual() else word)

    def _begin_value(self, candidate: _Candidate, at: int, sink: int) -> None:
        candidate.value = candidate.copied = self._offset + at
        # A list of one text may stand for the text, which shows when it has ended.
        waits = self._field is None or (sink == _COPY and self._textual())
        self._sink = _SKIP if waits else sink
        self._writer.begin(None if waits else self._field)

    def _end_value(self, candidate: _Candidate, start: int, text: str, end: int) -> None:
        candidate.spans[candidate.key] = (start, self._offset + end)
        candidate.value = None
        self._sink = _SKIP
        if self._field is not None and self._writer.field is None and text[end - 1] in "]}" and self._textual():
            source = "".join([*candidate.source, self._own(candidate, text, end)])[start - candidate.start :]
            self._writer.begin(self._field)
            self._writer.write(_only_text(source, self._shapes[self._field]))
        self._writer.end()

    def _textual(self) -> bool:
        return self._field is not None and is_textual(self._shapes[self._field])

    def _read_text(self, text: str, at: int, *, final: bool) -> int:
        """Read on in a text."""
        found = _QUOTE_OR_ESCAPE[self._signs].search(text, at)
        if found is None or found.start() > at:
            end = len(text) if found is None else found.start()
            if self._sink == _DECODE:
                self._writer.write(text[at:end])
            return end if end > at else _WAIT
        if found[0] == "\\":
            return self._escape(text, at)
        ends = _ends_text(text, at + 1, final=final)
        if ends is None:
            return _WAIT
        if ends:
            self._signs = ""
        elif self._sink == _DECODE:
            self._writer.write(found[0])
        return at + 1

    def _escape(self, text: str, at: int) -> int:
        if several := _ESCAPES.match(text, at):
            if self._sink == _DECODE:
                self._writer.write(unescaped(several[0]))
            return several.end()
        escape = ESCAPE.match(text, at)
        if escape is None or (self._sink == _DECODE and _CUT_ESCAPE.match(text, at)):
            return _WAIT
        if self._sink == _DECODE:
            self._writer.write(meaning(escape))
            return escape.end()
        return at + 2


def _may_be_comment(text: str, at: int, *, final: bool) -> bool:
    """Return whether a comment begins at `at` whose end has not come, or may yet begin there."""
    return text.startswith(("/*", "//", "#"), at) or (not final and at + 1 == len(text))


def _ends_text(text: str, at: int, *, final: bool) -> bool | None:
    """Return whether a quote sign before `at` ends its text; None when that is not decided."""
    blanks = _BLANKS.match(text, at)
    following = blanks.end() if blanks else at
    sign = text[following : following + 1]
    if sign == "/" and not final and following + 1 == len(text):
        return None
    if not sign:
        return True if final else None
    return sign in _FOLLOWS_TEXT or text.startswith(("//", "/*"), following)


def _text_end(text: str, at: int, signs: str, *, final: bool) -> int:
    """Return where the text that goes on at `at` ends, or `_WAIT`."""
    while found := _QUOTE_OR_ESCAPE[signs].search(text, at):
        if found[0] == "\\":
            at = found.end() + 1
            continue
        at = found.end()
        ends = _ends_text(text, at, final=final)
        if ends is None:
            break
        if ends:
            return found.start()
    return _WAIT


def _object_source(source: str) -> str | None:
    """Return the text of the object that a value is, alone in a list or as JSON text too."""
    if source[:1] in CLOSING_SIGNS:
        source = unescaped(source[1:-1])
    try:
        return source if as_object(read_whole(source)) is not None else None
    except UnreadableError:
        return None


def _only_text(source: str, shape: Shape) -> str:
    """Return the text that a list of it alone stands for, else the source."""
    try:
        value = fit(read_whole(source), shape, ())
    except (UnreadableError, ParseFailure):
        return source
    return value if isinstance(value, str) else source
