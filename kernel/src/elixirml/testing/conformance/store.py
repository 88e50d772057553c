"""What every store promises: values that are kept, expire and survive, and journals that only grow."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from elixirml.contracts.store import Store, StoreProvider
from elixirml.errors import StateError
from elixirml.identity import Json
from elixirml.testing.conformance.suite import Conformance, NotApplicable, expect

__all__ = ["StoreConformance"]

_VALUES: Final[tuple[Json, ...]] = (0, False, "", "é\u2028\U0001f600", 1.5, [], {}, {"a": [1, {"b": None}]}, 10**20)
_KEYS: Final = ("plain", "", "a/b", "../up", "é \U0001f600", "x" * 300, "Case", "case", "a'b\"c;--", "NUL", "%s")


class StoreConformance(Conformance[StoreProvider]):
    """What is promised by `elixirml.contracts.StoreProvider` and its stores.

    Example:
        >>> class TestFiles(StoreConformance):
        ...     def subject(self):
        ...         return FileStores()

    .. versionadded:: 0.1
    """

    def location(self, folder: Path) -> str:
        """Return where a new store is made; override it for stores that are no files."""
        return str(folder / "store")

    def foreign(self, folder: Path) -> str:
        """Return a location where something else is."""
        if self.location(folder) != str(folder / "store"):
            raise NotApplicable("No location is known where something else is: let `foreign` return one.")
        path = folder / "something-else"
        path.write_bytes(b"This is a letter, and no store. " * 40)
        return str(path)

    def test_what_was_never_put_is_none(self) -> None:
        """An absent key is None, not an error."""
        self._with_store(lambda store: expect(store.get("n", "k") is None, "An absent key is not None: return None."))

    def test_values_come_back_as_they_were(self) -> None:
        """All of JSON can be kept, what is empty and false included."""

        def check(store: Store) -> None:
            for at, value in enumerate(_VALUES):
                store.put("n", f"key-{at}", value)
            for at, value in enumerate(_VALUES):
                found = store.get("n", f"key-{at}")
                same = found == value and type(found) is type(value)
                expect(same, f"{value!r} came back as {found!r}: keep JSON as it is.")

        self._with_store(check)

    def test_any_text_is_a_key(self) -> None:
        """Keys are told apart to the sign, and reach nothing outside the store."""

        def check(store: Store) -> None:
            for each in _KEYS:
                store.put("n", each, f"of {each}")
            wrong = [each for each in _KEYS if store.get("n", each) != f"of {each}"]
            expect(not wrong, f"The keys {wrong} do not lead to their values: keep keys apart, or digest them.")

        self._with_store(check)

    def test_putting_again_replaces(self) -> None:
        """The newer value is the one that is had."""

        def check(store: Store) -> None:
            store.put("n", "k", "old")
            store.put("n", "k", "new")
            expect(store.get("n", "k") == "new", "A value put again is still the old one: replace it.")

        self._with_store(check)

    def test_putting_none_takes_out(self) -> None:
        """None stands for nothing: the key is gone."""

        def check(store: Store) -> None:
            store.put("n", "k", "here")
            store.put("n", "k", None)
            gone = store.get("n", "k") is None and list(store.keys("n")) == []
            expect(gone, "A key whose value became None is still there: take it out.")

        self._with_store(check)

    def test_namespaces_are_apart(self) -> None:
        """The same key in another namespace is another value."""

        def check(store: Store) -> None:
            store.put("one", "k", 1)
            store.put("two", "k", 2)
            found = (store.get("one", "k"), store.get("two", "k"), list(store.keys("one")))
            expect(found == (1, 2, ["k"]), f"Two namespaces hold {found}: keep them apart.")

        self._with_store(check)

    def test_values_expire(self) -> None:
        """After its time a value is absent and not listed; without a time it stays."""

        def check(store: Store) -> None:
            store.put("n", "brief", 1, ttl=0.05)
            store.put("n", "long", 2, ttl=3600)
            store.put("n", "ever", 3)
            time.sleep(0.1)
            found = (store.get("n", "brief"), store.get("n", "long"), store.get("n", "ever"))
            expect(found == (None, 2, 3), f"After their time, values are {found}: heed `ttl`, in seconds.")
            expect(list(store.keys("n")) == ["ever", "long"], "Expired keys are listed: leave them out.")

        self._with_store(check)

    def test_putting_again_forgets_the_time(self) -> None:
        """A value put without a time stays, whatever the one before it was given."""

        def check(store: Store) -> None:
            store.put("n", "k", 1, ttl=0.05)
            store.put("n", "k", 2)
            time.sleep(0.1)
            expect(store.get("n", "k") == 2, "A value put without a time expired: forget the time of the one before.")

        self._with_store(check)

    def test_keys_are_sorted(self) -> None:
        """Listing is the same everywhere."""

        def check(store: Store) -> None:
            for each in ("b", "a", "c", "B"):
                store.put("n", each, 1)
            found = list(store.keys("n"))
            expect(found == ["B", "a", "b", "c"], f"The keys come as {found}: sort them by code point.")

        self._with_store(check)

    def test_values_are_copies(self) -> None:
        """Changing what was put, or what was got, changes nothing that is kept."""

        def check(store: Store) -> None:
            value: Json = {"list": [1]}
            store.put("n", "k", value)
            for each in (value, store.get("n", "k")):
                assert isinstance(each, dict)  # noqa: S101 - for type checkers
                each["list"] = "changed"
            expect(store.get("n", "k") == {"list": [1]}, "A kept value changed with its original: keep a copy.")

        self._with_store(check)

    def test_entries_are_numbered_from_one(self) -> None:
        """`append` returns the number under which the entry is read."""

        def check(store: Store) -> None:
            numbers = [store.append("j", {"at": at}) for at in range(3)]
            expect(numbers == [1, 2, 3], f"Three entries are numbered {numbers}: number them from 1.")
            found = list(store.read("j"))
            expect(found == [(at + 1, {"at": at}) for at in range(3)], f"The journal reads {found}: keep the order.")

        self._with_store(check)

    def test_reading_goes_on_after_a_number(self) -> None:
        """Who has read some entries reads the others."""

        def check(store: Store) -> None:
            for at in range(3):
                store.append("j", at)
            found = [number for number, _ in store.read("j", after=1)]
            expect(found == [2, 3], f"After 1 the journal reads {found}: give entries with larger numbers.")
            expect(not list(store.read("j", after=3)), "After the last there is something: give nothing.")

        self._with_store(check)

    def test_journals_are_apart(self) -> None:
        """Each journal has its own entries and numbers, and an unknown one is empty."""

        def check(store: Store) -> None:
            numbers = [store.append("one", "a"), store.append("two", "b")]
            apart = numbers == [1, 1] and list(store.read("one")) == [(1, "a")] and not list(store.read("three"))
            expect(apart, "Two journals share entries or numbers: keep them apart.")

        self._with_store(check)

    def test_everything_survives_closing(self) -> None:
        """Opened again, a store has its values and its journals, and goes on numbering."""
        with TemporaryDirectory() as folder:
            location = self.location(Path(folder))
            with self.subject().open(location) as store:
                store.put("n", "k", "kept")
                store.append("j", "first")
            with self.subject().open(location) as store:
                found = (store.get("n", "k"), list(store.read("j")), store.append("j", "second"))
        expect(found == ("kept", [(1, "first")], 2), f"Opened again, the store has {found}: write before you return.")

    def test_two_that_are_open_see_each_other(self) -> None:
        """What one has put, another on the same location gets."""
        with TemporaryDirectory() as folder:
            location = self.location(Path(folder))
            with self.subject().open(location) as one, self.subject().open(location) as other:
                one.put("n", "k", "seen")
                numbers = [one.append("j", "a"), other.append("j", "b"), one.append("j", "c")]
                found = other.get("n", "k")
        expect(found == "seen", "What one store put, another on its location does not get: write before you return.")
        expect(
            numbers == [1, 2, 3], f"Two that append in turn number {numbers}: number in the location, not in memory."
        )

    def test_threads_lose_nothing(self) -> None:
        """Values and entries that several threads write at once are all there, each number once."""

        def check(store: Store) -> None:
            def write(thread: int) -> list[int]:
                for at in range(10):
                    store.put("n", f"{thread}-{at}", at)
                return [store.append("j", [thread, at]) for at in range(10)]

            with ThreadPoolExecutor(4) as pool:
                numbers = sorted(each for part in pool.map(write, range(4)) for each in part)
            expect(numbers == list(range(1, 41)), "Entries of several threads share numbers: append under a lock.")
            expect(len(list(store.keys("n"))) == 40, "Values that several threads put are lost: put under a lock.")

        self._with_store(check)

    def test_something_else_is_refused(self) -> None:
        """A location that holds no store is a `StateError`, and is left as it is."""
        with TemporaryDirectory() as folder:
            location = self.foreign(Path(folder))
            try:
                with self.subject().open(location) as store:
                    store.put("n", "k", 1)
            except StateError:
                return
            except Exception as error:
                raise AssertionError(f"A foreign file raised {type(error).__name__}: raise a StateError.") from error
            raise AssertionError("A foreign file was opened as a store: raise a StateError.")

    def _with_store(self, check: Callable[[Store], None]) -> None:
        with TemporaryDirectory() as folder, self.subject().open(self.location(Path(folder))) as store:
            check(store)
