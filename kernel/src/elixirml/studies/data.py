"""Rows to examples: which columns a program takes, which ones it should answer, and what is wrong with them."""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, cast

from attrs import frozen

from elixirml.contracts.dataset import Dataset, DatasetSource
from elixirml.contracts.metric import Example
from elixirml.contracts.schema import Field, Schema
from elixirml.errors import ConfigError, Problem, ValidationError, did_you_mean
from elixirml.identity import canonical_json, digest
from elixirml.plugins import Registry
from elixirml.programs.compiled import CompiledProgram

__all__ = ["examples_of", "open_dataset"]

_MOST_PROBLEMS = 10


def open_dataset(source: Any, registry: Registry) -> Dataset:
    """Return the dataset a path or a name stands for.

    Args:
        source: A file, found by its suffix; or `name:split` of a named set.
        registry: What is installed.

    Raises:
        ConfigError: No installed plugin reads it.
    """
    location = str(source)
    name, colon, split = location.partition(":")
    if colon and name in registry.names("datasets"):
        return registry.resolve("datasets", name).open(split)
    suffix = Path(location).suffix.lower()
    formats: dict[str, DatasetSource] = {}
    for each in registry.names("datasets"):
        found = registry.resolve("datasets", each)
        formats.update(dict.fromkeys(found.suffixes, found))
    if suffix in formats:
        return formats[suffix].open(location)
    known = sorted(formats) or ["nothing: pip install elixirml-datasets"]
    raise ConfigError(
        f"{location} is not a kind of file that can be read here (by its suffix `{suffix}`).",
        hint=f"Files that can be read: {', '.join(known)}.",
    )


def examples_of(
    source: Any, compiled: CompiledProgram, registry: Registry, *, labelled: bool = True, limit: int | None = None
) -> tuple[Example, ...]:
    """Return the examples of a file, a named set, or rows at hand.

    Every column that is an input field is given to the program; every column that is an output field is an expected
    value; `id` names the example. Texts of files without types (CSV) are read as the declared type.

    Args:
        source: A path, `name:split`, or an iterable of mappings or `Example`s.
        compiled: The program, whose fields say what columns mean.
        registry: What is installed.
        labelled: Refuse data without a single expected value.
        limit: Read no more than this many rows.

    Raises:
        ConfigError: There is no such file, or it holds no rows.
        ValidationError: Rows do not fit; the first ten problems with their row numbers.
    """
    if isinstance(source, (str, Path)):
        dataset = open_dataset(source, registry)
        name, rows = dataset.name, _read_from(dataset, compiled)
    else:
        name, rows = "the data", _at_hand(source, compiled)
    reader = _Reader(compiled, name)
    examples = [reader.read(row) for row in islice(rows, limit)]
    reader.finish(labelled=labelled)
    return tuple(each for each in examples if each is not None)


@frozen
class _Given:
    """One row: its number, its id if it has one, and the values given for inputs and outputs."""

    number: int
    id: Any
    inputs: Mapping[str, Any]
    expected: Mapping[str, Any]

    @classmethod
    def of_columns(cls, number: int, columns: Mapping[str, Any], compiled: CompiledProgram) -> "_Given":
        """Return the row of a table; a column of an input's name is that input, also where an output has its name."""
        inputs = {each.name for each in compiled.inputs.fields}
        others = {name: value for name, value in columns.items() if name not in inputs}
        return cls(number, columns.get("id"), columns, others)


def _read_from(dataset: Dataset, compiled: CompiledProgram) -> Iterator[_Given]:
    return (_Given.of_columns(row.number, row.values, compiled) for row in dataset.stream())


def _at_hand(source: Iterable[Any], compiled: CompiledProgram) -> Iterator[_Given]:
    for number, each in enumerate(source, 1):
        if isinstance(each, Example):
            yield _Given(number, each.id, each.inputs, each.expected)
        elif isinstance(each, Mapping):
            yield _Given.of_columns(number, cast("Mapping[str, Any]", each), compiled)
        else:
            raise ValidationError(
                f"Row {number} of the data is a {type(each).__name__}.", problems=(), hint="Give mappings or Examples."
            )


class _Reader:
    """Reads the rows of one dataset, collecting what is wrong."""

    def __init__(self, compiled: CompiledProgram, name: str) -> None:
        self._name = name
        self._inputs = {each.name: each for each in compiled.inputs.fields}
        self._outputs = {each.name: each for each in compiled.output.fields}
        self._schema: Schema = compiled.inputs
        self._problems: list[Problem] = []
        self._seen: dict[str, int] = {}
        self._labelled = 0
        self._columns: set[str] = set()
        self._count = 0

    def read(self, row: _Given) -> Example | None:
        self._count += 1
        self._columns |= {*row.inputs, *row.expected}
        inputs = _typed(row.inputs, self._inputs)
        expected = {name: value for name, value in _typed(row.expected, self._outputs).items() if value is not None}
        before = len(self._problems)
        self._check(row.number, inputs, expected)
        if len(self._problems) > before:
            return None
        self._labelled += bool(expected)
        return Example(self._identity(row.id, inputs, expected), inputs, expected)

    def _check(self, number: int, inputs: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
        try:
            self._schema.validate(inputs)
        except ValidationError as error:
            where = f"row {number}"
            self._problems.extend(each.within(where) for each in error.problems)
        for name, value in expected.items():
            choices = self._outputs[name].choices
            if choices and value not in choices:
                hint = did_you_mean(str(value), choices)
                self._problems.append(Problem((f"row {number}", name), "choice", f"`{value}` is no label. {hint}"))
        for name, value in (*inputs.items(), *expected.items()):
            try:
                canonical_json(value)
            except (TypeError, ValueError) as error:
                self._problems.append(Problem((f"row {number}", name), "json", f"expected plain data: {error}"))

    def _identity(self, given: Any, inputs: Mapping[str, Any], expected: Mapping[str, Any]) -> str:
        made = digest([dict(inputs), dict(expected)])[:16] if given is None or given == "" else str(given)
        self._seen[made] = self._seen.get(made, 0) + 1
        if self._seen[made] == 1:
            return made
        # Another row may be called `a~2` by the data itself, so the new name is told apart in turn.
        return self._told_apart(f"{made}~{self._seen[made]}")

    def _told_apart(self, name: str) -> str:
        self._seen[name] = self._seen.get(name, 0) + 1
        return name if self._seen[name] == 1 else self._told_apart(f"{name}~{self._seen[name]}")

    def finish(self, *, labelled: bool) -> None:
        if self._count == 0:
            raise ConfigError(f"{self._name} holds no rows.", hint="Give a file with one example a row.")
        missing = [name for name, each in self._inputs.items() if each.required and name not in self._columns]
        if missing and self._columns:
            raise ValidationError(
                f"{self._name} has no column for the input{'s' if len(missing) > 1 else ''} {', '.join(missing)}.",
                problems=(),
                hint=f"Its columns: {', '.join(sorted(self._columns))}. Rename them, or change the program's inputs.",
            )
        if self._problems:
            shown: Sequence[Problem] = self._problems[:_MOST_PROBLEMS]
            more = len(self._problems) - len(shown)
            raise ValidationError(
                f"{self._name} does not fit the program ({len(self._problems)} problems).",
                problems=shown,
                hint=f"And {more} more." if more else None,
            )
        if labelled and not self._labelled:
            raise ValidationError(
                f"{self._name} has no expected values: no column is an output of the program.",
                problems=(),
                hint=f"Add a column named {' or '.join(self._outputs)}. It has: {', '.join(sorted(self._columns))}.",
            )


def _typed(values: Mapping[str, Any], fields: Mapping[str, Field]) -> dict[str, Any]:
    """Return the values given for fields; an empty cell is none where its field may be left out and takes no text."""
    given = {name: values[name] for name in fields if name in values}
    return {name: _value(value, fields[name]) for name, value in given.items() if not _absent(value, fields[name])}


def _absent(value: Any, each: Field) -> bool:
    return value == "" and not each.required and "string" not in _types(each.schema) and "" not in each.choices


def _types(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the JSON types a schema speaks of, those of its alternatives included."""
    inner = tuple(kind for each in schema.get("anyOf", ()) for kind in _types(each))
    own = schema.get("type", ())
    return (*((own,) if isinstance(own, str) else own), *inner)


def _value(value: Any, each: Field) -> Any:
    """Return a text as what the field declares, when it says that: a number, a truth value, a list, an option."""
    kinds = _types(each.schema)
    if not isinstance(value, str) or "string" in kinds:
        return value
    text = value.strip()
    for option in each.schema.get("enum", ()):
        if not isinstance(option, str) and text == canonical_json(option):
            return option
    for kind, read in _READERS.items():
        if kind in kinds:
            try:
                return read(text)
            except (KeyError, ValueError, RecursionError):
                continue
    return value


def _whole(text: str) -> int:
    return int(_numeral(text))


def _real(text: str) -> float:
    number = float(_numeral(text))
    if not math.isfinite(number):
        raise ValueError(f"{text} is not finite")
    return number


def _numeral(text: str) -> str:
    if "_" in text:  # Python's own way of writing numbers, nobody's data
        raise ValueError(f"{text} is no number")
    return text


def _truth(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


_READERS: Mapping[str, Callable[[str], Any]] = {
    "integer": _whole,
    "number": _real,
    "boolean": _truth,
    "array": json.loads,
    "object": json.loads,
}
