"""Verbs of plugins: found by their metadata, imported when they are used, and never in the way of the others."""

import importlib

import click
import pytest
from click.testing import CliRunner

from elixirml.cli.app import COMMANDS_GROUP, elixirml
from elixirml.errors import ConfigError

GREET = """
import click

@click.command(epilog="Example: elixirml greet")
def greet():
    "Say something."
    click.echo("hello")
"""


def offer(project, name: str, source: str) -> None:
    """Let the planted distribution offer a verb."""
    (project.site / f"{name}_verb.py").write_text(source)
    file = next(project.site.glob("*.dist-info/entry_points.txt"))
    file.write_text(file.read_text() + f"[{COMMANDS_GROUP}]\n{name} = {name}_verb:{name}\n")
    importlib.invalidate_caches()


def test_a_plugins_verb_is_listed_and_runs(project) -> None:
    """It stands under its distribution's name, and works like any other."""
    offer(project, "greet", GREET)
    assert "greet   from elixirml-planted" in project.say("--help").out
    assert project.say("greet").out == "hello\n"
    assert "Example: elixirml greet" in project.say("greet", "--help").out


def test_the_verb_of_a_disabled_plugin_is_gone(project) -> None:
    """What is disabled offers nothing."""
    offer(project, "greet", GREET)
    project.write("elixirml.toml", '[plugins]\ndisable = ["planted"]\n')
    assert "greet" not in project.say("--help").out
    assert "There is no verb `greet`" in project.say("greet").err


def test_help_is_there_when_the_settings_cannot_be_read(project) -> None:
    """A broken settings file must not take the help away with which it is mended."""
    project.write("elixirml.toml", "[plugins\n")
    assert project.say("--help").code == 0
    said = project.say("run", "topic.py", "--input", "question.json")
    assert said.code == 2
    assert "elixirml.toml:1: not valid TOML" in said.err


def test_a_verb_that_is_no_command_is_refused(project) -> None:
    """The plugin is named, and the way to put it out."""
    offer(project, "wrong", "wrong = 3\n")
    said = project.say("wrong")
    assert said.code == 3
    assert "`wrong` of elixirml-planted is not a command" in said.err
    assert "elixirml plugins disable elixirml-planted" in said.err


def test_a_verb_that_ends_the_process_is_an_error_of_its_own(project) -> None:
    """A module that raises, or even exits, while it is imported takes nothing else with it."""
    offer(project, "deadly", "raise SystemExit('gone')\n")
    said = project.say("deadly")
    assert said.code == 3
    assert "`deadly` of elixirml-planted cannot be loaded: SystemExit: gone" in said.err
    assert project.say("--help").code == 0


def test_an_embedding_program_gets_errors_and_values() -> None:
    """With click's `standalone_mode=False` nothing exits and nothing is printed."""
    with pytest.raises(click.UsageError, match="no verb `rnu`"):
        elixirml.main(["rnu"], standalone_mode=False)
    with pytest.raises(ConfigError, match=r"There is no file nothing\.py"):
        elixirml.main(["show", "nothing.py"], standalone_mode=False)
    result = CliRunner().invoke(elixirml, ["--version"], standalone_mode=False)
    assert (result.exit_code, result.return_value) == (0, 0)
