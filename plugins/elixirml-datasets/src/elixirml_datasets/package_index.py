"""Fetches the source package of a distribution with pip, so that the user's own index, proxy and certificates apply."""

import hashlib
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, TypeAlias

from attrs import frozen

from elixirml.errors import ConfigError

__all__ = ["Fetch", "SourcePackage", "check_digest", "fetch_with_pip"]

_SECONDS: Final = 600
_OPTIONS: Final = ("--no-deps", "--no-input", "--disable-pip-version-check", "--quiet", "--progress-bar", "off")


@frozen
class SourcePackage:
    """One file on the package index.

    Attributes:
        name: The distribution.
        version: Its version.
        sha256: The digest of its source package.
    """

    name: str
    version: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


Fetch: TypeAlias = Callable[[SourcePackage, Path], Path]
"""Puts a source package into a folder and returns the file."""


def fetch_with_pip(package: SourcePackage, folder: Path) -> Path:
    """Download a source package into a folder.

    The digest goes to pip too, which checks it before it looks inside. Only this one package is taken as source: what
    its build needs for pip to read its metadata comes as wheels.

    Raises:
        ConfigError: There is no pip, or pip could not fetch the file.
    """
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n", encoding="utf-8")
    place = folder / "fetched"
    command = [*_pip(), "download", *_OPTIONS, "--no-binary", package.name, "-r", str(wanted), "-d", str(place)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False)  # noqa: S603 - fixed words and our own paths
    except subprocess.TimeoutExpired as error:
        raise _failed(package, f"pip did not end within {_SECONDS} seconds") from error
    except OSError as error:
        raise _failed(package, f"pip cannot be started: {error}") from error
    found = sorted(place.glob("*.tar.gz")) if place.is_dir() else []
    if done.returncode or len(found) != 1:
        raise _failed(package, _last_words(done.stderr.splitlines()))
    return found[0]


def _pip() -> list[str]:
    """Return how pip is started: as a module of this Python, else as a command, else by uv."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    for name in ("pip3", "pip"):
        if found := shutil.which(name):
            return [found]
    if found := shutil.which("uv"):
        return [found, "tool", "run", "pip"]
    raise ConfigError(
        "pip is needed to fetch the data, and this Python has none.",
        hint=f"Install it: {Path(sys.executable).name} -m ensurepip, or: uv pip install pip",
        code="pip-missing",
    )


def _failed(package: SourcePackage, reason: str) -> ConfigError:
    full = "No space left" in reason
    hint = "Free some space in the folder for temporary files." if full else "Check the network, then try again."
    return ConfigError(f"{package} could not be fetched from the package index: {reason}", hint=hint, code="data-fetch")


def _last_words(lines: Iterable[str]) -> str:
    said = [line.strip() for line in lines if line.strip()]
    errors = [line for line in said if line.startswith("ERROR")]
    return " ".join((errors or said)[-2:]) or "pip gave no reason"


def check_digest(path: Path, package: SourcePackage) -> None:
    """Compare a file with the digest of its package.

    Raises:
        ConfigError: It is another file, whatever its name says.
    """
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != package.sha256:
        raise ConfigError(
            f"{path.name} is not the source package of {package}: its SHA-256 is {found}, expected {package.sha256}.",
            hint="The package index or a proxy has changed it; it was not used.",
            code="data-digest",
        )
