import itertools

import pytest

from elixirml.plugins import PluginCandidate, PluginStatus, Selection, select

METRICS = PluginCandidate("metrics", "elixirml-metrics", "0.3", "elixirml_metrics.plugin")
STUDIO = PluginCandidate("studio", "elixirml-studio", "0.1", "elixirml_studio.plugin")
SQUATTER = PluginCandidate("studio", "aaa-squatter", "9.9", "squatter")
EVERYONE = (SQUATTER, METRICS, STUDIO)


@pytest.mark.parametrize("name", ["studio", "elixirml-studio", "ElixirML_Studio"])
def test_a_plugin_answers_to_its_entry_name_and_its_distribution(name: str) -> None:
    """Users write what they know it by, in any spelling of the distribution."""
    chosen = select((METRICS, STUDIO), Selection(disable=[name], source="here"))
    assert chosen.chosen == (METRICS,)
    (refused,) = chosen.refused
    assert (refused.status, refused.reason) == (PluginStatus.DISABLED, "disabled by here")
    assert refused.hint == "elixirml plugins enable studio"
    assert not refused.faulty


def test_only_the_allowed_are_loaded_and_an_empty_list_allows_none() -> None:
    """An allow-list is complete; an empty one switches plugins off."""
    assert select((METRICS, STUDIO), Selection(only=["metrics"])).chosen == (METRICS,)
    none = select((METRICS, STUDIO), Selection(only=[], source="ELIXIRML_PLUGINS"))
    assert none.chosen == ()
    assert {each.reason for each in none.refused} == {"not among the plugins that ELIXIRML_PLUGINS allows"}


@pytest.mark.parametrize(
    ("above", "below", "loaded"),
    [
        (Selection(enable=["studio"]), Selection(disable=["studio"]), True),
        (Selection(disable=["studio"]), Selection(enable=["studio"]), False),
        (Selection(only=["studio"]), Selection(disable=["studio"]), True),
        (Selection(only=["metrics"]), Selection(enable=["studio"]), False),
        (Selection(disable=["metrics"]), Selection(disable=["studio"]), False),
        (Selection(disable=["metrics"]), Selection(), True),
        (Selection(enable=["studio"], disable=["studio"]), Selection(), False),
        (Selection(only=[], enable=["studio"]), Selection(), True),
    ],
)
def test_the_strongest_source_with_something_to_say_decides(
    above: Selection, below: Selection, *, loaded: bool
) -> None:
    """Precedence is by plugin, and within one source `disable` is strongest."""
    assert above.over(below).verdict(STUDIO).enabled is loaded


def test_laying_over_keeps_the_order_of_all_layers() -> None:
    """`over` is associative: three sources stacked in either way are the same."""
    a, b, c = (Selection(prefer=[name], source=name) for name in "abc")
    assert a.over(b).over(c) == a.over(b.over(c))
    assert a.over(b).over(c).preferences() == ("a", "b", "c")
    assert a.over(None) == a


@pytest.mark.parametrize("order", list(itertools.permutations(EVERYONE)))
def test_one_name_claimed_by_two_is_refused_to_both(order: tuple[PluginCandidate, ...]) -> None:
    """Neither the order of installation nor the alphabet may decide whose code runs."""
    result = select(order, Selection())
    assert result.chosen == (METRICS,)
    assert {each.status for each in result.refused} == {PluginStatus.CONFLICT}
    for each in result.refused:
        assert "aaa-squatter" in each.reason
        assert "elixirml-studio" in each.reason
        assert each.hint == f"elixirml plugins disable {each.candidate.distribution}"


def test_a_preferred_distribution_gets_the_name() -> None:
    """The user settles a conflict, and the loser is not a fault any more."""
    result = select(EVERYONE, Selection(prefer=["studio", "elixirml-studio"]))
    assert result.chosen == (METRICS, STUDIO)
    (loser,) = result.refused
    assert (loser.candidate, loser.status) == (SQUATTER, PluginStatus.DISABLED)
    assert loser.reason == "elixirml-studio is preferred for the name `studio`"


def test_disabling_one_of_two_settles_the_conflict_too() -> None:
    """Conflicts are looked for among enabled plugins only."""
    assert select(EVERYONE, Selection(disable=["aaa-squatter"])).chosen == (METRICS, STUDIO)


def test_what_is_required_and_absent_is_reported_with_its_command() -> None:
    """One record for each gap, with a line that can be pasted."""
    result = select((METRICS,), Selection(require=["elixirml-http", "tools>=2", "metrics"], source="elixirml.toml"))
    assert result.chosen == (METRICS,)
    assert [(each.status, each.hint) for each in result.refused] == [
        (PluginStatus.MISSING, "pip install elixirml-http"),
        (PluginStatus.MISSING, "pip install 'tools>=2'"),
    ]
    assert result.refused[0].reason == "elixirml.toml requires elixirml-http, which is not installed"


def test_a_required_version_is_enforced() -> None:
    """A plugin too old for the project is not used by accident."""
    result = select((METRICS,), Selection(require=["metrics>=0.4"]))
    (refused,) = result.refused
    assert refused.status is PluginStatus.INCOMPATIBLE
    assert refused.hint == "pip install --upgrade 'elixirml-metrics>=0.4'"
    assert select((METRICS,), Selection(require=["metrics>=0.3"])).chosen == (METRICS,)


def test_required_but_disabled_is_a_gap_that_names_both_sources() -> None:
    """Two settings that contradict each other are shown side by side."""
    wanted = Selection(disable=["metrics"], source="A").over(Selection(require=["metrics"], source="B"))
    (refused,) = select((METRICS,), wanted).refused
    assert refused.status is PluginStatus.MISSING
    assert refused.reason == "B requires it, yet it is not loaded: disabled by A"


def test_required_and_in_conflict_stays_a_conflict() -> None:
    """The reason that explains more is kept."""
    statuses = {each.status for each in select(EVERYONE, Selection(require=["studio"])).refused}
    assert statuses == {PluginStatus.CONFLICT}
