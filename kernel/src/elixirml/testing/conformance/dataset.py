"""What every dataset promises: the same rows in the same order, and mistakes told with their place."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

from attrs import frozen

from elixirml.contracts.dataset import Dataset, DatasetSource, Row
from elixirml.errors import ConfigError, ValidationError
from elixirml.testing.conformance.suite import Conformance, NotApplicable, expect

__all__ = ["DatasetConformance", "Sample"]


@frozen
class Sample:
    """A file's content.

    Attributes:
        name: The file's name, with its suffix.
        text: What is in it.
        bad_line: The line that cannot be read; None when the whole file is right.
    """

    name: str
    text: str
    bad_line: int | None = None


_SAMPLES: Final = {
    ".jsonl": ('{"text": "one"}\n{"text": "two"}\n{"text": "three"}\n', '{"text": "one"}\n{"text": oops\n'),
    ".ndjson": ('{"text": "one"}\n{"text": "two"}\n{"text": "three"}\n', '{"text": "one"}\n{"text": oops\n'),
    ".json": (
        '[{"text": "one"},\n {"text": "two"},\n {"text": "three"}]\n',
        '[{"text": "one"},\n {"text": oops}]\n',
    ),
    ".csv": ("text,n\none,1\ntwo,2\nthree,3\n", "text,n\none\n"),
    ".tsv": ("text\tn\none\t1\ntwo\t2\nthree\t3\n", "text\tn\none\n"),
}
"""A right file and one whose second line is wrong, of the usual formats."""


class DatasetConformance(Conformance[DatasetSource]):
    r"""What is promised by `elixirml.contracts.DatasetSource` and the datasets it opens.

    Example:
        >>> class TestSections(DatasetConformance):
        ...     def subject(self):
        ...         return SectionFiles()
        ...
        ...     def good(self):
        ...         return Sample("rows.ini", "[one]\ntext = a\n[two]\ntext = b\n")

    .. versionadded:: 0.1
    """

    def good(self) -> Sample | str:
        """Return a file of at least two rows, or for a named set the name of one of its splits."""
        return self._usual(at=0)

    def bad(self) -> Sample:
        """Return a file with a row that cannot be read."""
        return self._usual(at=1)

    def test_suffixes_are_told(self) -> None:
        """A format says which files it reads, in lower case and with the dot; a named set reads none."""
        found: object = self.subject().suffixes
        fits = isinstance(found, tuple) and all(
            isinstance(each, str) and each.startswith(".") and each == each.lower() for each in cast("Any", found)
        )
        expect(fits, f"`suffixes` is {found!r}: return a tuple such as ('.jsonl',), or () for a named set.")

    def test_a_dataset_has_a_name(self) -> None:
        """Messages call it by a name of one line."""

        def check(dataset: Dataset) -> None:
            name: object = dataset.name
            fits = isinstance(name, str) and len(name.splitlines()) == 1
            expect(fits, f"The name is {name!r}: make it the file's name, or the set's.")

        self._with_good(check)

    def test_rows_are_numbered_upwards(self) -> None:
        """Each row tells where it stands, counting from 1."""

        def check(dataset: Dataset) -> None:
            rows = list(dataset.stream())
            numbers = [each.number for each in rows]
            expect(len(rows) >= 2, f"{len(rows)} rows were read: let `good` have at least two.")
            expect(
                numbers[0] >= 1 and numbers == sorted(set(numbers)),
                f"The rows are numbered {numbers[:5]}: number them upwards from 1, by line for files.",
            )

        self._with_good(check)

    def test_rows_hold_columns(self) -> None:
        """The values of a row are named."""

        def check(dataset: Dataset) -> None:
            for each in dataset.stream():
                expect(isinstance(each, Row), f"The stream gives {each!r}: give Rows.")
                expect(
                    each.values and all(isinstance(name, str) for name in each.values), f"Row {each} has no columns."
                )

        self._with_good(check)

    def test_reading_twice_gives_the_same_rows(self) -> None:
        """The order is stable, and every stream begins at the start."""

        def check(dataset: Dataset) -> None:
            one, again = list(dataset.stream()), list(dataset.stream())
            expect(one == again, "Read again, the rows are others: open the source anew for each stream.")

        self._with_good(check)

    def test_streams_are_independent(self) -> None:
        """Two readers at once see all rows, also while one is left half way."""

        def check(dataset: Dataset) -> None:
            whole = [each.number for each in dataset.stream()]
            one, other = dataset.stream(), dataset.stream()
            first = next(one)
            second = [each.number for each in other]
            expect(second == whole, "A second reader misses rows: let each stream have its own place.")
            rest = [each.number for each in (first, *one)]
            expect(rest == whole, "A reader lost its place to another: let each stream have its own.")

        self._with_good(check)

    def test_what_is_not_there_is_a_config_error(self) -> None:
        """A wrong path or split is told with what to do, when it is opened."""
        with TemporaryDirectory() as folder:
            suffix = next(iter(self.subject().suffixes), "")
            location = str(Path(folder) / f"absent{suffix}") if suffix else "no-such-split-of-tests"
            try:
                self.subject().open(location)
            except ConfigError:
                return
            except Exception as error:
                raise AssertionError(f"An absent file raised {type(error).__name__}: raise a ConfigError.") from error
            raise AssertionError("An absent file was opened: let `open` raise a ConfigError that says what to do.")

    def test_a_row_that_cannot_be_read_is_told_with_its_place(self) -> None:
        """The error names file and line, so that whoever wrote the file finds it at once."""
        sample = self.bad()
        with TemporaryDirectory() as folder:
            path = _written(sample, Path(folder))
            try:
                rows = list(self.subject().open(str(path)).stream())
            except ValidationError as error:
                words = str(error)
                expect(sample.name in words, f"The error does not name the file {sample.name}: {words}")
                line = f"line {sample.bad_line}"
                expect(line in words, f"The error does not name {line}: {words}")
            except Exception as error:
                raise AssertionError(f"A bad row raised {type(error).__name__}: raise a ValidationError.") from error
            else:
                raise AssertionError(f"A bad row was read as {rows[-1:]}: raise a ValidationError.")

    def _usual(self, *, at: int) -> Sample:
        for suffix in self.subject().suffixes:
            if suffix in _SAMPLES:
                return Sample(f"rows{suffix}", _SAMPLES[suffix][at], 2 if at else None)
        if not self.subject().suffixes:
            raise NotApplicable("It is a named set: let `good` return one of its splits.")
        which = "bad" if at else "good"
        raise NotApplicable(f"No {which} file of this format is known: let `{which}` return one.")

    def _with_good(self, check: Any) -> None:
        good = self.good()
        with TemporaryDirectory() as folder:
            location = good if isinstance(good, str) else str(_written(good, Path(folder)))
            check(self.subject().open(location))


def _written(sample: Sample, folder: Path) -> Path:
    path = folder / sample.name
    path.write_text(sample.text, encoding="utf-8", newline="")
    return path
