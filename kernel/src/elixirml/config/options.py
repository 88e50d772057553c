"""How one field of a plugin's configuration is declared: its help, its limits, and whether it may be tuned."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from attrs import NOTHING, evolve, field, frozen

from elixirml.identity import Json

__all__ = ["METADATA", "Option", "option"]

METADATA: Final = "elixirml.config"
"""The key of an `Option` in the metadata of an attrs field."""


@frozen
class Option:
    """What is said about a field beside its type and default.

    Attributes:
        help: What it does, in a sentence.
        low: The smallest number allowed.
        high: The largest number allowed.
        choices: The values allowed; of a list, those its items may have.
        minimum: The fewest signs of a text, or items of a list or table.
        maximum: The most signs of a text, or items of a list or table.
        pattern: A regular expression that is found in a text.
        tunable: It is a variable: optimizers may choose its value.
        env: A further environment variable that sets it.
    """

    help: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[Json, ...] | None = None
    minimum: int = 0
    maximum: int | None = None
    pattern: str | None = None
    tunable: bool = False
    env: str | None = None

    def marked(self, marks: Sequence[object]) -> "Option":
        """Return the option with what marks of `typing.Annotated` say: any object with their attributes will do.

        A text, or an object with `text`, is the help; `low` and `high` are bounds of numbers; `minimum` and `maximum`
        are bounds of lengths; `regex` is a pattern.
        """
        found = self
        for mark in marks:
            if isinstance(mark, Option):
                found = mark
            elif isinstance(mark, str) or hasattr(mark, "text"):
                found = evolve(found, help=found.help or cast("str", getattr(mark, "text", mark)))
            else:
                said = {ours: getattr(mark, theirs) for ours, theirs in _MARKS.items() if hasattr(mark, theirs)}
                found = evolve(found, **said)
        return found

    def inside(self) -> "Option":
        """Return what holds for the items of a list or table."""
        return Option(low=self.low, high=self.high, choices=self.choices, pattern=self.pattern)


_MARKS: Final[Mapping[str, str]] = {
    "low": "low",
    "high": "high",
    "minimum": "minimum",
    "maximum": "maximum",
    "pattern": "regex",
}


def option(
    default: Any = NOTHING,
    *,
    help: str = "",  # noqa: A002 - the word every reader expects here
    low: float | None = None,
    high: float | None = None,
    choices: Sequence[Json] | None = None,
    tunable: bool = False,
    env: str | None = None,
) -> Any:
    """Declare a field of a configuration class; returns an `attrs.field`.

    Args:
        default: Its value when nobody says anything; without one it must be set. A list or a table is copied.
        help: What it does, in a sentence.
        low: The smallest number allowed.
        high: The largest number allowed.
        choices: The values allowed.
        tunable: Make it a variable; needs `low` and `high`, or `choices`, or a truth value.
        env: A further environment variable that sets it, such as `OPENAI_API_KEY`.

    Example:
        >>> @frozen
        ... class HttpConfig:
        ...     timeout: float = option(60.0, help="Seconds to wait for a reply.", low=0.1, high=3600.0)
        >>> HttpConfig().timeout
        60.0

    .. versionadded:: 0.1
    """
    said = Option(
        help=help,
        low=low,
        high=high,
        choices=None if choices is None else tuple(choices),
        tunable=tunable,
        env=env,
    )
    metadata = {METADATA: said}
    if isinstance(default, (list, dict)):
        copied = cast("Callable[[], object]", default.copy)  # pyright: ignore[reportUnknownMemberType]
        return field(factory=copied, metadata=metadata)
    return field(default=default, metadata=metadata)
