"""`elixirml studies`: what the ledger of this project knows."""

from datetime import datetime
from pathlib import Path

import click

from elixirml.cli.options import home_option, json_option
from elixirml.cli.output import print_json, table
from elixirml.errors import ConfigError, did_you_mean
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
def list_(*, home: str, as_json: bool) -> None:
    """List the studies and evaluations of this project, the newest first."""
    found = _entries(home)
    if as_json:
        print_json({"studies": [_json(*each) for each in found]})
        return
    if not found:
        click.echo(f"No studies in {home} yet. Start one: elixirml optimize PROGRAM --train FILE")
        return
    rows = [
        [
            entry.id,
            entry.status,
            datetime.fromtimestamp(entry.started).astimezone().strftime("%Y-%m-%d %H:%M"),
            f"{entry.seconds:.0f} s",
            str(count),
            str((entry.result or {}).get("verdict", "-")),
        ]
        for entry, count, _ in found
    ]
    click.echo(table(rows, header=["study", "status", "started", "ran", "rows", "verdict"]))


@studies.command("show", epilog="Example: elixirml studies show QA-1a2b3c4d")
@click.argument("study")
@home_option
def show(*, study: str, home: str) -> None:
    """Show one study, as JSON: what was asked, and what was found."""
    found = {entry.id: (entry, rows, replies) for entry, rows, replies in _entries(home)}
    if study not in found:
        raise ConfigError(f"There is no study `{study}` in {home}.", hint=did_you_mean(study, found))
    print_json(_json(*found[study]))
