"""One JSON list of objects."""

import re
from collections.abc import Iterator
from json import JSONDecodeError
from pathlib import Path
from typing import Any, Final, cast

from attrs import field, frozen

from elixirml.contracts import Row
from elixirml_datasets.files import FileDataset, bad_row, read_lines
from elixirml_datasets.json_values import DECODER, fault

__all__ = ["JsonList"]

_BLANKS: Final = re.compile(r"[ \t\r\n]*")


@frozen
class JsonList:
    """Reads files that hold one JSON list of objects, decoding one object at a time.

    .. versionadded:: 0.1
    """

    suffixes: tuple[str, ...] = field(default=(".json",), init=False)

    def open(self, location: str) -> FileDataset:
        """Return the rows of a file.

        Raises:
            ConfigError: The file is not there, cannot be opened, or holds no rows.
            ValidationError: It is no list, or its first row cannot be read.
        """
        return FileDataset.open(location, _rows)


def _rows(path: Path) -> Iterator[Row]:
    text = _Text(path, "".join(line.text for line in read_lines(path)))
    if text.ended():
        return
    text.expect("[", "expected a list in brackets, which holds the rows as objects")
    if not text.take("]"):
        while True:
            yield text.row()
            if text.take("]"):
                break
            text.expect(",", "expected a comma or the end of the list")
    if not text.ended():
        raise text.error("expected nothing after the list")


class _Text:
    """A JSON text that is read from left to right, with the number of the line where it stands."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._text = text
        self._place = 0
        self._line = 1

    def ended(self) -> bool:
        self._skip_to(self._next())
        return self._place == len(self._text)

    def take(self, sign: str) -> bool:
        self._skip_to(self._next())
        found = self._text.startswith(sign, self._place)
        self._place += found
        return found

    def expect(self, sign: str, reason: str) -> None:
        if not self.take(sign):
            raise self.error(reason)

    def row(self) -> Row:
        self._skip_to(self._next())
        number = self._line
        try:
            value, end = DECODER.raw_decode(self._text, self._place)
        except (ValueError, RecursionError) as error:
            if isinstance(error, JSONDecodeError):
                self._skip_to(error.pos)
            raise self.error(fault(error)) from error
        if not isinstance(value, dict):
            raise self.error("expected an object in braces", code="type")
        self._skip_to(end)
        return Row(number, cast("dict[str, Any]", value))

    def error(self, reason: str, *, code: str = "json") -> Exception:
        beginning = self._text[self._place : self._place + 100].partition("\n")[0]
        return bad_row(self._path, self._line, reason, beginning, code=code)

    def _next(self) -> int:
        found = _BLANKS.match(self._text, self._place)
        return found.end() if found else self._place

    def _skip_to(self, place: int) -> None:
        self._line += self._text.count("\n", self._place, place)
        self._place = place
