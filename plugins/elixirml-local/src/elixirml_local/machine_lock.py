"""One engine a machine: two of them on a small machine stall each other."""

import os
import sys
import time
from pathlib import Path
from typing import Final

from elixirml_local.engine import EngineError

__all__ = ["machine_lock"]

_PATIENCE_S: Final = 60.0
_PAUSE_S: Final = 0.2


def machine_lock(path: str, *, patience_s: float = _PATIENCE_S) -> None:
    """Hold a file's lock until this process ends, however it ends; wait for another engine to end first.

    Raises:
        EngineError: Another engine still runs after `patience_s` seconds; names its process.
    """
    if sys.platform == "win32":  # pragma: no cover - no such lock there
        return
    import fcntl

    Path(path).parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() > deadline:
                holder = os.read(handle, 64).decode(errors="replace").strip() or "unknown"
                os.close(handle)
                raise EngineError(
                    f"another engine runs on this machine (process {holder}); end it, or wait until it has ended"
                ) from None
            time.sleep(_PAUSE_S)
    os.ftruncate(handle, 0)
    os.write(handle, str(os.getpid()).encode())
