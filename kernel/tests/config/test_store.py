# `option` returns an attrs field
"""Changes at run time: checked first, then in force at once, then told."""

import logging
import threading
from itertools import pairwise

import pytest
from attrs import field, frozen

from elixirml.config import Configuration, ConfigurationStore, option
from elixirml.errors import ConfigError


@frozen
class Own:
    a: int = option(0, low=0, high=10_000)
    b: int = 0


@pytest.fixture
def store(load) -> ConfigurationStore:
    """A store over the files of the test."""
    return ConfigurationStore(lambda: load({"own": Own}))


def test_a_change_is_in_force_and_told(store) -> None:
    """Observers get the state before and after; whoever holds the old one keeps a whole state."""
    told: list[tuple[int, int]] = []
    undo = store.subscribe(lambda old, new: told.append((old["own"].a, new["own"].a)))
    before = store.current
    assert store.change("own", {"a": 1}) is store.current
    assert (before["own"].a, store.current["own"].a, told) == (0, 1, [(0, 1)])
    assert str(store.current.origin("own.a")) == "change at run time"
    undo()
    undo()
    store.change("own", {"a": 2})
    assert told == [(0, 1)]


@pytest.mark.parametrize(("section", "values"), [("own", {"a": 1, "b": "x"}), ("own", {"c": 1}), ("onw", {"a": 1})])
def test_a_wrong_change_changes_nothing(store, section: str, values: dict[str, object]) -> None:
    """All of it is in force, or none of it; nobody is told."""
    told: list[Configuration] = []
    store.subscribe(lambda _, new: told.append(new))
    before = store.current
    with pytest.raises(ConfigError) as caught:
        store.change(section, values)
    assert caught.value.code == "config-invalid"
    assert (store.current is before, told) == (True, [])


def test_an_observer_that_raises_is_logged(store, caplog: pytest.LogCaptureFixture) -> None:
    """It loses neither the change nor the other observers."""
    told: list[int] = []

    def raises(old: Configuration, new: Configuration) -> None:
        raise RuntimeError("no")

    store.subscribe(raises)
    store.subscribe(lambda _, new: told.append(new["own"].a))
    store.change("own", {"a": 1})
    store.change("own", {"a": 2})
    assert (store.current["own"].a, told) == (2, [1, 2])
    assert [each.levelno for each in caplog.records] == [logging.ERROR] * 2


def test_a_change_made_by_an_observer_is_told_after_its_own(store) -> None:
    """Every observer sees all changes in their order."""
    told: list[tuple[int, int]] = []

    def again(_: Configuration, new: Configuration) -> None:
        if new["own"].a < 3:
            store.change("own", {"a": new["own"].a + 1})

    store.subscribe(again)
    store.subscribe(lambda old, new: told.append((old["own"].a, new["own"].a)))
    store.change("own", {"a": 1})
    assert told == [(0, 1), (1, 2), (2, 3)]


def test_files_are_read_again_and_changes_hold(store, places) -> None:
    """What was said at run time is stronger than what a file says later."""
    told: list[int] = []
    store.subscribe(lambda _, new: told.append(new["own"].b))
    store.change("own", {"a": 1})
    places.project.write_text("[plugins.own]\na = 5\nb = 6\n")
    assert store.reload()["own"] == store.current["own"] == Own(1, 6)
    assert told == [0, 6]


def test_a_wrong_file_leaves_the_old_state_in_force(store, places) -> None:
    """The error says what is wrong with it; once mended, it is read."""
    before = store.current
    for text in ("[plugins.own]\na = true\n", "[plugins\n"):
        places.project.write_text(text)
        with pytest.raises(ConfigError):
            store.reload()
        assert store.current is before
    places.project.write_text("[plugins.own]\na = 2\n")
    assert store.reload()["own"].a == 2


def test_no_change_is_lost_among_threads(store) -> None:
    """Changes made at once are all in force in the end, and told one after the other without a gap."""
    told: list[tuple[Configuration, Configuration]] = []
    store.subscribe(lambda old, new: told.append((old, new)))
    start = threading.Barrier(4)

    def change(key: str) -> None:
        start.wait()
        for number in range(1, 26):
            store.change("own", {key: number})

    threads = [threading.Thread(target=change, args=(key,)) for key in "abab"]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert store.current["own"] == Own(25, 25)
    assert len(told) == 100
    assert all(earlier[1] is later[0] for earlier, later in pairwise(told))


def test_a_change_while_another_is_checked_is_built_upon(load) -> None:
    """A slow check of a plugin's own holds nobody up, and loses no change made meanwhile."""

    @frozen
    class Slow:
        a: int = 0
        b: int = field(default=0)

        @b.validator
        def _meanwhile(self, _: object, value: int) -> None:
            if value == 1 and store.current["slow"].a == 0:
                store.change("slow", {"a": 7})

    store = ConfigurationStore(lambda: load({"slow": Slow}))
    assert store.change("slow", {"b": 1})["slow"] == Slow(7, 1)


def test_a_change_while_files_are_read_is_built_upon(load) -> None:
    """A state that was checked against one that no longer holds is made anew."""
    reads = 0

    def loaded() -> Configuration:
        nonlocal reads
        reads += 1
        if reads == 2:
            store.change("own", {"a": 7})
        return load({"own": Own})

    store = ConfigurationStore(loaded)
    store.reload()
    assert (reads, store.current["own"].a) == (3, 7)
