"""What a docstring in the Google style says of a function and of its parameters."""

import inspect
import re
from collections.abc import Iterator

from attrs import field, frozen

__all__ = ["Docstring", "read_docstring"]

_ARGUMENTS = re.compile(r"(?:Args|Arguments|Parameters):\s*")
_PARAMETER = re.compile(r"\*{0,2}(?P<name>\w+)\s*(?:\(.*?\))?\s*:\s*(?P<text>.*)")


@frozen
class Docstring:
    """What is read from a docstring.

    Attributes:
        summary: The first paragraph, on one line.
        parameters: What is said of each parameter, on one line each.
    """

    summary: str = ""
    parameters: dict[str, str] = field(factory=dict[str, str])


def read_docstring(function: object) -> Docstring:
    """Return what the docstring of a function says.

    Example:
        >>> def add(a, b):
        ...     '''Add two numbers.
        ...
        ...     Args:
        ...         a: the left one
        ...     '''
        >>> read_docstring(add).parameters
        {'a': 'the left one'}
    """
    lines = (inspect.getdoc(function) or "").splitlines()
    start = next((at for at, line in enumerate(lines) if _ARGUMENTS.fullmatch(line)), len(lines))
    return Docstring(_summary(lines[:start]), {name: text for name, text in _parameters(lines[start + 1 :]) if text})


def _summary(lines: list[str]) -> str:
    paragraph: list[str] = []
    for line in map(str.strip, lines):
        if not line and paragraph:
            break
        paragraph += [line] if line else []
    return " ".join(paragraph)


def _parameters(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each parameter with its text; lines that are indented deeper than its name go on with it."""
    name, indent, texts = "", 0, list[str]()
    for line in lines:
        stripped = line.strip()
        depth = len(line) - len(line.lstrip())
        if stripped and depth == 0:
            break
        found = _PARAMETER.fullmatch(stripped) if not name or depth <= indent else None
        if found:
            yield name, " ".join(texts)
            name, indent, texts = found["name"], depth, [found["text"]] if found["text"] else []
        elif stripped:
            texts.append(stripped)
    yield name, " ".join(texts)
