"""Writing files whole or not at all."""

import contextlib
import os
import tempfile
from pathlib import Path

from elixirml.errors import ConfigError

__all__ = ["write_atomically"]


def write_atomically(path: Path, text: str) -> None:
    """Write UTF-8 text to a file; readers see the old file or the new one, never half of it.

    Raises:
        ConfigError: The file cannot be written: no such folder, no permission, no space.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror or error}") from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        if not isinstance(error, OSError):
            raise
        raise ConfigError(
            f"{path} cannot be written: {error.strerror or error}", hint="Free some space, or name another file."
        ) from error
