"""Enabling and disabling plugins in the user's file.

Nothing of a plugin is imported here: these edits must work when a plugin prevents everything else.
"""

from collections.abc import Sequence
from pathlib import Path

from elixirml.config.editing import write_table
from elixirml.config.files import read_toml
from elixirml.plugins.configuration import plugins_table, selection_from
from elixirml.plugins.records import PluginCandidate
from elixirml.plugins.selection import Selection

__all__ = ["disable", "enable"]


def disable(path: Path, candidates: Sequence[PluginCandidate], *, name: str) -> bool:
    """Write `name` into the list `disable` of the user's file.

    Args:
        path: The file; made when it does not exist.
        candidates: The plugins that `name` stands for; several when they share an entry name.
        name: An entry name or distribution.

    Returns:
        Whether the file had to be changed.

    Raises:
        ConfigError: The file is broken or too complex to be edited; says what to write.
    """
    now = _current(path)
    listed = all(any(each.answers_to(disabled) for disabled in now.disable) for each in candidates)
    disabled = now.disable if listed else (*now.disable, name)
    return _write(path, now, disable=disabled, enable=_without(now.enable, candidates))


def enable(path: Path, candidates: Sequence[PluginCandidate], *, name: str) -> bool:
    """Take plugins out of the list `disable` of the user's file, and add it to `enable` where `only` leaves them out.

    Args:
        path: The file; it need not exist.
        candidates: The plugins that `name` stands for; several when they share an entry name.
        name: An entry name or distribution.

    Returns:
        Whether the file had to be changed.

    Raises:
        ConfigError: The file is broken or too complex to be edited; says what to write.
    """
    now = _current(path)
    rest = Selection(only=now.only, enable=now.enable)
    allowed = all(rest.verdict(each).enabled for each in candidates)
    enabled = now.enable if allowed else (*now.enable, name)
    return _write(path, now, disable=_without(now.disable, candidates), enable=enabled)


def _current(path: Path) -> Selection:
    return selection_from({}, {}, plugins_table(read_toml(path), source=str(path)), user_source=str(path))


def _without(names: Sequence[str], candidates: Sequence[PluginCandidate]) -> tuple[str, ...]:
    return tuple(name for name in names if not any(each.answers_to(name) for each in candidates))


def _write(path: Path, now: Selection, *, disable: Sequence[str], enable: Sequence[str]) -> bool:
    wanted = {"disable": tuple(disable), "enable": tuple(enable)}
    changes = {key: names for key, names in wanted.items() if names != getattr(now, key)}
    if changes:
        write_table(path, ("plugins",), changes)
    return bool(changes)
