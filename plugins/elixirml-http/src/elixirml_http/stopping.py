"""Texts that end a reply, for protocols that know none: the client cuts the reply itself."""

from collections.abc import Iterator, Sequence

from attrs import define, evolve, field

from elixirml.contracts import ModelResponse, TextDelta
from elixirml_http.pieces import Events, Finished, Piece

__all__ = ["Stopping", "stopped"]


def stopped(response: ModelResponse, stop: Sequence[str]) -> ModelResponse:
    """Return a reply as it would be if it had ended at the first of some texts."""
    end = _found(response.text, stop)
    return response if end is None else evolve(response, text=response.text[:end], finish="stop")


@define
class Stopping:
    """Reads the events of a streamed reply and cuts it; what may be the beginning of such a text waits for more."""

    events: Events
    stop: Sequence[str]
    _held: str = field(default="", init=False)
    _cut: bool = field(default=False, init=False)

    @property
    def model(self) -> str:
        """The model that replies."""
        return self.events.model

    def read(self, data: str) -> Iterator[Piece]:
        """Yield what one event says of the reply before its end."""
        for piece in self.events.read(data):
            yield from self._passed(piece)

    def end(self) -> Iterator[Piece]:
        """Yield what is to be said when the bytes end."""
        for piece in self.events.end():
            yield from self._passed(piece)

    def _passed(self, piece: Piece) -> Iterator[Piece]:
        if not isinstance(piece, TextDelta):
            yield from self._text(len(self._held))
            yield Finished("stop") if self._cut and isinstance(piece, Finished) else piece
            return
        if self._cut:
            return
        self._held += piece.text
        end = _found(self._held, self.stop)
        self._cut = end is not None
        yield from self._text(self._safe() if end is None else end)
        if self._cut:
            self._held = ""

    def _text(self, size: int) -> Iterator[Piece]:
        said, self._held = self._held[:size], self._held[size:]
        if said:
            yield TextDelta(said)

    def _safe(self) -> int:
        """Return how much of what is held cannot be part of such a text."""
        longest = max(map(len, self.stop)) - 1
        for size in range(min(longest, len(self._held)), 0, -1):
            if any(each.startswith(self._held[-size:]) for each in self.stop):
                return len(self._held) - size
        return len(self._held)


def _found(said: str, stop: Sequence[str]) -> int | None:
    """Return where the first of some texts begins."""
    return min((at for at in (said.find(each) for each in stop if each) if at >= 0), default=None)
