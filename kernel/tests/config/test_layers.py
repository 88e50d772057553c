# `option` returns an attrs field
"""The strongest layer that speaks wins, and every value knows who that was."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from elixirml.config import LayerName, Origin, Sources, load_configuration, option, read_toml
from elixirml.config.editing import toml_text
from elixirml.config.files import SettingsFile
from elixirml.errors import ConfigError


@frozen
class Inner:
    c: int = 0
    d: int = 0


@frozen
class Own:
    a: int = option(0, env="OWN_A")
    b: str = ""
    inner: Inner = Inner()
    table: Mapping[str, int] = option({})


NAMES = ("a", "b", "inner.c", "inner.d", "table.x", "table.y")
LAYERS = (LayerName.USER, LayerName.PROJECT, LayerName.ENVIRONMENT, LayerName.ARGUMENT)
said = st.dictionaries(st.sampled_from(NAMES), st.integers(1, 99))


def _value(name: str, number: int) -> Any:
    return str(number) if name == "b" else number


def _nested(settings: Mapping[str, int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, number in settings.items():
        *around, last = name.split(".")
        inner = found
        for key in around:
            inner = inner.setdefault(key, {})
        inner[last] = _value(name, number)
    return found


def _write(path: Path, settings: Mapping[str, int], *, inline: bool) -> None:
    """Write settings in one of two ways of TOML."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["# settings", "[plugins.own]"]
    if inline:
        lines += [f"{key} = {toml_text(value)}" for key, value in _nested(settings).items()]
    else:
        lines += [f"{name} = {toml_text(_value(name, number))}" for name, number in settings.items()]
    path.write_text("\n".join(lines) + "\n")


@given(layers=st.fixed_dictionaries(dict.fromkeys(LAYERS, said)), inline=st.booleans(), shared=st.booleans())
def test_the_strongest_layer_that_speaks_wins(
    layers: dict[LayerName, dict[str, int]], *, inline: bool, shared: bool
) -> None:
    """For every setting, alone or in a table: value and origin are those of the last layer that names it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environ = {"XDG_CONFIG_HOME": name}
        _write(folder / "elixirml" / "config.toml", layers[LayerName.USER], inline=inline)
        _write(folder / "elixirml.toml", layers[LayerName.PROJECT], inline=inline)
        if shared:
            (folder / "elixirml.toml").rename(folder / "pyproject.toml")
            text = (folder / "pyproject.toml").read_text()
            (folder / "pyproject.toml").write_text(text.replace("[plugins.own]", "[tool.elixirml.plugins.own]"))
        for each, number in layers[LayerName.ENVIRONMENT].items():
            environ[f"ELIXIRML_OWN__{each.upper().replace('.', '__')}"] = str(number)
        values = {"own": _nested(layers[LayerName.ARGUMENT])}
        configuration = load_configuration({"own": Own}, sources=Sources(environ, folder, values))

    found = {each.name.removeprefix("own."): each for each in configuration.settings("own")}
    for each in NAMES:
        strongest = next((layer for layer in reversed(LAYERS) if each in layers[layer]), None)
        if strongest is None:
            assert each not in found or found[each].origin.layer is LayerName.DEFAULT
        else:
            assert found[each].value == _value(each, layers[strongest][each])
            assert found[each].origin.layer is strongest
            assert (found[each].origin.line is not None) is (strongest in LAYERS[:2])
            assert configuration.origin(f"plugins.own.{each}") == found[each].origin


def test_origins_name_file_and_line(load, places) -> None:
    """Tables, dotted keys, inline tables and lists of tables are found; keys within texts are not taken for keys."""
    places.project.write_text(
        '[plugins]\ndisable = []\n\n[plugins.own] # mine\n"a" = 1\n\n'
        'b = """\n[plugins.own]\na = 5\n"""\ntable = { x = 1 }\n\n[ plugins . own . inner ]\nc = 2\n'
    )
    configuration = load({"own": Own})
    lines = {each.name: each.origin.line for each in configuration.settings("own")}
    assert lines == {"own.a": 5, "own.b": 7, "own.inner.c": 14, "own.inner.d": None, "own.table.x": 11}
    assert str(configuration.origin("own.a")) == f"{places.project}:5"
    assert str(configuration.origin("own.inner.d")) == "default"


def test_a_line_that_cannot_be_told_is_left_out(places) -> None:
    """The file alone is an answer too."""
    places.project.write_text('[plugins."odd]name"]\na = 1\n')
    file = SettingsFile.read(places.project)
    assert file.line(("plugins", "odd]name", "a")) is None
    assert str(Origin(LayerName.PROJECT, "elixirml.toml")) == "elixirml.toml"


def test_the_projects_own_file_hides_the_shared_one(load, places) -> None:
    """Settings of one project are in one place."""
    places.shared.write_text("[tool.elixirml.plugins.own]\na = 1\n")
    assert load({"own": Own})["own"].a == 1
    assert load({"own": Own}).origin("own.a").line == 2
    places.project.write_text("[plugins.own]\n")
    assert load({"own": Own})["own"].a == 0


def test_variables_of_other_names_are_weaker(load) -> None:
    """A field may have a variable that others know too; the one of ElixirML is the stronger, and empty is unsaid."""
    assert load({"own": Own}, {"OWN_A": "1"})["own"].a == 1
    assert load({"own": Own}, {"OWN_A": ""})["own"].a == 0
    found = load({"own": Own}, {"OWN_A": "1", "ELIXIRML_OWN__A": "2", "ELIXIRML_": "", "ELIXIRML_OWN": "3"})
    assert (found["own"].a, str(found.origin("own.a"))) == (2, "ELIXIRML_OWN__A")


def test_sections_with_other_signs_have_variables_too(load) -> None:
    """What no variable may be called is written as `_`."""
    environ = {"ELIXIRML_MY_OWN__A": "1", "elixirml_my_own__b": "x"}
    found = load({"my-own": Own}, environ)["my-own"]
    assert (found.a, found.b) == (1, "x")
    assert load({"my.own": Own, "my": Own}, texts={"my.own.a": "3"})["my.own"].a == 3


def test_typed_settings_are_the_strongest(load, places) -> None:
    """What is written on the command line is meant."""
    environ = {"ELIXIRML_OWN__A": "2"}
    found = load({"own": Own}, environ, values={"own": {"a": 3}}, texts={"own.a": "4"})
    assert (found["own"].a, str(found.origin("own.a"))) == (4, "--set")


def test_a_whole_table_in_a_variable_is_laid_over(load) -> None:
    """Tables are merged key by key, whoever speaks and however it is written; an empty one takes nothing away."""
    environ = {"ELIXIRML_OWN__TABLE": "{x = 1, y = 2}", "ELIXIRML_OWN__TABLE__Y": "3", "ELIXIRML_OWN__INNER": "{c = 1}"}
    found = load({"own": Own}, environ, values={"own": {"table": {}}}, texts={"own.inner": "{d = 2}"})["own"]
    assert (found.table, found.inner) == ({"x": 1, "y": 3}, Inner(1, 2))
    assert load({"own": Own}, values={"own": {"table": {}}})["own"].table == {}


def test_relative_paths_belong_to_the_file_that_names_them(load, places, tmp_path: Path) -> None:
    """A path does not depend on where a program is started, unless a variable or an argument says it."""
    places.user.write_text('[kernel]\nhome = "data"\ncache = "~/cache"\n')
    assert load({}).kernel.home == places.user.parent / "data"
    assert load({}).kernel.cache == Path.home() / "cache"
    places.project.write_text(f"[kernel]\nhome = {json.dumps(str(tmp_path))}\n")
    assert load({}).kernel.home == tmp_path
    assert load({}, {"ELIXIRML_HOME": "here"}).kernel.home == Path("here")


def test_what_stands_in_the_wrong_place_is_refused(load, places) -> None:
    """A misspelt table does not silently do nothing."""
    places.project.write_text("[kernle]\nmodel = 'x'\n[plugins]\nother = 1\n")
    with pytest.raises(ConfigError, match="kernle: there is no such table") as caught:
        load({})
    assert "Did you mean `kernel`?" in caught.value.message
    places.project.write_text("kernel = 3\n")
    with pytest.raises(ConfigError, match="kernel: expected a table, got a number"):
        load({})


def test_a_broken_file_is_named(load, places) -> None:
    """Nothing is read from the others then: half of the settings would be wrong ones."""
    places.project.write_text("[plugins\n")
    places.user.write_text("plugins = 3\n")
    with pytest.raises(ConfigError, match=r"`plugins` in .*config\.toml holds a value: expected a table"):
        load({})
    assert [each.code for each in places.faults({})] == ["config", "config-toml"]


def test_a_file_that_cannot_be_read_is_named(places) -> None:
    """Bytes that are no text are reported like a broken file; a file that is not there says nothing."""
    assert read_toml(places.project) == {}
    places.project.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"elixirml\.toml cannot be read") as caught:
        read_toml(places.project)
    assert caught.value.code == "config-unreadable"


def test_the_machines_own_places_are_the_default(monkeypatch: pytest.MonkeyPatch, places) -> None:
    """Without sources, the process's environment and the current folder are read."""
    monkeypatch.chdir(places.folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", places.environ["XDG_CONFIG_HOME"])
    monkeypatch.setenv("ELIXIRML_KERNEL__MODEL", "local/x")
    places.project.write_text("[kernel]\nhome = 'data'\n")
    configuration = load_configuration({})
    assert (configuration.kernel.model, configuration.kernel.home) == ("local/x", Path("data"))
    assert str(configuration.origin("kernel.home")) == "elixirml.toml:2"
