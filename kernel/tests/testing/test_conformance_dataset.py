"""Every rule of datasets is failed by a source that breaks it, and by it alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from elixirml.contracts import Row
from elixirml.errors import ConfigError, Problem, ValidationError
from elixirml.testing.conformance.dataset import DatasetConformance, Sample
from elixirml.testing.conformance.suites import suite_of


class Lines:
    """A dataset as it should be: `text=...` on every line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name: Any = path.name

    def stream(self) -> Iterator[Row]:
        for number, line in enumerate(self.path.read_text().splitlines(), 1):
            if not line.startswith("text="):
                raise ValidationError(self.place(number), problems=[Problem((f"line {number}",), "form", "no text=")])
            yield Row(number, {"text": line.removeprefix("text=")})

    def place(self, number: int) -> str:
        return f"{self.path.name}, line {number}"


class Source:
    """A source as it should be."""

    suffixes: Any = (".lines",)
    dataset: Any = Lines

    def open(self, location: str) -> Any:
        if not Path(location).exists():
            raise ConfigError(f"There is no file {location}.")
        return self.dataset(Path(location))


class BareSuffix(Source):
    suffixes = ("lines",)


class Nameless(Lines):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.name = None


class FromZero(Lines):
    def stream(self) -> Iterator[Row]:
        return (Row(each.number - 1, each.values) for each in super().stream())


class NoColumns(Lines):
    def stream(self) -> Iterator[Row]:
        return (Row(each.number, {}) for each in super().stream())


class Shuffled(Lines):
    read = 0

    def stream(self) -> Iterator[Row]:
        self.read += 1
        reading = self.read
        return (Row(each.number, {**each.values, "read": "x" * min(reading, 2)}) for each in super().stream())


class Shared(Lines):
    under_way: Any = None

    def stream(self) -> Iterator[Row]:
        while True:
            mine = self.under_way = self.under_way or super().stream()
            try:
                row = next(mine)
            except StopIteration:
                self.under_way = None
                return
            yield row


class Unchecked(Source):
    def open(self, location: str) -> Any:
        Path(location).touch()
        return self.dataset(Path(location))


class Vague(Lines):
    def place(self, number: int) -> str:
        return f"{self.path.name} has a bad row"

    def stream(self) -> Iterator[Row]:
        try:
            yield from super().stream()
        except ValidationError as error:
            raise ValidationError(error.message.partition("\n")[0], problems=()) from error


def suite(source: Any = Source, *, dataset: Any = Lines) -> Any:
    return suite_of(
        "datasets",
        type(source.__name__, (source,), {"dataset": dataset}),
        good=lambda _: Sample("rows.lines", "text=one\ntext=two\ntext=three\n"),
        bad=lambda _: Sample("rows.lines", "text=one\ntwo\n", bad_line=2),
    )


RIGHT = suite()
WRONG = {
    "test_suffixes_are_told": suite(BareSuffix),
    "test_a_dataset_has_a_name": suite(dataset=Nameless),
    "test_rows_are_numbered_upwards": suite(dataset=FromZero),
    "test_rows_hold_columns": suite(dataset=NoColumns),
    "test_reading_twice_gives_the_same_rows": suite(dataset=Shuffled),
    "test_streams_are_independent": suite(dataset=Shared),
    "test_what_is_not_there_is_a_config_error": suite(Unchecked),
    "test_a_row_that_cannot_be_read_is_told_with_its_place": suite(dataset=Vague),
}


def test_a_right_source_passes(judge: Any) -> None:
    """Every rule is tried on a right source, and asks nothing that it does not keep."""
    judge.passes(RIGHT)


def test_no_rule_is_without_a_wrong_source(judge: Any) -> None:
    """A rule that nothing can break is no rule."""
    judge.is_complete(WRONG, DatasetConformance)


@pytest.mark.parametrize("rule", WRONG)
def test_a_wrong_source_fails_its_rule_alone(rule: str, judge: Any) -> None:
    """Whoever breaks one promise is told of that one, in words."""
    judge.fails_alone(WRONG[rule], rule)
