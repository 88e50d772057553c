"""Which plugins the user wants, read from where users say it.

From the strongest to the weakest source: the command line, the environment (`ELIXIRML_PLUGINS` allows only the listed
plugins, none when it is empty; `ELIXIRML_DISABLE_PLUGINS` leaves plugins out), the project (`[plugins]` in
`elixirml.toml`, else `[tool.elixirml.plugins]` in `pyproject.toml`, of the current folder), and the user
(`[plugins]` in `~/.config/elixirml/config.toml`).

A table may hold the lists `only`, `enable`, `disable`, `prefer` and `require`; see `Selection`. Sub-tables belong to
the plugins of their names and are left alone here; `elixirml.config` reads them.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from attrs import evolve

from elixirml.config.files import SettingsFile, Table, read_toml, sub_table, user_file
from elixirml.errors import ConfigError, DeclarationError, ElixirError, PluginError, did_you_mean
from elixirml.plugins.selection import Selection

if TYPE_CHECKING:
    from elixirml.plugins.registry import Registry

__all__ = [
    "KEYS",
    "Table",
    "current_selection",
    "declared_sections",
    "plugins_table",
    "read_toml",
    "selection_from",
    "user_file",
]

KEYS: Final = ("only", "enable", "disable", "prefer", "require")
"""The lists that a table of plugins may hold."""


def current_selection(
    environ: Mapping[str, str] | None = None, *, folder: Path | None = None, command_line: Table | None = None
) -> Selection:
    """Read every source and return what the user wants.

    Args:
        environ: Environment variables; those of the process when not given.
        folder: Where the project's files are; the current folder when not given.
        command_line: Lists given on the command line, by the same keys as in files.

    Raises:
        ConfigError: A file is not valid TOML, or a setting has the wrong shape; names the file.
    """
    variables = os.environ if environ is None else environ
    project = SettingsFile.of_project(Path.cwd() if folder is None else folder)
    user = SettingsFile.of_user(variables)
    return selection_from(
        variables,
        plugins_table(project.content, source=str(project.path)),
        plugins_table(user.content, source=str(user.path)),
        command_line=command_line,
        project_source=str(project.path),
        user_source=str(user.path),
    )


def selection_from(
    environ: Mapping[str, str],
    project: Table,
    user: Table,
    *,
    command_line: Table | None = None,
    project_source: str = "the project file",
    user_source: str = "the user file",
) -> Selection:
    """Return one selection out of all sources, each laid over the weaker ones.

    Args:
        environ: Environment variables.
        project: The project's table of plugins.
        user: The user's table of plugins.
        command_line: Lists given on the command line.
        project_source: What messages call the project's file.
        user_source: What messages call the user's file.

    Raises:
        ConfigError: A setting has the wrong shape.

    Example:
        >>> chosen = selection_from({"ELIXIRML_PLUGINS": "metrics"}, {}, {"disable": ["metrics"]})
        >>> chosen.only, chosen.source
        (('metrics',), 'ELIXIRML_PLUGINS')
    """
    layers = [
        _from_table(command_line or {}, "the command line"),
        *_from_environment(environ),
        _from_table(project, project_source),
        _from_table(user, user_source),
    ]
    whole: Selection | None = None
    for layer in reversed([each for each in layers if each != Selection(source=each.source)]):
        whole = layer.over(whole)
    return whole or Selection()


def plugins_table(content: Table, *, source: str) -> Table:
    """Return the `[plugins]` table of a file of ElixirML's own.

    Raises:
        ConfigError: It is no table, or its keys were written outside of it.
    """
    stray = [key for key in KEYS if key in content]
    if stray:
        raise ConfigError(
            f"`{stray[0]}` stands outside of any table in {source}.", hint=f"Write [plugins] above `{stray[0]}`."
        )
    return sub_table(content, "plugins", source=source)


def declared_sections(registry: "Registry") -> tuple[Mapping[str, type], Mapping[str, ElixirError]]:
    """Return the class of each plugin's section of the configuration, and what is wrong with those that are left out.

    Args:
        registry: What the loaded plugins offer.
    """
    from elixirml.config.loading import schemas_of

    sections: dict[str, type] = {}
    errors: dict[str, ElixirError] = {}
    for name in registry.names("configurations"):
        try:
            found = registry.resolve("configurations", name)
            schemas_of({name: found})
            sections[name] = found
        except (PluginError, DeclarationError) as error:
            errors[name] = error
    return sections, errors


def _from_table(table: Table, source: str) -> Selection:
    lists: dict[str, Any] = {}
    for key, value in table.items():
        if key in KEYS:
            lists[key] = _list_of_names(key, value, source)
        elif not isinstance(value, Mapping):
            raise ConfigError(f"`{key}` in {source} is no setting of plugins.", hint=did_you_mean(key, KEYS))
    return evolve(Selection(source=source), **lists)


def _list_of_names(key: str, value: object, source: str) -> tuple[str, ...]:
    names = cast("list[object]", value) if isinstance(value, (list, tuple)) else [None]
    if not all(isinstance(name, str) for name in names):
        raise ConfigError(f"`{key}` in {source} is {value!r}: expected a list of names.", hint=f'{key} = ["NAME"]')
    return tuple(map(str, names))


def _from_environment(environ: Mapping[str, str]) -> list[Selection]:
    layers: list[Selection] = []
    disabled = environ.get("ELIXIRML_DISABLE_PLUGINS", "")
    if disabled:
        layers.append(Selection(disable=_split(disabled), source="ELIXIRML_DISABLE_PLUGINS"))
    if "ELIXIRML_PLUGINS" in environ:
        layers.append(Selection(only=_split(environ["ELIXIRML_PLUGINS"]), source="ELIXIRML_PLUGINS"))
    return layers


def _split(names: str) -> list[str]:
    return [name for name in re.split(r"[,\s]+", names) if name]
