"""Field names as models spell them: other case, blanks, dashes."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

__all__ = ["NameIndex", "fold"]

_SEPARATORS = re.compile(r"[\s_-]+")
_UNMET: Final = "\0"  # which is no name
_MOST_MET: Final = 512  # names that were met; they come from replies, which may say anything, for as long as one runs
_LONGEST_MET: Final = 80  # signs

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
        found = self._met.get(written, _UNMET)
        if found is _UNMET:
            found = self.folded.get(fold(written))
            if len(written) <= _LONGEST_MET:
                if len(self._met) >= _MOST_MET:
                    self._met.clear()
                self._met[written] = found
        return found

    @property
    def folded(self) -> Mapping[str, str | None]:
        """The field of each folded name; None where several have it, for only their exact names tell them apart.

        Made when it is first asked for: most replies spell every name as it is declared.
        """
        if self._folded is None:
            found: dict[str, str | None] = {}
            for name in self._names:
                folded = fold(name)
                found[folded] = None if folded in found else name
            self._folded = found  # whole, since other threads may look
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
