"""JSON lines: one object a line."""

from collections.abc import Iterator
from json import JSONDecodeError
from pathlib import Path
from typing import Any, cast

from attrs import field, frozen

from elixirml.contracts import Row
from elixirml_datasets.files import FileDataset, Line, bad_row, read_lines
from elixirml_datasets.json_values import DECODER, fault

__all__ = ["JsonLines"]


@frozen
class JsonLines:
    """Reads files with one JSON object a line; blank lines are skipped.

    .. versionadded:: 0.1
    """

    suffixes: tuple[str, ...] = field(default=(".jsonl", ".ndjson"), init=False)

    def open(self, location: str) -> FileDataset:
        """Return the rows of a file.

        Raises:
            ConfigError: The file is not there, cannot be opened, or holds no rows.
            ValidationError: Its first row cannot be read.
        """
        return FileDataset.open(location, _rows)


def _rows(path: Path) -> Iterator[Row]:
    return (Row(line.number, _object(path, line)) for line in read_lines(path) if line.text.strip())


def _object(path: Path, line: Line) -> dict[str, Any]:
    try:
        value = DECODER.decode(line.text)
    except (ValueError, RecursionError) as error:
        where = f" at column {error.colno}" if isinstance(error, JSONDecodeError) else ""
        raise bad_row(path, line.number, f"{fault(error)}{where}", line.text, code="json") from error
    if not isinstance(value, dict):
        raise bad_row(path, line.number, "expected an object in braces", line.text, code="type")
    return cast("dict[str, Any]", value)
