"""Secrets: references to keys and passwords, read at the moment they are used and written down nowhere."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar, Final, NoReturn, Self, SupportsIndex, final

from elixirml.errors import ConfigError

__all__ = ["Secret", "is_reference"]

_REFERENCE: Final = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:\S(?:.*\S)?")


def is_reference(text: str) -> bool:
    """Return whether a text is `env:NAME` or `file:PATH`.

    Example:
        >>> is_reference("env:OPENAI_API_KEY"), is_reference("sk-123")
        (True, False)
    """
    return _REFERENCE.fullmatch(text) is not None


class _Sealed:
    """Stands where attrs keeps the fields of a class: whoever goes through them, to copy them out, is refused."""

    def __iter__(self) -> NoReturn:
        raise TypeError("A Secret is not turned into data. Leave it out, or write `str(secret)`, its reference.")


@final
class Secret:
    """A key or password that is known by where it is found.

    What is shown, compared and hashed is the reference. The value is read by `reveal`, each time, and not kept; there
    is no way to pickle a secret, to write it as JSON, or to turn it into data with attrs or cattrs.

    Args:
        reference: `env:NAME` for an environment variable, `file:PATH` for the text of a file, or a function that
            returns the value.
        folder: What a relative PATH is relative to; the current folder when not given.

    Raises:
        ConfigError: The text is no reference, so probably the secret itself; it is not repeated in the message.

    Example:
        >>> key = Secret("env:OPENAI_API_KEY")
        >>> key, f"{key}"
        (Secret('env:OPENAI_API_KEY'), 'env:OPENAI_API_KEY')
        >>> key.reveal({"OPENAI_API_KEY": "for your eyes only"})
        'for your eyes only'

    .. versionadded:: 0.1
    """

    __slots__ = ("_folder", "_reference", "_source")
    __attrs_attrs__: ClassVar = _Sealed()

    def __init__(self, reference: str | Callable[[], str], *, folder: Path | None = None) -> None:
        if isinstance(reference, str):
            if not is_reference(reference):
                raise ConfigError(
                    "A secret was given itself, where a reference to it is expected.",
                    hint="Write env:NAME to read it from an environment variable, or file:PATH to read it from a file.",
                    code="secret-literal",
                )
            self._source, self._reference = None, reference
        else:
            self._source = reference
            self._reference = f"callable:{getattr(reference, '__qualname__', type(reference).__qualname__)}"
        self._folder = (folder or Path()).absolute()

    @property
    def reference(self) -> str:
        """Where the value is found: `env:NAME`, `file:PATH` or `callable:NAME`."""
        return self._reference

    def reveal(self, environ: Mapping[str, str] | None = None) -> str:
        """Return the value, read now.

        Args:
            environ: Environment variables; those of the process when not given.

        Raises:
            ConfigError: It is not there, or empty; names the reference.
        """
        value, problem = self._read(os.environ if environ is None else environ)
        if not value:
            raise ConfigError(
                f"The secret {self} cannot be had: {problem or 'it is empty'}.",
                hint=self._way_out(),
                code="secret-missing",
            )
        return value

    def _read(self, environ: Mapping[str, str]) -> tuple[str, str]:
        """Return the value, and what went wrong; never the words of an error, which might repeat the value."""
        kind, _, place = self._reference.partition(":")
        if kind == "env":
            return environ.get(place, ""), "" if place in environ else "the variable is not set"
        try:
            if self._source is not None:
                return self._source(), ""
            return (self._folder / Path(place).expanduser()).read_text("utf-8").strip(), ""
        except Exception as error:  # noqa: BLE001 - a function of the host may raise anything
            return "", f"reading it raised {type(error).__name__}"

    def _way_out(self) -> str:
        kind, _, place = self._reference.partition(":")
        ways = {"env": f"export {place}=...", "file": f"Write it to {self._folder / place}, readable for you alone."}
        return ways.get(kind, "Mend the function, or refer to the secret by env:NAME or file:PATH.")

    def _identity(self) -> tuple[object, ...]:
        return self._reference, self._source, self._folder if self._reference.startswith("file:") else None

    def __repr__(self) -> str:
        return f"Secret({self._reference!r})"

    def __str__(self) -> str:
        return self._reference

    def __format__(self, spec: str) -> str:
        return format(self._reference, spec)

    def __eq__(self, other: object) -> bool:
        return self._identity() == other._identity() if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._identity())

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError(f"{self!r} is not pickled: a secret stays in the process that reads it.")
