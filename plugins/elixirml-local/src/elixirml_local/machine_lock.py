"""One engine a machine: two of them on a small machine stall each other."""

import os
import sys
import time
from pathlib import Path
from typing import Final

from elixirml_local.faults import ModelNotLoaded

__all__ = ["MachineLock"]

_PATIENCE_S: Final = 60.0
_PAUSE_S: Final = 0.2


class MachineLock:
    """A lock on a file, held until `release` or until this process ends, however it ends.

    Args:
        path: The file; it holds the number of the process that has the lock.
        patience_s: How long to wait for another engine to end, in seconds.

    Raises:
        ModelNotLoaded: Another engine still runs after that time, or the file cannot be opened.
    """

    def __init__(self, path: str, *, patience_s: float = _PATIENCE_S) -> None:
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ModelNotLoaded(f"the lock {path} cannot be opened: {error.strerror or error}") from error
        try:
            self._take(time.monotonic() + patience_s)
        except BaseException:
            os.close(self._handle)
            raise

    def release(self) -> None:
        """Let other engines start; to be called once."""
        os.close(self._handle)

    def _take(self, deadline: float) -> None:
        while not _locked(self._handle):
            if time.monotonic() > deadline:
                holder = os.pread(self._handle, 64, 0).decode(errors="replace").strip() or "unknown"
                raise ModelNotLoaded(
                    f"another engine runs on this machine (process {holder}); end it, or wait until it has ended"
                )
            time.sleep(_PAUSE_S)
        os.ftruncate(self._handle, 0)
        os.write(self._handle, str(os.getpid()).encode())


def _locked(handle: int) -> bool:
    """Try to lock an open file; True where there are no such locks."""
    if sys.platform == "win32":  # pragma: no cover - no such lock there
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
