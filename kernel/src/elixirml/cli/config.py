"""The commands `elixirml config ...`: what is set, where it was set, whether it is right, and setting it."""

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import click
from attrs import frozen

from elixirml.cli.options import json_option, quiet_option
from elixirml.cli.output import aside, print_json, table, value_text
from elixirml.config import (
    Configuration,
    Fault,
    Origin,
    Setting,
    check_configuration,
    load_configuration,
    user_file,
    written_setting,
)
from elixirml.config.editing import write_table
from elixirml.config.files import SettingsFile
from elixirml.errors import ConfigError, ElixirError
from elixirml.identity import Json
from elixirml.plugins.configuration import current_selection, declared_sections

__all__ = ["config"]

_HEADER: Final = ("setting", "value", "source")


@frozen
class _Installed:
    """What the installed plugins say about their sections.

    Attributes:
        sections: The class of each section.
        errors: Why others have none.
        others: Sections that cannot be checked: those with errors, and those of plugins that are not loaded.
    """

    sections: Mapping[str, type]
    errors: Mapping[str, ElixirError]
    others: tuple[str, ...]


@click.group(epilog="Example: elixirml config show")
def config() -> None:
    """Show, check and change settings."""


@config.command(epilog="Example: elixirml config show kernel --json")
@click.argument("section", metavar="[SECTION]", required=False)
@json_option
@quiet_option
def show(*, section: str | None, as_json: bool, quiet: bool) -> None:
    """Show every setting, or those of a section, and where each was set; of secrets, where they are found."""
    installed = _installed()
    configuration = load_configuration(installed.sections)
    settings = configuration.settings(section)
    if not quiet:
        _warn(installed, configuration)
    if as_json:
        print_json({"settings": [_setting_json(each) for each in settings]})
    else:
        rows = [
            (each.name, "-" if each.json is None else value_text(each.json), _short(each.origin)) for each in settings
        ]
        click.echo(table(rows, header=_HEADER))


@config.command(epilog="Example: elixirml config check")
@json_option
@quiet_option
@click.pass_context
def check(context: click.Context, *, as_json: bool, quiet: bool) -> None:
    """Check every setting of every file and variable; the exit code is 1 when something is wrong."""
    faults = _faults()
    if as_json:
        print_json({"valid": not faults, "faults": [_fault_json(each) for each in faults]})
    else:
        for each in faults:
            click.echo(str(each))
        if not faults and not quiet:
            click.echo("No fault found.")
    context.exit(1 if faults else 0)


@config.command("set", epilog="Example: elixirml config set kernel.model local/smollm2 --user")
@click.argument("setting", metavar="SECTION.KEY")
@click.argument("value", metavar="VALUE")
@click.option("--user", "where", flag_value="user", help="Write the user's file.")
@click.option("--project", "where", flag_value="project", default="project", help="Write the project's file [default].")
@json_option
@quiet_option
def set_(*, setting: str, value: str, where: str, as_json: bool, quiet: bool) -> None:
    """Write a setting into a file; comments and everything else in it stay as they are."""
    installed = _installed()
    keys, content = written_setting(installed.sections, setting, value)
    path, prefix = _target(where)
    write_table(path, (*prefix, *keys[:-1]), {keys[-1]: content})
    name = ".".join(keys).removeprefix("plugins.")
    stronger = _stronger(installed, name, path)
    if as_json:
        print_json({"setting": name, "file": str(path), "overridden_by": stronger})
    elif not quiet:
        click.echo(f"{path} now sets {name}.")
        if stronger is not None:
            click.echo(f"It has no effect here: {stronger} says otherwise.")


def _installed() -> _Installed:
    """Look at the plugins in a process apart, so that settings can be mended whatever is installed."""
    from elixirml.plugins.probing import inspected
    from elixirml.plugins.records import PluginStatus

    with aside():
        manager = inspected(current_selection(folder=Path()))
        sections, errors = declared_sections(manager.registry)
    absent = [each.name for each in manager.records if each.status is not PluginStatus.LOADED]
    return _Installed(sections, errors, (*errors, *absent))


def _warn(installed: _Installed, configuration: Configuration) -> None:
    for error in installed.errors.values():
        click.echo(f"warning: {error.message}", err=True)
    for name, origin in configuration.unread.items():
        if name not in installed.others:
            click.echo(f"warning: no plugin in use reads the section {name} ({origin})", err=True)


def _faults() -> Sequence[Fault]:
    """Return all that is wrong; when it cannot be read which plugins are wanted, only the kernel's sections count."""
    try:
        installed = _installed()
    except ConfigError as error:
        found = check_configuration({})
        listed = any(each.message == error.message for each in found)
        return found if listed else (_fault(error), *found)
    broken = [_fault(each) for each in installed.errors.values()]
    return (*broken, *check_configuration(installed.sections, others=installed.others))


def _fault(error: ElixirError) -> Fault:
    return Fault((), error.code, error.message, hint=error.hint)


def _target(where: str) -> tuple[Path, tuple[str, ...]]:
    """Return the file to write, and the tables around what is ElixirML's in it."""
    if where == "user":
        return user_file(os.environ), ()
    file = SettingsFile.of_project(Path())
    shared = bool(file.prefix) and bool(file.content)
    return (file.path, file.prefix) if shared else (Path("elixirml.toml"), ())


def _stronger(installed: _Installed, name: str, path: Path) -> str | None:
    """Return what says otherwise than the file just written; None while other settings are wrong."""
    with contextlib.suppress(ConfigError):
        origins = [each.origin for each in load_configuration(installed.sections).settings() if _concerns(each, name)]
        return next((str(each) for each in origins if each.source != str(path)), None)
    return None


def _concerns(setting: Setting, name: str) -> bool:
    return setting.name == name or setting.name.startswith(f"{name}.")


def _short(origin: Origin) -> str:
    """Return an origin as people read it, the user's home as `~`."""
    home = str(Path.home())
    text = str(origin)
    return f"~{text.removeprefix(home)}" if text.startswith(f"{home}/") else text


def _setting_json(setting: Setting) -> dict[str, Json]:
    return {
        "setting": setting.name,
        "value": setting.json,
        "secret": setting.is_secret,
        "layer": setting.origin.layer,
        "source": setting.origin.source,
        "line": setting.origin.line,
        "help": setting.option.help,
    }


def _fault_json(fault: Fault) -> dict[str, Json]:
    origin = fault.origin
    return {
        "setting": fault.path,
        "code": fault.code,
        "message": fault.message,
        "source": None if origin is None else origin.source,
        "line": None if origin is None else origin.line,
        "hint": fault.hint,
    }
