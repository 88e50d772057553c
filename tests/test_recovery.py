"""A plugin that breaks everything can always be found and put out: recovery commands never depend on it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from elixirml.testing import InstalledPlugins

DEADLY: Final = "import sys\nsys.exit('gone')\n"
_VERB: Final = "[elixirml.commands]\ndeadly-verb = elixirml_deadly:verb\n"


class Machine:
    """A machine with one deadly plugin installed, and commands run on it in processes of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        site = folder / "site"
        site.mkdir()
        InstalledPlugins(site).add("deadly", source=DEADLY)
        with next(site.glob("*.dist-info/entry_points.txt")).open("a", encoding="utf-8") as file:
            file.write(_VERB)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ELIXIRML_")}
        path = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])
        self.environment = {**kept, "PYTHONPATH": path, "XDG_CONFIG_HOME": str(folder / "config")}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `elixirml` with arguments."""
        return subprocess.run(
            [sys.executable, "-m", "elixirml", *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def status(self) -> str:
        """Return what became of the deadly plugin."""
        done = self.run("plugins", "list", "--json")
        assert done.returncode == 0, done.stderr
        (record,) = [each for each in json.loads(done.stdout)["plugins"] if each["name"] == "deadly"]
        return str(record["status"])


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with a plugin that ends the process when it is imported."""
    return Machine(tmp_path)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["run", "--help"], ["plugins", "--help"]], ids=" ".join
)
def test_help_never_meets_the_plugin(arguments: list[str], machine: Machine) -> None:
    """Help and version are printed whatever is installed."""
    done = machine.run(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert "gone" not in done.stdout


def test_list_says_what_became_of_it(machine: Machine) -> None:
    """The plugin is a row with its reason, and every other plugin is loaded."""
    done = machine.run("plugins", "list")
    assert done.returncode == 0
    assert "it raised SystemExit: gone" in done.stdout
    assert machine.status() == "failed"


def test_doctor_names_the_way_out(machine: Machine) -> None:
    """The doctor fails, names the plugin and the reason, and gives a command."""
    done = machine.run("plugins", "doctor")
    assert done.returncode == 1
    assert "plugin `deadly` (elixirml-deadly 1.0), failed: it raised SystemExit: gone" in done.stdout
    assert "mend it: pip install --upgrade elixirml-deadly" in done.stdout


def test_disable_and_enable_never_import_it(machine: Machine) -> None:
    """Disabled, it is not imported any more; enabled, it is tried again."""
    assert machine.run("plugins", "disable", "deadly").returncode == 0
    assert machine.status() == "disabled"
    assert "deadly-verb" not in machine.run("--help").stdout
    assert machine.run("plugins", "enable", "deadly").returncode == 0
    assert machine.status() == "failed"


def test_its_own_verb_fails_with_a_way_out(machine: Machine) -> None:
    """A verb that cannot be imported is an error of that verb alone, with its name and a command."""
    assert "deadly-verb" in machine.run("--help").stdout
    done = machine.run("deadly-verb")
    assert done.returncode == 3
    assert "`deadly-verb` of elixirml-deadly cannot be loaded: SystemExit: gone" in done.stderr
    assert "elixirml plugins disable elixirml-deadly" in done.stderr
    assert "Traceback" not in done.stderr
