"""The other end of `elixirml.plugins.probe`: starts the process, asks it, hears it out, and ends it.

Nothing of the plugin floor is imported here, so that the process can start while its parent imports that.
"""

import contextlib
import json
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import elixirml

__all__ = ["ProbeProcess"]

_LAST_WORDS: Final = 1.0
"""Seconds to wait for what is left in the pipe of a process that has ended."""

_CODE: Final = "import sys; sys.path.append(sys.argv.pop()); from elixirml.plugins.probe import main; main()"


class ProbeProcess:
    """One process that loads plugins, and the lines it writes."""

    def __init__(self) -> None:
        self.over = False
        self._process = subprocess.Popen(  # noqa: S603 - the kernel's own code
            [sys.executable, "-P", "-c", _CODE, str(Path(elixirml.__file__).parents[1])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join(_LAST_WORDS)
        for pipe in (self._process.stdin, self._process.stdout):
            # A process that a plugin started may hold the pipe open; closing it would wait for that one.
            if pipe is not None and not (pipe is self._process.stdout and self._reader.is_alive()):
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def ask(self, request: dict[str, Any]) -> None:
        """Say what to load. That the process has ended already is told by the first answer."""
        pipe = self._process.stdin
        assert pipe is not None  # noqa: S101 - it was asked for
        with contextlib.suppress(BrokenPipeError), pipe:
            json.dump(request, pipe)

    def answer(self, seconds: float) -> dict[str, Any] | None:
        """Return the next answer; None when the process has ended.

        Raises:
            queue.Empty: There was none in that time, and the process is given up.
        """
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            self.over = True
            raise
        self.over = not line
        return json.loads(line) if line else None

    def ending(self) -> str:
        """Return how the process ended."""
        code = self._process.wait()
        return f"exit code {code}" if code >= 0 else f"signal {-code} ({signal.Signals(-code).name})"

    def _read(self) -> None:
        """Pass lines on as they come, and an empty one at the end."""
        for line in self._process.stdout or ():
            self._lines.put(line)
        self._lines.put("")
