"""What distributions require, and what that requires in turn, checked against what is installed.

Only metadata is read; nothing is imported. Markers and extras count as pip counts them (PEP 508).
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Final, Protocol

from attrs import frozen

from elixirml.plugins.records import normalised
from elixirml.plugins.requirements import Requirement, satisfied

__all__ = ["Closure", "Judge", "PlainJudge", "Unmet", "best_judge", "closure"]

Lookup = Callable[[str], Distribution | None]


class Judge(Protocol):
    """Reads requirements and compares versions."""

    def read(self, text: str, extra: str) -> Requirement | None:
        """Return a requirement; None when its marker excludes this machine or this extra.

        Args:
            text: As in the metadata of the distribution that requires it.
            extra: The extra that was asked of that distribution; empty for what it always requires.

        Raises:
            ValueError: That cannot be told.
        """
        ...

    def met(self, version: str, specifier: str) -> bool | None:
        """Return whether a version meets a specifier; None when that cannot be told."""
        ...


@frozen
class Unmet:
    """A requirement that what is installed does not meet.

    Attributes:
        requirement: What is required.
        path: Who requires it, and who requires that, from a plugin's distribution on.
        version: What is installed instead; None for nothing.
    """

    requirement: Requirement
    path: tuple[str, ...]
    version: str | None

    def __str__(self) -> str:
        found = "is not installed" if self.version is None else f"is installed as {self.version}"
        return f"{', which requires '.join(self._chain())}, and {self.requirement.name} {found}"

    def _chain(self) -> Iterator[str]:
        first, *between = self.path
        yield f"{first} requires {between[0]}" if between else f"{first} requires `{self.requirement}`"
        yield from between[1:]
        if between:
            yield f"`{self.requirement}`"


@frozen
class Closure:
    """The outcome of a check.

    Attributes:
        unmet: Each requirement once, with the shortest way to it.
        undecided: What could not be judged, each with who requires it.
    """

    unmet: tuple[Unmet, ...]
    undecided: tuple[str, ...]


class PlainJudge:
    """Judges with plain version numbers and no marker but a single extra."""

    def read(self, text: str, extra: str) -> Requirement | None:
        """Return a requirement; see `Judge`."""
        requirement = Requirement.parse(text)
        if not requirement.marker:
            return None if extra else requirement
        wanted = requirement.only_for_extra()
        if wanted is None:
            raise ValueError(text)
        return requirement if normalised(wanted) == normalised(extra) else None

    def met(self, version: str, specifier: str) -> bool | None:
        """Return whether a version meets a specifier; see `Judge`."""
        return satisfied(version, specifier)


def best_judge() -> Judge:
    """Return a judge of the `packaging` library when it is installed, else the plain one."""
    try:
        from packaging.requirements import Requirement as FullRequirement
        from packaging.specifiers import SpecifierSet
    except ImportError:
        return PlainJudge()

    class PackagingJudge:
        def read(self, text: str, extra: str) -> Requirement | None:
            full = FullRequirement(text)
            always = full.marker is None or full.marker.evaluate({"extra": ""})
            applies = not always and full.marker is not None and full.marker.evaluate({"extra": extra})
            if not (applies if extra else always):
                return None
            return Requirement(full.name, str(full.specifier), extras=tuple(sorted(full.extras)))

        def met(self, version: str, specifier: str) -> bool | None:
            return SpecifierSet(specifier).contains(version, prereleases=True)

    return PackagingJudge()


def _installed(name: str) -> Distribution | None:
    """Return the distribution of that name which Python would import; None when there is none."""
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


_ALWAYS: Final = ""


def closure(roots: Iterable[str], *, judge: Judge, look_up: Lookup = _installed) -> Closure:
    """Check everything that distributions require, directly and indirectly.

    Args:
        roots: The distributions to begin with; those that are not installed are left out.
        judge: Reads requirements and compares versions.
        look_up: Finds installed distributions.
    """
    unmet: dict[str, Unmet] = {}
    undecided: dict[str, None] = {}
    # Breadth first, so that the way shown is a shortest one.
    left: deque[tuple[str, str, tuple[str, ...]]] = deque()
    left += ((name, _ALWAYS, (name,)) for name in dict.fromkeys(map(normalised, roots)))
    seen = {(name, extra) for name, extra, _ in left}
    while left:
        name, extra, path = left.popleft()
        found = look_up(name)
        for text in [] if found is None else found.requires or []:
            requirement, met = _judged(judge, text, extra, look_up)
            if met is None:
                undecided[f"`{text}`, required by {path[-1]}"] = None
            if requirement is None:
                continue
            wanted = look_up(requirement.name)
            if met is False:
                unmet.setdefault(str(requirement), Unmet(requirement, path, None if wanted is None else wanted.version))
            for each in (_ALWAYS, *requirement.extras):
                step = (normalised(requirement.name), normalised(each))
                if step not in seen:
                    seen.add(step)
                    left.append((*step, (*path, requirement.name)))
    return Closure(tuple(unmet.values()), tuple(undecided))


def _judged(judge: Judge, text: str, extra: str, look_up: Lookup) -> tuple[Requirement | None, bool | None]:
    """Return a requirement, None for one that does not apply, and whether it is met, None when that cannot be told."""
    try:
        requirement = judge.read(text, extra)
        if requirement is None:
            return None, True
        found = look_up(requirement.name)
        return requirement, False if found is None else judge.met(found.version, requirement.specifier)
    except ValueError:  # an author wrote what is no requirement, or no version
        return None, None
