"""Fixtures of configuration: files in an empty folder, and a loader that reads nothing of the machine's own."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from elixirml.config import Configuration, Fault, Sources, check_configuration, load_configuration


class Places:
    """The user's and the project's files of one test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.folder.mkdir()
        self.user = folder / "home" / "elixirml" / "config.toml"
        self.user.parent.mkdir(parents=True)
        self.project = self.folder / "elixirml.toml"
        self.shared = self.folder / "pyproject.toml"
        self.environ = {"XDG_CONFIG_HOME": str(folder / "home")}

    def sources(
        self,
        environ: Mapping[str, str] | None = None,
        *,
        values: Mapping[str, Mapping[str, object]] | None = None,
        texts: Mapping[str, str] | None = None,
    ) -> Sources:
        """Return sources that read these files and no others."""
        return Sources({**self.environ, **(environ or {})}, self.folder, values or {}, texts or {})

    def faults(self, sections: Mapping[str, type], **said: object) -> tuple[Fault, ...]:
        """Return what a check of these files finds."""
        return check_configuration(sections, sources=self.sources(), **said)  # type: ignore[arg-type]


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Where the files of a test are; none is there yet."""
    return Places(tmp_path)


Load = Callable[..., Configuration]


@pytest.fixture
def load(places: Places) -> Load:
    """Load sections from the files of the test: `load({"http": HttpConfig}, environ, values=..., texts=...)`."""

    def loaded(sections: Mapping[str, type], environ: Mapping[str, str] | None = None, **said: object) -> Configuration:
        return load_configuration(sections, sources=places.sources(environ, **said))  # type: ignore[arg-type]

    return loaded
