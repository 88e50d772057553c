"""Texts of a kind: code without its fence, and the reasoning of the model itself."""

import re
from typing import Annotated, Final, TypeAlias, get_args, get_origin

from attrs import frozen

__all__ = ["Code", "CodeBlock", "Reasoning", "is_reasoning", "unfenced"]

_FENCE: Final = re.compile(r"(`{3,})[^`]*|(~{3,}).*")


@frozen
class CodeBlock:
    """A mark on a text: it is code, and a fence around it is taken off.

    Attributes:
        language: In words for the model.

    Example:
        >>> from typing import Annotated
        >>> Query = Annotated[str, CodeBlock("SQL")]

    .. versionadded:: 0.1
    """

    language: str = ""

    def __str__(self) -> str:
        return f"{self.language} code".strip()


Code: TypeAlias = Annotated[str, CodeBlock()]
"""A text that is code; a fence around it is taken off. For one language: `Annotated[str, CodeBlock("Python")]`."""


@frozen
class _Thinking:
    """The mark of `Reasoning`."""


Reasoning: TypeAlias = Annotated[str, _Thinking()]
"""The type of an output that holds how the model came to its answer.

A model that thinks before it replies (`Capability.REASONING`) is not asked for it: what it thought is taken, as far as
its provider tells it. Any other model is asked for it as for any text.
"""

_MARK: Final = _Thinking()


def unfenced(text: str) -> str:
    r"""Return a text without the one fence around all of it; any other text is returned as it is.

    Takes time in proportion to the text.

    Example:
        >>> unfenced("```python\nprint(1)\n```")
        'print(1)'

    .. versionadded:: 0.1
    """
    first, *inner = text.strip().split("\n")
    opening = _FENCE.fullmatch(first)
    if opening is None or not inner:
        return text
    fence, last = opening[1] or opening[2], inner.pop()
    whole = last.strip() == fence and all(each.strip() != fence for each in inner)
    return "\n".join(inner) if whole else text


def is_reasoning(annotation: object) -> bool:
    """Return whether a field's type is `Reasoning`."""
    return get_origin(annotation) is Annotated and _MARK in get_args(annotation)[1:]
