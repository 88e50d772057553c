"""Field names as models spell them: other case, blanks, dashes."""

import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

__all__ = ["NameIndex", "fold"]

_SEPARATORS = re.compile(r"[\s_-]+")

T = TypeVar("T")


def fold(name: str) -> str:
    """Return the name without white space, `_` and `-`, casefolded.

    Example:
        >>> fold("First-Name") == fold("first_name")
        True
    """
    return _SEPARATORS.sub("", name).casefold()


class NameIndex:
    """Finds the field that a written name means.

    Args:
        names: The declared field names.

    Example:
        >>> NameIndex(["first_name"]).find("firstName")
        'first_name'
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._folded: dict[str, str | None] = {}
        for name in self._names:
            folded = fold(name)
            # Two fields with one folded name: only their exact names tell them apart.
            self._folded[folded] = None if folded in self._folded else name

    def find(self, written: str) -> str | None:
        """Return the field of exactly this name, else the only one of this folded name, else None."""
        return written if written in self._names else self._folded.get(fold(written))

    def gather(self, pairs: Iterable[tuple[str, T]]) -> dict[str, Sequence[T]]:
        """Group values by the field they are for; look-alike names count only where no exact name is given."""
        exact: dict[str, list[T]] = {}
        alike: dict[str, list[T]] = {}
        for written, value in pairs:
            name = self.find(written)
            if name is not None:
                (exact if name == written else alike).setdefault(name, []).append(value)
        return {**alike, **exact}

    def gather_alike(self, pairs: Iterable[tuple[str, T]]) -> dict[str, Sequence[T]]:
        """Group values by the field they are for; look-alike names count as much as exact ones."""
        found: dict[str, list[T]] = {}
        for written, value in pairs:
            name = self.find(written)
            if name is not None:
                found.setdefault(name, []).append(value)
        return {**found}
