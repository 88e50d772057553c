"""The one exception of the reply parsers."""

from collections.abc import Callable
from functools import wraps
from typing import Literal, ParamSpec, TypeAlias, TypeVar, get_args

__all__ = ["CODES", "Code", "ParseFailure", "Path", "bounded"]

P = ParamSpec("P")
T = TypeVar("T")

Path: TypeAlias = tuple[str | int, ...]
"""Field names and list positions from the outside in; empty for the whole reply."""

Code: TypeAlias = Literal[
    "empty",
    "no_object",
    "malformed",
    "truncated",
    "too_deep",
    "ambiguous",
    "missing_field",
    "wrong_type",
    "not_in_enum",
]
"""Why a reply was refused; stable."""

CODES: tuple[str, ...] = get_args(Code)
"""Every `Code`."""


class ParseFailure(ValueError):
    """A reply does not hold the fields of its schema.

    Args:
        code: One of `CODES`.
        path: The field concerned; empty when the failure concerns the whole reply.
        message: What was expected and what was found.
    """

    def __init__(self, code: Code, path: Path, message: str) -> None:
        super().__init__(code, path, message)
        self.code: Code = code
        self.path = path
        self.message = message

    def under(self, path: Path) -> "ParseFailure":
        """Return the same failure of something that stands at `path` inside another."""
        return ParseFailure(self.code, path + self.path, self.message)

    def __str__(self) -> str:
        where = f" at {'.'.join(map(str, self.path))}" if self.path else ""
        return f"{self.code}{where}: {self.message}"


def bounded(parser: Callable[P, T]) -> Callable[P, T]:
    """Make a parser fail with `too_deep` where Python's own stack ends.

    Replies cannot bring that about, as their nesting is limited; a schema nested hundreds of levels deep can.
    """

    @wraps(parser)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return parser(*args, **kwargs)
        except RecursionError:
            raise ParseFailure("too_deep", (), "The schema is nested too deeply to be followed.") from None

    return guarded
