"""Rows to examples: which columns a program takes, which ones it should answer, and what is wrong with them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from elixirml.contracts.dataset import Dataset, DatasetSource
from elixirml.contracts.dataset import Row as DataRow
from elixirml.contracts.metric import Example
from elixirml.contracts.schema import Field, Schema
from elixirml.errors import ConfigError, Problem, ValidationError, did_you_mean
from elixirml.identity import digest
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
        name, rows = dataset.name, dataset.stream()
    else:
        name, rows = "the data", _at_hand(source)
    reader = _Reader(compiled, name)
    examples = [reader.read(row) for row in islice(rows, limit)]
    reader.finish(labelled=labelled)
    return tuple(each for each in examples if each is not None)


def _at_hand(source: Iterable[Any]) -> Iterator[DataRow]:
    for number, each in enumerate(source, 1):
        if isinstance(each, Example):
            yield DataRow(number, {"id": each.id, **each.inputs, **each.expected})
        elif isinstance(each, Mapping):
            yield DataRow(number, each)
        else:
            raise ValidationError(
                f"Row {number} of the data is a {type(each).__name__}.", problems=(), hint="Give mappings or Examples."
            )


class _Reader:
    """Reads the rows of one dataset, collecting what is wrong."""

    def __init__(self, compiled: CompiledProgram, name: str) -> None:
        self._name = name
        self._inputs = {each.name: each for each in compiled.inputs.fields}
        self._outputs = {each.name: each for each in compiled.output.fields if each.name not in self._inputs}
        self._schema: Schema = compiled.inputs
        self._problems: list[Problem] = []
        self._seen: dict[str, int] = {}
        self._labelled = 0
        self._columns: set[str] = set()
        self._count = 0

    def read(self, row: DataRow) -> Example | None:
        self._count += 1
        self._columns |= set(row.values)
        inputs = {name: _typed(row.values[name], each) for name, each in self._inputs.items() if name in row.values}
        expected = {
            name: _typed(row.values[name], each)
            for name, each in self._outputs.items()
            if row.values.get(name) is not None
        }
        before = len(self._problems)
        self._check(row.number, inputs, expected)
        if len(self._problems) > before:
            return None
        self._labelled += bool(expected)
        return Example(self._identity(row, inputs, expected), inputs, expected)

    def _check(self, number: int, inputs: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
        try:
            self._schema.validate(inputs)
        except ValidationError as error:
            where = f"row {number}"
            self._problems.extend(Problem((where, *each.path), each.code, each.message) for each in error.problems)
        for name, value in expected.items():
            choices = self._outputs[name].choices
            if choices and value not in choices:
                hint = did_you_mean(str(value), choices)
                self._problems.append(Problem((f"row {number}", name), "choice", f"`{value}` is no label. {hint}"))

    def _identity(self, row: DataRow, inputs: Mapping[str, Any], expected: Mapping[str, Any]) -> str:
        given = row.values.get("id")
        made = str(given) if given is not None else digest([dict(inputs), dict(expected)])[:16]
        self._seen[made] = self._seen.get(made, 0) + 1
        return made if self._seen[made] == 1 else f"{made}~{self._seen[made]}"

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


def _typed(value: Any, each: Field) -> Any:
    """Return a text as the declared number or boolean, when it is one; anything else as it is."""
    if not isinstance(value, str):
        return value
    kind = each.schema.get("type")
    text = value.strip()
    try:
        if kind == "integer":
            return int(text)
        if kind == "number":
            return float(text)
    except ValueError:
        return value
    if kind == "boolean" and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    return value
