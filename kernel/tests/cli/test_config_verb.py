"""`elixirml config`: what is set and where, whether it is right, and setting it."""

import json
import tomllib

import pytest

from elixirml.testing import InstalledPlugins

HOOKS = """
from elixirml.plugins import Contribution, hookimpl

@hookimpl
def register_configurations():
    return [
        Contribution("service", "planted_settings:Service", "an endpoint and its key"),
        Contribution("broken", "planted_settings:Broken", "declared wrongly"),
    ]
"""

SETTINGS = """
from attrs import frozen
from elixirml.config import Secret, option

@frozen
class Service:
    timeout: float = option(60.0, help="Seconds to wait.", low=1, high=100)
    key: Secret | None = option(None, env="SERVICE_KEY")

@frozen
class Broken:
    value: complex = 0j
"""

CANARY = "sk-canary-4f7a"


@pytest.fixture
def service(project, tmp_path, monkeypatch: pytest.MonkeyPatch):
    """The project of the tests, with a plugin installed that has settings."""
    for name in ("ELIXIRML_CACHE", "SERVICE_KEY"):
        monkeypatch.delenv(name, raising=False)
    with InstalledPlugins(tmp_path / "settings") as planted:
        planted.add("service", source=HOOKS, modules=[("planted_settings", SETTINGS)])
        yield project


def test_settings_are_shown_with_their_origin(service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Key, value and source; of a secret only where it is found."""
    monkeypatch.setenv("SERVICE_KEY", CANARY)
    service.write("elixirml.toml", '[kernel]\nmodel = "local/smollm2"\n[plugins.service]\ntimeout = 5\n')
    said = service.say("config", "show")
    lines = [line.split() for line in said.out.splitlines()]
    assert ["kernel.model", "local/smollm2", "elixirml.toml:2"] in lines
    assert ["service.timeout", "5.0", "elixirml.toml:4"] in lines
    assert ["service.key", "env:SERVICE_KEY", "SERVICE_KEY"] in lines
    assert ["kernel.cache", "-", "default"] in lines
    assert CANARY not in said.out + said.err
    found = service.say("config", "show", "service", "--json").json["settings"]
    assert found[0] == {
        "setting": "service.timeout",
        "value": 5.0,
        "secret": False,
        "layer": "project",
        "source": "elixirml.toml",
        "line": 4,
        "help": "Seconds to wait.",
    }
    assert (found[1]["secret"], found[1]["value"], len(found)) == (True, "env:SERVICE_KEY", 2)


def test_what_nobody_reads_is_a_warning(service) -> None:
    """A misspelt section, or a plugin whose settings are declared wrongly, does not go unseen."""
    service.write("elixirml.toml", "[plugins.servise]\ntimeout = 5\n")
    said = service.say("config", "show")
    assert said.code == 0
    assert "no plugin in use reads the section servise (elixirml.toml:2)" in said.err
    assert "`broken.value` is declared wrongly" in said.err
    assert service.say("config", "show", "--quiet").err == ""


def test_a_disabled_plugin_keeps_its_settings(service) -> None:
    """They are neither used nor a fault."""
    service.write("elixirml.toml", '[plugins]\ndisable = ["service"]\n[plugins.service]\ntimeout = 500\n')
    said = service.say("config", "show")
    assert (said.code, said.err, "service" in said.out) == (0, "", False)
    assert service.say("config", "check").out == "No fault found.\n"
    assert service.say("config", "check", "--quiet").out == ""


def test_a_check_lists_every_fault(service) -> None:
    """All layers, the plugins' own declarations included; the exit code says whether there is one."""
    service.write("elixirml.toml", f'[plugins.service]\ntimeout = 500\nkey = "{CANARY}"\n[plugins.servise]\n')
    said = service.say("config", "check")
    assert said.code == 1
    for words in (
        "service.timeout: expected a number from 1 to 100, got 500 (elixirml.toml:2)",
        "service.key: expected a reference, env:NAME or file:PATH",
        "servise: no plugin in use reads this section (elixirml.toml:4)",
        "Did you mean `service`?",
        "`broken.value` is declared wrongly",
    ):
        assert words in said.out
    answer = service.say("config", "check", "--json").json
    assert answer["valid"] is False
    codes = [each["code"] for each in answer["faults"]]
    assert codes == ["config-schema", "unknown", "range", "secret-literal"]
    assert answer["faults"][2]["line"] == 2
    assert CANARY not in said.out + said.err + json.dumps(answer)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("[plugins\n", ["config-toml"]),
        ('[plugins]\ndisable = "x"\n[kernle]\n', ["config", "unknown"]),
    ],
)
def test_a_check_works_when_plugins_cannot_be_chosen(service, text: str, codes: list[str]) -> None:
    """A file in which nothing can be read is a fault like any other, and listed once."""
    service.write("elixirml.toml", text)
    said = service.say("config", "check", "--json")
    assert (said.code, [each["code"] for each in said.json["faults"]]) == (1, codes)


def test_a_setting_is_written_into_the_projects_file(service) -> None:
    """Comments stay; the file is made when there is none."""
    said = service.say("config", "set", "service.timeout", "5")
    assert (said.code, said.out) == (0, "elixirml.toml now sets service.timeout.\n")
    service.say("config", "set", "kernel.model", "local/smollm2")
    path = service.folder / "elixirml.toml"
    path.write_text(f"# mine\n{path.read_text()}")
    assert service.say("config", "set", "plugins.service.timeout", "6", "--json").json == {
        "setting": "service.timeout",
        "file": "elixirml.toml",
        "overridden_by": None,
    }
    assert path.read_text() == '# mine\n[plugins.service]\ntimeout = 6\n\n[kernel]\nmodel = "local/smollm2"\n'


def test_a_setting_is_written_where_the_project_keeps_its_own(service) -> None:
    """In `pyproject.toml`, when `[tool.elixirml]` is there; else that file is left alone."""
    service.write("pyproject.toml", "[project]\nname = 'x'\n")
    service.say("config", "set", "kernel.home", "data", "--project")
    assert (service.folder / "elixirml.toml").exists()
    (service.folder / "elixirml.toml").unlink()
    service.write("pyproject.toml", "[project]\nname = 'x'\n[tool.elixirml.kernel]\nmodel = 'local/x'\n")
    service.say("config", "set", "service.key", "env:KEY")
    found = tomllib.loads((service.folder / "pyproject.toml").read_text())["tool"]["elixirml"]
    assert found == {"kernel": {"model": "local/x"}, "plugins": {"service": {"key": "env:KEY"}}}


def test_a_setting_without_effect_says_so(service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stronger source is named; while other settings are wrong nothing can be said."""
    monkeypatch.setenv("ELIXIRML_KERNEL__MODEL", "local/other")
    said = service.say("config", "set", "kernel.model", "local/x", "--user")
    assert said.out.endswith("It has no effect here: ELIXIRML_KERNEL__MODEL says otherwise.\n")
    assert service.say("config", "set", "kernel.model", "local/x", "--quiet").out == ""
    monkeypatch.setenv("ELIXIRML_KERNEL__MODLE", "local/other")
    said = service.say("config", "set", "kernel.model", "local/x", "--user")
    assert (said.code, said.out.count("\n")) == (0, 1)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("service.timeout", "fast", 'expected a number from 1 to 100, got "fast"'),
        ("service.tiemout", "5", "Did you mean `timeout`?"),
        ("servise.timeout", "5", "Did you mean `service`?"),
        ("service.key", CANARY, "expected a reference, env:NAME or file:PATH"),
    ],
)
def test_what_does_not_fit_is_not_written(service, name: str, value: str, words: str) -> None:
    """The file is left as it was, and a secret is repeated nowhere."""
    said = service.say("config", "set", name, value)
    assert said.code == 2
    assert words in said.err
    assert CANARY not in said.out + said.err
    assert not (service.folder / "elixirml.toml").exists()


def test_the_users_home_is_shortened(service, monkeypatch: pytest.MonkeyPatch) -> None:
    """People read `~`; machines get the whole path."""
    monkeypatch.setenv("HOME", str(service.folder.parent))
    service.say("config", "set", "kernel.model", "local/x", "--user")
    assert "~/config/elixirml/config.toml:2" in service.say("config", "show", "kernel").out
    [found, *_] = service.say("config", "show", "kernel", "--json").json["settings"]
    assert found["source"] == str(service.folder.parent / "config" / "elixirml" / "config.toml")


def test_settings_can_be_mended_whatever_is_installed(service, tmp_path) -> None:
    """A plugin that ends every process which loads it stops none of the verbs."""
    with InstalledPlugins(tmp_path / "deadly") as planted:
        planted.add("deadly", source="import os\nos._exit(7)\n")
        assert "service.timeout" in service.say("config", "show").out
        assert service.say("config", "check").code == 1  # for what is declared wrongly
        assert "now sets service.timeout" in service.say("config", "set", "service.timeout", "7").out
