"""Enabling and disabling plugins in the user's file.

The edit is made on the text, so that comments and everything else stay as they are. It is accepted only when the result
reads back as exactly what was meant; a file too complex for that is left alone, with a message that says what to write.
Nothing of a plugin is imported here: these edits must work when a plugin prevents everything else.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from elixirml.errors import ConfigError
from elixirml.files import write_atomically
from elixirml.plugins.configuration import Table, plugins_table, read_toml, selection_from
from elixirml.plugins.records import PluginCandidate
from elixirml.plugins.selection import Selection

__all__ = ["disable", "edited", "enable"]

Lists = Mapping[str, Sequence[str]]

_HEADER: Final = re.compile(r"^[ \t]*\[[ \t]*plugins[ \t]*\][ \t]*(?:#.*)?\r?$", re.MULTILINE)
_NEXT_HEADER: Final = re.compile(r"^[ \t]*\[", re.MULTILINE)


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


def edited(text: str, lists: Lists, *, source: str) -> str:
    r"""Return a TOML text whose `[plugins]` table has these lists, and everything else as it was.

    Args:
        text: Valid TOML.
        lists: The lists to write, by key.
        source: What messages call the file.

    Raises:
        ConfigError: The text is too complex to be edited by hand: no table header of its own, or a list over several
            lines. Says what to write.

    Example:
        >>> edited("[plugins]\n", {"disable": ["studio"]}, source="config.toml")
        '[plugins]\ndisable = ["studio"]\n'
    """
    result = text
    for key, names in lists.items():
        result = _with_line(result, key, f"{key} = [{', '.join(json.dumps(name) for name in names)}]")
    if not _reads_as(result, text, lists):
        wanted = "; ".join(f"{key} = {json.dumps(list(names))}" for key, names in lists.items())
        raise ConfigError(
            f"{source} is written in a way that cannot be edited safely; it was left as it is.",
            hint=f"Write yourself, under [plugins]: {wanted}",
            code="config-complex",
        )
    return result


def _current(path: Path) -> Selection:
    return selection_from({}, {}, plugins_table(read_toml(path), source=str(path)), user_source=str(path))


def _without(names: Sequence[str], candidates: Sequence[PluginCandidate]) -> tuple[str, ...]:
    return tuple(name for name in names if not any(each.answers_to(name) for each in candidates))


def _write(path: Path, now: Selection, *, disable: Sequence[str], enable: Sequence[str]) -> bool:
    wanted = {"disable": tuple(disable), "enable": tuple(enable)}
    changes = {key: names for key, names in wanted.items() if names != getattr(now, key)}
    if changes:
        # A link to a file kept elsewhere stays a link; bytes, so that line ends stay as they are.
        real = path.resolve()
        text = real.read_bytes().decode("utf-8") if real.exists() else ""
        write_atomically(real, edited(text, changes, source=str(path)))
    return bool(changes)


def _with_line(text: str, key: str, line: str) -> str:
    header = _HEADER.search(text)
    if header is None:
        separator = "" if not text else "\n" if text.endswith("\n") else "\n\n"
        return f"{text}{separator}[plugins]\n{line}\n"
    following = _NEXT_HEADER.search(text, header.end())
    start, end = header.end(), following.start() if following else len(text)
    table, found = re.subn(
        rf"^([ \t]*){key}[ \t]*=[ \t]*\[[^\[\]\n]*\]", lambda old: old[1] + line, text[start:end], flags=re.MULTILINE
    )
    return text[:start] + (table if found else f"\n{line}{table}") + text[end:]


def _reads_as(result: str, before: str, lists: Lists) -> bool:
    """Whether `result` is `before` with these lists, by what a TOML reader says."""
    import tomllib

    try:
        after: Table = tomllib.loads(result)
    except tomllib.TOMLDecodeError:
        return False
    content: dict[str, object] = tomllib.loads(before)
    table = plugins_table(content, source="")
    return after == {**content, "plugins": {**table, **{key: list(names) for key, names in lists.items()}}}
