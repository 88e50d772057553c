"""What a class says about its fields in its docstring."""

import inspect
import re
from typing import Any, Final

__all__ = ["field_descriptions"]

_SECTION: Final = re.compile(r"(?:Attributes|Args|Arguments|Fields|Parameters):\s*")
_ENTRY: Final = re.compile(r"(\s+)\*{0,2}(\w+)(?:\s*\([^)]*\))?:\s*(.*)")


def field_descriptions(cls: type[Any]) -> dict[str, str]:
    """Return the descriptions by field, as the `Attributes:` or `Args:` section of the docstring gives them.

    Sections of base classes count too; what a class says itself comes first.

    Example:
        >>> class Answer:
        ...     '''An answer.
        ...
        ...     Attributes:
        ...         text: The answer itself,
        ...             in one word.
        ...     '''
        >>> field_descriptions(Answer)
        {'text': 'The answer itself, in one word.'}
    """
    found: dict[str, str] = {}
    for each in reversed(cls.__mro__):
        text = each.__dict__.get("__doc__")
        if isinstance(text, str) and each.__module__ != "builtins":
            found |= _entries(inspect.cleandoc(text).splitlines())
    return found


def _entries(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    name, indent, inside = "", "", False
    for line in lines:
        if not line.startswith(" "):
            inside = bool(_SECTION.fullmatch(line)) or (inside and not line.strip())
            name = ""
        elif inside:
            entry = _ENTRY.fullmatch(line)
            if entry and (not found or len(entry[1]) <= len(indent)):
                indent, name = entry[1], entry[2]
                found[name] = entry[3].strip()
            elif name:
                found[name] = f"{found[name]} {line.strip()}".strip()
    return found
