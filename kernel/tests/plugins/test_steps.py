"""The five steps from what is installed to what is offered: each takes records and returns records."""

import sys

import pytest
from attrs.exceptions import FrozenInstanceError

from elixirml.plugins import PluginStatus, Selection, discover, select
from elixirml.plugins.loading import Hooks, import_plugin, load_candidate, register_plugin, verify_plugin
from elixirml.testing import InstalledPlugins
from elixirml.testing.faults import Fault, hook_source, plant_fault


def test_each_step_does_its_part_and_no_other(installed: InstalledPlugins) -> None:
    """Found on metadata, chosen on metadata, imported, registered, asked: the record grows by one part at each step."""
    installed.add("sound", source=hook_source("mine"))

    (candidate,) = discover([str(installed.folder)])
    assert candidate.target not in sys.modules

    selected = select([candidate], Selection())
    assert selected.chosen == (candidate,)
    assert candidate.target not in sys.modules

    imported = import_plugin(candidate)
    assert imported.plugin is sys.modules[candidate.target]
    assert imported.record.hooks == ()

    hooks = Hooks()
    registered = register_plugin(imported, hooks)
    assert registered.record.hooks == ("register_metrics",)
    assert registered.record.contributions == {}
    assert hooks.get_plugin("sound") is imported.plugin

    verified = verify_plugin(registered, hooks)
    assert [each.name for each in verified.record.contributions["metrics"]] == ["mine"]
    assert imported.record.hooks == ()


@pytest.mark.parametrize(
    ("fault", "step"),
    [(Fault.MISSING_DEPENDENCY, "import"), (Fault.MISSPELT_HOOK, "register"), (Fault.FAILING_HOOK, "verify")],
)
def test_a_fault_passes_through_the_steps_behind_it(fault: Fault, step: str, installed: InstalledPlugins) -> None:
    """Whichever step finds the fault, the later ones hand its record on as it is."""
    hooks = Hooks()
    imported = import_plugin(plant_fault(installed, fault))
    registered = register_plugin(imported, hooks)
    verified = verify_plugin(registered, hooks)
    found = [name for name, each in zip(("import", "register", "verify"), (imported, registered, verified), strict=True)
             if each.error is not None]  # fmt: skip
    assert found[0] == step
    assert verified.record.faulty
    assert verified.record.reason
    assert verified.record.hint


def test_records_are_never_changed(installed: InstalledPlugins) -> None:
    """A record can be kept, shown and sent; a later step makes a new one."""
    candidate = installed.add("sound", source=hook_source("mine"))
    loaded = load_candidate(candidate, Hooks())
    refused = select([candidate], Selection(disable=["sound"])).refused[0]
    for record, name in ((candidate, "entry_name"), (loaded, "record"), (loaded.record, "status"), (refused, "reason")):
        with pytest.raises(FrozenInstanceError):
            setattr(record, name, "changed")
    with pytest.raises(TypeError):
        loaded.record.contributions["metrics"] = ()  # type: ignore[index]


@pytest.mark.parametrize(
    "selection",
    [Selection(disable=["noisy"]), Selection(only=["other"]), Selection(only=[]), Selection(disable=["acme-noisy"])],
)
def test_what_is_not_selected_is_not_imported(selection: Selection, installed: InstalledPlugins) -> None:
    """By entry name or distribution, by block-list or allow-list: the module never comes to life."""
    installed.add("noisy", distribution="acme-noisy", source="raise SystemExit('imported')")
    selected = select(discover([str(installed.folder)]), selection)
    hooks = Hooks()
    for each in selected.chosen:
        load_candidate(each, hooks)
    assert [each.status for each in selected.refused] == [PluginStatus.DISABLED]
    assert selected.refused[0].reason
    assert "acme_noisy" not in sys.modules
