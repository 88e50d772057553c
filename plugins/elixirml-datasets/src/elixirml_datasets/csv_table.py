"""Tables as text: comma- or tab-separated values with a header."""

import csv
from collections.abc import Iterator
from pathlib import Path

from attrs import field, frozen

from elixirml.contracts import Row
from elixirml_datasets.files import FileDataset, bad_row, read_lines

__all__ = ["CsvTable"]


@frozen
class CsvTable:
    """Reads `.csv` and `.tsv` files whose first row names the columns.

    Every value stays text, since the file says nothing of types: the program that takes the rows knows them, and reads
    numbers and booleans where it declares such fields. Blank lines are skipped.

    .. versionadded:: 0.1
    """

    suffixes: tuple[str, ...] = field(default=(".csv", ".tsv"), init=False)

    def open(self, location: str) -> FileDataset:
        """Return the rows of a file.

        Raises:
            ConfigError: The file is not there, cannot be opened, or holds no rows.
            ValidationError: Its header or its first row cannot be read.
        """
        return FileDataset.open(location, _rows)


def _rows(path: Path) -> Iterator[Row]:
    records = _records(path)
    none: list[str] = []
    line, header = next(records, (1, none))
    if not header:
        return
    _check_header(path, line, header)
    for line, cells in records:
        if len(cells) != len(header):
            reason = f"expected {len(header)} values, as in the header, got {len(cells)}"
            raise bad_row(path, line, reason, " | ".join(cells), code="columns")
        yield Row(line, dict(zip(header, cells, strict=True)))


def _records(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the records with the line where each begins; a quoted value may hold line breaks."""
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    reader = csv.reader((line.text for line in read_lines(path)), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise bad_row(path, line, f"not a row of values ({error})", code="csv") from error
        if cells is None:
            return
        if cells:
            yield line, cells


def _check_header(path: Path, line: int, header: list[str]) -> None:
    shown = " | ".join(header)
    if len(header) == 1 and (odd := next((sign for sign in ";\t|" if sign in header[0]), None)):
        raise bad_row(path, line, f"the header is separated by {odd!r}; save the file with commas", shown, code="csv")
    if not all(name.strip() for name in header):
        raise bad_row(path, line, "a column has no name", shown, code="header")
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise bad_row(path, line, f"two columns are named `{twice[0]}`", shown, code="header")
