"""The files settings are read from: the user's, and the project's."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Self, cast

from attrs import frozen

from elixirml.errors import ConfigError

__all__ = ["SettingsFile", "Table", "read_toml", "sub_table", "user_file"]

Table = Mapping[str, object]

_HEADER: Final = re.compile(r"[ \t]*\[\[?([^\[\]]+)\]\]?[ \t]*(?:#.*)?")
_KEY: Final = re.compile(r"[ \t]*((?:[\w.\-]|[ \t]*\.[ \t]*|\"[^\"]*\"|'[^']*')+?)[ \t]*=")
_PART: Final = re.compile(r"[\w\-]+|\"[^\"]*\"|'[^']*'")


def user_file(environ: Mapping[str, str]) -> Path:
    """Return where the user's configuration is; the file may not exist.

    `XDG_CONFIG_HOME` counts when it is an absolute path, as its specification demands.
    """
    home = Path(environ.get("XDG_CONFIG_HOME", ""))
    return (home if home.is_absolute() else Path.home() / ".config") / "elixirml" / "config.toml"


def read_toml(path: Path) -> Table:
    """Return the content of a TOML file; empty when there is no such file.

    Raises:
        ConfigError: The file cannot be read or is not valid TOML; names the file and the line.
    """
    return _parsed(_text(path), path)


def sub_table(table: Table, key: str, *, source: str) -> Table:
    """Return the table under a key; empty when there is none.

    Args:
        table: The table around it.
        key: Its name there.
        source: What messages call the file.

    Raises:
        ConfigError: Something else is there.
    """
    found = table.get(key, {})
    if not isinstance(found, Mapping):
        raise ConfigError(f"`{key}` in {source} holds a value: expected a table.", hint=f"Write it as [{key}].")
    return cast("Table", found)


@frozen
class SettingsFile:
    """What one file says to ElixirML.

    Attributes:
        path: The file; it may not exist.
        prefix: The names of the tables around what is ElixirML's, from the outside in.
        content: What is ElixirML's.
        lines: The line of each key, by its names from the outside in; a key too cleverly written is left out.
    """

    path: Path
    prefix: tuple[str, ...]
    content: Table
    lines: Mapping[tuple[str, ...], int]

    @classmethod
    def read(cls, path: Path, *, prefix: tuple[str, ...] = ()) -> Self:
        """Read a file; one that does not exist says nothing.

        Raises:
            ConfigError: The file cannot be read, is not valid TOML, or holds something else in the place of a table.
        """
        text = _text(path)
        content = _parsed(text, path)
        for key in prefix:
            content = sub_table(content, key, source=str(path))
        start = len(prefix)
        lines = {keys[start:]: line for keys, line in _lines(text) if keys[:start] == prefix}
        return cls(path, prefix, content, lines)

    @classmethod
    def of_user(cls, environ: Mapping[str, str]) -> Self:
        """Read the user's file; see `user_file`.

        Raises:
            ConfigError: As `read`.
        """
        return cls.read(user_file(environ))

    @classmethod
    def of_project(cls, folder: Path) -> Self:
        """Read `elixirml.toml` of a folder; when there is none, `[tool.elixirml]` of its `pyproject.toml`.

        Raises:
            ConfigError: As `read`.
        """
        own, shared = folder / "elixirml.toml", folder / "pyproject.toml"
        return cls.read(own) if own.exists() or not shared.exists() else cls.read(shared, prefix=("tool", "elixirml"))

    def line(self, keys: tuple[str, ...]) -> int | None:
        """Return the line of a key, or of the nearest thing around it that has one."""
        known = (self.lines.get(keys[:length]) for length in range(len(keys), 0, -1))
        return next((line for line in known if line is not None), None)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", code="config-unreadable") from error


def _parsed(text: str, path: Path) -> Table:
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) if found else len(text.splitlines())
        raise ConfigError(
            f"{path}:{line}: not valid TOML: {error}", hint=f"Mend line {line} of {path}.", code="config-toml"
        ) from error


def _lines(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield the names and line of each key and header of a valid text, as far as one line alone tells them."""
    table: tuple[str, ...] = ()
    quoted = False
    for number, line in enumerate(text.splitlines(), start=1):
        header, key = _HEADER.fullmatch(line), _KEY.match(line)
        if not quoted and header is not None:
            table = _names(header[1])
            yield table, number
        elif not quoted and key is not None:
            yield (*table, *_names(key[1])), number
        quoted ^= (line.count('"""') + line.count("'''")) % 2 == 1


def _names(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))
