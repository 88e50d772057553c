"""Plugins as people and machines read them: tables, facts, JSON. Secrets are shown as `***`."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import click

from elixirml.contracts.contribution import Contribution
from elixirml.plugins.masking import masked
from elixirml.plugins.records import PluginRecord
from elixirml.plugins.transfer import record_to

__all__ = [
    "as_json",
    "call_json",
    "call_rows",
    "facts",
    "offered_lines",
    "plugin_rows",
    "table",
    "write_json",
]

_WIDEST: Final = 60
"""Characters of a cell; `elixirml plugins show NAME` and `--json` cut nothing off."""

_RIGHT: Final = frozenset({"MS", "RESULTS"})


def write_json(content: Mapping[str, Any]) -> None:
    """Print one JSON object on standard output."""
    click.echo(json.dumps(content, indent=2, ensure_ascii=False))


def as_json(record: PluginRecord, *, details: bool = False) -> dict[str, Any]:
    """Return a record for machines.

    Args:
        record: What became of a plugin.
        details: Describe each contribution, instead of naming it.
    """
    data = record_to(record)
    calls, notices = data.pop("calls"), data.pop("notices")
    offered = {
        kind: [_described(each) if details else each.name for each in found]
        for kind, found in record.contributions.items()
    }
    return {**data, "contributions": offered, "notices": notices, **({"calls": calls} if details else {})}


def call_json(record: PluginRecord) -> Iterator[dict[str, Any]]:
    """Yield the import of a plugin and the calls of its hooks, for machines."""
    common = {"plugin": record.name, "distribution": record.candidate.distribution}
    yield {**common, "call": "import", "results": len(record.hooks), "ms": _import_ms(record), "error": _fault(record)}
    for each in record.calls:
        gave = [_described(found) for found in _given(record, each.hook)]
        yield {
            **common, "call": each.hook, "results": each.results, "ms": each.ms, "error": each.error, "gave": gave,
        }  # fmt: skip


def call_rows(record: PluginRecord) -> Iterator[Sequence[str]]:
    """Yield the import of a plugin and the calls of its hooks, as rows of a table."""
    ms = f"{_import_ms(record):.2f}" if record.load_ms else ""
    yield record.name, "import", "", ms, _fault(record) or ", ".join(record.hooks)
    for each in record.calls:
        names = ", ".join(_with_options(found) for found in _given(record, each.hook))
        yield record.name, each.hook, str(each.results), f"{each.ms:.2f}", each.error or _clipped(names)


def plugin_rows(records: Sequence[PluginRecord], *, kind: str | None = None) -> Iterator[Sequence[str]]:
    """Yield plugins as rows of a table, of what they offer only one kind if so wanted."""
    for record in records:
        candidate = record.candidate
        time = f"{record.load_ms:.1f}" if record.load_ms else ""
        offers = "; ".join(
            f"{each}: {', '.join(found.name for found in offered)}"
            for each, offered in record.contributions.items()
            if offered and kind in {None, each}
        )
        remarks = [record.reason, *(each.message for each in record.notices), _clipped(offers)]
        last = "; ".join(filter(None, remarks))
        yield record.name, candidate.distribution, candidate.version, str(record.status), time, last


def facts(record: PluginRecord) -> Iterator[tuple[str, str]]:
    """Yield what is known about a plugin, each with its title."""
    candidate = record.candidate
    yield "name", record.name
    yield "distribution", f"{candidate.distribution} {candidate.version}".strip()
    yield "module", candidate.target
    yield "status", f"{record.status} ({record.load_ms:.1f} ms)" if record.load_ms else str(record.status)
    notices = [(each.message, each.mend) for each in record.notices]
    for reason, mend in [(record.reason, record.hint), *notices]:
        yield from ((title, text) for title, text in (("reason", reason), ("mend it", mend)) if text)
    if record.hooks:
        yield "hooks", ", ".join(record.hooks)
    for section in record.contributions.get("configurations", ()):
        yield "settings", f"[plugins.{section.name}], shown by: elixirml config show {section.name}"


def offered_lines(record: PluginRecord) -> Iterator[str]:
    """Yield what a plugin offers, kind by kind."""
    for kind, contributions in record.contributions.items():
        yield f"\n{kind}"
        for each in contributions:
            yield f"  {each.name:<20}  {each.summary}  ({each.target})"
            yield from (f"  {'':<20}  {key} = {_value(value)}" for key, value in masked(each.options).items())


def table(rows: Sequence[Sequence[str]] | Iterator[Sequence[str]], *, header: Sequence[str]) -> str:
    """Return an aligned table; numbers stand at the right of their columns, and empty cells are dashes."""
    lines = [header, *([cell or "-" for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if title in _RIGHT else cell.ljust(width)
            for title, cell, width in zip(header, line, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def _described(contribution: Contribution) -> dict[str, Any]:
    return {
        "name": contribution.name,
        "summary": contribution.summary,
        "target": contribution.target,
        "options": masked(contribution.options),
    }


def _with_options(contribution: Contribution) -> str:
    options = ", ".join(f"{key}={_value(value)}" for key, value in masked(contribution.options).items())
    return f"{contribution.name} ({options})" if options else contribution.name


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _given(record: PluginRecord, hook: str) -> tuple[Contribution, ...]:
    return record.contributions.get(hook.removeprefix("register_"), ())


def _import_ms(record: PluginRecord) -> float:
    return round(max(0.0, record.load_ms - sum(each.ms for each in record.calls)), 3)


def _fault(record: PluginRecord) -> str:
    """Return why a plugin was not imported; what a hook did wrong stands with its call."""
    return "" if record.calls else record.reason


def _clipped(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
