"""What may stand around the objects of a JSON reply: a string around the whole, and fences."""

import json
import re

from elixirml_adapters.parsing.shapes import Record
from elixirml_adapters.parsing.streams.json_objects import ObjectScanner
from elixirml_adapters.parsing.streams.taking import Taker
from elixirml_adapters.parsing.streams.writer import FieldWriter

__all__ = ["FencedText", "QuotedText"]

# Where a line ends before one that may begin with a fence; what that does, may not have arrived.
_LINE_BREAK = re.compile(r"(?:\r\n?|\n)(?=[^\S\r\n]*(?:```|`{0,2}\Z))")
_LINE_HEAD = re.compile(r"[^\S\r\n]*(`{0,3})")
_LINE_REST = re.compile(r"[^\S\r\n]*(?=[\r\n]|\Z)")
_QUOTE_OR_ESCAPE = re.compile(r'["\\]')
_CUT_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,3}|u[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u[0-9a-fA-F]{0,3})?)?)?\Z")
_WHOLE_ESCAPE = re.compile(r"(?:\\u[dD][89abAB][0-9a-fA-F]{2})?\\(?:u[0-9a-fA-F]{4}|.)", re.DOTALL)


class FencedText(Taker):
    """A text with fences: once a block of them holds a brace, only such blocks count.

    Args:
        writer: Is told of the fields.
        record: Which fields there are.
    """

    def __init__(self, writer: FieldWriter, record: Record) -> None:
        super().__init__()
        self._writer = writer
        self._record = record
        self._whole: ObjectScanner | None = ObjectScanner(writer, record)
        self._block: ObjectScanner | None = None
        self._in_block = False
        self._at_line_start = True
        self._dead = False

    @property
    def scanner(self) -> ObjectScanner | None:
        """The reader of the next sign, where only it can tell what that means."""
        if self._held or self._at_line_start or (self._in_block and self._block is None):
            return None
        return self._block if self._in_block else self._whole

    def _decide(self, text: str, *, final: bool) -> str:
        self._note_death()
        at = 0
        while at < len(text) and not self._dead:
            if self._at_line_start:
                following = self._line_head(text, at, final=final)
                if following == at and self._at_line_start:
                    return text[at:]
                at = following
                continue
            line_break = _LINE_BREAK.search(text, at)
            end = len(text) if line_break is None else line_break.end()
            self._pass(text[at:end])
            self._at_line_start = line_break is not None
            at = end
        if final:
            self._finish_scanners()
        return ""

    def _line_head(self, text: str, at: int, *, final: bool) -> int:
        """Decide what a line begins with; nothing of it is taken while that may yet be a fence."""
        head = _LINE_HEAD.match(text, at)
        if head is None or (head.end() == len(text) and not final):
            return at
        if head[1] == "```":
            if not self._in_block:
                self._in_block = True
                self._pass_outside(head[0])
                self._at_line_start = False
                return head.end()
            rest = _LINE_REST.match(text, head.end())
            if rest is not None:
                if rest.end() == len(text) and not final:
                    return at
                self._close_block(text[at : rest.end()])
                self._at_line_start = False
                return rest.end()
        self._at_line_start = False
        return at

    def _pass(self, text: str) -> None:
        if not self._in_block:
            self._pass_outside(text)
        elif self._block is not None:
            self._block.take(text)
        elif (brace := text.find("{")) >= 0:
            self._pass_outside(text[:brace])
            self._writer.cut()
            self._whole = None
            self._block = ObjectScanner(self._writer, self._record)
            self._block.take(text[brace:])
        else:
            self._pass_outside(text)
        self._note_death()

    def _note_death(self) -> None:
        self._dead = self._dead or any(each is not None and each.dead for each in (self._whole, self._block))

    def _pass_outside(self, text: str) -> None:
        if self._whole is not None:
            self._whole.take(text)

    def _close_block(self, fence: str) -> None:
        self._in_block = False
        if self._block is not None:
            self._block.finish()
            self._writer.cut()
            self._block = None
        self._pass_outside(fence)

    def _finish_scanners(self) -> None:
        for scanner in (self._block, self._whole):
            if scanner is not None and not self._dead:
                scanner.finish()


class QuotedText(Taker):
    """A text that, where it is one JSON string as a whole, counts as what that says.

    Args:
        writer: Is told of the fields.
        record: Which fields there are.
    """

    def __init__(self, writer: FieldWriter, record: Record) -> None:
        super().__init__()
        self._writer = writer
        self._record = record
        self._inner = FencedText(writer, record)
        self._written: list[str] | None = None  # the string as far as it was read; None for a text that is none
        self._begun = False
        self._ended = False

    @property
    def scanner(self) -> ObjectScanner | None:
        """The reader of the next sign, where only it can tell what that means."""
        return self._inner.scanner if self._begun and self._written is None and not self._held else None

    def _decide(self, text: str, *, final: bool) -> str:
        if not self._begun:
            bare = text.lstrip()
            if not bare:
                return text
            self._begun = True
            if bare[0] == '"':
                self._written = [text[: len(text) - len(bare) + 1]]
                text = bare[1:]
        if self._written is not None:
            text = self._decode(self._written, text, final=final)
        if self._written is None:
            self._inner.take(text)
            text = ""
        if final:
            self._inner.finish()
        return text

    def _decode(self, written: list[str], text: str, *, final: bool) -> str:
        """Pass on what the string says; where it turns out to be none, begin again with what was written."""
        at = 0
        while not self._ended and at < len(text):
            found = _QUOTE_OR_ESCAPE.search(text, at)
            end = len(text) if found is None else found.start()
            self._inner.take(text[at:end])
            at = end
            if found is not None and found[0] == '"':
                self._ended = True
                at += 1
            elif found is not None:
                escape = _WHOLE_ESCAPE.match(text, at)
                if escape is None or _CUT_ESCAPE.match(text, at):
                    break
                said = _said(escape[0])
                if said is None:
                    return self._begin_again(written, text)
                self._inner.take(said)
                at = escape.end()
        rest = text[at:]
        if (self._ended and rest.strip()) or (final and not self._ended):
            return self._begin_again(written, text)
        written.append(text[:at])
        return rest

    def _begin_again(self, written: list[str], text: str) -> str:
        self._writer.cut()
        self._inner = FencedText(self._writer, self._record)
        self._written = None
        return "".join([*written, text])


def _said(escape: str) -> str | None:
    try:
        return str(json.loads(f'"{escape}"'))
    except ValueError:
        return None
