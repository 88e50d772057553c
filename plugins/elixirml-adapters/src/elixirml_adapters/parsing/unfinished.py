"""Patterns for what is not whole yet."""

__all__ = ["unfinished"]


def unfinished(*parts: str) -> str:
    r"""Return a pattern for any beginning of what the parts together match that reaches the end of the text.

    The whole counts as a beginning, and so does nothing: a search finds the end of the text where no other is.

    Example:
        >>> import re
        >>> re.search(unfinished("a", "b", "c"), "abc ab").start()
        4
        >>> re.search(unfinished("a", "b", "c"), "abc").start()
        0
    """
    pattern = r"\Z"
    for part in reversed(parts):
        pattern = rf"(?:\Z|{part}{pattern})"
    return pattern
