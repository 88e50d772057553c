"""What is known about plugins: the candidates that are installed, and what became of each.

Every step of loading takes and returns these records; none of them is ever changed.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from attrs import field, frozen

from elixirml.contracts.contribution import Contribution

__all__ = ["HOST", "HookCall", "Notice", "PluginCandidate", "PluginRecord", "PluginStatus", "normalised", "one_line"]

HOST = "host application"
"""The distribution of a plugin that the host application handed over as an object."""


class PluginStatus(StrEnum):
    """What became of a candidate."""

    LOADED = "loaded"
    DISABLED = "disabled"
    FAILED = "failed"
    INCOMPATIBLE = "incompatible"
    CONFLICT = "conflict"
    MISSING = "missing"


def normalised(distribution: str) -> str:
    """Return the one spelling of a distribution's name, as in PEP 503.

    Example:
        >>> normalised("ElixirML_Open.AI")
        'elixirml-open-ai'
    """
    return re.sub(r"[-_.]+", "-", distribution).lower()


def one_line(text: str) -> str:
    """Return `text` with every run of blanks and line breaks made one blank."""
    return " ".join(text.split())


@frozen
class PluginCandidate:
    """An installed plugin, as its metadata describes it: nothing of it has been imported.

    Attributes:
        entry_name: Its name in the entry-point group `elixirml`; what users write to enable or disable it.
        distribution: The distribution that installed it, or `HOST`.
        version: The distribution's version; empty when unknown.
        target: The module to import, `package.module` or `package.module:object`.
    """

    entry_name: str
    distribution: str
    version: str = ""
    target: str = ""

    def answers_to(self, name: str) -> bool:
        """Whether `name` is the entry name or, in any spelling, the distribution of this plugin."""
        return name == self.entry_name or normalised(name) == normalised(self.distribution)

    def __str__(self) -> str:
        return f"`{self.entry_name}` ({' '.join(part for part in (self.distribution, self.version) if part)})"


@frozen
class HookCall:
    """One call of one hook of one plugin.

    Attributes:
        hook: The hook.
        results: How many contributions it gave.
        ms: Milliseconds by the wall clock.
        error: What it raised or what is wrong with its result, on one line; empty when all is well.
    """

    hook: str
    results: int = 0
    ms: float = 0.0
    error: str = ""


@frozen
class Notice:
    """What works and yet needs the user's attention.

    Attributes:
        message: What it is, on one line.
        mend: The command or edit that ends it.
    """

    message: str
    mend: str


def _frozen_contributions(
    contributions: Mapping[str, tuple[Contribution, ...]],
) -> Mapping[str, tuple[Contribution, ...]]:
    return MappingProxyType(dict(contributions))


@frozen
class PluginRecord:
    """What became of one candidate, and why.

    Attributes:
        candidate: The plugin concerned.
        status: How it ended.
        reason: Why it is not, or not wholly, usable; empty when all is well.
        hint: The one command or edit that mends it; empty when nothing needs mending.
        load_ms: Milliseconds by the wall clock, from the start of the import of its hook module to the return of its
            last hook.
        contributions: What it offers, by kind. A plugin with one failing hook keeps what its other hooks offered.
        hooks: The hooks it implements.
        calls: The calls of its hooks, in their order.
        notices: What works and yet needs the user's attention.
    """

    candidate: PluginCandidate
    status: PluginStatus
    reason: str = ""
    hint: str = ""
    load_ms: float = 0.0
    contributions: Mapping[str, tuple[Contribution, ...]] = field(
        factory=dict[str, tuple[Contribution, ...]], converter=_frozen_contributions, hash=False
    )
    hooks: tuple[str, ...] = ()
    calls: tuple[HookCall, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def name(self) -> str:
        """The entry name of the plugin."""
        return self.candidate.entry_name

    @property
    def faulty(self) -> bool:
        """Whether something is wrong; a plugin somebody disabled is not faulty."""
        return self.status not in {PluginStatus.LOADED, PluginStatus.DISABLED}

    def warnings(self) -> tuple[str, ...]:
        """Return what is wrong and how to mend it, one line each; a sound plugin has none."""
        fault = Notice(f"{self.status}: {self.reason}", self.hint)
        found = (*((fault,) if self.faulty else ()), *self.notices)
        return tuple(_warning(self.candidate, each) for each in found)


def _warning(candidate: PluginCandidate, notice: Notice) -> str:
    mend = f" Mend it: {notice.mend}" if notice.mend else ""
    return one_line(f"plugin {candidate}, {notice.message.rstrip('.')}.{mend}")
