"""Tests of the file formats: what is read, in which order, and what is said when it cannot be."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elixirml.contracts import DatasetSource, Row
from elixirml.errors import ConfigError, ElixirError, ValidationError
from elixirml_datasets.csv_table import CsvTable
from elixirml_datasets.json_list import JsonList
from elixirml_datasets.jsonl import JsonLines

FORMATS: list[DatasetSource] = [JsonLines(), JsonList(), CsvTable()]
KEYS = st.sampled_from(["text", "label", "n"])
VALUES = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text(), max_size=2)
RECORDS = st.lists(st.dictionaries(KEYS, VALUES), min_size=1, max_size=5)
# Line breaks of a table are those of its platform: a lone carriage return inside a cell cannot be told from one.
CELLS = st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"]))


def source_of(path: Path) -> DatasetSource:
    """Return the format that claims a file."""
    return next(each for each in FORMATS if path.suffix in each.suffixes)


def rows_of(path: Path, content: str | bytes) -> list[Row]:
    """Return the rows of a file with this content."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(source_of(path).open(str(path)).stream())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", '{"text": "x"}\n\n{"text": "y"}'),
        ("a.ndjson", '{"text": "x"}\r\n\r\n{"text": "y"}\r\n'),
        ("a.json", '[{"text": "x"},\n\n{"text": "y"}]\n'),
        ("a.csv", "text\nx\ny\n"),
        ("a.tsv", 'text\r\n"x"\r\ny\r\n'),
        ("bom.jsonl", b'\xef\xbb\xbf{"text": "x"}\n\n{"text": "y"}'),
        ("bom.csv", b"\xef\xbb\xbftext\nx\ny"),
    ],
)
def test_rows_come_in_order_with_their_line(tmp_path: Path, name: str, content: str | bytes) -> None:
    """Every format gives the same rows in the order of the file, each with the line where it stands."""
    first, second = rows_of(tmp_path / name, content)
    assert (first.values, second.values) == ({"text": "x"}, {"text": "y"})
    table = name.endswith(("csv", "tsv"))
    assert (first.number, second.number) == ((2, 3) if table else (1, 3))


def test_a_dataset_is_read_anew_each_time_and_named_after_its_file(tmp_path: Path) -> None:
    """Streams are independent: two readers at once see all rows."""
    path = tmp_path / "train.jsonl"
    path.write_text('{"n": 1}\n{"n": 2}\n')
    dataset = JsonLines().open(str(path))
    pairs = list(zip(dataset.stream(), dataset.stream(), strict=True))
    assert [one == other for one, other in pairs] == [True, True]
    assert dataset.name == "train.jsonl"


def test_rows_are_read_lazily(tmp_path: Path) -> None:
    """A mistake far down the file does not keep the rows before it from being read."""
    path = tmp_path / "long.jsonl"
    path.write_text('{"n": 1}\n' * 1000 + "oops\n")
    stream = JsonLines().open(str(path)).stream()
    assert [next(stream).number for _ in range(1000)] == list(range(1, 1001))
    with pytest.raises(ValidationError, match="line 1001"):
        next(stream)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.jsonl", '{"a": 1}\n{"a": 1,}\n', ["line 2", "not JSON", "column 9", '{"a": 1,}']),
        ("a.jsonl", '{"a": 1}\n[1]\n', ["line 2", "object in braces", "[1]"]),
        ("a.jsonl", '{"a": NaN}', ["line 1", "NaN"]),
        ("a.jsonl", '{"a": 1, "a": 2}', ["line 1", "`a` is given twice"]),
        ("a.jsonl", "[" * 100_000, ["line 1", "nested too deeply"]),
        ("a.jsonl", f'{{"a": {"9" * 5000}}}', ["line 1", "not JSON"]),
        ("a.jsonl", '{"a": "' + "x" * 500, ["line 1", "xxx..."]),
        ("a.json", '{"a": 1}', ["line 1", "list in brackets"]),
        ("a.json", '[{"a": 1}\n{"a": 2}]', ["line 2", "comma"]),
        ("a.json", '[{"a": 1},\n {"a": 2,\n "b" 3}]', ["line 3", "not JSON", "3}"]),
        ("a.json", '[{"a": 1},\n 7]', ["line 2", "object in braces"]),
        ("a.json", '[{"a": 1}]\nmore', ["line 2", "nothing after"]),
        ("a.json", '[{"a": 1},', ["line 1", "not JSON"]),
        ("a.csv", "a,b\n1,2\n3\n", ["line 3", "expected 2 values", "got 1"]),
        ("a.csv", 'a,b\n"1\n1",2\n3,4,5\n', ["line 4", "got 3"]),
        ("a.csv", 'a,b\n1,"2\n', ["line 2", "not a row"]),
        ("a.csv", "a,a\n1,2\n", ["line 1", "two columns are named `a`"]),
        ("a.csv", "a,\n1,2\n", ["line 1", "no name"]),
        ("a.csv", "a;b\n1;2\n", ["line 1", "';'", "commas"]),
        ("a.csv", b"a\nx\ncaf\xe9\n", ["line 3", "0xe9", "iconv -f LATIN1"]),
        ("a.jsonl", '{"a": 1}'.encode("utf-16"), ["line 1", "UTF-16", "iconv -f UTF-16"]),
    ],
)
def test_a_bad_row_is_named_with_file_line_and_text(tmp_path: Path, name: str, content: Any, words: list[str]) -> None:
    """Whoever wrote the file finds the place at once: file, line, what is wrong, how it reads."""
    with pytest.raises(ValidationError) as caught:
        rows_of(tmp_path / name, content)
    assert all(word in str(caught.value) for word in [name, *words]), str(caught.value)
    assert len(str(caught.value)) < 400 + len(str(tmp_path)) * 2
    assert caught.value.problems[0].path[0] == words[0]


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.jsonl", ""), ("a.jsonl", "\n \n"), ("a.json", ""), ("a.json", " [ ] "), ("a.csv", ""), ("a.csv", "a,b\n")],
)
def test_a_file_without_rows_is_refused(tmp_path: Path, name: str, content: str) -> None:
    """An empty file is a mistake that is found when it is opened, not a study of nothing."""
    with pytest.raises(ConfigError, match="holds no rows"):
        rows_of(tmp_path / name, content)


@pytest.mark.parametrize("source", FORMATS, ids=lambda each: each.suffixes[0])
def test_a_missing_file_is_answered_with_the_nearest_name(tmp_path: Path, source: DatasetSource) -> None:
    """A slip in the name is answered with the file that was meant."""
    near = f"train{source.suffixes[0]}"
    (tmp_path / near).write_text("")
    with pytest.raises(ConfigError) as caught:
        source.open(str(tmp_path / f"trian{source.suffixes[0]}"))
    assert f"Did you mean {tmp_path / near}?" in str(caught.value)


@pytest.mark.parametrize(("location", "words"), [("", "is a folder"), ("no/x.csv", "no folder"), ("x.csv", "no file")])
def test_what_is_no_file_is_refused(tmp_path: Path, location: str, words: str) -> None:
    """A folder, a missing folder and a missing file are three different mistakes."""
    with pytest.raises(ConfigError, match=words):
        CsvTable().open(str(tmp_path / location))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=RECORDS)
def test_json_reads_back_what_was_written(tmp_path: Path, records: list[dict[str, Any]]) -> None:
    """Any objects, written as lines or as a list, laid out or not, come back the same."""
    texts = {
        "a.jsonl": "\n".join(json.dumps(each, ensure_ascii=False) for each in records),
        "a.json": json.dumps(records),
        "b.json": json.dumps(records, indent=2),
    }
    for name, text in texts.items():
        assert [each.values for each in rows_of(tmp_path / name, text)] == records


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5), dialect=st.sampled_from(["excel", "excel-tab"]))
def test_tables_read_back_what_was_written(tmp_path: Path, rows: list[tuple[str, str]], dialect: str) -> None:
    """Any texts survive a table, line breaks, quotes and separators included; all values stay text."""
    written = io.StringIO()
    csv.writer(written, dialect=dialect).writerows([("text", "label"), *rows])
    path = tmp_path / ("a.csv" if dialect == "excel" else "a.tsv")
    found = rows_of(path, written.getvalue())
    assert [tuple(each.values.values()) for each in found] == rows
    assert [each.number for each in found] == sorted({each.number for each in found})


@given(content=st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv"])
def test_no_content_crashes_a_reader(tmp_path: Path, name: str, content: bytes) -> None:
    """Whatever bytes a file holds, the answer is rows or an error of ElixirML."""
    try:
        rows_of(tmp_path / name, content)
    except ElixirError as error:
        assert str(error)  # noqa: PT017 - both ways out are right
