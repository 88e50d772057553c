"""What a store is: durable values by key, and journals that only grow.

Stores are contributed through `elixirml.hookspecs.register_stores`. Values are JSON, so that reading one never runs
anything; what cannot be read is absent, never an exception out of the blue.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from elixirml.identity import Json

__all__ = ["Store", "StoreProvider"]


class Store(Protocol):
    """Values by namespace and key; safe for several threads and processes at once."""

    def get(self, namespace: str, key: str) -> Json:
        """Return a value; None when there is none, it has expired or it is damaged."""
        ...

    def put(self, namespace: str, key: str, value: Json, *, ttl: float | None = None) -> None:
        """Keep a value, durably when the call returns.

        Args:
            namespace: Who keeps it.
            key: Its name there.
            value: What to keep; None takes it out.
            ttl: Seconds it may be used; for ever when not given.
        """
        ...

    def keys(self, namespace: str) -> Iterator[str]:
        """Return the keys of the values that can be had, sorted."""
        ...

    def append(self, journal: str, entry: Json) -> int:
        """Add an entry to the end of a journal, durably, and return its number; the first is 1."""
        ...

    def read(self, journal: str, *, after: int = 0) -> Iterator[tuple[int, Json]]:
        """Return the entries of a journal with larger numbers than `after`, in their order."""
        ...


class StoreProvider(Protocol):
    """Opens stores of one kind."""

    def open(self, location: str) -> AbstractContextManager[Store]:
        """Return the store at a location, such as a file; made when it is not there.

        Raises:
            StateError: Something else is there.
        """
        ...
