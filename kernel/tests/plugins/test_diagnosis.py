import sys

import pytest

from elixirml.plugins import Contribution, PluginManager, Selection, hookimpl
from elixirml.plugins.diagnosis import Finding, Severity, best_judge, check_dependencies, diagnose, simple_judge
from elixirml.testing import InstalledPlugins, IsolatedPluginManager

JUDGES = [simple_judge, best_judge()]


def _manager(installed: InstalledPlugins, selection: Selection | None = None) -> PluginManager:
    return IsolatedPluginManager.load(selection, path=[str(installed.folder)])


def test_all_well_finds_nothing_and_says_what_was_not_looked_at(installed: InstalledPlugins, offering: str) -> None:
    """A clean bill is honest about its limits."""
    installed.add("sound", source=offering.format(name="m"))
    result = diagnose(_manager(installed))
    assert result.findings == ()
    assert result.healthy
    assert result.not_checked == (
        "whether contributions work: none was imported, only whether their modules exist was looked at",
    )


def test_every_fault_and_conflict_is_a_problem_with_its_command(installed: InstalledPlugins, offering: str) -> None:
    """What the records say is what the doctor says."""
    installed.add("broken", source="raise RuntimeError('no')")
    installed.add("one", source=offering.format(name="same"))
    installed.add("two", source=offering.format(name="same"))
    result = diagnose(_manager(installed))
    assert not result.healthy
    broken, conflict = result.findings
    assert (broken.subject, broken.severity) == ("broken", Severity.PROBLEM)
    assert broken.mend == "pip install --upgrade elixirml-broken"
    assert (conflict.subject, conflict.severity) == ("metrics/same", Severity.PROBLEM)
    assert 'prefer = ["elixirml-one"]' in conflict.mend


@pytest.mark.parametrize("judge", JUDGES, ids=["simple", "packaging"])
def test_unmet_dependencies_are_found_in_the_metadata(
    judge: object, installed: InstalledPlugins, offering: str
) -> None:
    """A wheel installed with `--no-deps`, or a kernel too old, is named with the line that mends it."""
    installed.add(
        "needy",
        source=offering.format(name="m"),
        requires=["nobody-has-this>=2", "elixirml>=99", "pluggy", "never; extra == 'all'", "pluggy<1"],
    )
    findings = diagnose(_manager(installed), judge=judge).findings  # type: ignore[arg-type]
    assert [each.mend for each in findings] == [
        "pip install --upgrade 'nobody-has-this>=2'",
        "pip install --upgrade 'elixirml>=99'",
        "pip install --upgrade 'pluggy<1'",
    ]
    assert "nobody-has-this is not installed" in findings[0].message
    assert "elixirml is installed as" in findings[1].message


def test_what_the_simple_judge_cannot_tell_is_listed(installed: InstalledPlugins) -> None:
    """Without the `packaging` library, markers and unusual versions are said to be unchecked."""
    requires = ["six; python_version < '3'", "pluggy==1.*", "!rubbish"]
    installed.add("odd", requires=requires)
    simple = check_dependencies(["elixirml-odd", "not-installed"], judge=simple_judge)
    assert simple.findings == ()
    assert len(simple.not_checked) == len(requires)
    assert "pip install packaging" in simple.not_checked[0]
    full = check_dependencies(["elixirml-odd"], judge=best_judge())
    assert full.findings == ()
    assert full.not_checked == ("whether `!rubbish`, required by elixirml-odd, is there",)


def test_without_the_packaging_library_the_simple_judge_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library is used when it is there and not needed otherwise."""
    assert best_judge() is not simple_judge
    monkeypatch.setitem(sys.modules, "packaging.requirements", None)
    assert best_judge() is simple_judge


def test_names_that_match_nothing_are_pointed_out(installed: InstalledPlugins, offering: str) -> None:
    """A misspelt name in the configuration silently does nothing; the doctor says so."""
    installed.add("metrics", source=offering.format(name="m"))
    chosen = Selection(disable=["metrix", "zzz"], enable=["metrics"], source="A").over(Selection(require=["gone"]))
    result = diagnose(_manager(installed, chosen))
    advice = [each for each in result.findings if each.severity is Severity.ADVICE]
    assert [(each.subject, each.mend) for each in advice] == [
        ("metrix", "write `metrics`"),
        ("zzz", "take `zzz` out, or `pip install zzz`"),
    ]
    assert advice[0].message == "`disable` in A names `metrix`, and no plugin of that name is installed"
    assert [each.subject for each in result.findings] == ["gone", "metrix", "zzz"]


def test_a_slow_plugin_is_pointed_out_with_its_time() -> None:
    """Start-up time is paid by everybody; who takes it is named."""

    class Slow:
        @hookimpl
        def register_metrics(self) -> list[Contribution]:
            """Offer nothing."""
            return []

    ticks = iter([0.0, 0.75])
    manager = IsolatedPluginManager.load(extra=[("slow", Slow())], clock=lambda: next(ticks))
    result = diagnose(manager)
    assert result.healthy
    assert result.findings == (
        Finding(
            "slow",
            Severity.ADVICE,
            "`slow` (host application) took 750 ms to load, at every start",
            "elixirml plugins disable slow",
        ),
    )


def test_a_contribution_whose_module_is_gone_is_a_problem() -> None:
    """A misspelt target is found without importing anything, where its package is imported already."""

    class Lost:
        @hookimpl
        def register_metrics(self) -> list[Contribution]:
            """Offer one metric that is there and one that is not."""
            return [
                Contribution("there", "elixirml.errors:ElixirError", "there"),
                Contribution("lost", "elixirml.nowhere:Thing", "not there"),
                Contribution("unknown", "elsewhere.nowhere:Thing", "not looked at"),
            ]

    (finding,) = diagnose(IsolatedPluginManager.load(extra=[("lost", Lost())])).findings
    assert "offers `lost` from `elixirml.nowhere`, which is not there" in finding.message
    assert finding.severity is Severity.PROBLEM
