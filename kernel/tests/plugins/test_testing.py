import importlib
import importlib.metadata
import os
import sys
from pathlib import Path

import pytest

from elixirml.errors import PluginIncompatible
from elixirml.plugins import Contribution, hookimpl
from elixirml.testing import InstalledPlugins, IsolatedPluginManager, temporary_plugin


def test_planted_distributions_are_gone_afterwards(tmp_path: Path) -> None:
    """The next test sees neither the path nor the modules of this one."""
    path = list(sys.path)
    with InstalledPlugins(tmp_path / "a") as installed:
        candidate = installed.add("demo", source="value = 1", modules=[("planted_more", "value = 2")])
        assert importlib.import_module(candidate.target).value == 1
        assert importlib.import_module("planted_more").value == 2
    assert sys.path == path
    assert not {candidate.target, "planted_more"} & set(sys.modules)
    with InstalledPlugins(tmp_path / "b") as installed:
        again = installed.add("demo", source="value = 3")
        assert importlib.import_module(again.target).value == 3


def test_metadata_is_what_the_test_says(tmp_path: Path) -> None:
    """Names, versions and requirements are read back by the standard library."""
    from importlib.metadata import distribution

    with InstalledPlugins(tmp_path) as installed:
        candidate = installed.add("demo", distribution="Some.Thing", version="2.5", requires=["x>=1"])
        found = distribution("some-thing")
        assert (found.version, found.requires) == ("2.5", ["x>=1"])
        assert [(each.name, each.value) for each in found.entry_points] == [("demo", candidate.target)]


def test_a_real_module_of_a_planted_name_comes_back(tmp_path: Path) -> None:
    """Planting over a module that is loaded hides it while the context is open, and no longer."""
    import json.decoder as real

    with InstalledPlugins(tmp_path / "site") as installed:
        installed.add("demo", distribution="json", source="planted = True")
        planted = importlib.import_module("json")
        assert planted.planted is True
        assert "json.decoder" not in sys.modules

    assert sys.modules["json.decoder"] is real
    assert not hasattr(importlib.import_module("json"), "planted")


class Plugin:
    """Offers one metric."""

    @hookimpl
    def register_metrics(self) -> list[Contribution]:
        """Offer it."""
        return [Contribution("mine", "planted:X", "planted")]


def test_a_temporary_plugin_is_gone_after_the_block_however_it_ends() -> None:
    """A failing test leaves nothing behind for the next one."""
    manager = IsolatedPluginManager()
    with temporary_plugin(manager, "mine", Plugin()) as record:
        assert record.contributions["metrics"][0].name == "mine"
        assert manager.registry.names("metrics") == ("mine",)
    assert manager.records == ()
    with pytest.raises(ZeroDivisionError), temporary_plugin(manager, "mine", Plugin()):
        _ = 1 / 0
    assert manager.records == ()
    assert manager.registry.names("metrics") == ()
    with pytest.raises(PluginIncompatible), temporary_plugin(manager, "mine", object()):
        pytest.fail("the block is not entered")
    assert manager.records == ()


def test_the_environment_of_a_process_shows_the_planted_and_no_settings(tmp_path: Path) -> None:
    """A command under test sees planted distributions first, and nothing of the developer's settings."""
    installed = InstalledPlugins(tmp_path)
    environ = installed.environ({"ELIXIRML_PLUGINS": "x", "PYTHONPATH": "before", "HOME": "home"})
    assert environ == {"HOME": "home", "PYTHONPATH": f"{tmp_path}{os.pathsep}before"}
    assert installed.environ({})["PYTHONPATH"] == str(tmp_path)


def test_planted_verbs_are_in_the_metadata(tmp_path: Path) -> None:
    """A plugin with a verb of the command line can be planted in one call."""
    with InstalledPlugins(tmp_path) as installed:
        installed.add("demo", verbs=[("greet", "elixirml_demo:greet")])
        points = importlib.metadata.distribution("elixirml-demo").entry_points
        assert [(each.group, each.name) for each in points] == [("elixirml", "demo"), ("elixirml.commands", "greet")]
