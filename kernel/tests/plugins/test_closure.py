import sys

import pytest

from elixirml.plugins.closure import Judge, PlainJudge, best_judge, closure
from elixirml.testing import InstalledPlugins

JUDGES = [PlainJudge(), best_judge()]


@pytest.fixture(params=JUDGES, ids=["plain", "packaging"])
def judge(request: pytest.FixtureRequest) -> Judge:
    """Both judges, which must agree wherever the plain one can tell."""
    found: Judge = request.param
    return found


def test_requirements_of_requirements_are_followed(judge: Judge, installed: InstalledPlugins) -> None:
    """What is missing three steps down is found, with the way to it."""
    installed.add("a", requires=["elixirml-b"])
    installed.add("b", requires=["elixirml-c>=1", "elixirml-a"])
    installed.add("c", requires=["nobody-has-this>=2"])
    (unmet,) = closure(["elixirml-a"], judge=judge).unmet
    assert unmet.path == ("elixirml-a", "elixirml-b", "elixirml-c")
    assert str(unmet) == (
        "elixirml-a requires elixirml-b, which requires elixirml-c, which requires `nobody-has-this>=2`, "
        "and nobody-has-this is not installed"
    )


def test_extras_are_followed_only_where_they_are_asked_for(judge: Judge, installed: InstalledPlugins) -> None:
    """`b[fast]` needs what `b` needs for `fast`, and nothing of its other extras."""
    requires = ["missing-fast; extra == 'fast'", "missing-slow; extra == 'slow'"]
    installed.add("b", requires=requires)
    installed.add("plain", requires=["elixirml-b"])
    installed.add("fast", requires=["elixirml-b[fast]"])
    assert closure(["elixirml-plain"], judge=judge).unmet == ()
    (unmet,) = closure(["elixirml-fast"], judge=judge).unmet
    assert unmet.requirement.name == "missing-fast"


def test_each_gap_is_told_once_by_a_shortest_way(judge: Judge, installed: InstalledPlugins) -> None:
    """Many plugins may share one missing library; one command mends it."""
    installed.add("far", requires=["elixirml-near"])
    installed.add("near", requires=["missing-library"])
    (unmet,) = closure(["elixirml-far", "elixirml-near"], judge=judge).unmet
    assert unmet.path == ("elixirml-near",)
    assert str(unmet) == "elixirml-near requires `missing-library`, and missing-library is not installed"


def test_a_version_too_old_is_told_with_the_one_installed(judge: Judge, installed: InstalledPlugins) -> None:
    """The message says what is there instead."""
    installed.add("a", requires=["elixirml-b>=2"])
    installed.add("b", version="1.5")
    (unmet,) = closure(["Elixirml_A"], judge=judge).unmet
    assert unmet.version == "1.5"
    assert str(unmet).endswith("and elixirml-b is installed as 1.5")


def test_markers_are_counted_when_they_can_be_read(installed: InstalledPlugins) -> None:
    """With the `packaging` library, a requirement of another platform is none; the plain judge says it cannot tell."""
    installed.add("a", requires=["missing; sys_platform == 'nowhere'", "missing-too; python_version >= '3'"])
    assert [each.requirement.name for each in closure(["elixirml-a"], judge=best_judge()).unmet] == ["missing-too"]
    plain = closure(["elixirml-a", "not-installed"], judge=PlainJudge())
    assert plain.unmet == ()
    assert len(plain.undecided) == 2


def test_rubbish_is_undecided_and_no_error(judge: Judge, installed: InstalledPlugins) -> None:
    """What an author wrote that is no requirement, or no version, stops nobody else's check."""
    installed.add("a", requires=["!rubbish", "elixirml-b>=1", "missing-library"])
    installed.add("b", version="not a version")
    found = closure(["elixirml-a"], judge=judge)
    assert "`!rubbish`, required by elixirml-a" in found.undecided
    assert found.unmet[-1].requirement.name == "missing-library"


def test_without_the_packaging_library_the_plain_judge_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library is used when it is there and not needed otherwise."""
    assert not isinstance(best_judge(), PlainJudge)
    monkeypatch.setitem(sys.modules, "packaging.requirements", None)
    assert isinstance(best_judge(), PlainJudge)
