"""Tests of the hook module and the provider: what can be said without loading anything."""

import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from attrs import frozen

from elixirml.contracts import Capability, LanguageModel, LanguageModelProvider
from elixirml.errors import ModelUnavailable
from elixirml_local.catalogue import CATALOGUE
from elixirml_local.provider import LocalProvider


@frozen
class Host:
    """A host with a cache that supervises nothing."""

    cache_dir: Path

    async def supervise(self, name: str, run: Callable[..., Awaitable[None]]) -> None:
        raise AssertionError("nothing is started before the first call")


def test_the_engine_stays_out_of_this_process(tmp_path: Path) -> None:
    """A model is opened without importing llama.cpp: only its own process ever does."""
    code = "import sys, elixirml_local.provider, elixirml_local.model;assert 'xllamacpp' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def put(cache: Path, *, size: int) -> Path:
    """Put a file of some size where the small model is kept."""
    path = CATALOGUE["smollm2"].path(cache)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size)  # takes no space
    return path


def test_a_model_that_was_not_fetched_says_how(tmp_path: Path) -> None:
    """The hint is the command, ready to be copied."""
    with pytest.raises(ModelUnavailable, match="has not been fetched yet") as caught:
        LocalProvider().open("smollm2", Host(tmp_path))
    assert caught.value.hint == "elixirml models get smollm2"


def test_a_model_that_is_cut_short_says_how(tmp_path: Path) -> None:
    """A wrong size is noticed before anything is loaded."""
    put(tmp_path, size=1000)
    with pytest.raises(ModelUnavailable, match="is not whole") as caught:
        LocalProvider().open("smollm2", Host(tmp_path))
    assert caught.value.hint == "elixirml models get smollm2"


def test_an_unknown_name_is_answered_with_the_nearest(tmp_path: Path) -> None:
    """The answer also says that files can be named."""
    with pytest.raises(ModelUnavailable, match=r"Did you mean `smollm2`\? Or name a .gguf file"):
        LocalProvider().open("smollm", Host(tmp_path))
    with pytest.raises(ModelUnavailable, match=r"There is no model file .*nowhere\.gguf"):
        LocalProvider().open("nowhere.gguf", Host(tmp_path))


def test_a_model_is_opened_without_being_loaded(tmp_path: Path) -> None:
    """Opening is cheap, and what replies depend on is known at once."""
    put(tmp_path, size=CATALOGUE["smollm2"].size)
    provider: LanguageModelProvider = LocalProvider()
    model: LanguageModel = provider.open("smollm2", Host(tmp_path))
    assert (model.name, model.concurrency) == ("local/smollm2", 1)
    means = {Capability.TEXT, Capability.GRAMMAR, Capability.LABEL_LOGPROBS, Capability.STREAM}
    assert model.capabilities == means
    assert CATALOGUE["smollm2"].sha256 in model.fingerprint
    assert "xllamacpp-" in model.fingerprint


def test_the_same_file_has_the_same_fingerprint(tmp_path: Path) -> None:
    """A file named by its path is known by name, size and time; another one has another fingerprint."""
    path = tmp_path / "own.gguf"
    path.write_bytes(b"GGUF")
    provider, host = LocalProvider(), Host(tmp_path)
    first = provider.open(str(path), host).fingerprint
    assert provider.open(str(path), host).fingerprint == first
    path.write_bytes(b"GGUF2")
    assert provider.open(str(path), host).fingerprint != first


def test_listed_models_say_whether_they_are_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Presence is judged by the user's cache."""
    monkeypatch.setenv("ELIXIRML_CACHE", str(tmp_path))
    assert [each.installed for each in LocalProvider().models()] == [False]
    put(tmp_path, size=CATALOGUE["smollm2"].size)
    assert [each.installed for each in LocalProvider().models()] == [True]
