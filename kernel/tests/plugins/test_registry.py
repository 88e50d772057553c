import sys
import threading
from typing import get_args, get_overloads

import pytest

from elixirml.errors import ModelUnavailable, PluginConflict, PluginFailed, PluginMissing
from elixirml.hookspecs import KINDS
from elixirml.plugins import Contribution, PluginCandidate, Registry
from elixirml.plugins.records import HOST
from elixirml.testing import InstalledPlugins

METRICS = PluginCandidate("metrics", "elixirml-metrics", "0.1", "elixirml_metrics.plugin")
OTHERS = PluginCandidate("others", "others", "2.0", "others.plugin")
MODULE = """
import threading

class Metric:
    made = 0

    def __init__(self):
        type(self).made += 1

shared = Metric()
def factory(): return 1
class Outer:
    inner = shared
class Met:
    together = threading.Barrier(8)
    def __init__(self): self.together.wait()
class Needy:
    def __init__(self, argument): pass
class Quitter:
    def __init__(self): raise SystemExit("no")
class Unavailable:
    def __init__(self):
        from elixirml.errors import ModelUnavailable
        raise ModelUnavailable("no weights", hint="elixirml models fetch it")
class Interrupted:
    def __init__(self): raise KeyboardInterrupt
"""


@pytest.fixture
def registry(installed: InstalledPlugins) -> Registry:
    """A registry with every kind of target, good and bad."""
    installed.add("planted", distribution="planted", source="", modules=[("planted_targets", MODULE)])
    registry = Registry()
    for name in (
        "Metric",
        "shared",
        "factory",
        "Outer.inner",
        "Met",
        "Needy",
        "Quitter",
        "Unavailable",
        "Interrupted",
        "Metrc",
    ):
        contribution = Contribution(name.lower(), f"planted_targets:{name}", f"the {name}", options={"name": name})
        registry.add("metrics", contribution, origin=METRICS)
    registry.add("metrics", Contribution("lost", "planted_nowhere:X", "lost"), origin=METRICS)
    return registry


def test_listing_imports_nothing_and_resolving_imports_one_module(registry: Registry) -> None:
    """Names, summaries, options and origins are known from the contribution alone."""
    assert "metric" in registry.names("metrics")
    assert registry.summaries("metrics")["metric"] == "the Metric"
    assert registry.options("metrics", "metric") == {"name": "Metric"}
    assert registry.origin("metrics", "metric") == METRICS
    assert "planted_targets" not in sys.modules
    registry.resolve("metrics", "metric")
    assert "planted_targets" in sys.modules


def test_a_class_is_a_factory_and_anything_else_the_capability_itself(registry: Registry) -> None:
    """Classes are called once a registry; instances and functions are handed out as they are."""
    metric = registry.resolve("metrics", "metric")
    module = sys.modules["planted_targets"]
    assert type(metric) is module.Metric
    assert registry.resolve("metrics", "metric") is metric
    assert registry.resolve("metrics", "shared") is registry.resolve("metrics", "outer.inner") is module.shared
    assert registry.resolve("metrics", "factory") is module.factory


def test_two_registries_share_nothing(registry: Registry) -> None:
    """Each kernel has its own instance of a capability and its own names."""
    other = Registry()
    other.add("metrics", Contribution("metric", "planted_targets:Metric", "x"), origin=METRICS)
    assert other.resolve("metrics", "metric") is not registry.resolve("metrics", "metric")
    assert other.names("metrics") == ("metric",)


@pytest.mark.parametrize(
    ("name", "words", "hint", "cause"),
    [
        ("needy", "TypeError", "elixirml plugins doctor", TypeError),
        ("quitter", "SystemExit: no", "elixirml plugins doctor", SystemExit),
        ("unavailable", "no weights", "elixirml models fetch it", ModelUnavailable),
        ("metrc", "Did you mean `Metric`?", "elixirml plugins doctor", AttributeError),
        ("lost", "planted_nowhere", "pip install --upgrade --force-reinstall elixirml-metrics", ModuleNotFoundError),
    ],
)
def test_a_failing_target_is_a_plugin_error_with_its_cause(
    registry: Registry, name: str, words: str, hint: str, cause: type[BaseException]
) -> None:
    """Whoever asked learns which plugin failed, why and what to do; a mended target is found by the next call."""
    for _ in range(2):
        with pytest.raises(PluginFailed) as caught:
            registry.resolve("metrics", name)
        assert words in caught.value.message
        assert "elixirml-metrics" in caught.value.message
        assert caught.value.hint == hint
        assert isinstance(caught.value.__cause__, cause)


def test_an_unlike_attribute_is_reported_without_a_guess(registry: Registry) -> None:
    """A suggestion is made only when something near exists."""
    registry.add("metrics", Contribution("far", "planted_targets:qqqqq", "far"), origin=METRICS)
    with pytest.raises(PluginFailed) as caught:
        registry.resolve("metrics", "far")
    assert "Did you mean" not in caught.value.message


def test_an_interrupt_passes_through(registry: Registry) -> None:
    """Ctrl-C while a capability is made is not the plugin's fault."""
    with pytest.raises(KeyboardInterrupt):
        registry.resolve("metrics", "interrupted")


def test_one_name_of_two_plugins_is_refused_until_one_is_preferred() -> None:
    """Neither order of loading decides; the message names both and the edit that settles it."""
    for order in ((METRICS, OTHERS), (OTHERS, METRICS)):
        refused, settled = Registry(), Registry(prefer=["nobody", "others"])
        for registry in (refused, settled):
            for origin in order:
                registry.add("metrics", Contribution("f1", f"{origin.target}:F1", origin.entry_name), origin=origin)
        assert refused.names("metrics") == ()
        for ask in (refused.resolve, refused.origin, refused.options):
            with pytest.raises(PluginConflict, match=r"elixirml-metrics.*others|others.*elixirml-metrics"):
                ask("metrics", "f1")
        (conflict,) = refused.conflicts()
        assert (conflict.kind, conflict.name, set(conflict.origins)) == ("metrics", "f1", {METRICS, OTHERS})
        assert f'prefer = ["{order[0].distribution}"]' in conflict.hint
        assert settled.origin("metrics", "f1") == OTHERS
        assert settled.conflicts() == ()


def test_taking_one_of_two_out_settles_the_conflict() -> None:
    """An undone contribution leaves nothing behind, however often it is undone."""
    registry = Registry()
    registry.add("metrics", Contribution("f1", "a:F1", "a"), origin=METRICS)
    undo = registry.add("metrics", Contribution("f1", "b:F1", "b"), origin=OTHERS)
    undo()
    undo()
    assert registry.origin("metrics", "f1") == METRICS
    assert registry.conflicts() == ()


def test_an_object_of_the_host_stands_in_front() -> None:
    """A host application may replace what plugins offer, and take that back."""
    registry, mine = Registry(), object()
    registry.add("metrics", Contribution("f1", "planted_nowhere:F1", "theirs"), origin=METRICS)
    undo = registry.offer("metrics", "f1", mine, summary="mine")
    assert registry.resolve("metrics", "f1") is mine
    assert registry.summaries("metrics") == {"f1": "mine"}
    assert registry.options("metrics", "f1") == {}
    assert registry.origin("metrics", "f1").distribution == HOST
    with pytest.raises(PluginConflict, match="already offered"):
        registry.offer("metrics", "f1", mine)
    undo()
    undo()
    assert registry.origin("metrics", "f1") == METRICS


def test_an_offered_class_is_handed_out_as_it_is() -> None:
    """An object that is offered is the capability, even when it is a class or None."""
    registry, kind = Registry(), type("Kind", (), {})
    registry.offer("metrics", "a", kind)
    registry.offer("metrics", "b", None)
    found: list[object] = [registry.resolve("metrics", name) for name in registry.names("metrics")]
    assert found == [kind, None]


def test_an_unknown_name_gets_the_nearest_one_or_an_install_line(registry: Registry) -> None:
    """A misspelling is told from something that is not installed."""
    with pytest.raises(PluginMissing, match="Did you mean `metric`") as misspelt:
        registry.resolve("metrics", "metri")
    assert misspelt.value.hint == "elixirml plugins list"
    with pytest.raises(PluginMissing) as absent:
        registry.resolve("metrics", "zzzzz")
    assert "`pip install elixirml-zzzzz`" in str(absent.value.hint)


@pytest.mark.parametrize(
    ("kind", "name", "line"),
    [
        ("metrics", "exact_match", "pip install elixirml-metrics"),
        ("language_models", "openai", "pip install elixirml-openai"),
        ("observers", "progress_bar", "pip install elixirml-progress-bar"),
    ],
)
def test_on_an_empty_kernel_the_line_names_the_usual_distribution(kind: str, name: str, line: str) -> None:
    """A kernel alone offers nothing; the first message tells what to install."""
    with pytest.raises(PluginMissing, match="Nothing is known here") as caught:
        Registry().resolve(kind, name)
    assert line in str(caught.value.hint)


def test_plugins_that_are_not_usable_are_mentioned() -> None:
    """The name asked for may belong to the plugin that failed."""
    with pytest.raises(PluginMissing) as caught:
        Registry(absent=lambda: ["metrics (failed)"]).resolve("metrics", "f1")
    assert "Not usable: metrics (failed)" in str(caught.value.hint)


def test_an_unknown_kind_is_refused() -> None:
    """A misspelt kind never answers as an empty one."""
    for ask in (Registry().names, Registry().summaries):
        with pytest.raises(PluginMissing, match="no kind") as caught:
            ask("metric")
        assert "Did you mean `metrics`?" in str(caught.value.hint)


def test_threads_that_resolve_at_once_get_one_object(registry: Registry) -> None:
    """All eight make one, since each waits for the others; they are handed the same one all the same."""
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(registry.resolve("metrics", "met"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(map(id, found))) == 1


def test_every_kind_has_a_type_of_its_own() -> None:
    """What `resolve` returns is known to type checkers: one overload for each kind, then one for any other text."""
    kinds = [each.__annotations__["kind"] for each in get_overloads(Registry.resolve)]
    assert [get_args(each) for each in kinds[:-1]] == [(kind,) for kind in KINDS]
    assert kinds[-1] is str
    returned = [each.__annotations__["return"] for each in get_overloads(Registry.resolve)]
    assert object not in returned[:-1]
