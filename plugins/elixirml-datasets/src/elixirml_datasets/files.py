"""What all file formats share: finding the file, reading its lines, and saying what is wrong with one."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from attrs import frozen

from elixirml.contracts import Row
from elixirml.errors import ConfigError, Problem, ValidationError, closest

__all__ = ["FileDataset", "Line", "bad_row", "read_lines"]

_SHOWN: Final = 60
_BOM: Final = b"\xef\xbb\xbf"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")


@frozen
class Line:
    """One line of a file.

    Attributes:
        number: Counting from 1.
        text: With its line break.
    """

    number: int
    text: str


@frozen
class FileDataset:
    """The rows of one file, read from the start each time.

    Attributes:
        path: The file.
        read: Yields its rows.
    """

    path: Path
    read: Callable[[Path], Iterator[Row]]

    @classmethod
    def open(cls, location: str, read: Callable[[Path], Iterator[Row]]) -> "FileDataset":
        """Return the dataset of a file that holds at least one row.

        Raises:
            ConfigError: The file is not there, cannot be opened, or holds no rows.
            ValidationError: Its first row cannot be read.
        """
        path = Path(location).expanduser()
        _check_there(path)
        dataset = cls(path, read)
        if not any(islice(dataset.stream(), 1)):
            hint = "Give a file with one example a row."
            raise ConfigError(f"{location} holds no rows.", hint=hint, code="data-empty")
        return dataset

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    def stream(self) -> Iterator[Row]:
        """Read the rows from the start, one at a time.

        Raises:
            ConfigError: The file can no longer be opened.
            ValidationError: A row cannot be read; names the file and the line.
        """
        try:
            yield from self.read(self.path)
        except OSError as error:
            reason = error.strerror or error
            raise ConfigError(f"{self.path} cannot be read: {reason}.", code="data-unreadable") from error


def _check_there(path: Path) -> None:
    if path.is_dir():
        raise ConfigError(f"{path} is a folder.", hint="Name one file in it.", code="data-missing")
    if path.exists():
        return
    folder = path.parent
    if not folder.is_dir():
        raise ConfigError(f"There is no folder {folder}, so no file {path.name} in it.", code="data-missing")
    near = closest(path.name, (each.name for each in folder.iterdir() if each.is_file()))
    raise ConfigError(
        f"There is no file {path}.",
        hint=f"Did you mean {folder / near}?" if near else f"The path is read from {Path.cwd()}.",
        code="data-missing",
    )


def bad_row(path: Path, line: int, reason: str, text: str = "", *, code: str = "row") -> ValidationError:
    """Return the error of a row that cannot be read, with the beginning of what stands there."""
    start = text.strip()
    shown = start if len(start) <= _SHOWN else f"{start[:_SHOWN]}..."
    message = f"{reason}; it reads: {shown}" if shown else reason
    return ValidationError(f"{path} cannot be read:", problems=[Problem((f"line {line}",), code, message)])


def read_lines(path: Path) -> Iterator[Line]:
    """Read the lines of a UTF-8 file one at a time; a byte order mark is dropped.

    Raises:
        OSError: The file cannot be opened.
        ValidationError: A line is not UTF-8.
    """
    with path.open("rb") as stream:
        for number, raw in enumerate(stream, 1):
            data = raw.removeprefix(_BOM) if number == 1 else raw
            if number == 1 and data.startswith(_UTF16):
                raise _not_utf8(path, number, "the file is UTF-16, not UTF-8", source="UTF-16")
            try:
                yield Line(number, data.decode("utf-8"))
            except UnicodeDecodeError as error:
                reason = f"byte 0x{data[error.start]:02x} after {error.start} bytes is not UTF-8"
                raise _not_utf8(path, number, reason, source="LATIN1") from error


def _not_utf8(path: Path, line: int, reason: str, *, source: str) -> ValidationError:
    return ValidationError(
        f"{path} cannot be read:",
        problems=[Problem((f"line {line}",), "encoding", reason)],
        hint=f"Save it as UTF-8, for example: iconv -f {source} -t UTF-8 {path.name} > utf8-{path.name}",
    )
