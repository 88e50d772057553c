"""The commands `elixirml plugins ...`: what is installed, what is wrong with it, and how to mend it.

`disable` and `enable` import no plugin at all, so that a plugin that breaks everything can always be put out. The other
commands load hook modules behind a guard and import none of the capabilities.
"""

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import click

from elixirml.errors import ConfigError, PluginMissing, closest
from elixirml.plugins.configuration import current_selection, user_file
from elixirml.plugins.discovery import discover
from elixirml.plugins.records import PluginCandidate, PluginRecord, normalised

if TYPE_CHECKING:
    from elixirml.plugins.manager import PluginManager

__all__ = ["plugins"]

_COLUMNS: Final = ("NAME", "DISTRIBUTION", "VERSION", "STATUS", "MS", "OFFERS", "REASON")

_json = click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")


@click.group()
def plugins() -> None:
    """List, check, disable and enable plugins.

    Example: elixirml plugins doctor
    """


@plugins.command("list")
@_json
@click.option("--requirements", is_flag=True, help="One line a distribution, for `pip install -r`.")
def list_(*, as_json: bool, requirements: bool) -> None:
    """Show every installed plugin, what it offers and what became of it.

    Example: elixirml plugins list --json
    """
    if requirements:
        _show_requirements(as_json=as_json)
        return
    manager = _loaded()
    if as_json:
        content = [_as_json(each) for each in manager.records]
        _write_json({"plugins": content, "warnings": list(manager.warnings())})
        return
    _table(_row(each) for each in manager.records)
    for line in manager.warnings():
        click.echo(line, err=True)


@plugins.command()
@click.argument("name")
@_json
def show(name: str, *, as_json: bool) -> None:
    """Show one plugin, by entry name or distribution, with all it offers.

    Example: elixirml plugins show metrics
    """
    record = _loaded()[name]
    if as_json:
        _write_json(_as_json(record, details=True))
        return
    for title, text in _facts(record):
        click.echo(f"{title:<14}{text}")
    for kind, contributions in record.contributions.items():
        click.echo(f"\n{kind}")
        for each in contributions:
            click.echo(f"  {each.name:<20}  {each.summary}  ({each.target})")


@plugins.command()
@_json
@click.pass_context
def doctor(context: click.Context, *, as_json: bool) -> None:
    """Check plugins, their settings and their dependencies; name the command that mends each problem.

    The exit code is 1 when something does not work.

    Example: elixirml plugins doctor
    """
    from elixirml.plugins.diagnosis import Diagnosis, Finding, Severity, diagnose

    try:
        result = diagnose(_loaded())
    except ConfigError as error:
        # Without the settings it is not known which plugins may be imported: nothing is.
        broken = Finding("configuration", Severity.PROBLEM, error.message, error.hint or "mend the file named")
        result = Diagnosis((broken,), ("the plugins: they are loaded only when the settings can be read",))
    if as_json:
        findings = [
            {"subject": each.subject, "severity": each.severity, "message": each.message, "mend": each.mend}
            for each in result.findings
        ]
        _write_json({"healthy": result.healthy, "findings": findings, "not_checked": list(result.not_checked)})
    else:
        for each in result.findings:
            click.echo(f"{each.severity}: {each.message}\n  mend it: {each.mend}")
        for left_out in result.not_checked:
            click.echo(f"not checked: {left_out}")
        click.echo("No problem found." if result.healthy else "Something does not work.")
    context.exit(0 if result.healthy else 1)


@plugins.command()
@click.argument("name")
@_json
def disable(name: str, *, as_json: bool) -> None:
    """Leave a plugin out from now on, by entry name or distribution; no plugin is imported.

    Example: elixirml plugins disable studio
    """
    from elixirml.plugins import editing

    _switch(name, editing.disable, as_json=as_json)


@plugins.command()
@click.argument("name")
@_json
def enable(name: str, *, as_json: bool) -> None:
    """Take back `disable`; no plugin is imported.

    Example: elixirml plugins enable studio
    """
    from elixirml.plugins import editing

    _switch(name, editing.enable, as_json=as_json)


def _switch(name: str, edit: Callable[..., bool], *, as_json: bool) -> None:
    candidates = _named(name)
    path = user_file(os.environ)
    changed = edit(path, candidates, name=name)
    states = [(each, *_state(each)) for each in candidates]
    if as_json:
        now = [
            {"name": each.entry_name, "distribution": each.distribution, "enabled": enabled, "reason": reason}
            for each, enabled, reason in states
        ]
        _write_json({"file": str(path), "changed": changed, "plugins": now})
        return
    click.echo(f"{path} {'was changed' if changed else 'already says so'}.")
    for each, enabled, reason in states:
        state = "of unknown state" if enabled is None else "enabled" if enabled else "disabled"
        click.echo(f"Plugin {each} is now {state}{f': {reason}' if reason else ''}.")


def _state(candidate: PluginCandidate) -> tuple[bool | None, str]:
    """Return what holds after an edit: a stronger source may say otherwise, or be broken."""
    try:
        verdict = current_selection().verdict(candidate)
    except ConfigError as error:
        return None, error.message
    return verdict.enabled, verdict.reason


def _named(name: str) -> Sequence[PluginCandidate]:
    """Return the installed plugins a name stands for; their metadata is read, and nothing imported."""
    installed = discover()
    found = [each for each in installed if each.answers_to(name)]
    if not found:
        near = closest(name, [each.entry_name for each in installed])
        hint = f"Did you mean `{near}`?" if near else "`elixirml plugins list` shows what is installed."
        raise PluginMissing(f"No installed plugin is called `{name}`.", hint=hint)
    return found


def _loaded() -> "PluginManager":
    """Return the manager with every chosen plugin loaded; what plugins print stays out of standard output."""
    from elixirml.plugins.manager import PluginManager

    with contextlib.redirect_stdout(sys.stderr):
        return PluginManager.load(current_selection())


def _show_requirements(*, as_json: bool) -> None:
    installed = {normalised(each.distribution): each.version for each in discover()}
    lines = [f"{name}=={number}" for name, number in sorted({"elixirml": version("elixirml"), **installed}.items())]
    if as_json:
        _write_json({"requirements": lines})
    else:
        click.echo("\n".join(lines))


def _write_json(content: dict[str, Any]) -> None:
    click.echo(json.dumps(content, indent=2, ensure_ascii=False))


def _as_json(record: PluginRecord, *, details: bool = False) -> dict[str, Any]:
    candidate = record.candidate
    return {
        "name": record.name,
        "distribution": candidate.distribution,
        "version": candidate.version,
        "status": record.status,
        "ms": record.load_ms,
        "contributions": {
            kind: [
                {"name": each.name, "summary": each.summary, "target": each.target} if details else each.name
                for each in contributions
            ]
            for kind, contributions in record.contributions.items()
        },
        "hooks": list(record.hooks),
        "reason": record.reason,
        "hint": record.hint,
    }


def _row(record: PluginRecord) -> Sequence[str]:
    candidate = record.candidate
    offers = ", ".join(f"{len(each)} {kind}" for kind, each in record.contributions.items() if each)
    time = f"{record.load_ms:.1f}" if record.load_ms else "-"
    cells = (record.name, candidate.distribution, candidate.version, record.status, time, offers, record.reason)
    return [cell or "-" for cell in cells]


def _table(rows: Iterable[Sequence[str]]) -> None:
    lines = [_COLUMNS, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_COLUMNS))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _facts(record: PluginRecord) -> Iterator[tuple[str, str]]:
    candidate = record.candidate
    yield "name", record.name
    yield "distribution", f"{candidate.distribution} {candidate.version}".strip()
    yield "module", candidate.target
    yield "status", f"{record.status} ({record.load_ms:.1f} ms)" if record.load_ms else record.status
    for title, text in (("reason", record.reason), ("mend it", record.hint), ("hooks", ", ".join(record.hooks))):
        if text:
            yield title, text
