import sys

import pytest

from elixirml.plugins import Contribution, PluginManager, Selection, hookimpl
from elixirml.plugins.closure import Judge, PlainJudge, best_judge
from elixirml.plugins.diagnosis import Finding, Severity, diagnose
from elixirml.testing import InstalledPlugins, IsolatedPluginManager

JUDGES = [PlainJudge(), best_judge()]


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
def test_unmet_dependencies_are_found_in_the_metadata(judge: Judge, installed: InstalledPlugins, offering: str) -> None:
    """A wheel installed with `--no-deps`, or a kernel too old, is named with the line that mends it."""
    installed.add(
        "needy",
        source=offering.format(name="m"),
        requires=["nobody-has-this>=2", "elixirml>=99", "pluggy", "never; extra == 'all'", "pluggy<1"],
    )
    findings = diagnose(_manager(installed), judge=judge).findings
    assert [each.mend for each in findings] == [
        "pip install --upgrade 'nobody-has-this>=2'",
        "pip install --upgrade 'elixirml>=99'",
        "pip install --upgrade 'pluggy<1'",
    ]
    assert "nobody-has-this is not installed" in findings[0].message
    assert "elixirml is installed as" in findings[1].message


def test_what_the_plain_judge_cannot_tell_is_listed(installed: InstalledPlugins, offering: str) -> None:
    """Without the `packaging` library, markers and unusual versions are said to be unchecked."""
    installed.add("odd", source=offering.format(name="m"), requires=["six; python_version < '3'", "!rubbish"])
    plain = diagnose(_manager(installed), judge=PlainJudge())
    unread = [each for each in plain.not_checked if "required by elixirml-odd" in each]
    assert plain.healthy
    assert len(unread) == 2
    assert "pip install packaging" in unread[0]
    full = diagnose(_manager(installed), judge=best_judge())
    assert full.not_checked[0] == "whether `!rubbish`, required by elixirml-odd, is there"


def test_a_distribution_installed_twice_is_a_problem(installed: InstalledPlugins, offering: str) -> None:
    """The left-over of a broken upgrade decides by the order of a folder's listing which version is believed."""
    installed.add("twin", source=offering.format(name="m"), version="1.0")
    installed.add("twin", source=offering.format(name="m"), version="2.0")
    (finding,) = diagnose(_manager(installed)).findings
    assert "elixirml-twin is installed 2 times: " in finding.message
    assert "1.0 in " in finding.message
    assert "2.0 in " in finding.message
    assert finding.mend == "pip install --upgrade --force-reinstall elixirml-twin"


def test_names_that_match_nothing_are_pointed_out(installed: InstalledPlugins, offering: str) -> None:
    """A misspelt name in the configuration silently does nothing; the doctor says so."""
    installed.add("metrics", distribution="acme-metrics", source=offering.format(name="m"))
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
            "`slow` (host application), slow: it took 750 ms to load, at every start; more than 500 ms is too much",
            "elixirml plugins disable slow",
        ),
    )


def test_a_contribution_whose_module_is_gone_is_a_problem() -> None:
    """A misspelt target is found, and to find it nothing is imported, not even the package around it."""

    class Lost:
        @hookimpl
        def register_metrics(self) -> list[Contribution]:
            """Offer one metric that is there and one that is not."""
            return [
                Contribution("there", "elixirml.errors:ElixirError", "there"),
                Contribution("lost", "elixirml.nowhere:Thing", "not there"),
                Contribution("unknown", "elsewhere.nowhere:Thing", "not there"),
                Contribution("shallow", "sqlite3.dbapi2:Connection", "there, in a package that is not imported"),
                Contribution("package", "xml.sax:handler", "there, and a package itself"),
                Contribution("deep", "xml.etree.nowhere:Thing", "not there"),
                Contribution("within", "this.inside:Thing", "no package"),
            ]

    sys.modules.pop("this", None)
    findings = diagnose(IsolatedPluginManager.load(extra=[("lost", Lost())])).findings
    assert [each.message.partition("offers ")[2].partition(" ")[0] for each in findings] == [
        "`lost`",
        "`unknown`",
        "`deep`",
        "`within`",
    ]
    assert "from `elixirml.nowhere`, which is not there" in findings[0].message
    assert {each.severity for each in findings} == {Severity.PROBLEM}
    assert findings[0].mend == "elixirml plugins disable lost"
    assert "this" not in sys.modules
