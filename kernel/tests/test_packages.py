"""Tests of `elixirml.packages`: pip is found wherever it is, and what it says is neither lost nor in the way."""

import hashlib
import importlib.util
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from elixirml.errors import ConfigError
from elixirml.packages import pip_command, pip_download

PIP = """
import json, os, pathlib, sys

options = sys.argv[2:]
folder = pathlib.Path(options[options.index("-d") + 1])
wanted = pathlib.Path(options[options.index("-r") + 1]).read_text()
folder.mkdir()
pathlib.Path({seen!r}).write_text(json.dumps(
    {{"verb": sys.argv[1], "options": options, "wanted": wanted, "temporary": os.environ["TMPDIR"]}}
))
{action}
"""


class FakePip:
    """A command that stands in for pip, and what it was asked."""

    def __init__(self, folder: Path, action: str) -> None:
        self.seen = folder / "seen.json"
        script = folder / "fake_pip.py"
        script.write_text(PIP.format(seen=str(self.seen), action=action))
        self.command = [sys.executable, str(script)]

    @property
    def asked(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.seen.read_text())
        return found


def quiet(text: str) -> None:
    """Say nothing."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "a folder"
    made.mkdir()
    return made


def test_the_file_is_returned(tmp_path: Path, folder: Path) -> None:
    """One wheel, no dependencies, no second copy in pip's cache, everything temporary in the caller's folder."""
    pip = FakePip(tmp_path, "(folder / 'thing-1-py3-none-any.whl').write_text('wheel')")
    found = pip_download("thing==1", folder, say=quiet, pip=pip.command)
    assert (found.name, found.read_text()) == ("thing-1-py3-none-any.whl", "wheel")
    assert found.is_relative_to(folder)
    assert (pip.asked["verb"], pip.asked["wanted"]) == ("download", "thing==1\n")
    assert {"--no-deps", "--no-input", "--no-cache-dir", "--only-binary"} <= set(pip.asked["options"])
    assert Path(pip.asked["temporary"]).is_relative_to(folder)


def test_two_downloads_do_not_meet(tmp_path: Path, folder: Path) -> None:
    """Each download has a folder of its own, so the same file twice is two files."""
    pip = FakePip(tmp_path, "(folder / 'thing-1.whl').write_text('wheel')")
    found = {pip_download("thing==1", folder, say=quiet, pip=pip.command) for _ in range(2)}
    assert len(found) == 2


def test_a_source_package_is_pinned_by_its_digest(tmp_path: Path, folder: Path) -> None:
    """The digest is given to pip, which takes this one distribution alone as source."""
    pip = FakePip(tmp_path, "(folder / 'thing-1.tar.gz').write_text('source')")
    found = pip_download("thing==1", folder, say=quiet, source=True, sha256="ab" * 32, pip=pip.command)
    assert found.name == "thing-1.tar.gz"
    assert pip.asked["wanted"] == f"thing==1 --hash=sha256:{'ab' * 32}\n"
    options = list(pip.asked["options"])
    assert options[options.index("--no-binary") + 1] == "thing"


def test_pip_is_heard_at_once_and_never_on_standard_output(
    tmp_path: Path, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Warnings reach `say` line by line; standard output stays free for results."""
    action = "print('on output'); print('WARNING: Retrying', file=sys.stderr); (folder / 'x.whl').touch()"
    said: list[str] = []
    pip_download("thing==1", folder, say=said.append, pip=FakePip(tmp_path, action).command)
    assert sorted(said) == ["pip: WARNING: Retrying", "pip: on output"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("print('ERROR: no such thing', file=sys.stderr); sys.exit(1)", "ERROR: no such thing"),
        ("sys.exit(3)", "pip gave no reason"),
        ("pass", "pip gave no reason"),
        ("(folder / 'a.whl').touch(); (folder / 'b.whl').touch()", "pip gave no reason"),
        ("print('ERROR: No space left on device'); sys.exit(1)", "Free some space"),
        ("sys.stdout.buffer.write(b'ERROR: \\xff'); sys.exit(1)", "ERROR: \ufffd"),
    ],
)
def test_a_failing_pip_is_quoted(tmp_path: Path, folder: Path, action: str, expected: str) -> None:
    """Whatever pip does but leave one file is an error that holds its last words and the next step."""
    with pytest.raises(ConfigError) as caught:
        pip_download("thing==1", folder, say=quiet, pip=FakePip(tmp_path, action).command)
    assert caught.value.code == "package-fetch"
    assert expected in str(caught.value)


def test_a_pip_that_cannot_be_started_is_an_error(folder: Path) -> None:
    """A broken command is told as what it is."""
    with pytest.raises(ConfigError, match="pip cannot be started: No such file"):
        pip_download("thing==1", folder, say=quiet, pip=[str(folder / "nothing")])


def test_an_interrupted_download_ends_pip(tmp_path: Path, folder: Path) -> None:
    """Ctrl-C while pip works is not swallowed, and pip does not go on alone."""
    said: list[str] = []

    def interrupt(text: str) -> None:
        said.append(text)
        raise KeyboardInterrupt

    action = "import time; print('begun', flush=True); time.sleep(600)"
    with pytest.raises(KeyboardInterrupt):
        pip_download("thing==1", folder, say=interrupt, pip=FakePip(tmp_path, action).command)
    assert said == ["pip: begun"]


@pytest.mark.parametrize(
    ("module", "commands", "expected"),
    [
        (True, {"pip": "/bin/pip"}, [sys.executable, "-m", "pip"]),
        (False, {"pip3": "/bin/pip3", "pip": "/bin/pip", "uv": "/bin/uv"}, ["/bin/pip3"]),
        (False, {"pip": "/bin/pip", "uv": "/bin/uv"}, ["/bin/pip"]),
        (False, {"uv": "/bin/uv"}, ["/bin/uv", "tool", "run", "pip"]),
    ],
)
def test_pip_is_found(module: bool, commands: dict[str, str], expected: list[str]) -> None:  # noqa: FBT001
    """The module of this Python comes first, then commands, then uv, which brings a pip of its own."""
    assert pip_command(importable=lambda _: module or None, which=commands.get) == expected


def test_no_pip_at_all_is_said_plainly() -> None:
    """The message says what is missing and how to get it."""
    with pytest.raises(ConfigError, match=r"this Python has none[\s\S]*ensurepip") as caught:
        pip_command(importable=lambda _: None, which=lambda _: None)
    assert caught.value.code == "pip-missing"


def test_a_real_pip_takes_these_options(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every option exists: a wheel out of a folder that serves as the index is downloaded and its digest checked."""
    command = [sys.executable, "-m", "pip"] if importlib.util.find_spec("pip") else None
    if command is None:
        try:
            command = pip_command()
        except ConfigError:
            pytest.skip("no pip here")
    if subprocess.run([*command, "--version"], capture_output=True).returncode:
        pytest.skip("pip does not start here")
    wheel = tmp_path / "elixirml_thing-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(
            "elixirml_thing-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: elixirml-thing\nVersion: 1\n"
        )
        archive.writestr(
            "elixirml_thing-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("elixirml_thing-1.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    found = pip_download("elixirml-thing==1", folder, say=quiet, sha256=digest, pip=command)
    assert found.read_bytes() == wheel.read_bytes()
    with pytest.raises(ConfigError, match=r"could not be fetched from the package index: ERROR"):
        pip_download("elixirml-thing==1", folder, say=quiet, sha256="0" * 64, pip=command)
