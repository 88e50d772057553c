"""Server-sent events: bytes in any pieces to the data of events, as the HTML standard frames them.

Lines end with LF, CRLF or CR and nothing else; a blank line ends an event; data lines are joined with LF. Comments and
other fields are dropped, and so are events without data and an event that the end of the bytes cuts off.

Source: HTML Living Standard, section 9.2.6 "Interpreting an event stream".
"""

import codecs
import re
from collections.abc import Iterator

__all__ = ["EventReader"]

_LINE = re.compile(r"\r\n|\n|\r(?!\Z)")


class EventReader:
    """Reads one stream."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._data: list[str] = []
        self._begun = False

    def feed(self, chunk: bytes) -> Iterator[str]:
        """Yield the data of each event that is complete with these bytes."""
        self._rest += self._decoder.decode(chunk)
        if not self._begun and self._rest:
            self._begun = True
            self._rest = self._rest.removeprefix("\ufeff")
        *lines, self._rest = _LINE.split(self._rest)
        # A CR at the very end may be half of a CRLF: it stays until the next sign is here.
        for line in lines:
            if line:
                self._take(line)
            elif self._data:
                yield "\n".join(self._data)
                self._data.clear()

    def close(self) -> Iterator[str]:
        """Yield the event that ends with the bytes, where its last line break was a CR."""
        if self._rest.endswith("\r"):
            yield from self.feed(b"\x00")

    def _take(self, line: str) -> None:
        name, _, value = line.partition(":")
        if name == "data":
            self._data.append(value.removeprefix(" "))
