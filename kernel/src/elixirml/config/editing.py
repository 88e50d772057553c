"""Writing settings into a file people keep by hand.

The edit is made on the text, so that comments and everything else stay as they are. It is accepted only when the result
reads back as exactly what was meant; a file too complex for that is left alone, with a message that says what to write.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from elixirml.errors import ConfigError
from elixirml.files import write_atomically

__all__ = ["edited_table", "toml_text", "write_table"]

_NEXT_HEADER: Final = re.compile(r"^[ \t]*\[", re.MULTILINE)
_VALUE: Final = r"""(?:\[[^\[\]\n]*\]|\{[^{}\n]*\}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^\s#"'\[\]{}]+)"""
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def edited_table(text: str, table: Sequence[str], values: Mapping[str, object], *, source: str) -> str:
    r"""Return a TOML text in which a table has these values, and everything else is as it was.

    Args:
        text: Valid TOML.
        table: The names of the table, from the outside in.
        values: What to write, by key: texts, numbers, truth values, lists and mappings of them.
        source: What messages call the file.

    Raises:
        ConfigError: The text is too complex to be edited by hand: no table header of its own, or a value over several
            lines. Says what to write.

    Example:
        >>> edited_table("[plugins.http] # mine\n", ("plugins", "http"), {"timeout": 5}, source="config.toml")
        '[plugins.http] # mine\ntimeout = 5\n'
    """
    result = text
    for key, value in values.items():
        result = _with_line(result, table, _key(key), toml_text(value))
    if not _reads_as(result, text, table, values):
        wanted = "; ".join(f"{_key(key)} = {toml_text(value)}" for key, value in values.items())
        raise ConfigError(
            f"{source} is written in a way that cannot be edited safely; it was left as it is.",
            hint=f"Write yourself, under [{'.'.join(map(_key, table))}]: {wanted}",
            code="config-complex",
        )
    return result


def write_table(path: Path, table: Sequence[str], values: Mapping[str, object]) -> None:
    """Write values into a table of a file, which is made when it does not exist.

    Args:
        path: The file; a link to one kept elsewhere stays a link.
        table: The names of the table, from the outside in.
        values: What to write, by key.

    Raises:
        ConfigError: The file cannot be written, or is too complex to be edited; says what to write.
    """
    real = path.resolve()
    # Bytes, so that line ends stay as they are.
    text = real.read_bytes().decode("utf-8") if real.exists() else ""
    write_atomically(real, edited_table(text, table, values, source=str(path)))


def toml_text(value: object) -> str:
    """Return a value as TOML writes it in one line.

    Example:
        >>> toml_text({"a": [1, 2.5], "b": True})
        '{a = [1, 2.5], b = true}'
    """
    if isinstance(value, Mapping):
        items = cast("Mapping[str, object]", value).items()
        return f"{{{', '.join(f'{_key(key)} = {toml_text(each)}' for key, each in items)}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(toml_text, cast('Sequence[object]', value)))}]"
    # What is written so is the same in TOML as in JSON; the one sign that is not, DEL, fails when it is read back.
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _with_line(text: str, table: Sequence[str], key: str, value: str) -> str:
    dotted = r"[ \t]*\.[ \t]*".join(re.escape(_key(name)) for name in table)
    header = re.search(rf"^[ \t]*\[[ \t]*{dotted}[ \t]*\][ \t]*(?:#.*)?\r?$", text, re.MULTILINE)
    line = f"{key} = {value}"
    if header is None:
        separator = "" if not text else "\n" if text.endswith("\n") else "\n\n"
        return f"{text}{separator}[{'.'.join(map(_key, table))}]\n{line}\n"
    following = _NEXT_HEADER.search(text, header.end())
    start, end = header.end(), following.start() if following else len(text)
    body, found = re.subn(
        rf"^([ \t]*){re.escape(key)}[ \t]*=[ \t]*{_VALUE}",
        lambda old: old[1] + line,
        text[start:end],
        flags=re.MULTILINE,
    )
    return text[:start] + (body if found else f"\n{line}{body}") + text[end:]


def _reads_as(result: str, before: str, table: Sequence[str], values: Mapping[str, object]) -> bool:
    """Whether `result` is `before` with these values, by what a TOML reader says."""
    import tomllib

    try:
        after = tomllib.loads(result.encode("utf-8").decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeEncodeError):
        return False
    wanted = tomllib.loads(before)
    inner: dict[str, Any] = wanted
    for name in table:
        inner = inner.setdefault(name, {})  # what has this table in it, by the reader above, is a table itself
    inner.update(json.loads(json.dumps(values)))
    return after == wanted
