import sys
import time
from pathlib import Path

import pytest

from elixirml.errors import PluginFailed
from elixirml.plugins import PluginStatus, Selection
from elixirml.plugins.probe import answers
from elixirml.plugins.probe_process import ProbeProcess
from elixirml.plugins.probing import inspected
from elixirml.plugins.transfer import candidate_to, record_from, record_to
from elixirml.testing import InstalledPlugins, IsolatedPluginManager
from elixirml.testing.faults import FATAL, SURVIVABLE, Fault, hook_source, plant_fault

LATER = """
import os, threading
threading.Timer(0.0, lambda: os._exit(5)).start()
"""


def test_a_look_finds_what_loading_finds(installed: InstalledPlugins) -> None:
    """Whether plugins are loaded here or in a process apart, the records say the same but for the times."""
    planted = {plant_fault(installed, fault, entry_name=fault.value).target for fault in SURVIVABLE}
    path = [str(installed.folder)]
    apart = inspected(path=path)
    assert not planted & set(sys.modules)
    here = IsolatedPluginManager.load(path=path)
    assert [(each.candidate, each.status, each.reason, each.hint, each.hooks) for each in apart.records] == [
        (each.candidate, each.status, each.reason, each.hint, each.hooks) for each in here.records
    ]
    assert [each.contributions for each in apart.records] == [each.contributions for each in here.records]
    assert len(apart.warnings()) == len(here.warnings())
    assert apart.registry.names("metrics") == here.registry.names("metrics")


def test_a_record_survives_the_way_from_process_to_process(installed: InstalledPlugins) -> None:
    """Plain data and back: nothing is lost, with calls and notices."""
    for fault in (Fault.FAILING_HOOK, Fault.SLOW_IMPORT):
        plant_fault(installed, fault, entry_name=fault.value)
    for record in IsolatedPluginManager.load(path=[str(installed.folder)]).records:
        assert record_from(record_to(record)) == record


def test_each_plugin_is_announced_before_it_is_loaded(installed: InstalledPlugins) -> None:
    """The last announcement without a record tells who ended the process."""
    candidates = [plant_fault(installed, Fault.EXIT_AT_IMPORT), installed.add("sound", source=hook_source("m"))]
    asked = {"candidates": [candidate_to(each) for each in candidates], "slow_ms": 500.0}
    told = answers(asked)
    assert next(told) == {"begun": "faulty"}
    assert candidates[0].target not in sys.modules
    assert [next(told)["record"]["status"], next(told), next(told)["record"]["status"]] == [
        "failed",
        {"begun": "sound"},
        "loaded",
    ]


def test_an_interrupt_names_the_plugin_that_is_waited_for(
    installed: InstalledPlugins,
) -> None:
    """Whoever loses patience is told with whom."""
    installed.add("before", distribution="aaa-before", source=hook_source("m"))
    plant_fault(installed, Fault.ENDLESS_IMPORT)

    class Impatient(ProbeProcess):
        def answer(self, seconds: float) -> dict[str, object] | None:
            """Lose patience before the first record is read, when the process is at the second plugin already."""
            if seconds == 3:
                time.sleep(0.3)
                raise KeyboardInterrupt
            return super().answer(seconds)

    with pytest.raises(KeyboardInterrupt) as caught:
        inspected(path=[str(installed.folder)], time_limit=3, process=Impatient())
    (note,) = caught.value.__notes__
    assert note.startswith("The plugin `faulty` (elixirml-faulty 1.0) was being loaded.")
    assert note.endswith("elixirml plugins disable faulty")


def test_everything_behind_fatal_plugins_is_loaded_too(installed: InstalledPlugins) -> None:
    """One process more for each that ends one; the order stays what it was."""
    for fault in FATAL:
        plant_fault(installed, fault, entry_name=fault.value)
        installed.add(f"behind-{fault}", source=hook_source(f"behind_{fault.value.replace('-', '_')}"))
    manager = inspected(path=[str(installed.folder)], time_limit=0.5)
    assert [each.status for each in manager.records if each.name.startswith("behind")] == [PluginStatus.LOADED] * 2
    assert {each.name for each in manager.records if each.faulty} == {each.value for each in FATAL}
    assert manager["endless-import"].load_ms == 500


def test_a_plugin_that_ends_the_process_later_takes_no_other_with_it(installed: InstalledPlugins) -> None:
    """Whoever is at work when the process ends is blamed; whoever was not begun is tried again."""
    installed.add("bomb", distribution="aaa-bomb", source=LATER + hook_source("bomb"))
    for number in range(3):
        installed.add(f"p{number}", source=f"import time; time.sleep(0.05)\n{hook_source(f'm{number}')}")
    records = inspected(path=[str(installed.folder)]).records
    assert len(records) == 4
    assert sum(each.status is PluginStatus.LOADED for each in records) >= 3


def test_one_plugin_can_be_looked_at_alone(installed: InstalledPlugins) -> None:
    """To show one plugin, no other is loaded, and none can be waited for."""
    plant_fault(installed, Fault.ENDLESS_IMPORT, entry_name="endless")
    installed.add("wanted", source=hook_source("wanted"))
    manager = inspected(Selection(), name="elixirml-wanted", path=[str(installed.folder)])
    assert [each.name for each in manager.records] == ["wanted"]


def test_nothing_chosen_is_nothing_asked(installed: InstalledPlugins) -> None:
    """Without a plugin to load the process is ended as soon as it is started."""
    installed.add("sound", source=hook_source("m"))
    with ProbeProcess() as process:
        assert inspected(Selection(only=[]), path=[str(installed.folder)], process=process)["sound"].faulty is False


def test_a_process_that_cannot_start_is_an_error_with_a_way_out(
    installed: InstalledPlugins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken installation of the kernel itself is not blamed on a plugin."""
    installed.add("sound", source=hook_source("m"))
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    with pytest.raises(PluginFailed, match="ended before it began") as caught:
        inspected(path=[str(installed.folder)])
    assert "pip install --force-reinstall elixirml" in str(caught.value.hint)
