"""Starting is light: what is heavy is imported when it is used, never to import the package or to print help."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

HEAVY: Final = (
    "dask",
    "httpx",
    "litellm",
    "numpy",
    "opentelemetry",
    "pydantic",
    "ray",
    "scipy",
    "skopt",
    "sklearn",
    "xllamacpp",
)

_REPORT: Final = """
import atexit, json, sys
from pathlib import Path
atexit.register(lambda: Path({file!r}).write_text(json.dumps(sorted(sys.modules)), "utf-8"))
"""

_AS_COMMAND: Final = (
    "import runpy; sys.argv = ['elixirml', *{arguments!r}]; runpy.run_module('elixirml', run_name='__main__')"
)


def imported_by(code: str, folder: Path) -> set[str]:
    """Run code in a new process and return the names of all modules it has imported."""
    file = folder / "modules.json"
    source = _REPORT.format(file=str(file)) + code
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ELIXIRML_")}
    environment["XDG_CONFIG_HOME"] = str(folder)
    done = subprocess.run(
        [sys.executable, "-c", source], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(file.read_text("utf-8")))


def heavy(modules: set[str]) -> list[str]:
    """Return which heavy packages are among modules."""
    return sorted({name.partition(".")[0] for name in modules} & set(HEAVY))


def command(*arguments: str) -> str:
    """Return code that runs the command line in its process."""
    return _AS_COMMAND.format(arguments=arguments)


def test_importing_the_package_imports_next_to_nothing(tmp_path: Path) -> None:
    """`import elixirml` is lazy: not one module of a dependency is paid for before a name is used."""
    modules = imported_by("import elixirml", tmp_path)
    assert heavy(modules) == []
    assert {name for name in modules if name.startswith("elixirml")} == {"elixirml"}
    assert not modules & {"attrs", "cattrs", "anyio", "click", "pluggy"}


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["run", "--help"], ["optimize", "--help"], ["plugins", "list"], ["plugins", "doctor"]],
    ids=" ".join,
)
def test_help_and_plugin_commands_import_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    """Help is instant, and so is a look at all that is installed: hook modules import no capability."""
    modules = imported_by(command(*arguments), tmp_path)
    assert "elixirml.cli.app" in modules
    assert heavy(modules) == []


def test_loading_every_plugin_imports_nothing_heavy(tmp_path: Path) -> None:
    """What each program pays at its start: hook modules and no more, for all plugins that are installed here."""
    modules = imported_by("from elixirml.plugins import PluginManager; PluginManager.load().check()", tmp_path)
    assert len([name for name in modules if name.startswith("elixirml_") and name.endswith(".plugin")]) >= 8
    assert heavy(modules) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["run", "--help"],
        ["plugins", "list"],
        ["plugins", "list", "--requirements"],
        ["plugins", "show", "metrics"],
        ["plugins", "trace"],
        ["plugins", "doctor"],
        ["plugins", "enable", "metrics"],
        ["--strict-plugins", "studies", "list"],
    ],
    ids=" ".join,
)
def test_looking_at_plugins_imports_none_of_them(arguments: list[str], tmp_path: Path) -> None:
    """Listings and checks load hook modules in a process apart; verbs of plugins are listed by their metadata."""
    modules = imported_by(command(*arguments), tmp_path)
    assert [name for name in modules if name.startswith("elixirml_")] == []


def test_something_heavy_would_be_seen(tmp_path: Path) -> None:
    """The checks above can fail."""
    assert heavy(imported_by("import numpy", tmp_path)) == ["numpy"]
