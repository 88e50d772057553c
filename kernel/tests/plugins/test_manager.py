import threading

import pytest

from elixirml.errors import (
    ConfigError,
    PluginConflict,
    PluginError,
    PluginFailed,
    PluginIncompatible,
    PluginMissing,
)
from elixirml.plugins import Contribution, PluginManager, PluginStatus, Selection, hookimpl
from elixirml.plugins.records import HOST
from elixirml.testing import InstalledPlugins, IsolatedPluginManager


class Offering:
    """A plugin at hand that offers one metric."""

    def __init__(self, name: str = "mine") -> None:
        self.name = name

    @hookimpl
    def register_metrics(self) -> list[Contribution]:
        """Offer one metric under the given name."""
        return [Contribution(self.name, "planted:X", "planted")]


class Failing(Offering):
    """A plugin with one sound and one failing hook."""

    @hookimpl
    def register_datasets(self) -> list[Contribution]:
        """Fail."""
        raise RuntimeError("no data today")


def test_plugins_at_hand_need_no_installation() -> None:
    """Host applications hand their own plugins over as objects."""
    manager = IsolatedPluginManager.load(extra=[("mine", Offering())])
    assert manager["mine"].status is PluginStatus.LOADED
    assert manager["mine"].candidate.distribution == HOST
    assert manager.registry.names("metrics") == ("mine",)
    assert manager.warnings() == ()
    manager.check()


def test_installed_plugins_are_found_by_default(installed: InstalledPlugins, offering: str) -> None:
    """An ordinary manager looks on the path; `discover=False` keeps it from doing so."""
    installed.add("planted", source=offering.format(name="one_of_the_planted"))
    only = Selection(only=["planted"])
    assert PluginManager.load(only)["planted"].status is PluginStatus.LOADED
    assert PluginManager.load(only, discover=False).records == ()


def test_two_managers_share_nothing() -> None:
    """Two kernels in one process do not see each other's plugins."""
    first, second = IsolatedPluginManager(), IsolatedPluginManager()
    plugin = Offering()
    first.add("mine", plugin)
    assert second.records == ()
    assert second.registry.names("metrics") == ()
    second.add("mine", plugin)
    assert first["mine"] == first.records[0]


def test_managers_on_threads_of_their_own_share_nothing(installed: InstalledPlugins, offering: str) -> None:
    """Two hosts in one process load, offer, resolve and undo at the same time, each in a world of its own."""
    for number in range(5):
        installed.add(f"p{number}", source=offering.format(name=f"metric_{number}"))
    barrier = threading.Barrier(2, timeout=30)
    seen: dict[str, set[tuple[str, ...]]] = {"one": set(), "two": set()}

    def live(name: str) -> None:
        barrier.wait()
        for _ in range(20):
            manager = IsolatedPluginManager.load(Selection(disable=["p0"] if name == "one" else ["p1"]), path=path)
            undo = manager.registry.offer("metrics", name, object())
            manager.add("mine", Offering(f"of_{name}"))
            manager.registry.resolve("metrics", name)
            seen[name].add(manager.registry.names("metrics"))
            undo()

    path = [str(installed.folder)]
    threads = [threading.Thread(target=live, args=(name,)) for name in seen]
    for each in threads:
        each.start()
    for each in threads:
        each.join(timeout=60)
    common = {"metric_2", "metric_3", "metric_4"}
    assert [set(*each) for each in seen.values()] == [
        common | {"metric_1", "of_one", "one"},
        common | {"metric_0", "of_two", "two"},
    ]


def test_records_made_elsewhere_make_a_manager_too() -> None:
    """What another process found can be listed, and its conflicts seen, without a hook here."""
    made = IsolatedPluginManager.load(extra=[("a", Offering()), ("b", Offering())])
    held = PluginManager.of(made.records, selection=Selection(prefer=["b"]))
    assert held.records == made.records
    assert held.registry.origin("metrics", "mine").entry_name == "b"
    assert PluginManager.of(made.records).warnings() == made.warnings()


def test_notices_are_warnings_and_no_faults() -> None:
    """A slow plugin is told of, and no strict host is kept from starting by `check`."""
    ticks = iter([0.0, 0.9])
    manager = IsolatedPluginManager.load(extra=[("mine", Offering())], clock=lambda: next(ticks))
    (warning,) = manager.warnings()
    assert "took 900 ms" in warning
    manager.check()


def test_an_added_plugin_can_be_taken_out_again() -> None:
    """`add` hands back its own undoing, and the name is free afterwards."""
    manager = IsolatedPluginManager()
    undo = manager.add("mine", Offering())
    assert manager.registry.names("metrics") == ("mine",)
    with pytest.raises(PluginConflict, match="already there"):
        manager.add("mine", Offering())
    undo()
    undo()
    assert manager.registry.names("metrics") == ()
    assert manager.records == ()
    manager.add("mine", Offering())


@pytest.mark.parametrize(
    ("plugin", "error", "words"),
    [(Failing(), PluginFailed, "no data today"), (object(), PluginIncompatible, "it implements no hook")],
)
def test_a_faulty_plugin_that_is_added_raises_and_leaves_nothing(
    plugin: object, error: type[PluginError], words: str
) -> None:
    """Who adds a plugin by hand is told at once, and the manager is as before."""
    manager = IsolatedPluginManager()
    with pytest.raises(error, match=words) as caught:
        manager.add("mine", plugin)
    assert caught.value.__cause__ is not None
    assert manager.records == ()
    assert manager.registry.names("metrics") == ()
    manager.add("mine", Offering())


def test_the_users_settings_rule_over_added_plugins_too() -> None:
    """A plugin of the host can be switched off like any other."""
    manager = IsolatedPluginManager(Selection(disable=["mine"], source="here"))
    undo = manager.add("mine", Offering())
    assert (manager["mine"].status, manager["mine"].reason) == (PluginStatus.DISABLED, "disabled by here")
    assert manager.registry.names("metrics") == ()
    undo()
    assert manager.records == ()


def test_two_extras_of_one_name_are_both_refused() -> None:
    """The rule for installed plugins holds for those at hand."""
    manager = IsolatedPluginManager.load(extra=[("mine", Offering()), ("mine", Offering("other"))])
    assert {each.status for each in manager.records} == {PluginStatus.CONFLICT}
    assert manager.registry.names("metrics") == ()


def test_a_record_is_found_by_either_name(installed: InstalledPlugins, offering: str) -> None:
    """Entry name and distribution lead to the same record; a misspelt name to a suggestion."""
    installed.add("planted", distribution="Some.Planted", source=offering.format(name="m"))
    manager = IsolatedPluginManager.load(path=[str(installed.folder)])
    assert manager["planted"] is manager["some-planted"]
    with pytest.raises(PluginMissing, match="Did you mean `planted`"):
        _ = manager["plantd"]


def test_a_missing_name_points_at_plugins_that_are_not_usable(installed: InstalledPlugins) -> None:
    """The registry of a manager knows which plugins failed."""
    installed.add("broken", source="raise RuntimeError")
    manager = IsolatedPluginManager.load(path=[str(installed.folder)])
    with pytest.raises(PluginMissing) as caught:
        manager.registry.resolve("metrics", "f1")
    assert "Not usable: broken (failed)" in str(caught.value.hint)


def test_warnings_are_one_line_a_fault_and_check_lists_them_all(installed: InstalledPlugins) -> None:
    """A strict host gets one error with every gap, of the narrowest class that fits."""
    installed.add("broken", source="raise RuntimeError('two\\nlines')")
    path = [str(installed.folder)]
    failed = IsolatedPluginManager.load(path=path)
    (warning,) = failed.warnings()
    assert warning == (
        "plugin `broken` (elixirml-broken 1.0), failed: it raised RuntimeError: two lines. "
        "Mend it: pip install --upgrade elixirml-broken"
    )
    with pytest.raises(PluginFailed, match="two lines"):
        failed.check()
    mixed = IsolatedPluginManager.load(Selection(require=["absent"]), path=path)
    with pytest.raises(PluginError) as caught:
        mixed.check()
    assert type(caught.value) is PluginError
    assert "broken" in caught.value.message
    assert "pip install absent" in caught.value.message


def test_all_that_is_required_and_absent_is_installed_by_one_command(
    installed: InstalledPlugins, offering: str
) -> None:
    """Every gap is listed, with its source, and one line closes them all."""
    installed.add("there", source=offering.format(name="m"))
    above = Selection(require=["absent>=2", "there"], source="elixirml.toml")
    wanted = above.over(Selection(require=["elixirml-gone", "there>=3"], source="config.toml"))
    with pytest.raises(PluginError) as caught:
        IsolatedPluginManager.load(wanted, path=[str(installed.folder)]).check()
    for part in (
        "elixirml.toml requires absent>=2",
        "config.toml requires elixirml-gone",
        "requires there>=3, and 1.0",
    ):
        assert part in caught.value.message
    assert caught.value.hint == "pip install 'absent>=2' elixirml-gone"


def test_a_name_offered_twice_is_a_warning_and_a_conflict() -> None:
    """Conflicts of contributions are faults of nobody in particular, and reported all the same."""
    plugins = [("a", Offering()), ("b", Offering())]
    manager = IsolatedPluginManager.load(extra=plugins)
    (warning,) = manager.warnings()
    assert "both offer `mine` among the metrics; none is used" in warning
    with pytest.raises(PluginConflict):
        manager.check()
    preferred = IsolatedPluginManager.load(Selection(prefer=["b"]), extra=plugins)
    assert preferred.registry.origin("metrics", "mine").entry_name == "b"
    assert preferred.selection.prefer == ("b",)


def test_an_isolated_manager_refuses_discovery() -> None:
    """A test that would depend on the machine fails at once and says what to write."""
    with pytest.raises(ConfigError, match="does not look for installed plugins"):
        IsolatedPluginManager.load(discover=True)
    assert IsolatedPluginManager.load().records == ()
