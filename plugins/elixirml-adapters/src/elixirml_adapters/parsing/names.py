"""Field names as models spell them: other case, blanks, dashes."""

import re
from collections.abc import Iterable, Mapping, Sequence
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
        self._folded: dict[str, str | None] | None = None
        self._met: dict[str, str | None] = {}

    def find(self, written: str) -> str | None:
        """Return the field of exactly this name, else the only one of this folded name, else None."""
        if written in self._names:
            return written
        if written not in self._met:
            self._met[written] = self.folded.get(fold(written))
        return self._met[written]

    @property
    def folded(self) -> Mapping[str, str | None]:
        """The field of each folded name; None where several have it, for only their exact names tell them apart.

        Made when it is first asked for: most replies spell every name as it is declared.
        """
        if self._folded is None:
            self._folded = {}
            for name in self._names:
                folded = fold(name)
                self._folded[folded] = None if folded in self._folded else name
        return self._folded

    def gather(self, pairs: Iterable[tuple[str, T]]) -> dict[str, Sequence[T]]:
        """Group values by the field they are for; look-alike names count only where no exact name is given."""
        exact: dict[str, list[T]] = {}
        alike: dict[str, list[T]] = {}
        for written, value in pairs:
            if written in self._names:
                exact.setdefault(written, []).append(value)
            elif (name := self.find(written)) is not None:
                alike.setdefault(name, []).append(value)
        return {**alike, **exact}

    def gather_alike(self, pairs: Iterable[tuple[str, T]]) -> dict[str, Sequence[T]]:
        """Group values by the field they are for; look-alike names count as much as exact ones."""
        found: dict[str, list[T]] = {}
        for written, value in pairs:
            name = self.find(written)
            if name is not None:
                found.setdefault(name, []).append(value)
        return {**found}
