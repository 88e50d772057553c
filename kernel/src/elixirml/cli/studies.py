"""`elixirml studies`: what the ledger of this project knows."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from elixirml.cli.options import home_option, json_option, quiet_option
from elixirml.cli.output import counted, print_json, table
from elixirml.errors import ConfigError, closest
from elixirml.identity import Json
from elixirml.studies.ledger import Ledger, StudyEntry

__all__ = ["studies"]


@click.group(epilog="Example: elixirml studies list")
def studies() -> None:
    """List and show past studies."""


def _entries(home: str) -> list[tuple[StudyEntry, int, int]]:
    path = Path(home) / "ledger.sqlite3"
    if not path.exists():
        return []
    with Ledger(path) as ledger:
        return [(each, *ledger.count(each.id)) for each in ledger.studies()]


def _json(entry: StudyEntry, rows: int, replies: int) -> dict[str, Json]:
    return {
        "study": entry.id,
        "status": entry.status,
        "started": entry.started,
        "seconds": entry.seconds,
        "rows": rows,
        "replies": replies,
        "question": dict(entry.header),
        "result": None if entry.result is None else dict(entry.result),
    }


@studies.command("list", epilog="Example: elixirml studies list --json")
@home_option
@json_option
@quiet_option
def list_(*, home: str, as_json: bool, quiet: bool) -> None:
    """List the studies and evaluations of this project, the newest first."""
    found = _entries(home)
    if as_json:
        print_json({"studies": [_json(*each) for each in found]})
        return
    if found:
        rows = [
            [entry.id, entry.status, _day(entry), f"{entry.seconds:.0f} s", str(count), _outcome(entry)]
            for entry, count, _ in found
        ]
        click.echo(table(rows, header=["study", "status", "started", "ran", "rows", "outcome"]))
    elif not quiet:
        click.echo(f"No studies in {home} yet. Start one: elixirml optimize PROGRAM --train FILE", err=True)


def _day(entry: StudyEntry) -> str:
    return datetime.fromtimestamp(entry.started).astimezone().strftime("%Y-%m-%d %H:%M")


def _outcome(entry: StudyEntry) -> str:
    """Return a verdict, or the means of an evaluation."""
    result = entry.result or {}
    means = [f"{name} {found['mean']:.3g}" for name, found in result.get("metrics", {}).items()]
    return str(result.get("verdict") or ", ".join(means) or "-")


@studies.command("show", epilog="Example: elixirml studies show QA-1a2b3c4d --json")
@click.argument("study", metavar="STUDY")
@home_option
@json_option
@quiet_option
def show(*, study: str, home: str, as_json: bool, quiet: bool) -> None:
    """Show one study: what was asked, and what was found. With --json, every candidate too."""
    _ = quiet
    found = {entry.id: (entry, rows, replies) for entry, rows, replies in _entries(home)}
    if study not in found:
        near = closest(study, found)
        raise ConfigError(
            f"There is no study `{study}` in {home}.",
            hint=f"Did you mean `{near}`?" if near else "See `elixirml studies list`.",
        )
    if as_json:
        print_json(_json(*found[study]))
        return
    for title, text in _facts(*found[study]):
        click.echo(f"{title:<14}{text}")


def _facts(entry: StudyEntry, rows: int, replies: int) -> Iterator[tuple[str, str]]:
    yield "study", entry.id
    yield "status", f"{entry.status}, started {_day(entry)}, ran {entry.seconds:.0f} s"
    yield "kept", f"{counted(rows, 'scored row')}, {replies} model replies"
    for name in ("program", "metric", "teleprompter", "seed"):
        if name in entry.header:
            yield name, str(entry.header[name])
    budget: dict[str, Any] = entry.header.get("budget") or {}
    limits = [f"{name}={value:g}" for name, value in budget.items() if value is not None]
    if limits:
        yield "budget", ", ".join(limits)
    yield "outcome", _outcome(entry)
    result = entry.result or {}
    for name in ("baseline", "tuned"):
        if name in result:
            yield name, _interval(result[name])
    for note in result.get("notes", ()):
        yield "note", str(note)


def _interval(found: dict[str, Any]) -> str:
    """Return a mean with its interval, in the metric's own unit: the ledger does not know how it is written."""
    ends = "" if found["low"] is None else f" ({found['low']:.3g} to {found['high']:.3g})"
    return f"{found['mean']:.3g}{ends} on {counted(found['n'], 'example')}"
