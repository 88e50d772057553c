"""A cassette: exchanges with models in a file of lines, each one JSON object with key, request and response.

A line is written at once or not at all. Of several with one key the last counts. A line that cannot be read, such as
the last one of a process that was killed, is left out.
"""

import json
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from attrs import define, field

from elixirml.contracts import ModelResponse
from elixirml.errors import ConfigError
from elixirml_resilience.identifying import Call

__all__ = ["Cassette"]

_LOG: Final = logging.getLogger(__name__)


@define(eq=False)
class Cassette:
    """One file of exchanges.

    Attributes:
        path: Where it is.
    """

    path: Path
    _responses: dict[str, ModelResponse] | None = field(default=None, init=False, repr=False)
    _lock: Any = field(factory=threading.Lock, init=False, repr=False)

    def find(self, call: Call) -> ModelResponse | None:
        """Return the reply to a call; None when it was not recorded.

        Raises:
            ConfigError: The file cannot be read.
        """
        with self._lock:
            return self._loaded().get(call.key)

    def add(self, call: Call, response: ModelResponse) -> None:
        """Record an exchange.

        Raises:
            ConfigError: The file cannot be written.
        """
        exchange = {"key": call.key, "request": json.loads(call.request), "response": response.to_json()}
        with self._lock:
            self._loaded()[call.key] = response
            try:
                _append(self.path, json.dumps(exchange, separators=(",", ":")).encode() + b"\n")
            except OSError as error:
                raise _unusable(self.path, "written", error) from error

    def _loaded(self) -> dict[str, ModelResponse]:
        if self._responses is None:
            try:
                self._responses = dict(_exchanges(self.path))
            except OSError as error:
                raise _unusable(self.path, "read", error) from error
        return self._responses


def _append(path: Path, line: bytes) -> None:
    """Append a line by one write, which other processes' lines do not come between; end one that was broken off."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        size = os.fstat(file).st_size
        broken = size > 0 and os.lseek(file, -1, os.SEEK_END) >= 0 and os.read(file, 1) != b"\n"
        os.write(file, b"\n" + line if broken else line)
    finally:
        os.close(file)


def _exchanges(path: Path) -> Iterator[tuple[str, ModelResponse]]:
    if not path.exists():
        return
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            exchange = json.loads(line) if line.strip() else None
            if exchange is not None:
                yield str(exchange["key"]), ModelResponse.from_json(exchange["response"])
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
            _LOG.warning("Line %d of the cassette %s cannot be read; it is left out.", number, path)


def _unusable(path: Path, what: str, error: OSError) -> ConfigError:
    return ConfigError(
        f"The cassette {path} cannot be {what}: {error.strerror or error}.",
        hint="Name another one: file = '...' under [plugins.resilience.record].",
    )
