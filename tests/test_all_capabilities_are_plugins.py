"""Every capability comes through the hooks: the kernel has none of its own, and each goes with its distribution."""

from collections.abc import Sequence
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Final

import pytest

from elixirml.hookspecs import KINDS
from elixirml.plugins import PluginManager

PLUGINS: Final = tuple(
    sorted(
        (each for each in distributions() if each.entry_points.select(group="elixirml")),
        key=lambda each: each.name,
    )
)


def installed(folder: Path, chosen: Sequence[Distribution]) -> PluginManager:
    """Load plugins where the metadata of some distributions is all there is, as after `pip uninstall` of the others."""
    for each in chosen:
        info = folder / f"{each.name.replace('-', '_')}-{each.version}.dist-info"
        info.mkdir()
        for name in ("METADATA", "entry_points.txt"):
            (info / name).write_text(each.read_text(name) or "", "utf-8")
    return PluginManager.load(path=[str(folder)])


def names(manager: PluginManager) -> set[tuple[str, str]]:
    """Return all that is offered, by kind and name."""
    return {(kind, name) for kind in KINDS for name in manager.registry.names(kind)}


def test_the_kernel_alone_offers_nothing(tmp_path: Path) -> None:
    """Without a plugin there is no adapter, no predictor, no metric: no capability of any kind."""
    assert not names(installed(tmp_path, ()))


@pytest.mark.parametrize("gone", PLUGINS, ids=lambda each: str(each.name))
def test_without_its_distribution_exactly_its_names_are_gone(gone: Distribution, tmp_path: Path) -> None:
    """What the others offer is what they offered before, and what went is what this one offered."""
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    after.mkdir()
    everything = installed(before, PLUGINS)
    own = {name for name in names(everything) if everything.registry.origin(*name).distribution == gone.name}

    assert own
    assert names(installed(after, [each for each in PLUGINS if each.name != gone.name])) == names(everything) - own
