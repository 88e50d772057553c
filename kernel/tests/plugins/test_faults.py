"""Plugins that are wrong, in real installations, under the real command: one line each, and everything else works."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from elixirml.plugins import PluginStatus
from elixirml.testing import InstalledPlugins
from elixirml.testing.faults import FATAL, SURVIVABLE, Fault, hook_source, plant_fault

AS_TERMINAL: Final = """
import runpy, signal

# A shell's background jobs ignore interrupts, and their children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("elixirml", run_name="__main__", alter_sys=True)
"""

PROGRAM: Final = "import elixirml as ml\n\nprogram = ml.predict('question -> answer', model='nobody/home')\n"

OUTCOMES: Final = {
    Fault.MISSING_DEPENDENCY: ("failed", "it needs the module `a_library_nobody_has`, which is not installed"),
    Fault.EXIT_AT_IMPORT: ("failed", "it raised SystemExit: no licence"),
    Fault.MISSPELT_HOOK: ("incompatible", "which is no hook. Did you mean `register_metrics`?"),
    Fault.WRONG_ARGUMENT: ("incompatible", "takes `registry`, which the hook does not give"),
    Fault.KEYWORD_ONLY_ARGUMENT: ("incompatible", "takes `registry=None` by keyword only"),
    Fault.NEWER_HOOK_API: ("incompatible", "it is made for hook-API level 2; this kernel has level 1"),
    Fault.DUPLICATE_NAME: ("conflict", "both call themselves `faulty`; none is used until"),
    Fault.FAILING_HOOK: ("failed", "`register_datasets`: it raised IndexError: no data today"),
    Fault.SLOW_IMPORT: ("loaded", "ms to load, at every start; more than 500 ms is too much"),
}
"""What each survivable fault ends as: nine, with two orders of installation of the duplicate name."""

MENDS: Final = {
    Fault.MISSING_DEPENDENCY: "pip install --upgrade --force-reinstall elixirml-faulty",
    Fault.NEWER_HOOK_API: "pip install --upgrade elixirml",
    Fault.DUPLICATE_NAME: "elixirml plugins disable elixirml-faulty",
    Fault.SLOW_IMPORT: "elixirml plugins disable faulty",
}


class Machine:
    """A machine with planted plugins, and commands given on it in processes of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.installed = InstalledPlugins(folder / "site")
        (folder / "program.py").write_text(PROGRAM, "utf-8")
        # What this machine has installed besides is kept out: one line a fault can then be counted.
        self.write_settings(only=["sound", "other", "faulty"])

    def write_settings(self, *, only: list[str]) -> None:
        """Write the project's settings."""
        (self.folder / "elixirml.toml").write_text(f"[plugins]\nonly = {json.dumps(only)}\n", "utf-8")

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Start `elixirml` with arguments, as a terminal does."""
        environ = {**self.installed.environ(), "XDG_CONFIG_HOME": str(self.folder / "config"), **variables}
        return subprocess.Popen(
            [sys.executable, "-c", AS_TERMINAL, *arguments],
            cwd=self.folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `elixirml` with arguments to its end."""
        with self.start(*arguments, **variables) as process:
            out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def records(self, *arguments: str) -> dict[str, dict[str, Any]]:
        """Return the records of all plugins, by distribution."""
        done = self.run("plugins", "list", "--json", *arguments)
        assert done.returncode == 0, done.stderr
        return {each["distribution"]: each for each in json.loads(done.stdout)["plugins"]}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with two sound plugins, one before and one behind every other in the order of loading."""
    found = Machine(tmp_path)
    found.installed.add("sound", distribution="aaa-sound", source=hook_source("first"))
    found.installed.add("other", distribution="zzz-other", source=hook_source("last"))
    return found


def plant(machine: Machine, fault: Fault, *, squatter: str = "aaa-squatter", squatter_first: bool = True) -> None:
    """Install a faulty plugin; for a duplicate name, two distributions one after the other."""
    if fault is not Fault.DUPLICATE_NAME:
        plant_fault(machine.installed, fault)
        return
    pair = [squatter, "elixirml-faulty"] if squatter_first else ["elixirml-faulty", squatter]
    for distribution in pair:
        plant_fault(machine.installed, fault, distribution=distribution)


# The nine faults; the last one in each order of names and of installation.
CASES: Final = [
    *(pytest.param(each, {}, id=each) for each in SURVIVABLE if each is not Fault.DUPLICATE_NAME),
    *(
        pytest.param(
            Fault.DUPLICATE_NAME, {"squatter": name, "squatter_first": first}, id=f"duplicate-name {name} {order}"
        )
        for name in ("aaa-squatter", "zzz-squatter")
        for first, order in ((True, "installed first"), (False, "installed last"))
    ),
]


def test_there_are_nine_survivable_faults_and_all_are_planted() -> None:
    """The table of outcomes is complete."""
    assert set(OUTCOMES) == set(SURVIVABLE)
    assert len(SURVIVABLE) == 9


@pytest.mark.parametrize(("fault", "how"), CASES)
def test_a_fault_is_one_record_and_one_line_and_nobody_elses_trouble(
    fault: Fault, how: dict[str, Any], machine: Machine
) -> None:
    """Each claimant of a fault has a record with its reason, and a line on standard error with what to do."""
    plant(machine, fault, **how)
    done = machine.run("plugins", "list", "--json")
    assert done.returncode == 0, done.stderr
    records = {each["distribution"]: each for each in json.loads(done.stdout)["plugins"]}
    status, reason = OUTCOMES[fault]
    faulty = records["elixirml-faulty"]
    told = [faulty["reason"], *(each["message"] for each in faulty["notices"])]
    assert faulty["status"] == status
    assert reason in " ".join(told)
    lines = done.stderr.splitlines()
    claimants = [each for each in records.values() if each["name"] == "faulty"]
    assert len(lines) == len(claimants) == (2 if fault is Fault.DUPLICATE_NAME else 1)
    (line,) = [each for each in lines if "(elixirml-faulty 1.0)" in each]
    assert line.startswith("warning: plugin `faulty` ")
    assert line.endswith(f"Mend it: {MENDS.get(fault, 'pip install --upgrade elixirml-faulty')}")
    assert {records["aaa-sound"]["status"], records["zzz-other"]["status"]} == {PluginStatus.LOADED}
    assert records["aaa-sound"]["contributions"] == {"metrics": ["first"]}


@pytest.mark.parametrize(("fault", "how"), CASES[:-3])
def test_a_fault_ends_a_strict_listing_with_1(fault: Fault, how: dict[str, Any], machine: Machine) -> None:
    """`--strict-plugins` makes of every warning an exit code; the listing is still there to see."""
    plant(machine, fault, **how)
    listed = machine.run("--strict-plugins", "plugins", "list")
    assert listed.returncode == 1
    assert "aaa-sound" in listed.stdout
    assert listed.stderr.count("warning: plugin `faulty` (elixirml-faulty 1.0)") == 1


def test_a_fault_ends_a_strict_command_before_anything_is_done(machine: Machine) -> None:
    """In a pipeline, what would be half right is not begun; the environment can ask for that too."""
    plant(machine, Fault.FAILING_HOOK)
    shown = machine.run("show", "program.py", ELIXIRML_STRICT_PLUGINS="1")
    assert (shown.returncode, shown.stdout) == (1, "")
    assert "PluginsInDisorder [plugins-strict]" in shown.stderr
    assert shown.stderr.count("(elixirml-faulty 1.0)") == 1
    told = machine.run("--strict-plugins", "studies", "list", "--json")
    assert (told.returncode, json.loads(told.stdout)["error"]["code"]) == (1, "plugins-strict")


@pytest.mark.parametrize(
    "verb",
    [
        ("run", "program.py", "--input", "row.json"),
        ("evaluate", "program.py", "--data", "row.json", "--metric", "first"),
        ("optimize", "program.py", "--train", "row.json", "--metric", "first"),
        ("show", "program.py"),
    ],
    ids=lambda verb: verb[0],
)
def test_a_verb_that_loads_plugins_prints_each_warning_once(verb: tuple[str, ...], machine: Machine) -> None:
    """What works with programs warns like the listing does."""
    plant(machine, Fault.EXIT_AT_IMPORT)
    (machine.folder / "row.json").write_text('{"question": "Where?"}', "utf-8")
    done = machine.run(*verb)
    assert done.stderr.count("(elixirml-faulty 1.0)") == 1
    assert "SystemExit: no licence. Mend it: pip install --upgrade elixirml-faulty" in done.stderr


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("plugins", "--help"), ("run", "--help")])
def test_help_is_there_in_strict_commands_too(arguments: tuple[str, ...], machine: Machine) -> None:
    """What explains the way out is never refused."""
    plant(machine, Fault.ENDS_PROCESS)
    done = machine.run("--strict-plugins", *arguments)
    assert (done.returncode, done.stderr) == (0, "")


def test_all_well_is_no_reason_for_a_strict_command_to_end(machine: Machine) -> None:
    """A sound machine passes, without a word on standard error."""
    done = machine.run("--strict-plugins", "plugins", "list", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert machine.run("--strict-plugins", "studies", "list").returncode == 0


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.ENDLESS_IMPORT, "loading it had not ended after 1 s, and was stopped"),
        (Fault.ENDS_PROCESS, "loading it ended the process with exit code 7"),
    ],
)
def test_what_no_guard_can_hold_is_held_by_a_process(fault: Fault, reason: str, machine: Machine) -> None:
    """An endless loop and `os._exit` are records like any other fault; plugins behind them are loaded."""
    plant(machine, fault)
    found = machine.records("--time-limit", "1")
    faulty = found["elixirml-faulty"]
    assert (faulty["status"], faulty["reason"]) == ("failed", reason)
    assert faulty["hint"] == "elixirml plugins disable faulty"
    assert found["aaa-sound"]["status"] == found["zzz-other"]["status"] == "loaded"
    checked = machine.run("plugins", "doctor", "--time-limit", "1")
    assert checked.returncode == 1
    assert reason in checked.stdout
    assert "mend it: elixirml plugins disable faulty" in checked.stdout


@pytest.mark.parametrize("fault", FATAL)
def test_the_way_out_does_not_lead_through_a_fatal_plugin(fault: Fault, machine: Machine) -> None:
    """Disabled by the command that was named, it disturbs nothing any more."""
    plant(machine, fault)
    assert machine.run("plugins", "disable", "faulty").returncode == 0
    # The project's `only` is stronger than the user's `disable`.
    (machine.folder / "elixirml.toml").unlink()
    assert machine.records()["elixirml-faulty"]["status"] == "disabled"
    assert "elixirml-faulty" not in machine.run("plugins", "list").stdout
    assert "faulty" in machine.run("plugins", "list", "--all").stdout
    assert machine.run("--disable-plugin", "faulty", "show", "program.py", "--graph").returncode != 7


@pytest.mark.skipif(os.name == "nt", reason="a terminal's interrupt is a signal of POSIX")
@pytest.mark.parametrize("verb", [("show", "program.py"), ("plugins", "list")], ids=" ".join)
def test_an_interrupt_during_a_hanging_import_names_the_plugin(verb: tuple[str, ...], machine: Machine) -> None:
    """After Ctrl-C the user knows who hung, and the command that leaves it out."""
    began = machine.folder / "began"
    source = f"import pathlib, time\npathlib.Path({str(began)!r}).touch()\nwhile True:\n    time.sleep(0.05)\n"
    machine.installed.add("faulty", source=source)
    with machine.start(*verb) as process:
        while not began.exists():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert "Interrupted." in err
    assert "The plugin `faulty` (elixirml-faulty 1.0) was being loaded." in err
    assert "elixirml plugins disable faulty" in err
    assert "Traceback" not in err


def test_a_crash_is_told_by_its_signal(machine: Machine) -> None:
    """Compiled code that crashes takes only the process apart with it."""
    if os.name == "nt":
        pytest.skip("signals are POSIX")
    machine.installed.add("faulty", source="import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    assert machine.records()["elixirml-faulty"]["reason"].endswith(f"signal {signal.SIGSEGV:d} (SIGSEGV)")


def test_what_a_plugin_prints_or_reads_disturbs_no_listing(machine: Machine) -> None:
    """Standard output is the answer's alone, also for code that writes to the file descriptor; there is no input."""
    source = "import os, sys\nprint('look')\nos.write(1, b'at me')\nassert sys.stdin.read() == ''\n"
    machine.installed.add("faulty", source=source + hook_source("loud"))
    assert machine.records()["elixirml-faulty"]["status"] == "loaded"


def test_sound_planted_plugins_are_healthy(machine: Machine) -> None:
    """What is planted as sound is sound to the doctor too: its target exists, its metadata is whole."""
    done = machine.run("plugins", "doctor", "--json")
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["healthy"] is True
