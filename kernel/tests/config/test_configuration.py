# `option` returns an attrs field
"""A configuration is one checked state: typed, listed, and changed only by making another."""

import random
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import pytest
from attrs import frozen

import elixirml.config
from elixirml.config import KernelConfig, Secret, Setting, option, registered_programs, written_setting
from elixirml.errors import ConfigError


class Mode(Enum):
    FAST = "fast"
    EXACT = "exact"


@frozen
class Retry:
    attempts: int = option(3, low=1, high=9.5, tunable=True)


@frozen
class Own:
    timeout: float = option(60.0, help="Seconds to wait.", low=1, high=100, tunable=True)
    strict: bool = option(default=False, tunable=True)
    mode: Mode = option(Mode.FAST, tunable=True)
    level: Literal["low", "high"] = option("low", tunable=True)
    size: int = option(8, choices=[4, 8], tunable=True)
    retry: Retry = Retry()
    other: Retry | None = None
    hosts: tuple[str, ...] = ()
    folder: Path = Path("x")
    rates: Mapping[str, float] = option({})
    extra: Mapping[str, Retry] = option({})
    pair: tuple[int, Mode] = (1, Mode.FAST)
    either: int | Path = 1
    empty: Mapping[str, float] = option({})
    stages: tuple[Retry, ...] = (Retry(),)
    maps: tuple[Mapping[str, int], ...] = ({"a": 1},)
    anything: Any = None
    key: Secret | None = None


def test_sections_are_typed(load) -> None:
    """A plugin gets the class it declared; another one is a mistake that is named."""
    configuration = load({"own": Own})
    assert configuration.section("own", Own) == configuration["own"] == Own()
    assert configuration.section("kernel", KernelConfig) is configuration.kernel
    with pytest.raises(ConfigError, match="The section `own` is a Own, no Retry"):
        configuration.section("own", Retry)
    for ask in (configuration.__getitem__, configuration.settings):
        with pytest.raises(ConfigError, match="no section `onw`") as caught:
            ask("onw")
        assert (caught.value.code, "Did you mean `own`?" in str(caught.value.hint)) == ("config-section", True)


def test_every_value_is_listed_with_its_origin(load) -> None:
    """Nested classes and entries of tables are listed one by one, in the order of the fields."""
    environ = {"ELIXIRML_OWN__OTHER": "{}", "ELIXIRML_OWN__EXTRA": "{a = {attempts = 2}, b = {}}"}
    values = {"own": {"rates": {"a": 1.0}, "either": Path("p"), "key": Secret("env:K"), "pair": [2, "exact"]}}
    listed = load({"own": Own}, environ, values=values).settings("own")
    assert {each.name: (each.json, each.origin.source) for each in listed} == {
        "own.timeout": (60.0, "default"),
        "own.strict": (False, "default"),
        "own.mode": ("fast", "default"),
        "own.level": ("low", "default"),
        "own.size": (8, "default"),
        "own.retry.attempts": (3, "default"),
        "own.other.attempts": (3, "default"),
        "own.hosts": ([], "default"),
        "own.folder": ("x", "default"),
        "own.rates.a": (1.0, "argument"),
        "own.extra.a.attempts": (2, "ELIXIRML_OWN__EXTRA"),
        "own.extra.b.attempts": (3, "default"),
        "own.pair": ([2, "exact"], "argument"),
        "own.either": ("p", "argument"),
        "own.empty": ({}, "default"),
        "own.stages": ([{"attempts": 3}], "default"),
        "own.maps": ([{"a": 1}], "default"),
        "own.anything": (None, "default"),
        "own.key": ("env:K", "argument"),
    }
    assert listed[0].option.help == "Seconds to wait."
    assert (listed[0].path, listed[-1].is_secret) == ("plugins.own.timeout", True)


def test_a_setting_that_is_not_there_is_named(load) -> None:
    """The nearest name is suggested."""
    with pytest.raises(ConfigError, match=r"no setting `own\.timeot`") as caught:
        load({"own": Own}).origin("own.timeot")
    assert "Did you mean `own.timeout`?" in str(caught.value.hint)


def test_an_instance_is_listed_as_what_it_is(load) -> None:
    """What a host hands over as one object has one origin."""
    listed = load({"own": Own}, values={"own": {"other": Retry(5), "rates": {}}}).settings("own")
    [found] = [each for each in listed if each.name == "own.other.attempts"]
    assert (found.value, found.origin.source) == (5, "argument")


def test_tunable_settings_are_variables(load) -> None:
    """Their defaults are the configured values, their domains what the plugin allows."""
    found = {each.name: each for each in load({"own": Own}, texts={"own.timeout": "5"}).variables()}
    assert {name: (each.kind, each.default) for name, each in found.items()} == {
        "plugins.own.timeout": ("float", 5.0),
        "plugins.own.strict": ("boolean", False),
        "plugins.own.mode": ("choice", "fast"),
        "plugins.own.level": ("choice", "low"),
        "plugins.own.size": ("choice", 8),
        "plugins.own.retry.attempts": ("integer", 3),
    }
    assert found["plugins.own.timeout"].hint == "Seconds to wait."
    assert found["plugins.own.retry.attempts"].describe()["high"] == 9


def test_an_assignment_gives_another_configuration(load) -> None:
    """The first one stays as it was; values are checked as if they had been written in a file."""
    first = load({"own": Own})
    second = first.with_values({"plugins.own.timeout": 7, "plugins.own.mode": "exact", "plugins.own.retry.attempts": 1})
    assert second["own"] == Own(timeout=7.0, mode=Mode.EXACT, retry=Retry(1))
    assert str(second.origin("own.mode")) == "assignment"
    assert first["own"] == Own()
    assert first.with_values({}) == first
    with pytest.raises(ConfigError, match=r"own\.timeout: expected a number from 1 to 100, got 0"):
        first.with_values({"plugins.own.timeout": 0})


@pytest.mark.parametrize("path", ["plugins.own.timeot", "plugins.own.hosts", "own.timeout", "kernel.model"])
def test_only_variables_are_assigned(load, path: str) -> None:
    """An optimizer cannot reach a setting that its plugin did not offer."""
    with pytest.raises(ConfigError, match="No setting that may be tuned") as caught:
        load({"own": Own}).with_values({path: 1})
    assert caught.value.code == "config-setting"


def test_a_variable_gives_back_what_it_was_given(load) -> None:
    """Any value drawn from the domain of a variable is a valid setting."""
    configuration = load({"own": Own})
    for each in configuration.variables():
        for value in each.neighbours(each.default, rng=random.Random(0)):
            [found] = [
                setting
                for setting in configuration.with_values({each.name: value}).settings()
                if setting.path == each.name
            ]
            assert found.json == value


def test_what_nobody_reads_is_told(load, places) -> None:
    """A plugin that is disabled keeps its settings; a check names those that belong to none."""
    places.project.write_text("[plugins.own]\n[plugins.gone]\na = 1\n")
    configuration = load({"own": Own}, {"ELIXIRML_LOST__A": "1"})
    assert {name: str(origin) for name, origin in configuration.unread.items()} == {
        "gone": f"{places.project}:3",
        "lost": "ELIXIRML_LOST__A",
    }
    assert places.faults({"own": Own}) == places.faults({"own": Own}, others=["gone"]) == ()
    [fault] = places.faults({"own": Own}, others=["gonee"])
    assert (fault.path, fault.code) == ("gone", "unknown")
    assert "Did you mean `gonee`?" in str(fault.hint)
    assert str(fault).startswith("gone: no plugin in use reads this section")


def test_programs_have_names(load, places) -> None:
    """A program's file is beside the settings file that names it; no plugin is needed to find it."""
    places.user.write_text('[programs]\nmine = "mine.py:Mine"\nqa = "old.py"\n')
    places.project.write_text('[programs]\nqa = "qa.py:QA"\nother = "package.module:Other"\n')
    found = registered_programs(sources=places.sources({"ELIXIRML_PROGRAMS__LAST": "last.py"}))
    assert {name: each.value for name, each in found.items()} == {
        "mine": str(places.user.parent / "mine.py:Mine"),
        "qa": str(places.folder / "qa.py:QA"),
        "other": "package.module:Other",
        "last": "last.py",
    }
    assert str(found["qa"].origin) == f"{places.project}:2"
    assert isinstance(found["qa"], Setting)
    assert load({}).programs["qa"] == str(places.folder / "qa.py:QA")
    places.project.write_text("[programs]\nqa = 3\n")
    places.user.unlink()
    with pytest.raises(ConfigError, match=r"programs\.qa: expected a text in which \\S is found, got 3"):
        registered_programs(sources=places.sources())


def test_without_programs_there_are_none(places) -> None:
    """An empty table is an answer."""
    assert registered_programs(sources=places.sources()) == {}


def test_what_is_typed_is_checked_before_it_is_written() -> None:
    """The place in a file and the value for it, as TOML writes it; tables stay tables."""
    sections = {"own": Own}
    assert written_setting(sections, "own.timeout", "5") == (("plugins", "own", "timeout"), 5)
    assert written_setting(sections, "own.folder", "~/x") == (("plugins", "own", "folder"), "~/x")
    assert written_setting(sections, "own.rates", "{a = 1}") == (("plugins", "own", "rates"), {"a": 1})
    assert written_setting(sections, "own.key", "env:KEY") == (("plugins", "own", "key"), "env:KEY")
    assert written_setting({}, "kernel.model", "local/x") == (("kernel", "model"), "local/x")
    for name, text in (
        ("own.timeout", "500"),
        ("own", "1"),
        ("own.tiemout", "1"),
        ("kernel.model.x", "1"),
        ("x.y", "1"),
    ):
        with pytest.raises(ConfigError) as caught:
            written_setting(sections, name, text)
        assert caught.value.code == "config-invalid"
    with pytest.raises(ConfigError) as caught:
        written_setting(sections, "own.key", "sk-canary")
    assert "sk-canary" not in str(caught.value)


def test_the_package_imports_on_use() -> None:
    """Its names are those it lists, and no others."""
    assert set(dir(elixirml.config)) == set(elixirml.config.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = elixirml.config.nothing  # type: ignore[attr-defined]
