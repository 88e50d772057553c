"""What the stream parsers of all formats share."""

from collections.abc import Sequence

from elixirml.contracts import FieldDelta
from elixirml_adapters.parsing.streams.taking import Taker
from elixirml_adapters.parsing.streams.writer import FieldWriter

__all__ = ["FieldStream"]


class FieldStream(Taker):
    """A `StreamParser` that writes fields as it takes text."""

    def __init__(self) -> None:
        super().__init__()
        self._writer = FieldWriter()

    def feed(self, text: str) -> Sequence[FieldDelta]:
        """Take more of the reply, cut anywhere, and return what it adds to the fields."""
        self.take(text)
        return self._writer.told()

    def close(self) -> Sequence[FieldDelta]:
        """Take note that the reply has ended and return what was held back."""
        self.finish()
        self._writer.cut()
        return self._writer.told()
