"""The ways into the command line: the script's function, and the package as a module."""

import runpy
import sys
from types import ModuleType

import pytest

from elixirml.cli import main


class Interrupted(ModuleType):
    """A module whose import is interrupted."""

    def __getattr__(self, name: str) -> object:
        raise KeyboardInterrupt


def test_the_scripts_function_runs_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is always called `elixirml`, however it was started."""
    monkeypatch.setattr(sys, "argv", ["/some/where/else", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("elixirml, version ")


def test_the_package_is_a_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m elixirml` does the same; importing the module does nothing."""
    monkeypatch.setattr(sys, "argv", ["elixirml", "--version"])
    with pytest.raises(SystemExit):
        runpy.run_module("elixirml", run_name="__main__")
    assert capsys.readouterr().out.startswith("elixirml, version ")
    runpy.run_module("elixirml.__main__", run_name="imported")
    assert capsys.readouterr().out == ""


def test_an_interrupt_while_starting_is_told_in_a_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C before the first verb is found leaves no trace of imports behind."""
    monkeypatch.setitem(sys.modules, "elixirml.cli.app", Interrupted("elixirml.cli.app"))
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert capsys.readouterr().err == "Interrupted.\n"
