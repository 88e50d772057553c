import sys
from pathlib import Path

from elixirml.plugins import discover
from elixirml.testing import InstalledPlugins


def test_plugins_are_found_by_metadata_alone(installed: InstalledPlugins) -> None:
    """Discovery must not run a line of a plugin."""
    expected = installed.add("noisy", source="raise SystemExit('imported')", version="2.1")

    assert discover([str(installed.folder)]) == (expected,)
    assert expected in discover()
    assert expected.target not in sys.modules


def test_the_order_does_not_depend_on_the_order_of_installation(tmp_path: Path) -> None:
    """Two machines with the same plugins load them in the same order."""
    names = ["zeta", "alpha", "mid"]
    found = []
    for number, order in enumerate((names, sorted(names))):
        with InstalledPlugins(tmp_path / str(number)) as installed:
            for name in order:
                installed.add(name)
            found.append(discover([str(installed.folder)]))
    assert found[0] == found[1]
    assert [each.entry_name for each in found[0]] == sorted(names)


def test_a_distribution_found_twice_counts_once(tmp_path: Path) -> None:
    """The first on the path is the one Python would import."""
    with InstalledPlugins(tmp_path / "a") as first, InstalledPlugins(tmp_path / "b") as second:
        mine = first.add("demo", distribution="Elixirml.Demo", version="2.0")
        second.add("demo", distribution="elixirml-demo", version="1.0")
        assert discover([str(first.folder), str(second.folder)]) == (mine,)


def test_a_newer_distribution_without_plugins_hides_the_old_one(tmp_path: Path) -> None:
    """An upgrade that dropped its plugin must not be undone by a forgotten copy further down the path."""
    with InstalledPlugins(tmp_path / "a") as first, InstalledPlugins(tmp_path / "b") as second:
        first.add("demo", version="2.0")
        (first.folder / "elixirml_demo-2.0.dist-info" / "entry_points.txt").unlink()
        second.add("demo", version="1.0")
        assert discover([str(first.folder), str(second.folder)]) == ()


def test_left_overs_and_oddities_do_no_harm(installed: InstalledPlugins) -> None:
    """Broken metadata of one distribution must not keep the others from being found."""
    good = installed.add("good")
    odd = installed.add("odd")
    (installed.folder / "elixirml_odd-1.0.dist-info" / "entry_points.txt").write_text(
        "# made by hand\n[console_scripts]\nrubbish\n[elixirml]\n; a comment\n\nodd = elixirml_odd [extra]\nnothing\n"
    )
    nameless = installed.folder / "left_over-1.0.dist-info"
    nameless.mkdir()
    (nameless / "entry_points.txt").write_text("[elixirml]\nleft = over\n")

    found = {each.entry_name: each for each in discover([str(installed.folder)])}

    assert found.keys() == {"good", "odd", "nothing"}
    assert (found["good"], found["odd"]) == (good, odd)
    assert found["nothing"].target == ""


def test_a_folder_name_that_disagrees_with_the_metadata_is_bearable(installed: InstalledPlugins) -> None:
    """The look-up by name may find nothing; what was seen before still counts."""
    installed.add("demo")
    (installed.folder / "elixirml_demo-1.0.dist-info").rename(installed.folder / "other-1.0.dist-info")
    assert [each.entry_name for each in discover([str(installed.folder)])] == ["demo"]
