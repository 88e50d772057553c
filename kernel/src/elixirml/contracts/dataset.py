"""What a dataset is: rows with stable order, read lazily.

Formats and named sets are contributed through `elixirml.hookspecs.register_datasets`. A format is found by the suffix
of a file, a named set by its name. Which columns are inputs and which are expected values is the program's to say.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from attrs import frozen

__all__ = ["Dataset", "DatasetSource", "Row"]


@frozen
class Row:
    """One row as read.

    Attributes:
        number: Where it stands in its source, counting from 1: the line of a file.
        values: Its columns.
    """

    number: int
    values: Mapping[str, Any]


class Dataset(Protocol):
    """Rows in a stable order."""

    @property
    def name(self) -> str:
        """What messages call it: the file's name, or the set's."""
        ...

    def stream(self) -> Iterator[Row]:
        """Read the rows from the start, one at a time.

        Raises:
            ValidationError: A row cannot be read; names the file and the line.
        """
        ...


class DatasetSource(Protocol):
    """Opens datasets of one format, or one named set."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """File suffixes it reads, with the dot; empty for a named set."""
        ...

    def open(self, location: str) -> Dataset:
        """Return the dataset at a path; a named set takes the name of one of its splits.

        Raises:
            ConfigError: Nothing is there, with what to do.
        """
        ...
