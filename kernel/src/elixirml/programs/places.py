"""Where something is declared: the file and line that messages name."""

from collections.abc import Callable
from inspect import currentframe
from typing import Any

__all__ = ["calling_line", "line_of"]

_HERE = f"{__name__.rpartition('.')[0]}."


def calling_line() -> str:
    """Return the file and line of the nearest caller outside this package: the line that declares something."""
    frame = currentframe()
    # A class statement of the user's may run through hooks of classes in between.
    while frame is not None and (
        str(frame.f_globals.get("__name__", "")).startswith(_HERE) or frame.f_code.co_name == "__init_subclass__"
    ):
        frame = frame.f_back
    return "an unknown place" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"


def line_of(function: Callable[..., Any]) -> str:
    """Return the file and line where a Python function begins, decorators included."""
    return f"{function.__code__.co_filename}:{function.__code__.co_firstlineno}"
