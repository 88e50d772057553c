"""Turns the text of fields into deltas."""

from collections.abc import Sequence

from elixirml.contracts import FieldDelta

__all__ = ["FieldWriter"]


class FieldWriter:
    """Tells of one field after the other, each only once, with exactly one `last` where it ended."""

    def __init__(self) -> None:
        self.field: str | None = None
        self._trims = False
        self._begun = False
        self._blanks = ""
        self._parts: list[str] = []
        self._deltas: list[FieldDelta] = []
        self._told: set[str] = set()

    def knows(self, field: str) -> bool:
        """Tell whether a field was told of before: what follows of it is dropped."""
        return field in self._told

    def begin(self, field: str | None, *, trims: bool = False) -> None:
        """Begin with a field; what is written for none, or for one told before, is dropped.

        Args:
            field: Its name.
            trims: Whether blanks around its text are no part of it.
        """
        self.cut()
        self._trims, self._begun, self._blanks = trims, False, ""
        if field is not None and field not in self._told:
            self._told.add(field)
            self.field = field

    def write(self, text: str) -> None:
        """Write more of the field."""
        if self.field is None:
            return
        if self._trims:
            text = self._trimmed(text)
        if text:
            self._parts.append(text)

    def write_literal(self, text: str) -> None:
        """Write more of the field, all of which belongs to it, blanks too."""
        if self.field is not None:
            self._parts += [self._blanks, text]
            self._begun, self._blanks = True, ""

    def piece(self, text: str) -> Sequence[FieldDelta]:
        """Write more of the field and return what is to be told, at a time when nothing else is."""
        field = self.field
        if field is None:
            return ()
        if self._trims:
            text = self._trimmed(text)
        return (FieldDelta(field, text),) if text else ()

    def end(self) -> None:
        """End the field."""
        if self.field is not None:
            self._deltas.append(FieldDelta(self.field, "".join(self._parts), last=True))
            self._parts.clear()
            self.field = None

    def cut(self) -> None:
        """Leave the field without its end."""
        self._flush()
        self.field = None

    def told(self) -> Sequence[FieldDelta]:
        """Return what is to be told since the last time."""
        self._flush()
        deltas, self._deltas = self._deltas, []
        return deltas

    def _flush(self) -> None:
        if self._parts and self.field is not None:
            self._deltas.append(FieldDelta(self.field, "".join(self._parts)))
            self._parts.clear()

    def _trimmed(self, text: str) -> str:
        """Return what the text adds, without outer blanks; those at its end may yet turn out to be inner ones."""
        if not self._begun:
            text = text.lstrip()
            self._begun = bool(text)
        bare = text.rstrip()
        if not bare:
            self._blanks += text
            return ""
        text, self._blanks = self._blanks + bare, text[len(bare) :]
        return text
