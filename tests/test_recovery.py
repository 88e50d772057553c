"""A plugin that breaks everything can always be found and put out: recovery commands never depend on it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from elixirml.testing import InstalledPlugins

DEADLY: Final = {
    "sys.exit": ("import sys\nsys.exit('gone')\n", "it raised SystemExit: gone"),
    "os._exit": ("import os\nos._exit(9)\n", "loading it ended the process with exit code 9"),
}
"""Ways for a plugin to end the process that imports it, and what is said of each."""


class Machine:
    """A machine with one deadly plugin installed, and commands run on it in processes of their own."""

    def __init__(self, folder: Path, way: str) -> None:
        self.folder = folder
        self.way = way
        source, self.reason = DEADLY[way]
        installed = InstalledPlugins(folder / "site")
        installed.add("deadly", source=source, verbs=[("deadly-verb", "elixirml_deadly:verb")])
        self.environment = {**installed.environ(), "XDG_CONFIG_HOME": str(folder / "config")}

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


@pytest.fixture(params=DEADLY)
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Machine:
    """A machine with a plugin that ends the process when it is imported."""
    return Machine(tmp_path, request.param)


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
    assert machine.reason in done.stdout
    assert machine.status() == "failed"
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["metrics", "loaded"] in [[row[0], row[3]] for row in rows]


def test_doctor_names_the_way_out(machine: Machine) -> None:
    """The doctor fails, names the plugin and the reason, and gives a command."""
    done = machine.run("plugins", "doctor")
    assert done.returncode == 1
    assert f"plugin `deadly` (elixirml-deadly 1.0), failed: {machine.reason}" in done.stdout
    mends = {"sys.exit": "pip install --upgrade elixirml-deadly", "os._exit": "elixirml plugins disable deadly"}
    assert f"mend it: {mends[machine.way]}" in done.stdout


def test_disable_and_enable_never_import_it(machine: Machine) -> None:
    """Disabled, it is not imported any more; enabled, it is tried again."""
    assert machine.run("plugins", "disable", "deadly").returncode == 0
    assert machine.status() == "disabled"
    assert "deadly-verb" not in machine.run("--help").stdout
    assert machine.run("plugins", "enable", "deadly").returncode == 0
    assert machine.status() == "failed"


def test_a_command_can_leave_it_out_once(machine: Machine) -> None:
    """For a quick way round, without writing anything down."""
    done = machine.run("--disable-plugin", "deadly", "plugins", "list", "--json")
    assert {each["name"]: each["status"] for each in json.loads(done.stdout)["plugins"]}["deadly"] == "disabled"
    done = machine.run("--plugins", "metrics", "studies", "list")
    assert (done.returncode, done.stdout) == (0, "")


def test_a_mistyped_verb_is_told_whatever_is_installed(machine: Machine) -> None:
    """To look for a verb among the hooks, no plugin is imported into the command's own process."""
    done = machine.run("plugns")
    assert done.returncode == 2
    assert "Did you mean `plugins`?" in done.stderr


def test_its_own_verb_fails_with_a_way_out(machine: Machine) -> None:
    """A verb that cannot be imported is an error of that verb alone, with its name and a command."""
    assert "deadly-verb" in machine.run("--help").stdout
    if machine.way == "os._exit":
        return  # nothing in the same process can hold it
    done = machine.run("deadly-verb")
    assert done.returncode == 3
    assert "`deadly-verb` of elixirml-deadly cannot be loaded: SystemExit: gone" in done.stderr
    assert "elixirml plugins disable elixirml-deadly" in done.stderr
    assert "Traceback" not in done.stderr
