"""Reads a reply that is one value and nothing else."""

from collections.abc import Callable

from elixirml_adapters.parsing.streams.field_stream import FieldStream

__all__ = ["TextStream"]


class TextStream(FieldStream):
    """Tells of the only field of a reply when that has ended: a short value shows only then which one it is.

    Args:
        field: Its name.
        value_of: Returns the value that a whole reply stands for; None where it stands for none.
    """

    def __init__(self, field: str, value_of: Callable[[str], str | None]) -> None:
        super().__init__()
        self._field = field
        self._value_of = value_of

    def _decide(self, text: str, *, final: bool) -> str:
        value = self._value_of(text) if final else None
        if value is not None:
            self._writer.begin(self._field)
            self._writer.write(value)
            self._writer.end()
        return "" if final else text
