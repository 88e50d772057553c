"""Requirements on distributions, as far as they can be judged without the `packaging` library.

Plain release numbers are compared as PEP 440 does. Anything else (pre-releases, wildcards, URLs, markers) is answered
with None, "cannot tell", and never guessed.
"""

import re
from typing import Final

from attrs import frozen

from elixirml.errors import ConfigError

__all__ = ["Requirement", "satisfied"]

_REQUIREMENT: Final = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*"
    r"(?:\[(?P<extras>[^\]]*)\]\s*)?"
    r"(?P<specifier>\(?\s*[<>=!~][^;()]*\)?|@[^;]*)?"
    r"(?:;(?P<marker>.*))?"
)
_EXTRA: Final = re.compile(r"""\(?\s*extra\s*==\s*(['"])(?P<name>[^'"]+)\1\s*\)?""")
_CLAUSE: Final = re.compile(r"(~=|==|!=|<=|>=|<|>)(\d+(?:\.\d+)*)")
_RELEASE: Final = re.compile(r"\d+(?:\.\d+)*")


@frozen
class Requirement:
    """A distribution that is wanted, and in which versions.

    Attributes:
        name: The distribution, or the entry name of a plugin.
        specifier: The versions, such as `>=0.2,<1`; empty for any.
        marker: Where it applies, such as `sys_platform == "win32"`; empty for everywhere.
        extras: The extras of the distribution that are wanted with it.
    """

    name: str
    specifier: str = ""
    marker: str = ""
    extras: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Requirement":
        """Return the parts of a requirement.

        Raises:
            ConfigError: The text is not a requirement.

        Example:
            >>> Requirement.parse("elixirml-http[sse] >=0.2, <1")
            Requirement(name='elixirml-http', specifier='>=0.2,<1', marker='', extras=('sse',))
        """
        match = _REQUIREMENT.fullmatch(text.strip())
        if match is None:
            raise ConfigError(f"{text!r} is not a requirement.", hint="Write it like `elixirml-http>=0.2`.")
        specifier = re.sub(r"[\s()]+", "", match["specifier"] or "")
        extras = filter(None, (each.strip() for each in (match["extras"] or "").split(",")))
        return cls(match["name"], specifier, (match["marker"] or "").strip(), tuple(sorted(extras)))

    def only_for_extra(self) -> str | None:
        """Return the extra a marker is about; None when it is about something else.

        Example:
            >>> Requirement.parse("h2; extra == 'http2'").only_for_extra()
            'http2'
        """
        match = _EXTRA.fullmatch(self.marker)
        return None if match is None else match["name"]

    def __str__(self) -> str:
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        return f"{self.name}{extras}{self.specifier}"


def satisfied(version: str, specifier: str) -> bool | None:
    """Return whether a version meets a specifier; None when that cannot be told.

    Example:
        >>> satisfied("0.10", ">=0.2,<1"), satisfied("1.1", "~=0.2"), satisfied("1.0rc1", ">=1")
        (True, False, None)
    """
    answers = [_holds(version, clause) for clause in specifier.split(",") if clause]
    if False in answers:
        return False
    return None if None in answers else True


def _holds(version: str, clause: str) -> bool | None:
    match = _CLAUSE.fullmatch(clause)
    if match is None or not _RELEASE.fullmatch(version):
        return None
    operator, bound = match.groups()
    mine, limit = _release(version), _release(bound)
    if operator == "~=":
        # PEP 440, compatible release: `~=2.2.0` is `>=2.2.0, ==2.2.*`.
        fixed = [int(part) for part in bound.split(".")[:-1]]
        return mine >= limit and [*mine, *[0] * len(fixed)][: len(fixed)] == fixed
    return {
        "==": mine == limit,
        "!=": mine != limit,
        "<=": mine <= limit,
        ">=": mine >= limit,
        "<": mine < limit,
        ">": mine > limit,
    }[operator]


def _release(version: str) -> tuple[int, ...]:
    """Return the numbers without trailing zeros, so that 1.0 and 1 are one version."""
    numbers = [int(part) for part in version.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
