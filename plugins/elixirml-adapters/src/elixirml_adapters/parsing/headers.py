"""Finds the headers of a reply in sections."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from elixirml_adapters.parsing.names import NameIndex, fold
from elixirml_adapters.parsing.unfinished import unfinished

__all__ = ["Headers", "headers_of"]

_BLANK = r"[^\S\n]"
_LINE_END = r"(?=\n|\Z)"
_WORD_ROOM = 40  # signs; names of other fields with longer words, or more than ten, are text


class Headers:
    """Finds headers of one style: those of fields and the end marker anywhere, others where a line starts.

    Args:
        template: What a header looks like, with `{name}` for the field's name.
        names: The names of the fields.
        end: The name in the header that ends the reply; None when there is none.
    """

    def __init__(self, template: str, *, names: Sequence[str], end: str | None) -> None:
        self._names = NameIndex(names)
        self._end = None if end is None else fold(end)
        known = [*names, *([end] if end else [])]
        self._known = [fold(name) for name in known]
        before, _, after = template.partition("{name}")
        # Within a line a name alone is just a word, for no sign tells it from one.
        self._anywhere = bool(before.strip())
        start = f"(?P<line_start>^{_BLANK}*)" + ("?" if self._anywhere else "")
        opening = _pieces(before.lstrip() + " ") if self._anywhere else []
        word = _word(known)
        closing = _pieces(" " + after.rstrip())
        self.ends_line = not after.strip()
        name = rf"{word}?(?:{_BLANK}{{1,9}}{word}?){{0,9}}?"
        self._header = re.compile(
            start + "".join(opening) + f"(?P<name>{name})" + "".join(closing) + (_LINE_END if self.ends_line else ""),
            re.MULTILINE,
        )
        longest = rf"(?P<name>{word}(?:{_BLANK}{{1,9}}{word}){{0,9}}){_BLANK}{{0,9}}"
        self._unfinished = re.compile(start + unfinished(*opening, longest, *closing), re.MULTILINE)
        #: What a header or a line that may be one begins with.
        self.first = before.strip()[:1]

    def field_of(self, header: re.Match[str]) -> str | None:
        """Return the field whose section the header begins; None for the end marker and others."""
        return self._names.find(header["name"])

    def is_end(self, header: re.Match[str]) -> bool:
        """Return whether the header ends the reply."""
        return fold(header["name"]) == self._end and self.field_of(header) is None

    def after(self, text: str, position: int) -> re.Match[str] | None:
        """Return the first header at or after `position`."""
        header = self._header.search(text, position)
        while header is not None and not self._counts(header):
            # The closing sign of what is no header may be the opening sign of one.
            header = self._header.search(text, header.start() + 1)
        return header

    def all(self, text: str) -> Iterator[re.Match[str]]:
        """Yield the headers in the text."""
        header = self.after(text, 0)
        while header is not None:
            yield header
            header = self.after(text, header.end())

    def unfinished(self, text: str, position: int) -> int:
        """Return where, at or after `position`, a header may have begun that the text does not hold whole."""
        found = self._unfinished.search(text, position)
        while found is not None and not self._may_count(found):
            found = self._unfinished.search(text, found.start() + 1)
        return len(text) if found is None else found.start()

    def _counts(self, header: re.Match[str]) -> bool:
        return header["line_start"] is not None or self.field_of(header) is not None or self.is_end(header)

    def _may_count(self, beginning: re.Match[str]) -> bool:
        if beginning["line_start"] is not None or beginning["name"] is None:
            return True
        name = fold(beginning["name"])
        return any(known.startswith(name) for known in self._known)


@lru_cache(maxsize=256)
def headers_of(template: str, names: tuple[str, ...], end: str | None) -> Headers:
    """Return what finds headers, made once for all replies to one task; see `Headers`."""
    return Headers(template, names=names, end=end)


def _word(known: list[str]) -> str:
    """Return the pattern for one word of a name: as long, and of such signs, as the known names need."""
    room = max([_WORD_ROOM, *map(len, known)])
    signs = "".join(sorted({re.escape(sign) for name in known for sign in name if not sign.isspace()}))
    return rf"[\w{signs}-]{{1,{room}}}"


def _pieces(signs: str) -> list[str]:
    """Return the patterns for the signs of a part of the template; its blanks may be absent or more."""
    return [_piece(piece) for piece in re.findall(r"\s+|\S", signs)]


def _piece(piece: str) -> str:
    if not piece.isspace():
        return re.escape(piece)
    return r"\s*" if "\n" in piece else f"{_BLANK}*"
