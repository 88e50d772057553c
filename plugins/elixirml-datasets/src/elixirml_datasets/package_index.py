"""The source package of a distribution: which file it is, how it is fetched, and that it is the right one."""

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from attrs import frozen

from elixirml.errors import ConfigError
from elixirml.packages import pip_download

__all__ = ["Fetch", "SourcePackage", "check_digest", "fetch_with_pip"]

_LOG: Final = logging.getLogger(__name__)


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


def fetch_with_pip(package: SourcePackage, folder: Path, *, say: Callable[[str], None] = _LOG.info) -> Path:
    """Download a source package into a folder.

    Args:
        package: Which one.
        folder: Where to put it.
        say: Told what pip says.

    Raises:
        ConfigError: There is no pip, or pip could not fetch the file.
    """
    requirement = f"{package.name}=={package.version}"
    return pip_download(requirement, folder, say=say, source=True, sha256=package.sha256)


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
