"""What a piece of work is to those who do it: where they tell observers what they are about.

The kernel hands one to each prediction. Names of things and outcomes are told, contents never.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, Protocol

__all__ = ["UNTOLD", "WorkSpan"]


class WorkSpan(Protocol):
    """A piece of work that observers are told of.

    .. versionadded:: 0.1
    """

    @property
    def outcome(self) -> dict[str, Any]:
        """What is told with its end; to be added to meanwhile."""
        ...

    def tell(self, name: str, /, **data: Any) -> None:
        """Tell one event of it."""
        ...

    def inside(self, name: str, /, **data: Any) -> "AbstractContextManager[WorkSpan]":
        """Tell the start, and the end or the error, of a piece of work inside this one."""
        ...


class _Untold:
    """A piece of work that nobody is told of."""

    @property
    def outcome(self) -> dict[str, Any]:
        return {}

    def tell(self, name: str, /, **data: Any) -> None:
        _ = name, data

    def inside(self, name: str, /, **data: Any) -> AbstractContextManager[WorkSpan]:
        _ = name, data
        return nullcontext(self)


UNTOLD: Final[WorkSpan] = _Untold()
"""A piece of work that nobody is told of."""
