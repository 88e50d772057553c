"""Verbs of plugins: found by their metadata, imported when they are used, and never in the way of the others."""

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from elixirml.cli.app import elixirml
from elixirml.cli.verbs import COMMANDS_GROUP
from elixirml.errors import ConfigError
from elixirml.testing import InstalledPlugins

GREET = """
import click

@click.command(epilog="Example: elixirml greet")
def greet():
    "Say something."
    click.echo("hello")
"""


@pytest.fixture
def more(project, tmp_path: Path) -> Iterator[InstalledPlugins]:
    """Further plugins on the machine of the project."""
    _ = project
    with InstalledPlugins(tmp_path / "more") as installed:
        yield installed


def offer(project, name: str, source: str) -> None:
    """Let the planted distribution offer a verb."""
    (project.site / f"{name}_verb.py").write_text(source)
    file = next(project.site.glob("*.dist-info/entry_points.txt"))
    file.write_text(file.read_text() + f"[{COMMANDS_GROUP}]\n{name} = {name}_verb:{name}\n")
    importlib.invalidate_caches()


def test_a_plugins_verb_is_listed_and_runs(project) -> None:
    """It stands under its distribution's name, and works like any other."""
    offer(project, "greet", GREET)
    assert re.search(r"^  greet +from elixirml-planted$", project.say("--help").out, re.MULTILINE)
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


def plant_verb(more, name: str, verb: str = "greet") -> None:
    """Install a plugin that offers a verb in its metadata."""
    source = GREET.replace("greet", verb).replace("hello", f"hello from {name}")
    more.add(name, verbs=[(verb, f"{name}_verbs:{verb}")], modules=[(f"{name}_verbs", source)])


def test_a_verb_of_two_plugins_is_refused_to_both(project, more) -> None:
    """Neither the alphabet nor the order of installation decides whose code runs; help says who claims it."""
    plant_verb(more, "one")
    plant_verb(more, "two")
    assert "refused: elixirml-one and elixirml-two both offer it" in " ".join(project.say("--help").out.split())
    said = project.say("greet")
    assert said.code == 3
    assert "The verb `greet` is refused: elixirml-one and elixirml-two both offer it." in said.err
    assert "elixirml plugins disable elixirml-two" in said.err
    assert 'prefer = ["elixirml-one"]' in said.err


@pytest.mark.parametrize("preferred", ["two", "elixirml-two"])
def test_a_preferred_plugin_gets_the_verb(project, preferred: str, more) -> None:
    """The user settles it, as with every other name; so does disabling one of them."""
    plant_verb(more, "one")
    plant_verb(more, "two")
    project.write("elixirml.toml", f'[plugins]\nprefer = ["{preferred}"]\n')
    assert project.say("greet").out == "hello from two\n"
    assert project.say("--disable-plugin", "two", "greet").out == "hello from one\n"


HOOK = """
from elixirml.plugins import Contribution, hookimpl

@hookimpl
def register_commands():
    return [Contribution("{verb}", "{module}:{verb}", "says something")]
"""


def hook_verb(more, name: str, verb: str = "wave", source: str = GREET) -> None:
    """Install a plugin that offers a verb through its hook alone."""
    module = f"{name}_hooked"
    more.add(name, source=HOOK.format(verb=verb, module=module), modules=[(module, source.replace("greet", verb))])


def test_a_verb_offered_by_a_hook_alone_works_too(project, more) -> None:
    """Help does not know it, since it imports no plugin; typed, it is found."""
    hook_verb(more, "waving")
    assert "wave" not in project.say("--help").out
    assert project.say("wave").out == "hello\n"
    assert "Example: elixirml wave" in project.say("wave", "--help").out
    assert "elixirml_waving" not in sys.modules, "the hook is asked in a process apart"


def test_a_mistyped_verb_is_told_with_the_nearest_of_any_origin(project, more) -> None:
    """Built in, in the metadata of a plugin, or offered by a hook."""
    plant_verb(more, "one")
    hook_verb(more, "waving")
    for typed, meant in (("optimise", "optimize"), ("greett", "greet"), ("wavee", "wave")):
        said = project.say(typed)
        assert said.code == 2
        assert f"There is no verb `{typed}`." in said.err
        assert f"Did you mean `{meant}`?" in said.err


def test_a_mistyped_verb_names_plugins_that_could_not_be_asked(project, more) -> None:
    """The verb may be that of a plugin that is broken, and even one that would end the process does not here."""
    more.add("deadly", source="import os\nos._exit(7)\n")
    said = project.say("nothing-like-it")
    assert said.code == 2
    assert "Not usable: deadly (failed)" in said.err
    assert "see `elixirml plugins list`." in said.err


def test_a_hooked_verb_of_two_plugins_is_refused_to_both(project, more) -> None:
    """As among all capabilities."""
    hook_verb(more, "one")
    hook_verb(more, "two")
    said = project.say("wave")
    assert said.code == 3
    assert "elixirml-one" in said.err
    assert "elixirml-two" in said.err


@pytest.mark.parametrize(
    ("source", "words"),
    [("wave = 3\n", "`wave` of elixirml-waving is not a command"), ("raise SystemExit('gone')\n", "SystemExit: gone")],
)
def test_a_hooked_verb_that_is_broken_is_an_error_of_its_own(source: str, words: str, project, more) -> None:
    """With the plugin's name, and nothing else is affected."""
    hook_verb(more, "waving", source=source)
    said = project.say("wave")
    assert said.code == 3
    assert words in said.err
    assert project.say("--help").code == 0


def test_no_plugin_takes_a_verb_of_the_kernel(project, more) -> None:
    """What is built in stays what it is."""
    plant_verb(more, "one", verb="studies")
    assert "hello" not in project.say("studies", "list").out


def test_an_interrupt_while_a_verb_is_imported_says_whose(project) -> None:
    """Who hangs is known after Ctrl-C, with the command that leaves it out."""
    offer(project, "hanging", "raise KeyboardInterrupt\n")
    said = project.say("hanging")
    assert said.code == 130
    assert "The verb `hanging` was being loaded. Leave it out: elixirml plugins disable elixirml-planted" in said.err


def test_an_embedding_program_gets_errors_and_values() -> None:
    """With click's `standalone_mode=False` nothing exits and nothing is printed."""
    with pytest.raises(click.UsageError, match="no verb `rnu`"):
        elixirml.main(["rnu"], standalone_mode=False)
    with pytest.raises(ConfigError, match=r"There is no file nothing\.py"):
        elixirml.main(["show", "nothing.py"], standalone_mode=False)
    result = CliRunner().invoke(elixirml, ["--version"], standalone_mode=False)
    assert (result.exit_code, result.return_value) == (0, 0)
