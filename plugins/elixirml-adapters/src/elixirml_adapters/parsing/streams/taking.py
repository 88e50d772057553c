"""The frame of every reader of pieces: take what is decided, keep the rest for the next piece."""

from abc import ABC, abstractmethod

__all__ = ["Taker"]

_MUCH = 2048  # signs; so much undecided text is looked at again only when it has grown by a quarter


class Taker(ABC):
    """Takes a text in pieces.

    What is undecided is looked at again with the next piece. Where that is much, several pieces are awaited, so that
    all looks together take time in proportion to the text.
    """

    def __init__(self) -> None:
        self._held = ""
        self._awaiting: list[str] = []
        self._awaited = 0

    @property
    def holds(self) -> bool:
        """Whether something is undecided."""
        return bool(self._held)

    def take(self, text: str) -> None:
        """Take one more piece."""
        if len(self._held) > _MUCH:
            self._awaiting.append(text)
            self._awaited += len(text)
            if self._awaited * 4 < len(self._held):
                return
            text = self._awaited_text()
        self._held = self._decide(self._held + text, final=False)

    def finish(self) -> None:
        """Take note that nothing follows."""
        self._held = self._decide(self._held + self._awaited_text(), final=True)

    @abstractmethod
    def _decide(self, text: str, *, final: bool) -> str:
        """Take what is decided off the front of the text and return the rest; with `final`, all is decided."""

    def _awaited_text(self) -> str:
        text = "".join(self._awaiting)
        self._awaiting, self._awaited = [], 0
        return text
