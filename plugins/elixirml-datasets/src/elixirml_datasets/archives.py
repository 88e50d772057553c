"""Reads files out of a tar archive within a tar archive, without writing anything."""

import tarfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final

from elixirml.errors import ConfigError

__all__ = ["read_nested"]

_LARGEST: Final = 32 * 1024 * 1024
_BROKEN: Final = (tarfile.TarError, EOFError, zlib.error, UnicodeDecodeError)


def read_nested(path: Path, inner: str, wanted: Iterable[str]) -> dict[str, str]:
    """Return the texts of files inside an archive that is itself a member of the archive at `path`.

    Members are read as streams, at most 32 MiB each: no name in the archive becomes a path on this machine.

    Args:
        path: A `.tar.gz` file.
        inner: The full name of the member that is an archive.
        wanted: Full names of members of that one.

    Raises:
        ConfigError: A member is not there, too large, or damaged.
    """
    try:
        with tarfile.open(path, mode="r:gz") as outer:
            stream = _member(outer, inner)
            with tarfile.open(fileobj=stream, mode="r:gz") as nested:
                return {name: _text(_member(nested, name), name) for name in wanted}
    except _BROKEN as error:
        raise ConfigError(f"{path.name} is damaged: {error}.", code="data-damaged") from error


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    try:
        found = archive.extractfile(name)
    except KeyError:
        found = None
    if found is None:
        raise ConfigError(f"The archive holds no file {name}.", code="data-damaged")
    return found


def _text(stream: IO[bytes], name: str) -> str:
    data = stream.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise ConfigError(f"{name} is larger than {_LARGEST} bytes.", code="data-damaged")
    return data.decode("utf-8")
