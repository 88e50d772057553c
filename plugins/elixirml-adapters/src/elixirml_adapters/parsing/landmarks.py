"""Looks ahead in a text without ever walking a long way twice."""

import re
from bisect import bisect_right

__all__ = ["Landmarks"]

_LONG = 64  # signs; shorter ways cost less to walk than to remember


class Landmarks:
    """Finds the next place of one pattern in one text.

    Readers that start again at every bracket ask for the same far place from many near ones. Long ways are
    remembered as intervals without a match inside, so all questions together take time in proportion to the text.

    Args:
        text: Where to look.
        pattern: What to look for. Matches that start with a backslash are escapes: they are stepped over.
    """

    def __init__(self, text: str, pattern: re.Pattern[str]) -> None:
        self._text = text
        self._pattern = pattern
        self._starts: list[int] = []
        self._ends: list[int] = []

    def after(self, position: int) -> int:
        """Return where the next match at or after `position` starts; the length of the text when there is none."""
        known = 0
        if self._starts:
            known = bisect_right(self._starts, position)
            if known and position <= self._ends[known - 1]:
                return self._ends[known - 1]
        found = self._search(position)
        if found - position > _LONG:
            self._starts.insert(known, position)
            self._ends.insert(known, found)
        return found

    def _search(self, position: int) -> int:
        text = self._text
        match = self._pattern.search(text, position)
        while match is not None and text[match.start()] == "\\":
            match = self._pattern.search(text, match.end())
        return len(text) if match is None else match.start()
