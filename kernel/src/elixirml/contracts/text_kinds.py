"""Texts of a kind: code without its fence, and the reasoning of the model itself."""

from typing import Annotated, Final, TypeAlias, get_args, get_origin

from attrs import frozen

__all__ = ["Code", "CodeBlock", "Reasoning", "is_reasoning"]


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


def is_reasoning(annotation: object) -> bool:
    """Return whether a field's type is `Reasoning`."""
    return get_origin(annotation) is Annotated and _MARK in get_args(annotation)[1:]
