"""Reads a reply in sections while it arrives."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from elixirml.contracts import FieldDelta
from elixirml_adapters.parsing.headers import headers_of
from elixirml_adapters.parsing.shapes import record_of
from elixirml_adapters.parsing.streams.field_stream import FieldStream
from elixirml_adapters.parsing.streams.opening import Opening

__all__ = ["SectionsStream"]


class SectionsStream(FieldStream):
    """Tells of the fields of a reply in sections; see `parse_sections_reply`.

    Args:
        schema: An object schema with the fields as `properties`.
        template: What a header looks like, with `{name}` for the field's name.
        end: The name in the header that ends the reply; None when there is none.
    """

    def __init__(self, schema: Mapping[str, Any], *, template: str, end: str | None) -> None:
        super().__init__()
        self._opening = Opening()
        self._headers = headers_of(template, tuple(each.name for each in record_of(schema).fields), end)
        self._special = re.compile(rf"[\r\n{re.escape(self._headers.first)}]")
        self._before = ""  # the sign before what is held: it tells whether a line starts there
        self._ended = False

    def feed(self, text: str) -> Sequence[FieldDelta]:
        """Take more of the reply, cut anywhere, and return what it adds to the fields."""
        if not self._held and self._before == "." and self._special.search(text) is None:
            return self._writer.piece(text)
        return super().feed(text)

    def _decide(self, text: str, *, final: bool) -> str:
        if not self._opening.over:
            text = self._opening.skip(text, final=final)
            if not self._opening.over:
                return text
        if "\r" in text:
            text = text.replace("\r\n", "\n")
        return "" if self._ended else self._read(text, final=final)

    def _read(self, held: str, *, final: bool) -> str:
        text = self._before + held
        at, unfinished = len(self._before), -1
        while not self._ended:
            if unfinished < at and not final:  # what begins behind a header begins there whatever came before
                unfinished = self._headers.unfinished(text, at)
            decided = len(text) if final else self._decided(text, at, unfinished)
            header = self._headers.after(text, at)
            if header is None or header.start() > decided or not (final or self._is_whole(header, text)):
                self._pass(text, at, decided)
                return text[decided:]
            self._writer.write(text[at : header.start()])
            at = self._turn(header)
            if at == len(text):
                self._before = "."
                break
        return ""

    @staticmethod
    def _decided(text: str, at: int, end: int) -> int:
        # A line break may be cut in two.
        return end - 1 if end == len(text) > at and text.endswith("\r") else end

    def _is_whole(self, header: re.Match[str], text: str) -> bool:
        return not self._headers.ends_line or header.end() < len(text)

    def _turn(self, header: re.Match[str]) -> int:
        """End the section before a header and begin its own; return where that begins."""
        self._writer.end()
        self._ended = self._headers.is_end(header)
        self._writer.begin(self._headers.field_of(header), trims=True)
        return header.end()

    def _pass(self, text: str, start: int, end: int) -> None:
        self._writer.write(text[start:end])
        if end > 0:
            self._before = "\n" if text[end - 1] == "\n" else "."

    def close(self) -> Sequence[FieldDelta]:
        """Take note that the reply has ended, which ends the last section, and return what was held back."""
        self.finish()
        self._writer.end()
        return super().close()
