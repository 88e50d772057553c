"""Every rule of stores is failed by a store that breaks it, and by it alone."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from elixirml.errors import StateError
from elixirml.testing.conformance.store import StoreConformance
from elixirml.testing.conformance.suites import suite_of

TABLES = """
CREATE TABLE IF NOT EXISTS kept (namespace TEXT, key TEXT, value TEXT, until REAL, PRIMARY KEY (namespace, key));
CREATE TABLE IF NOT EXISTS entries (journal TEXT, number INTEGER, entry TEXT, PRIMARY KEY (journal, number));
"""


class Tables:
    """A store as it should be, in one file."""

    def __init__(self, base: sqlite3.Connection) -> None:
        self.base = base
        self.lock = Lock()

    def ask(self, question: str, *values: Any) -> list[Any]:
        with self.lock:
            return self.base.execute(question, values).fetchall()

    def get(self, namespace: str, key: str) -> Any:
        found = self.ask("SELECT value, until FROM kept WHERE namespace = ? AND key = ?", namespace, key)
        return json.loads(found[0][0]) if found and self.lasts(found[0][1]) else None

    def lasts(self, until: float | None) -> bool:
        return until is None or time.time() < until

    def put(self, namespace: str, key: str, value: Any, *, ttl: float | None = None) -> None:
        if value is None:
            self.ask("DELETE FROM kept WHERE namespace = ? AND key = ?", namespace, key)
        else:
            until = None if ttl is None else time.time() + ttl
            self.ask("INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?)", namespace, key, json.dumps(value), until)

    def keys(self, namespace: str) -> Iterator[str]:
        found = self.ask("SELECT key, until FROM kept WHERE namespace = ? ORDER BY key", namespace)
        return (key for key, until in found if self.lasts(until))

    def append(self, journal: str, entry: Any) -> int:
        number = "(SELECT COALESCE(MAX(number), 0) + 1 FROM entries WHERE journal = ?)"
        question = f"INSERT INTO entries VALUES (?, {number}, ?) RETURNING number"  # noqa: S608
        return int(self.ask(question, journal, journal, json.dumps(entry))[0][0])

    def read(self, journal: str, *, after: int = 0) -> Iterator[tuple[int, Any]]:
        question = "SELECT number, entry FROM entries WHERE journal = ? AND number > ? ORDER BY number"
        return ((number, json.loads(entry)) for number, entry in self.ask(question, journal, after))


class Stores:
    """A provider as it should be."""

    def __init__(self, store: Any = Tables) -> None:
        self.store = store

    @contextmanager
    def open(self, location: str) -> Iterator[Any]:
        with closing(sqlite3.connect(location, check_same_thread=False, isolation_level=None)) as base:
            try:
                base.execute("PRAGMA synchronous = OFF")
                base.executescript(TABLES)
            except sqlite3.DatabaseError as error:
                raise StateError(f"{location} is no store.") from error
            yield self.store(base)


class Raising(Tables):
    def get(self, namespace: str, key: str) -> Any:
        found = super().get(namespace, key)
        if found is None and (namespace, key) == ("n", "k") and not list(self.keys(namespace)):
            return {}
        return found

    def put(self, namespace: str, key: str, value: Any, *, ttl: float | None = None) -> None:
        super().put(namespace, key, value, ttl=ttl)
        if value is None:
            self.get = super().get  # type: ignore[method-assign]


class Rounding(Tables):
    def put(self, namespace: str, key: str, value: Any, *, ttl: float | None = None) -> None:
        super().put(namespace, key, int(value) if isinstance(value, float) else value, ttl=ttl)


class Folding(Tables):
    def put(self, namespace: str, key: str, value: Any, *, ttl: float | None = None) -> None:
        super().put(namespace, key if len(key) < 200 else key[:200], value, ttl=ttl)


class Stubborn(Tables):
    def put(self, namespace: str, key: str, value: Any, *, ttl: float | None = None) -> None:
        if value != "new":
            super().put(namespace, key, value, ttl=ttl)


class Nulls(Tables):
    def put(self, namespace: str, key: str, value: Any, *, ttl: float | None = None) -> None:
        super().put(namespace, key, "null" if value is None else value, ttl=ttl)


class OneSpace(Tables):
    def put(self, namespace: str, key: str, value: Any, *, ttl: float | None = None) -> None:
        super().put("all", key, value, ttl=ttl)

    def get(self, namespace: str, key: str) -> Any:
        return super().get("all", key)

    def keys(self, namespace: str) -> Iterator[str]:
        return super().keys("all")


class Lasting(Tables):
    def put(self, namespace: str, key: str, value: Any, *, ttl: float | None = None) -> None:
        super().put(namespace, key, value, ttl=None)


class Remembering(Tables):
    def put(self, namespace: str, key: str, value: Any, *, ttl: float | None = None) -> None:
        before = self.ask("SELECT until FROM kept WHERE namespace = ? AND key = ?", namespace, key)
        super().put(namespace, key, value, ttl=ttl)
        if before and ttl is None:
            self.ask("UPDATE kept SET until = ? WHERE namespace = ? AND key = ?", before[0][0], namespace, key)


class Unsorted(Tables):
    def keys(self, namespace: str) -> Iterator[str]:
        found = list(super().keys(namespace))
        return iter(sorted(found, key=str.casefold))


class Sharing(Tables):
    """Keeps what it was given for as long as it is open."""

    def __init__(self, base: Any) -> None:
        super().__init__(base)
        self.given: dict[tuple[str, str], Any] = {}

    def put(self, namespace: str, key: str, value: Any, *, ttl: float | None = None) -> None:
        super().put(namespace, key, value, ttl=ttl)
        self.given[namespace, key] = value

    def get(self, namespace: str, key: str) -> Any:
        found, given = super().get(namespace, key), self.given.get((namespace, key))
        return found if found is None or not isinstance(given, dict) else given


class FromZero(Tables):
    def read(self, journal: str, *, after: int = 0) -> Iterator[tuple[int, Any]]:
        found = list(super().read(journal, after=after))
        return iter(found if len(found) < 3 else [found[-1], *found[:-1]])


class Rereading(Tables):
    def read(self, journal: str, *, after: int = 0) -> Iterator[tuple[int, Any]]:
        return super().read(journal, after=max(after - 1, 0))


class OneJournal(Tables):
    def read(self, journal: str, *, after: int = 0) -> Iterator[tuple[int, Any]]:
        found = list(super().read(journal, after=after))
        return iter(found or ([(1, None)] if journal == "three" else []))


class Private(Tables):
    """Numbers in memory."""

    def __init__(self, base: Any) -> None:
        super().__init__(base)
        self.numbers: dict[str, int] = {}

    def append(self, journal: str, entry: Any) -> int:
        with self.lock:
            known = [
                number for (number,) in self.base.execute("SELECT number FROM entries WHERE journal = ?", [journal])
            ]
            self.numbers[journal] = number = self.numbers.get(journal, max(known, default=0)) + 1
            self.base.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", [journal, number, json.dumps(entry)])
        return number


class Racing(Tables):
    def append(self, journal: str, entry: Any) -> int:
        known = [number for number, _ in self.read(journal)]
        time.sleep(0.001)
        self.ask("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", journal, len(known) + 1, json.dumps(entry))
        return len(known) + 1


class Fleeting(Stores):
    """Writes nothing down: opened again, all is gone, though two that are open share it."""

    @contextmanager
    def open(self, location: str) -> Iterator[Any]:
        if Path(location).name != "store":
            with super().open(location) as store:
                yield store
            return
        where = f"file:{location}?mode=memory&cache=shared"
        with closing(sqlite3.connect(where, uri=True, check_same_thread=False, isolation_level=None)) as base:
            base.executescript(TABLES)
            yield self.store(base)


class Replacing(Stores):
    @contextmanager
    def open(self, location: str) -> Iterator[Any]:
        path = Path(location)
        if path.exists() and not path.read_bytes().startswith(b"SQLite"):
            path.unlink()
        with super().open(location) as store:
            yield store


def suite(store: Any) -> Any:
    return suite_of("stores", lambda: Stores(store))


RIGHT = suite(Tables)
WRONG = {
    "test_what_was_never_put_is_none": suite(Raising),
    "test_values_come_back_as_they_were": suite(Rounding),
    "test_any_text_is_a_key": suite(Folding),
    "test_putting_again_replaces": suite(Stubborn),
    "test_putting_none_takes_out": suite(Nulls),
    "test_namespaces_are_apart": suite(OneSpace),
    "test_values_expire": suite(Lasting),
    "test_putting_again_forgets_the_time": suite(Remembering),
    "test_keys_are_sorted": suite(Unsorted),
    "test_values_are_copies": suite(Sharing),
    "test_entries_are_numbered_from_one": suite(FromZero),
    "test_reading_goes_on_after_a_number": suite(Rereading),
    "test_journals_are_apart": suite(OneJournal),
    "test_everything_survives_closing": suite_of("stores", Fleeting),
    "test_two_that_are_open_see_each_other": suite(Private),
    "test_threads_lose_nothing": suite(Racing),
    "test_something_else_is_refused": suite_of("stores", Replacing),
}


def test_a_right_store_passes(judge: Any) -> None:
    """Every rule is tried on a right store, and asks nothing that it does not keep."""
    judge.passes(RIGHT)


def test_no_rule_is_without_a_wrong_store(judge: Any) -> None:
    """A rule that nothing can break is no rule."""
    judge.is_complete(WRONG, StoreConformance)


@pytest.mark.parametrize("rule", WRONG)
def test_a_wrong_store_fails_its_rule_alone(rule: str, judge: Any) -> None:
    """Whoever breaks one promise is told of that one, in words."""
    judge.fails_alone(WRONG[rule], rule)
