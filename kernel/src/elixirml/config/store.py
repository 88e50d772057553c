"""The configuration of a running kernel: one pointer to the state that holds, and those who are told of changes."""

import logging
from collections import deque
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Final, TypeAlias

from elixirml.config.configuration import Configuration

__all__ = ["ConfigurationObserver", "ConfigurationStore"]

ConfigurationObserver: TypeAlias = Callable[[Configuration, Configuration], None]
"""Called with the state before and the state after a change."""

_log: Final = logging.getLogger(__name__)


class ConfigurationStore:
    """Holds the configuration that is in force.

    Whoever asks for `current` gets one whole state; a change is checked first and then put in its place at once.
    Changes made here are the strongest layer, and hold when files are read again.

    Args:
        load: Reads files and environment; called now, and by `reload`.

    Example:
        >>> from elixirml.config import Sources, load_configuration
        >>> store = ConfigurationStore(lambda: load_configuration({}, sources=Sources(environ={})))
        >>> undo = store.subscribe(lambda old, new: print(old.kernel.model, "->", new.kernel.model))
        >>> _ = store.change("kernel", {"model": "local/smollm2"})
        None -> local/smollm2

    .. versionadded:: 0.1
    """

    def __init__(self, load: Callable[[], Configuration]) -> None:
        self._load = load
        self._lock = Lock()
        self._changes: tuple[Mapping[str, Mapping[str, object]], ...] = ()
        self._observers: tuple[tuple[object, ConfigurationObserver], ...] = ()
        self._untold: deque[tuple[Configuration, Configuration]] = deque()
        self._telling = False
        self._current = load()

    @property
    def current(self) -> Configuration:
        """The state that holds now; it never changes under its reader."""
        return self._current

    def change(self, section: str, values: Mapping[str, object]) -> Configuration:
        """Lay values over a section, and tell the observers.

        Args:
            section: The section.
            values: New values by key; tables are merged.

        Returns:
            The new state.

        Raises:
            ConfigError: Something does not fit; lists all of it, and the old state stays.
        """
        asked = {section: dict(values)}
        while True:
            old, changes = self._state()
            new = old.changed(asked, source="change at run time")
            if self._swapped(old, new, (*changes, asked)):
                return new

    def reload(self) -> Configuration:
        """Read files and environment again, lay the changes made here over them, and tell the observers.

        Raises:
            ConfigError: Something does not fit; lists all of it, and the old state stays.
        """
        while True:
            old, changes = self._state()
            new = self._load()
            for each in changes:
                new = new.changed(each, source="change at run time")
            if self._swapped(old, new, changes):
                return new

    def subscribe(self, observer: ConfigurationObserver) -> Callable[[], None]:
        """Have a function called after every change, with the old and the new state, in the order of the changes.

        One that raises is logged; the change holds, and the others are called all the same.

        Returns:
            A function that ends it; calling it twice does no harm.
        """
        entry = (object(), observer)
        with self._lock:
            self._observers = (*self._observers, entry)

        def undo() -> None:
            with self._lock:
                self._observers = tuple(each for each in self._observers if each is not entry)

        return undo

    def _state(self) -> tuple[Configuration, tuple[Mapping[str, Mapping[str, object]], ...]]:
        with self._lock:
            return self._current, self._changes

    def _swapped(
        self, old: Configuration, new: Configuration, changes: tuple[Mapping[str, Mapping[str, object]], ...]
    ) -> bool:
        """Put the new state in place of the old, unless another thread was faster; checking needs no lock."""
        with self._lock:
            if self._current is not old:
                return False
            self._current, self._changes = new, changes
            self._untold.append((old, new))
        self._tell()
        return True

    def _tell(self) -> None:
        """Tell of all changes in their order; one thread at a time does, also for changes that observers make."""
        while True:
            with self._lock:
                if self._telling or not self._untold:
                    return
                self._telling = True
                (old, new), observers = self._untold.popleft(), self._observers
            try:
                for _, observer in observers:
                    _told(observer, old, new)
            finally:
                with self._lock:
                    self._telling = False


def _told(observer: ConfigurationObserver, old: Configuration, new: Configuration) -> None:
    try:
        observer(old, new)
    except Exception:  # noqa: BLE001 - an observer must never undo what it observes
        _log.exception("An observer of the configuration raised; the change holds.")
