"""Fixtures of the plugin floor: planted installations, and nothing of the machine's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from elixirml.testing import InstalledPlugins

METRICS = """
from elixirml.plugins import Contribution, hookimpl

@hookimpl
def register_metrics():
    return [Contribution({name!r}, "elixirml.testing.faults:Fault", "planted")]
"""


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[InstalledPlugins]:
    """A folder of planted distributions, on the path for one test."""
    with InstalledPlugins(tmp_path / "site") as planted:
        yield planted


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, an empty current folder and no settings in the environment; returns the configuration folder."""
    for name in ("ELIXIRML_PLUGINS", "ELIXIRML_DISABLE_PLUGINS"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "elixirml"


@pytest.fixture
def offering() -> str:
    """The text of a sound hook module, with a place for the name of its metric."""
    return METRICS
