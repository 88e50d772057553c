"""Four sources of wishes, the strongest first: command line, environment, project's file, user's file."""

import itertools
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

from elixirml.cli.app import elixirml
from elixirml.testing import InstalledPlugins
from elixirml.testing.faults import hook_source

SOURCES: Final = ("command line", "environment", "project", "user")

NAMES: Final = ("acme", "acme-plugin", "Acme.Plugin")
"""The entry name and the distribution, in two spellings."""


class Wishes:
    """Says what one source wants, and asks the command what came of it."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = home
        self.monkeypatch = monkeypatch
        self.options: list[str] = []

    def say(self, source: str, *, load: bool, name: str) -> None:
        """Let a source ask for a plugin, or for its absence."""
        if source == "command line":
            self.options += ["--plugins", name] if load else ["--disable-plugin", name]
        elif source == "environment":
            self.monkeypatch.setenv("ELIXIRML_PLUGINS" if load else "ELIXIRML_DISABLE_PLUGINS", name)
        else:
            path = Path("elixirml.toml") if source == "project" else self.home / "config.toml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"[plugins]\n{'only' if load else 'disable'} = {json.dumps([name])}\n")

    def record(self) -> dict[str, str]:
        """Return what became of the plugin."""
        arguments = [*self.options, "plugins", "list", "--json"]
        result = CliRunner().invoke(elixirml, arguments, catch_exceptions=False)
        assert result.exit_code == 0, result.stderr
        (found,) = [each for each in json.loads(result.stdout)["plugins"] if each["name"] == "acme"]
        return dict(found)


@pytest.fixture
def wishes(home: Path, monkeypatch: pytest.MonkeyPatch, installed: InstalledPlugins) -> Iterator[Wishes]:
    """One plugin is installed, and nobody has said anything yet."""
    installed.add("acme", distribution="acme-plugin", source=hook_source("acme_metric"))
    yield Wishes(home, monkeypatch)
    assert "acme_plugin" not in sys.modules


@pytest.mark.parametrize(("strong", "weak"), list(itertools.combinations(SOURCES, 2)))
@pytest.mark.parametrize("load", [True, False])
def test_the_stronger_source_decides(strong: str, weak: str, *, load: bool, wishes: Wishes) -> None:
    """Each pair of sources, contradicting each other in both ways."""
    wishes.say(weak, load=not load, name="acme")
    wishes.say(strong, load=load, name="acme-plugin")
    assert wishes.record()["status"] == ("loaded" if load else "disabled")


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", NAMES)
def test_every_source_takes_entry_names_and_distributions(source: str, name: str, wishes: Wishes) -> None:
    """Users write what they know a plugin by; the reason names who disabled it."""
    wishes.say(source, load=False, name=name)
    record = wishes.record()
    assert record["status"] == "disabled"
    place = {"command line": "the command line", "environment": "ELIXIRML_DISABLE_PLUGINS"}.get(source, ".toml")
    assert place in record["reason"]


def test_an_empty_list_switches_all_plugins_off(wishes: Wishes) -> None:
    """`--plugins ''` is the off switch, also over everything that is said elsewhere."""
    wishes.say("user", load=True, name="acme")
    wishes.options += ["--plugins", ""]
    assert wishes.record()["status"] == "disabled"


def test_options_of_the_command_line_add_up_in_any_order(wishes: Wishes) -> None:
    """`--disable-plugin` is stronger than `--plugins`, as within every source."""
    for pair in itertools.permutations([["--plugins", "acme,other"], ["--disable-plugin", "acme"]]):
        wishes.options = [*pair[0], *pair[1]]
        assert wishes.record()["reason"] == "disabled by the command line"


PROGRAM: Final = """
import os
import elixirml as ml

names = ml.Kernel().plugins.registry.names("metrics")
print("offered" if "acme_metric" in names else "not offered", os.environ.get("ELIXIRML_DISABLE_PLUGINS"))
program = ml.predict("question -> answer", model="nobody/home")
"""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "offered None"),
        (["--disable-plugin", "acme"], "not offered acme,"),
        (["--plugins", "metrics"], "not offered "),
        (["--plugins", "acme"], "offered "),
    ],
)
def test_the_choice_holds_for_every_kernel_of_the_command(
    options: list[str], said: str, wishes: Wishes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for one that a program makes for itself; afterwards everything is as before."""
    monkeypatch.delenv("ELIXIRML_DISABLE_PLUGINS", raising=False)
    monkeypatch.delenv("ELIXIRML_PLUGINS", raising=False)
    Path("program.py").write_text(PROGRAM)
    result = CliRunner().invoke(elixirml, [*options, "show", "program.py", "--graph"])
    assert said in (result.stdout + result.stderr).splitlines()
    assert not {"ELIXIRML_PLUGINS", "ELIXIRML_DISABLE_PLUGINS"} & set(os.environ)
    sys.modules.pop("acme_plugin", None)


@pytest.mark.parametrize("arguments", [["--help"], ["no-such-verb"], ["plugins", "list", "--json"]], ids=" ".join)
def test_an_embedding_program_finds_its_environment_as_it_was(
    arguments: list[str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the command ends, its choice ends with it."""
    _ = home
    monkeypatch.setenv("ELIXIRML_DISABLE_PLUGINS", "before")
    before = dict(os.environ)
    CliRunner().invoke(elixirml, ["--plugins", "x", "--disable-plugin", "y", *arguments])
    assert dict(os.environ) == before
