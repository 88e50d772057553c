"""Tests of `elixirml.studies.data`: rows become typed examples, or are told with their numbers."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from attrs import frozen

import elixirml as ml
from elixirml.contracts import Example, Row
from elixirml.errors import ConfigError, ValidationError
from elixirml.identity import digest
from elixirml.plugins import Registry
from elixirml.studies.data import examples_of, open_dataset


@frozen
class Given:
    text: str
    count: int = 0
    share: float | None = None
    sure: bool | None = None
    tags: tuple[str, ...] = ()
    note: str = ""
    level: Literal[1, 2] = 1


@frozen
class Wanted:
    label: Literal["film", "book"]
    stars: int | None = None
    why: str | None = None


class Reader(ml.Program[Given, Wanted]):
    """Read the text."""

    reply = ml.predict(Wanted, model="scripted/m", adapter="json")


@frozen
class Line:
    text: str


class Rewriter(ml.Program[Line, Line]):
    """A program whose output has the name of its input."""

    reply = ml.predict(Line, model="scripted/m", adapter="json")


@frozen
class Shelf:
    stock: int


class Counter(ml.Program[Shelf, Line]):
    """A program that needs a number."""

    reply = ml.predict(Line, model="scripted/m", adapter="json")


@frozen
class Planted:
    """A named set whose rows say which of its splits they are."""

    suffixes: tuple[str, ...] = ()
    name: str = "planted"

    def open(self, location: str) -> "Planted":
        return Planted(name=location)

    def stream(self) -> Iterator[Row]:
        yield Row(1, {"text": self.name, "label": "film"})


class Read:
    """Reads data as one program does."""

    def __init__(self, lab: Any) -> None:
        kernel = lab.kernel()
        self.registry = kernel.plugins.registry
        self.compiled, self.stock = kernel.compile(Reader), kernel.compile(Counter)

    def __call__(self, source: Any, **settings: Any) -> tuple[Example, ...]:
        return examples_of(source, self.compiled, self.registry, **settings)


@pytest.fixture
def read(lab: Any) -> Read:
    return Read(lab)


def file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# Types


def test_texts_of_a_table_become_the_declared_types(read: Read, tmp_path: Path) -> None:
    """A table says nothing of types: numbers, truth values, lists and options are read as the program declares them."""
    path = file(
        tmp_path,
        "rows.csv",
        'text,count,share,sure,tags,level,label,stars\n12,07,.5,TRUE,"[""a""]",2,film,3\nb, +4 ,1e2,false,[],1,book,\n',
    )
    one, other = read(path)

    assert one.inputs == {"text": "12", "count": 7, "share": 0.5, "sure": True, "tags": ["a"], "level": 2}
    assert one.expected == {"label": "film", "stars": 3}
    assert other.inputs == {"text": "b", "count": 4, "share": 100.0, "sure": False, "tags": [], "level": 1}
    assert other.expected == {"label": "book"}


def test_an_empty_cell_is_no_value_where_none_is_needed(read: Read, tmp_path: Path) -> None:
    """An empty cell of an optional number is left out; of a text it is the empty text."""
    (found,) = read(file(tmp_path, "rows.csv", "text,count,share,note,label,why\na,,,,film,\n"))

    assert found.inputs == {"text": "a", "note": ""}
    assert found.expected == {"label": "film", "why": ""}


@pytest.mark.parametrize("value", ["1_000", "4.5", "many", "", "1e3"])
def test_what_is_no_number_is_told(read: Read, value: str) -> None:
    """A text that says no whole number stays a text, and is refused with its row; Python's own spellings are none."""
    with pytest.raises(ValidationError, match=r"row 1\.stock"):
        examples_of([{"stock": value}], read.stock, read.registry, labelled=False)


@pytest.mark.parametrize("value", ["nan", "inf", "1e999", float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_told(read: Read, value: object) -> None:
    """NaN and infinities have no place in data: they are refused with their row."""
    with pytest.raises(ValidationError, match=r"row 1\.share"):
        read([{"text": "a", "share": value, "label": "film"}])


def test_expected_values_that_are_no_plain_data_are_told(read: Read) -> None:
    """An expected value has to be JSON, or nothing could be keyed by it; the row is named."""
    with pytest.raises(ValidationError, match=r"row 2\.stars: expected plain data: .*date"):
        read([{"text": "a", "label": "film"}, {"text": "b", "label": "film", "stars": dt.date(2024, 1, 1)}])


def test_a_truth_value_is_true_or_false(read: Read) -> None:
    """`yes` and `1` are texts, not truth values: refused rather than guessed."""
    for word in ("yes", "1"):
        with pytest.raises(ValidationError, match=r"row 1\.sure"):
            read([{"text": "a", "sure": word, "label": "film"}])


def test_values_of_data_with_types_stay_as_they_are(read: Read, tmp_path: Path) -> None:
    """JSON says what its values are: nothing is read into them."""
    path = file(tmp_path, "rows.jsonl", '{"text": "true", "count": 3, "sure": null, "label": "film", "other": 1}\n')
    (found,) = read(path)

    assert found.inputs == {"text": "true", "count": 3, "sure": None}
    assert found.expected == {"label": "film"}


# Bad rows


def test_every_problem_is_listed_with_its_row(read: Read) -> None:
    """One pass over the data tells all that is wrong with it, not only the first."""
    rows = [
        {"text": "a", "label": "film"},
        {"text": 5, "count": "x", "label": "film"},
        {"text": "b", "label": "flim"},
        {"text": "c", "label": "book"},
    ]
    with pytest.raises(ValidationError) as caught:
        read(rows)

    assert [problem.path for problem in caught.value.problems] == [
        ("row 2", "text"),
        ("row 2", "count"),
        ("row 3", "label"),
    ]
    assert "the data does not fit the program (3 problems)" in str(caught.value)
    assert "`flim` is no label. Known here: book, film. Did you mean `film`?" in str(caught.value)


def test_many_problems_are_counted_and_ten_are_shown(read: Read) -> None:
    """A file of the wrong kind gives one screen of words, not a thousand lines."""
    with pytest.raises(ValidationError) as caught:
        read([{"text": at, "label": "film"} for at in range(14)])

    assert len(caught.value.problems) == 10
    assert "(14 problems)" in str(caught.value)
    assert caught.value.hint == "And 4 more."


def test_a_missing_column_is_told_with_those_there_are(read: Read) -> None:
    """The most common mistake gets its own words: which column, and what the file has."""
    with pytest.raises(ValidationError, match="has no column for the input text") as caught:
        read([{"sentence": "a", "label": "film"}])

    assert caught.value.hint == "Its columns: label, sentence. Rename them, or change the program's inputs."


def test_rows_without_any_column_are_told_one_by_one(read: Read) -> None:
    """Empty rows are bad rows."""
    with pytest.raises(ValidationError, match=r"row 1\.text"):
        read([{}])


def test_data_without_labels_is_told(read: Read) -> None:
    """Nothing to compare with: the message names the columns that would do."""
    with pytest.raises(ValidationError, match="has no expected values") as caught:
        read([{"text": "a", "label": None}, {"text": "b"}])

    assert caught.value.hint == "Add a column named label or stars or why. It has: label, text."


def test_unlabelled_data_will_do_where_no_label_is_needed(read: Read) -> None:
    """Running over rows needs no expected values."""
    assert read([{"text": "a"}], labelled=False)[0].expected == {}


def test_no_rows_are_told(read: Read) -> None:
    """An empty list is an error with a hint, as an empty file is."""
    with pytest.raises(ConfigError, match="the data holds no rows") as caught:
        read([])

    assert caught.value.hint == "Give a file with one example a row."


def test_an_empty_file_is_told(read: Read, tmp_path: Path) -> None:
    """A file with a header and nothing below holds no rows."""
    with pytest.raises(ConfigError, match="holds no rows"):
        read(file(tmp_path, "rows.csv", "text,label\n"))


def test_what_is_no_row_is_told_by_number(read: Read) -> None:
    """Rows at hand are mappings or Examples."""
    with pytest.raises(ValidationError, match="Row 2 of the data is a str") as caught:
        read([{"text": "a", "label": "film"}, "text"])

    assert caught.value.hint == "Give mappings or Examples."


def test_no_more_rows_are_read_than_wanted(read: Read) -> None:
    """`limit` stops the reading: what comes after is not even looked at."""

    def stream() -> Iterator[dict[str, Any]]:
        yield {"text": "a", "label": "film"}
        raise AssertionError("read too far")

    assert len(read(stream(), limit=1)) == 1


# Identity


def test_ids_are_given_or_made_of_the_row(read: Read) -> None:
    """The data's own ids are kept, as text; a row without one is known by what it says, wherever it stands."""
    rows = [
        {"id": 7, "text": "a", "label": "film"},
        {"text": "b", "label": "book"},
        {"id": "", "text": "c", "stars": 1},
    ]
    given, made, empty = read(rows)

    assert given.id == "7"
    assert made.id == digest([{"text": "b"}, {"label": "book"}])[:16]
    assert empty.id == digest([{"text": "c"}, {"stars": 1}])[:16]


def test_equal_ids_are_told_apart(read: Read) -> None:
    """Each row is scored once, so no two may share an id, not even with an id that looks like one made here."""
    ids = ["a", "a", "a~2", "a", "a~2~2"]
    found = [each.id for each in read([{"id": each, "text": str(at), "label": "film"} for at, each in enumerate(ids)])]

    assert found == ["a", "a~2", "a~2~2", "a~3", "a~2~2~2"]
    assert len(set(found)) == 5


def test_rows_that_say_the_same_are_two_rows(read: Read) -> None:
    """A row given twice counts twice."""
    found = read([{"text": "a", "label": "film"}] * 2)

    assert len({each.id for each in found}) == 2


# Examples


def test_examples_are_taken_as_they_are(read: Read) -> None:
    """An Example says itself what is an input and what is expected."""
    example = Example("e", {"text": "a"}, {"label": "film"})

    assert read([example]) == (example,)


def test_an_expected_value_never_takes_the_place_of_an_input(lab: Any) -> None:
    """Where input and output have one name, an Example keeps both; a column of that name is the input."""
    kernel = lab.kernel()
    compiled, registry = kernel.compile(Rewriter), kernel.plugins.registry
    example = Example("e", {"text": "a"}, {"text": "A"})

    assert examples_of([example], compiled, registry) == (example,)
    (row,) = examples_of([{"text": "a"}], compiled, registry, labelled=False)
    assert (row.inputs, row.expected) == ({"text": "a"}, {})


# Sources


def test_a_file_no_plugin_reads_is_told_with_those_that_are(lab: Any) -> None:
    """The suffix decides; the message lists what can be read."""
    with pytest.raises(ConfigError, match=r"rows\.parquet is not a kind of file") as caught:
        open_dataset("rows.parquet", lab.kernel().plugins.registry)

    assert caught.value.hint
    assert ".csv" in caught.value.hint
    assert ".jsonl" in caught.value.hint


def test_without_a_reader_the_missing_plugin_is_named(tmp_path: Path) -> None:
    """Nothing installed reads files: the message says what to install."""
    with pytest.raises(ConfigError) as caught:
        open_dataset("rows.csv", Registry())

    assert "pip install elixirml-datasets" in str(caught.value)


def test_a_named_set_is_opened_by_its_split(read: Read) -> None:
    """`name:split` asks the plugin of that name; a path with a colon is a path where no set has its name."""
    read.registry.offer("datasets", "planted", Planted())

    assert read("planted:test")[0].inputs == {"text": "test"}
    with pytest.raises(ConfigError, match="unplanted:test is not a kind of file"):
        read("unplanted:test")
