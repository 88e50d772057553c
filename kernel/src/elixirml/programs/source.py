"""The source of a function, as it takes part in digests."""

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

__all__ = ["source_of"]


def source_of(function: Callable[..., Any]) -> str:
    """Return the source of a function without comments, blank lines and layout.

    A function typed at a prompt has no source; its byte code stands in, and its digest then holds for this version of
    Python only.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        code = getattr(function, "__code__", None)
        return f"{code.co_code.hex()} {code.co_names}" if code is not None else type(function).__name__
    return ast.unparse(tree)
