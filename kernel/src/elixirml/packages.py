"""Files of distributions, downloaded by pip, so that the user's own index, proxy, credentials and certificates apply.

Models and data sets live on package indexes too. Nothing that is downloaded here is installed or imported.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from elixirml.errors import ConfigError

__all__ = ["pip_command", "pip_download"]

_OPTIONS: Final = (
    "--no-deps",
    "--no-input",
    "--no-cache-dir",  # the caller keeps the file; a second copy would only fill the disk
    "--disable-pip-version-check",
    "--quiet",
    "--progress-bar",
    "off",
)


def pip_download(
    requirement: str,
    folder: Path,
    *,
    say: Callable[[str], None],
    source: bool = False,
    sha256: str | None = None,
    pip: Sequence[str] | None = None,
) -> Path:
    """Download the one file of a distribution, without its dependencies.

    There is no limit of time but pip's own on a silent index: a slow line may take as long as it needs.

    Args:
        requirement: The distribution and its version, `name==version`.
        folder: Where to put the file, and everything temporary; it must exist and belong to the caller.
        say: Told each line pip writes, for instance that it tries again.
        source: Take the source package instead of a wheel.
        sha256: The digest of the file; pip refuses another one before it looks inside.
        pip: How pip is started; see `pip_command`.

    Returns:
        The file, in a folder of its own inside `folder`.

    Raises:
        ConfigError: There is no pip, or it could not download the file; its own words are kept.

    .. versionadded:: 0.1
    """
    place = Path(tempfile.mkdtemp(dir=folder, prefix="download-"))
    wanted = place / "wanted.txt"
    wanted.write_text(requirement + (f" --hash=sha256:{sha256}" if sha256 else "") + "\n", encoding="utf-8")
    # What a source package needs for its metadata to be read comes as wheels all the same.
    kind = ("--no-binary", requirement.partition("==")[0]) if source else ("--only-binary", ":all:")
    command = [*(pip or pip_command()), "download", *_OPTIONS, *kind, "-r", str(wanted), "-d", str(place / "file")]
    said, exit_code = _said(command, temporary=place, say=say, of=requirement)
    found = sorted((place / "file").glob("*"))
    if exit_code or len(found) != 1:
        raise _failed(requirement, _last_words(said))
    return found[0]


def pip_command(
    *, importable: Callable[[str], object] = importlib.util.find_spec, which: Callable[[str], str | None] = shutil.which
) -> list[str]:
    """Return how pip is started: as a module of this Python, else as a command, else by uv.

    Args:
        importable: Whether this Python has a module.
        which: Where a command is.

    Raises:
        ConfigError: There is none.
    """
    if importable("pip"):
        return [sys.executable, "-m", "pip"]
    for name in ("pip3", "pip"):
        if found := which(name):
            return [found]
    if found := which("uv"):
        return [found, "tool", "run", "pip"]
    raise ConfigError(
        "pip is needed to download files from the package index, and this Python has none.",
        hint=f"Install it: {sys.executable} -m ensurepip, or: uv pip install pip",
        code="pip-missing",
    )


def _said(command: Sequence[str], *, temporary: Path, say: Callable[[str], None], of: str) -> tuple[list[str], int]:
    """Run a command, tell its lines as they come, and return them with the exit code."""
    lines: list[str] = []
    try:
        process = subprocess.Popen(  # noqa: S603 - pip, with fixed options and a pinned requirement
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # The folder for temporary files is often a small one in memory; a model does not fit there.
            env={**os.environ, "TMPDIR": str(temporary)},
        )
    except OSError as error:
        raise _failed(of, f"pip cannot be started: {error.strerror or error}") from error
    with process:
        try:
            for line in process.stdout or ():
                lines.append(line.rstrip())
                say(f"pip: {lines[-1]}")
        except BaseException:
            process.kill()
            raise
    return lines, process.returncode


def _failed(requirement: str, reason: str) -> ConfigError:
    full = "No space left" in reason
    hint = "Free some space." if full else "Check that the package index can be reached, then try again."
    return ConfigError(
        f"{requirement} could not be fetched from the package index: {reason}", hint=hint, code="package-fetch"
    )


def _last_words(said: Iterable[str]) -> str:
    lines = [line.strip() for line in said if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return " ".join((errors or lines)[-2:]) or "pip gave no reason"
