"""Drops what a model says before its answer while the reply still arrives; see `elixirml_adapters.parsing.thinking`."""

import re
from collections.abc import Collection

from elixirml_adapters.parsing.thinking import CLOSERS, OPENER, THINKING_TAGS
from elixirml_adapters.parsing.unfinished import unfinished

__all__ = ["Opening"]

_BLANKS = r"\s*"
_UNFINISHED_OPENER = re.compile("|".join(unfinished("<", *tag, _BLANKS) for tag in THINKING_TAGS), re.IGNORECASE)
_UNFINISHED_CLOSER = {tag: re.compile(unfinished("<", "/", *tag, _BLANKS), re.IGNORECASE) for tag in THINKING_TAGS}


class Opening:
    """Byte order mark and leading thinking blocks of one reply.

    Args:
        tags: The thinking elements to drop.
        marked: Whether a byte order mark may stand first.
    """

    def __init__(self, tags: Collection[str] = THINKING_TAGS, *, marked: bool = True) -> None:
        self.over = False
        self._tags = tags
        self._marked = marked
        self._inside: str | None = None

    def skip(self, text: str, *, final: bool) -> str:
        """Return the text without what is known to be dropped; when `over`, it is the beginning of the answer."""
        if text and self._marked:
            self._marked = False
            text = text.removeprefix("\ufeff")
        while not self.over:
            rest = self._enter(text, final=final) if self._inside is None else self._leave(text, self._inside)
            if rest is None:
                return "" if final else self._held(text)
            text = rest
        return text

    def _enter(self, text: str, *, final: bool) -> str | None:
        """Return the text behind an opening tag, or all of it where none begins it; None when that is not decided."""
        bare = text.lstrip()
        opener = OPENER.match(bare)
        if opener is not None and opener[1].lower() in self._tags:
            self._inside = opener[1].lower()
            return bare[opener.end() :]
        if not final and (not bare or _UNFINISHED_OPENER.match(bare)):
            return None
        self.over = True
        return text

    def _leave(self, text: str, tag: str) -> str | None:
        """Return the text behind the closing tag; None when that has not come."""
        closer = CLOSERS[tag].search(text)
        if closer is None:
            return None
        self._inside = None
        return text[closer.end() :]

    def _held(self, text: str) -> str:
        """Return what may yet be a tag."""
        if self._inside is None:
            return text
        start = _UNFINISHED_CLOSER[self._inside].search(text)
        return "" if start is None else text[start.start() :]
