"""The commands `elixirml plugins ...`: what is installed, what is wrong with it, and how to mend it.

No command imports a plugin into its own process. `disable` and `enable` read metadata alone; the others load the hook
modules in a process apart, each for a limited time, so that a plugin that breaks everything can always be found and put
out.
"""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import click

from elixirml.cli.choice import chosen_selection, tell_warnings
from elixirml.cli.plugin_texts import (
    as_json,
    call_json,
    call_rows,
    facts,
    offered_lines,
    plugin_rows,
    table,
    write_json,
)
from elixirml.cli.scaffold import new
from elixirml.errors import ConfigError, PluginMissing, closest, did_you_mean
from elixirml.hookspecs import KINDS
from elixirml.plugins.configuration import user_file
from elixirml.plugins.records import PluginCandidate, PluginRecord, PluginStatus, normalised

if TYPE_CHECKING:
    from elixirml.plugins.diagnosis import Diagnosis
    from elixirml.plugins.manager import PluginManager

__all__ = ["plugins"]

_COLUMNS: Final = ("NAME", "DISTRIBUTION", "VERSION", "STATUS", "MS", "OFFERS / REASON")

_TIME_LIMIT: Final = 10.0

_json = click.option("--json", "json_wanted", is_flag=True, help="One JSON object on standard output.")
_time_limit = click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    default=_TIME_LIMIT,
    show_default=True,
    metavar="SECONDS",
    help="How long one plugin may take to load before it is stopped.",
)


def _kind(context: click.Context, parameter: click.Parameter, text: str | None) -> str | None:
    """Accept a kind of capability, or the hook that offers it."""
    _ = context, parameter
    kind = None if text is None else text.removeprefix("register_").replace("-", "_")
    if kind is not None and kind not in KINDS:
        raise PluginMissing(f"`{text}` is no kind of capability.", hint=did_you_mean(kind, KINDS), code="kind-unknown")
    return kind


@click.group()
def plugins() -> None:
    """List, check, trace, disable and enable plugins.

    Example: elixirml plugins doctor
    """


plugins.add_command(new)


@plugins.command("list")
@click.option("--kind", "--hook", "kind", metavar="KIND", callback=_kind, help="Those that offer this, as `metrics`.")
@click.option("--all", "everything", is_flag=True, help="Also those that are disabled, as in --json always.")
@click.option("--requirements", is_flag=True, help="One line a distribution, for `pip install -r`.")
@_time_limit
@_json
def list_(*, kind: str | None, everything: bool, requirements: bool, time_limit: float, json_wanted: bool) -> None:
    """Show the installed plugins, what they offer and what became of them.

    Example: elixirml plugins list --kind metrics
    """
    if requirements and kind is None:
        from elixirml.plugins.discovery import discover

        _show_requirements(discover(), json_wanted=json_wanted)
        return
    manager = _inspected(time_limit=time_limit)
    records = [each for each in manager.records if kind is None or each.contributions.get(kind)]
    if requirements:
        _show_requirements([each.candidate for each in records], json_wanted=json_wanted)
    elif json_wanted:
        write_json({"plugins": [as_json(each) for each in records], "warnings": list(manager.warnings())})
    else:
        _show_table(records, kind=kind, everything=everything)
    tell_warnings(manager.warnings())


@plugins.command()
@click.argument("name")
@_time_limit
@_json
def show(name: str, *, time_limit: float, json_wanted: bool) -> None:
    """Show one plugin, by entry name or distribution, with all it offers.

    Example: elixirml plugins show metrics
    """
    _named(name)
    record = _inspected(time_limit=time_limit, name=name)[name]
    if json_wanted:
        write_json(as_json(record, details=True))
        return
    for title, text in facts(record):
        click.echo(f"{title:<14}{text}")
    for line in offered_lines(record):
        click.echo(line)


@plugins.command()
@_time_limit
@_json
@click.pass_context
def doctor(context: click.Context, *, time_limit: float, json_wanted: bool) -> None:
    """Check plugins, what they offer, their settings and all dependencies; name the command that mends each problem.

    The exit code is 1 when something does not work.

    Example: elixirml plugins doctor
    """
    result = _diagnosis(time_limit)
    if json_wanted:
        findings = [
            {"subject": each.subject, "severity": each.severity, "message": each.message, "mend": each.mend}
            for each in result.findings
        ]
        write_json({"healthy": result.healthy, "findings": findings, "not_checked": list(result.not_checked)})
    else:
        for each in result.findings:
            click.echo(f"{each.severity}: {each.message}\n  mend it: {each.mend}")
        for left_out in result.not_checked:
            click.echo(f"not checked: {left_out}")
        click.echo("No problem found." if result.healthy else "Something does not work.")
    context.exit(0 if result.healthy else 1)


@plugins.command()
@_time_limit
@_json
def trace(*, time_limit: float, json_wanted: bool) -> None:
    """Load every plugin and show each call of a hook: what it gave and how long it took. Secrets are shown as ***.

    Example: elixirml plugins trace
    """
    manager = _inspected(time_limit=time_limit)
    if json_wanted:
        write_json({"calls": [call for record in manager.records for call in call_json(record)]})
    else:
        rows = [row for record in manager.records for row in call_rows(record)]
        click.echo(table(rows, header=("PLUGIN", "CALL", "RESULTS", "MS", "GAVE")))
    tell_warnings(manager.warnings())


@plugins.command()
@click.argument("name")
@_json
def disable(name: str, *, json_wanted: bool) -> None:
    """Leave a plugin out from now on, by entry name or distribution; no plugin is imported.

    Example: elixirml plugins disable studio
    """
    from elixirml.plugins import editing

    _switch(name, editing.disable, json_wanted=json_wanted)


@plugins.command()
@click.argument("name")
@_json
def enable(name: str, *, json_wanted: bool) -> None:
    """Take back `disable`; no plugin is imported.

    Example: elixirml plugins enable studio
    """
    from elixirml.plugins import editing

    _switch(name, editing.enable, json_wanted=json_wanted)


def _inspected(*, time_limit: float, name: str | None = None) -> "PluginManager":
    from elixirml.plugins.probe_process import ProbeProcess

    # The process starts while this one imports what it needs to ask it.
    with ProbeProcess() as process:
        from elixirml.plugins.probing import inspected

        return inspected(chosen_selection(), time_limit=time_limit, name=name, process=process)


def _show_table(records: Sequence[PluginRecord], *, kind: str | None, everything: bool) -> None:
    hidden = [each for each in records if each.status is PluginStatus.DISABLED and not everything]
    shown = [each for each in records if each not in hidden]
    if shown:
        click.echo(table(plugin_rows(shown, kind=kind), header=_COLUMNS))
    elif not hidden:
        click.echo("No plugin is installed." if kind is None else f"No plugin offers {kind}.", err=True)
    if hidden:
        names = ", ".join(each.name for each in hidden)
        click.echo(f"Disabled, and shown by `elixirml plugins list --all`: {names}", err=True)


def _diagnosis(time_limit: float) -> "Diagnosis":
    from elixirml.cli.verbs import offered_verbs
    from elixirml.plugins.diagnosis import Diagnosis, Finding, Severity, diagnose

    try:
        result = diagnose(_inspected(time_limit=time_limit))
    except ConfigError as error:
        # Without the settings it is not known which plugins may be imported: nothing is.
        broken = Finding("configuration", Severity.PROBLEM, error.message, error.hint or "mend the file named")
        return Diagnosis((broken,), ("the plugins: they are loaded only when the settings can be read",))
    refused = tuple(
        Finding(each.name, Severity.PROBLEM, f"the verb `{each.name}`, {each.summary}", each.remedy)
        for each in offered_verbs().values()
        if len(each.entries) > 1
    )
    return Diagnosis((*refused, *result.findings), result.not_checked)


def _switch(name: str, edit: Callable[..., bool], *, json_wanted: bool) -> None:
    candidates = _named(name)
    path = user_file(os.environ)
    changed = edit(path, candidates, name=name)
    states = [(each, *_state(each)) for each in candidates]
    if json_wanted:
        now = [
            {"name": each.entry_name, "distribution": each.distribution, "enabled": enabled, "reason": reason}
            for each, enabled, reason in states
        ]
        write_json({"file": str(path), "changed": changed, "plugins": now})
        return
    click.echo(f"{path} {'was changed' if changed else 'already says so'}.")
    for each, enabled, reason in states:
        state = "of unknown state" if enabled is None else "enabled" if enabled else "disabled"
        click.echo(f"Plugin {each} is now {state}{f': {reason}' if reason else ''}.")


def _state(candidate: PluginCandidate) -> tuple[bool | None, str]:
    """Return what holds after an edit: a stronger source may say otherwise, or be broken."""
    try:
        verdict = chosen_selection().verdict(candidate)
    except ConfigError as error:
        return None, error.message
    return verdict.enabled, verdict.reason


def _named(name: str) -> Sequence[PluginCandidate]:
    """Return the installed plugins a name stands for; their metadata is read, and nothing imported."""
    from elixirml.plugins.discovery import discover

    installed = discover()
    found = [each for each in installed if each.answers_to(name)]
    if not found:
        near = closest(name, [each.entry_name for each in installed])
        hint = f"Did you mean `{near}`?" if near else "`elixirml plugins list` shows what is installed."
        raise PluginMissing(f"No plugin is called `{name}`.", hint=hint)
    return found


def _show_requirements(candidates: Sequence[PluginCandidate], *, json_wanted: bool) -> None:
    from importlib.metadata import version

    installed = {normalised(each.distribution): each.version for each in candidates}
    lines = [f"{name}=={number}" for name, number in sorted({"elixirml": version("elixirml"), **installed}.items())]
    if json_wanted:
        write_json({"requirements": lines})
    else:
        click.echo("\n".join(lines))
