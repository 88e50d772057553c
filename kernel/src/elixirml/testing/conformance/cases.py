"""Case tables: rows of input and expected outcome, tried on a capability.

A table is a file of JSON lines; each row has `id`, `input`, `expected` and, in words, `why`. What a row asks shows in
its input: a reply to read, a reply in pieces, a prediction to score. Adapters and metrics are asked through their
contracts. For what a contract has no words for, a plugin has a module `cases` with a function `judged`; see
`CaseJudge`. Rows that the capability cannot be asked, such as those of another format or metric, are skipped.
"""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from math import isclose
from pathlib import Path
from typing import Any, Final, Protocol, cast

from attrs import frozen

from elixirml.contracts.adapter import Adapter, FormatCall, StreamingAdapter
from elixirml.contracts.language_model import Capability, ModelResponse
from elixirml.contracts.metric import Example, Metric
from elixirml.contracts.predictor import Prediction
from elixirml.contracts.schema import Field
from elixirml.contracts.signature import Signature
from elixirml.contracts.stream import FieldDelta
from elixirml.errors import ConfigError, ParseError
from elixirml.testing.conformance.metric import judgement
from elixirml.testing.conformance.suite import NotApplicable, Outcome, expect, outcome_of
from elixirml.testing.conformance.variables import default_options
from elixirml.variables import Choice

__all__ = ["CaseJudge", "cases_of", "read_cases", "same", "signature_of"]

Row = Mapping[str, Any]


class CaseJudge(Protocol):
    """What a plugin has as `<package>.cases.judged`, for rows that its contracts have no words for."""

    def __call__(self, name: str, asked: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return what a capability makes of the input of a row, in the words of `expected`.

        Args:
            name: The capability's name.
            asked: The row's input.

        Returns:
            The outcome, or None when the row is not for this capability.
        """
        ...


_LONGEST: Final = 300
_SETTINGS: Final = ("rel_tol", "abs_tol")
"""Settings of metrics that rows have."""
_FORMATS: Final = frozenset({"sections", "json", "xml"})


def read_cases(path: Path) -> tuple[Row, ...]:
    """Return the rows of a table.

    Raises:
        ConfigError: The file cannot be read, or a line is no case.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The cases {path} cannot be read: {error}", hint="Give a file of JSON lines.") from error
    return tuple(_row(path, number, line) for number, line in enumerate(lines, 1) if line.strip())


def _row(path: Path, number: int, line: str) -> Row:
    try:
        row: Any = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict) or not {"id", "input", "expected"} <= cast("dict[str, Any]", row).keys():
        raise ConfigError(
            f"{path}, line {number}, is no case.", hint='Each line is an object with "id", "input" and "expected".'
        )
    return cast("Row", row)


def cases_of(
    kind: str, name: str, subject: object, rows: Sequence[Row], *, judge: CaseJudge | None = None
) -> tuple[Outcome, ...]:
    """Try every row of a table on a capability.

    Args:
        kind: Of capability, such as `adapters`.
        name: The capability's name; rows of other formats and metrics are skipped.
        subject: The capability.
        rows: The table.
        judge: What the plugin itself says of rows; it is asked first.
    """

    def check(row: Row) -> None:
        found = None if judge is None else judge(name, row["input"])
        if found is not None:
            _expect_agreement(found, row["expected"])
        elif kind == "adapters":
            _check_adapter(name, cast("Adapter", subject), row)
        elif kind == "metrics":
            _check_metric(name, cast("Metric", subject), row)
        else:
            raise NotApplicable("The plugin has no module `cases` whose function `judged` knows the row.")

    return tuple(outcome_of(str(row["id"]), str(row.get("why", "")), partial(check, row)) for row in rows)


def signature_of(schema: Mapping[str, Any]) -> Signature:
    """Return the task whose outputs are the properties of an object schema."""
    required = set(schema.get("required", ()))
    properties: Mapping[str, Mapping[str, Any]] = schema.get("properties", {})
    outputs = (
        Field(
            name,
            object,
            {key: value for key, value in inner.items() if key != "default" or name in required},
            required=name in required,
            default=inner.get("default"),
        )
        for name, inner in properties.items()
    )
    return Signature("case", "", (), tuple(outputs))


def same(found: Any, expected: Any) -> bool:
    """Return whether two JSON values are equal: numbers by value, truth values never as numbers."""
    if isinstance(found, bool) or isinstance(expected, bool):
        return found is expected
    if isinstance(found, (int, float)) and isinstance(expected, (int, float)):
        whole = isinstance(found, int) and isinstance(expected, int)
        return found == expected if whole else isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12)
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(same, found, expected))  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(found, dict) and isinstance(expected, dict):
        shared = found.keys() & expected.keys()  # pyright: ignore[reportUnknownVariableType]
        return len(shared) == len(found) == len(expected) and all(same(found[key], expected[key]) for key in shared)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return bool(found == expected)


def _expect_same(found: Any, expected: Any) -> None:
    expect(same(found, expected), f"expected {_shown(expected)}, found {_shown(found)}")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


@frozen
class _Reading:
    """An adapter set to read the replies of one row."""

    adapter: Adapter
    signature: Signature
    options: Mapping[str, Any]

    @classmethod
    def of(cls, name: str, adapter: Adapter, asked: Row) -> "_Reading":
        signature = signature_of(asked["schema"])
        wanted = asked.get("format") or ("sections" if "marker" in asked else None)
        if wanted in _FORMATS and name in _FORMATS and wanted != name:
            raise NotApplicable(f"The row is of the format {wanted}.")
        if not adapter.suits(signature):
            raise NotApplicable("The adapter does not suit the row's schema.")
        reading = cls(adapter, signature, default_options(adapter.variables(signature)))
        return reading._marked(asked["marker"]) if "marker" in asked else reading

    def _marked(self, marker: Mapping[str, str | None]) -> "_Reading":
        """Return the same with the row's header, where the adapter has it among its settings."""
        template = str(marker["template"])
        shown = template.replace("{name}", "name")
        for each in self.adapter.variables(self.signature):
            if isinstance(each, Choice) and shown in each.options:
                found = _Reading(self.adapter, self.signature, {**self.options, each.name: shown})
                if found.ends_with(template, marker["end"]):
                    return found
        raise NotApplicable(f"The adapter has no header like {template} that ends with {marker['end']!r}.")

    def ends_with(self, template: str, end: str | None) -> bool:
        """Return whether the adapter's own closing header is the row's: it stops the model there."""
        call = FormatCall(self.signature, {}, options=self.options, capabilities=frozenset(Capability))
        stops = self.adapter.format(call).stop
        return end is None if not stops else end is not None and template.replace("{name}", end) in stops

    def outcome(self, reply: str | None) -> dict[str, Any]:
        """Return what parsing comes to, in the table's words."""
        try:
            fields = self.adapter.parse(self.signature, ModelResponse(reply or ""), options=self.options)
        except ParseError as error:
            return {"error": error.failure, **({"path": list(error.path)} if error.path else {})}
        return {"ok": {name: value for name, value in fields.items() if value is not None or name not in self._open()}}

    def _open(self) -> set[str]:
        """Return the optional fields without a default: a contract gives them one of None, a table leaves them out."""
        return {each.name for each in self.signature.outputs if not each.required and each.default is None}

    def streamed(self, chunks: Sequence[str]) -> dict[str, Any]:
        """Return what streaming tells and parsing comes to, in the table's words."""
        if not isinstance(self.adapter, StreamingAdapter):
            raise NotApplicable("It is no StreamingAdapter.")
        parser = self.adapter.stream_parser(self.signature, options=self.options)
        deltas: list[FieldDelta] = [*(each for chunk in chunks for each in parser.feed(chunk)), *parser.close()]
        fields: dict[str, str] = {}
        for each in deltas:
            fields[each.field] = fields.get(each.field, "") + each.text
        last = [each.field for each in deltas if each.last]
        return {"fields": fields, "last": sorted(last), **self.outcome("".join(chunks))}


def _check_adapter(name: str, adapter: Adapter, row: Row) -> None:
    asked = row["input"]
    if "schema" not in asked:
        raise NotApplicable("The row is of no table of adapters.")
    reading = _Reading.of(name, adapter, asked)
    if "chunks" in asked:
        expected = row["expected"]
        _expect_same(reading.streamed(asked["chunks"]), {**expected, "last": sorted(expected["last"])})
    else:
        parts = asked.get("reply_parts")
        reply = asked.get("reply") if parts is None else "".join(text * times for text, times in parts)
        _expect_same(reading.outcome(reply), row["expected"])


def _expect_agreement(found: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Refuse another outcome; the order of `errors` is free, and a `value` counts only where the row has one."""
    names = (found.keys() | expected.keys()) - ({"value"} if "value" not in expected else set())
    for name in sorted(names):
        pair = found.get(name), expected.get(name)
        _expect_same(*(map(_listed, pair) if name == "errors" else pair))


def _listed(errors: Sequence[Mapping[str, Any]] | None) -> list[str]:
    """Return errors as sorted texts: their order is free, and repeats show."""
    return sorted(json.dumps(each, sort_keys=True) for each in errors or ())


def _check_metric(name: str, metric: Metric, row: Row) -> None:
    asked = row["input"]
    if _metric_of(asked) != name:
        raise NotApplicable(f"The row is of {asked.get('metric')}.")
    example = Example(str(row["id"]), {}, {"answer": asked["gold"]})
    found = judgement(_set(metric, asked), example, Prediction({"answer": asked["prediction"]})).value
    expected: Any = row["expected"]["value"]
    _expect_same(found, expected if isinstance(expected, (int, float)) else expected["f1"])


def _set(metric: Metric, asked: Row) -> Metric:
    """Return the metric with the row's own settings, such as tolerances."""
    settings = {name: asked[name] for name in _SETTINGS if name in asked}
    if not settings:
        return metric
    try:
        made: Metric = type(metric)(**settings)
    except TypeError:
        raise NotApplicable(f"The metric takes no {', '.join(settings)}.") from None
    return made


def _metric_of(asked: Mapping[str, Any]) -> object:
    """Return the metric a row is of; variants have names of their own."""
    named = {"rouge1": "rouge1", "rouge2": "rouge2", "rougeL": "rouge_l"}
    return named.get(str(asked.get("variant")), asked.get("metric"))
