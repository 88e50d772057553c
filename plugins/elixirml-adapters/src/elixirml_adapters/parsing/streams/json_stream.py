"""Reads a JSON reply while it arrives."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from elixirml.contracts import FieldDelta
from elixirml_adapters.parsing.shapes import record_of
from elixirml_adapters.parsing.streams.field_stream import FieldStream
from elixirml_adapters.parsing.streams.json_objects import ObjectScanner
from elixirml_adapters.parsing.streams.json_text import QuotedText
from elixirml_adapters.parsing.streams.opening import Opening
from elixirml_adapters.parsing.thinking import TAG
from elixirml_adapters.parsing.unfinished import unfinished

__all__ = ["JsonStream"]

_UNFINISHED_TAG = re.compile(
    "|".join(unfinished("<", "/?", *tag, r"\s*") for tag in ("think", "thinking")), re.IGNORECASE
)

_MUCH = 4096  # signs; of larger pieces, what is left over would be copied again and again
_MARK = re.compile(r"[<\r\n]")  # what readers around the objects may have to do with
_Search: TypeAlias = Callable[[str], re.Match[str] | None]


class JsonStream(FieldStream):
    """Tells of the fields of a JSON reply; see `parse_json_reply`.

    Fields are told as they come. So where a reply holds several objects, the first one with a field is told of; and an
    object that is wrapped in another one is told of when that has ended, for only then it shows.

    Args:
        schema: An object schema with the fields as `properties`.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        super().__init__()
        self._record = record_of(schema)
        self._opening = Opening()
        self._text = QuotedText(self._writer, self._record)
        self._quotes = 0
        self._openers = 0
        self._after_closer: list[str] | None = None  # the text after thinking that was closed but never opened
        self._undecided = ""
        self._scanner: ObjectScanner | None = None  # who alone decides on a piece without marks
        self._plain: _Search | None = None  # finds what matters in the text that is open; None when none is
        self._passed: list[str] = []  # pieces in which nothing mattered, not yet taken

    def feed(self, text: str) -> Sequence[FieldDelta]:
        """Take more of the reply, cut anywhere, and return what it adds to the fields."""
        if len(text) > _MUCH:
            parts = (text[begin : begin + _MUCH] for begin in range(0, len(text), _MUCH))
            return [delta for part in parts for delta in self.feed(part)]
        if self._plain is not None and self._plain(text) is None:
            self._passed.append(text)
            field = self._writer.field
            return () if field is None or not text else (FieldDelta(field, text),)
        self._pass_over()
        if self._scanner is not None and _MARK.search(text) is None:
            self._quotes += text.count('"')
            self._scanner.take(text)
        else:
            self.take(text)
            self._scanner = None if self._held or self._after_closer is not None else self._text.scanner
        unusual = None if self._scanner is None else self._scanner.unusual()
        self._plain = None if unusual is None else unusual.search
        return self._writer.told()

    def close(self) -> Sequence[FieldDelta]:
        """Take note that the reply has ended and return what was held back."""
        self._pass_over()
        return super().close()

    def _pass_over(self) -> None:
        if self._passed and self._scanner is not None:
            self._scanner.pass_over("".join(self._passed))
            self._passed.clear()

    def _decide(self, text: str, *, final: bool) -> str:
        while True:
            if not self._opening.over:
                text = self._opening.skip(text, final=final)
                if not self._opening.over:
                    return text
            again = self._read(text, final=final)
            if again is None:
                break
            text = again
        if final:
            self._text.finish()
        return self._undecided

    def _read(self, text: str, *, final: bool) -> str | None:
        """Read on; return the text to begin again with where all before it was thinking."""
        self._undecided = ""
        at = 0
        while at < len(text):
            tag = TAG.search(text, at)
            mark = tag if tag is not None or final else _UNFINISHED_TAG.search(text, at)
            end = len(text) if mark is None else mark.start()
            if self._after_closer is not None and (brace := text.find("{", at, end)) >= 0:
                self._pass(text[at:brace])
                return self._begin_again(self._after_closer, text[brace:])
            self._pass(text[at:end])
            if tag is None:
                self._undecided = text[end:]
                break
            at = tag.end()
            self._pass(tag[0])
            self._count(is_closer=bool(tag[1]))
        return None

    def _pass(self, text: str) -> None:
        self._quotes += text.count('"')
        if self._after_closer is not None:
            self._after_closer.append(text)
        self._text.take(text)

    def _count(self, *, is_closer: bool) -> None:
        """Take note of a thinking tag; one that closes what was never opened counts when a brace follows."""
        if not is_closer:
            self._openers += 1
        elif self._openers:
            self._openers -= 1
        elif self._quotes % 2 == 0:
            self._after_closer, self._quotes = [], 0

    def _begin_again(self, after_closer: Sequence[str], rest: str) -> str:
        self._writer.cut()
        self._text = QuotedText(self._writer, self._record)
        self._opening = Opening(marked=False)
        self._quotes, self._openers, self._after_closer = 0, 0, None
        return "".join([*after_closer, rest])
