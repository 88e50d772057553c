import importlib
import sys
from pathlib import Path

from elixirml.testing import InstalledPlugins


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
