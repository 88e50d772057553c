"""Reads a reply in XML while it arrives."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from elixirml.contracts import FieldDelta
from elixirml_adapters.parsing.names import fold
from elixirml_adapters.parsing.shapes import is_textual, record_of
from elixirml_adapters.parsing.streams.field_stream import FieldStream
from elixirml_adapters.parsing.streams.opening import Opening
from elixirml_adapters.parsing.thinking import THINKING_TAGS
from elixirml_adapters.parsing.xml_elements import (
    CDATA,
    ENTITY,
    INSIDE,
    OUTSIDE,
    UNFINISHED_ENTITY,
    UNFINISHED_MARKUP,
    UNFINISHED_TAG,
    closes_itself,
    end_pattern,
    meaning,
)

__all__ = ["XmlStream"]

_SPECIAL = re.compile(r"[<&]")
_SECTION_END = re.escape("]]>")


class XmlStream(FieldStream):
    """Tells of the fields of a reply in XML; see `parse_xml_reply`.

    A field that is given again, as the items of a list may be, is told of once: with its first element.

    Args:
        schema: An object schema with the fields as `properties`.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        super().__init__()
        record = record_of(schema)
        self._names = record.names
        self._textual = {field.name: is_textual(field.shape) for field in record.fields}
        self._opening = Opening([tag for tag in THINKING_TAGS if self._names.find(tag) is None])
        self._element = ""  # the folded name of the open field; empty outside fields
        self._depth = 0
        self._decodes = False
        self._endless: set[str] = set()  # what, at the end of the reply, is known to be found no more

    def feed(self, text: str) -> Sequence[FieldDelta]:
        """Take more of the reply, cut anywhere, and return what it adds to the fields."""
        if not self._held and self._element and _SPECIAL.search(text) is None:
            return self._writer.piece(text)
        return super().feed(text)

    def _decide(self, text: str, *, final: bool) -> str:
        if not self._opening.over:
            text = self._opening.skip(text, final=final)
            if not self._opening.over:
                return text
        at = 0
        while at < len(text):
            decide = self._inside if self._element else self._outside
            following = decide(text, at, final=final)
            if following == at:
                break
            at = following
        return text[at:]

    def _outside(self, text: str, at: int, *, final: bool) -> int:
        """Return how far the text outside fields is decided."""
        start = text.find("<", at)
        if start < 0:
            return len(text)
        if start > at:
            return start
        markup = OUTSIDE.match(text, at)
        if not final and (
            UNFINISHED_MARKUP.match(text, at) or (markup is None and UNFINISHED_TAG.match(text, at) is not None)
        ):
            return at
        if markup is None:
            return at + 1
        if markup["name"] is None:
            return self._skip(text, markup, final=final)
        self._open(markup)
        return markup.end()

    def _skip(self, text: str, opener: re.Match[str], *, final: bool) -> int:
        """Return the end of a comment, CDATA section or declaration; what never ends is no markup, but for comments."""
        end = self._search(end_pattern(text, opener), text, opener.end(), final=final)
        if end is not None:
            return end.end()
        if final:
            return len(text) if opener[0] == "<!--" else opener.end()
        return opener.start()

    def _search(self, pattern: str, text: str, start: int, *, final: bool) -> re.Match[str] | None:
        if pattern in self._endless:
            return None
        found = re.compile(pattern).search(text, start)
        if final and found is None:
            self._endless.add(pattern)
        return found

    def _open(self, tag: re.Match[str]) -> None:
        field = None if tag["close"] else self._names.find(tag["name"])
        if field is None:
            return
        self._writer.begin(field, trims=True)
        if closes_itself(tag):
            self._writer.end()
            return
        self._element, self._depth, self._decodes = fold(tag["name"]), 1, self._textual[field]

    def _inside(self, text: str, at: int, *, final: bool) -> int:
        """Return how far the text inside a field is decided."""
        start = text.find("<", at)
        if start != at:
            return self._write(text, at, len(text) if start < 0 else start, final=final)
        markup = INSIDE.match(text, at)
        if markup is None:
            return self._sign(text, at, final=final)
        if markup["name"] is None:
            return self._section(text, at, final=final)
        if fold(markup["name"]) == self._element and not closes_itself(markup):
            self._depth += -1 if markup["close"] else 1
        if self._depth == 0:
            self._element = ""
            self._writer.end()
        else:
            self._writer.write(markup[0])
        return markup.end()

    def _sign(self, text: str, at: int, *, final: bool) -> int:
        """Decide on a `<` that, so far, opens nothing."""
        if not final:
            tag = UNFINISHED_TAG.match(text, at)
            if tag is not None and self._may_be_ours(tag["name"] or "", whole=tag.end("name") < len(text)):
                return at
            if UNFINISHED_MARKUP.match(text, at):
                return at
        self._writer.write("<")
        return at + 1

    def _may_be_ours(self, name: str, *, whole: bool) -> bool:
        folded = fold(name)
        return self._element == folded if name and whole else self._element.startswith(folded)

    def _section(self, text: str, at: int, *, final: bool) -> int:
        """Decide on a CDATA section; one that never ends is text."""
        end = self._search(_SECTION_END, text, at, final=final)
        if end is not None:
            if self._decodes:
                self._writer.write_literal(text[at + len(CDATA) : end.start()])
            else:
                self._writer.write(text[at : end.end()])
            return end.end()
        if final:
            self._writer.write("<")
            return at + 1
        return at

    def _write(self, text: str, start: int, end: int, *, final: bool) -> int:
        """Write text without `<`; return how far that was possible."""
        if not self._decodes:
            self._writer.write(text[start:end])
            return end
        if end == len(text) and not final and (cut := UNFINISHED_ENTITY.search(text, start)):
            end = cut.start()
        at = start
        for entity in ENTITY.finditer(text, start, end):
            self._writer.write(text[at : entity.start()])
            self._writer.write_literal(meaning(entity))
            at = entity.end()
        self._writer.write(text[at:end])
        return end
