"""What is wrong with the installed plugins, and the command that mends each thing."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from typing import Final

from attrs import frozen

from elixirml.errors import closest
from elixirml.plugins.manager import PluginManager
from elixirml.plugins.records import HOST, PluginRecord, PluginStatus, normalised
from elixirml.plugins.requirements import Requirement, satisfied

__all__ = ["Diagnosis", "Finding", "Severity", "best_judge", "check_dependencies", "diagnose", "simple_judge"]

SLOW_MS: Final = 100.0
"""Hook modules import nothing heavy and load in about a millisecond; this much is felt at every start."""

_WITHOUT: Final = {False: "", True: " (`pip install packaging`: markers and unusual versions need that library)"}

InstalledVersion = Callable[[str], str | None]
Judge = Callable[[str, InstalledVersion], bool | None]


class Severity(StrEnum):
    """How bad a finding is."""

    PROBLEM = "problem"  #: something does not work; the check fails
    ADVICE = "advice"  #: works, but could be better


@frozen
class Finding:
    """One thing that was found.

    Attributes:
        subject: The plugin, distribution or setting concerned.
        severity: Whether the check fails because of it.
        message: What is wrong.
        mend: The command or edit that mends it.
    """

    subject: str
    severity: Severity
    message: str
    mend: str


@frozen
class Diagnosis:
    """All that was found, and what could not be looked at.

    Attributes:
        findings: Problems first.
        not_checked: What was left out, each with the reason.
    """

    findings: tuple[Finding, ...]
    not_checked: tuple[str, ...] = ()

    @property
    def healthy(self) -> bool:
        """Whether there is no problem."""
        return all(each.severity is not Severity.PROBLEM for each in self.findings)


def diagnose(manager: PluginManager, *, judge: Judge | None = None) -> Diagnosis:
    """Return everything that is wrong with loaded plugins, settings and dependency metadata.

    Args:
        manager: With the plugins loaded.
        judge: Tells whether a requirement is met; the best one that is installed when not given.
    """
    own = {normalised(each.candidate.distribution) for each in manager.records if _in_use(each)}
    dependencies = check_dependencies(["elixirml", *sorted(own)], judge=judge or best_judge())
    findings = [
        *_faults(manager),
        *_lost_targets(manager.records),
        *_idle_settings(manager),
        *_slow(manager.records),
        *dependencies.findings,
    ]
    ordered = sorted(findings, key=lambda each: each.severity is not Severity.PROBLEM)
    unused = "whether contributions work: none was imported, only whether their modules exist was looked at"
    return Diagnosis(tuple(ordered), (*dependencies.not_checked, unused))


def check_dependencies(distributions: Iterable[str], *, judge: Judge) -> Diagnosis:
    """Check that what distributions require is installed, in the versions they ask for.

    Only direct requirements are looked at, by their metadata; nothing is imported.
    """
    findings: list[Finding] = []
    unjudged: list[str] = []
    for name in distributions:
        found = _distribution(name)
        for text in [] if found is None else found.requires or []:
            answer = _judged(judge, text)
            if answer is None:
                unjudged.append(f"whether `{text}`, required by {name}, is there{_WITHOUT[judge is simple_judge]}")
            elif not answer:
                findings.append(_unmet(name, text))
    return Diagnosis(tuple(findings), tuple(unjudged))


def _judged(judge: Judge, text: str) -> bool | None:
    try:
        return judge(text, _version)
    except ValueError:  # the distribution's author wrote something that is no requirement
        return None


def simple_judge(text: str, version_of: InstalledVersion) -> bool | None:
    """Judge a requirement with plain version numbers; None for one with a marker or an unusual version."""
    requirement = Requirement.parse(text)
    if "extra" in requirement.marker:
        return True
    if requirement.marker:
        return None
    version = version_of(requirement.name)
    return False if version is None else satisfied(version, requirement.specifier)


def best_judge() -> Judge:
    """Return a judge of the `packaging` library when it is installed, else the simple one."""
    try:
        from packaging.requirements import Requirement as FullRequirement
    except ImportError:
        return simple_judge

    def judge(text: str, version_of: InstalledVersion) -> bool | None:
        requirement = FullRequirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            return True
        version = version_of(requirement.name)
        return version is not None and requirement.specifier.contains(version, prereleases=True)

    return judge


def _in_use(record: PluginRecord) -> bool:
    """Whether what the plugin's distribution requires matters: not when it is disabled, absent or the host's own."""
    absent = record.status in {PluginStatus.DISABLED, PluginStatus.MISSING}
    return not absent and record.candidate.distribution != HOST


def _faults(manager: PluginManager) -> Iterator[Finding]:
    for record in manager.records:
        if record.faulty:
            message = f"plugin {record.candidate}, {record.status}: {record.reason}"
            yield Finding(record.name, Severity.PROBLEM, message, record.hint)
    for conflict in manager.registry.conflicts():
        yield Finding(f"{conflict.kind}/{conflict.name}", Severity.PROBLEM, f"{conflict}; none is used", conflict.hint)


def _lost_targets(records: Sequence[PluginRecord]) -> Iterator[Finding]:
    """Yield contributions whose module does not exist; only packages that are imported anyway are asked."""
    for record in records:
        for contribution in (each for offered in record.contributions.values() for each in offered):
            if contribution.module.rpartition(".")[0] in sys.modules and find_spec(contribution.module) is None:
                message = (
                    f"{record.candidate} offers `{contribution.name}` from `{contribution.module}`, which is not there"
                )
                mend = f"pip install --upgrade --force-reinstall {normalised(record.candidate.distribution)}"
                yield Finding(record.name, Severity.PROBLEM, message, mend)


def _idle_settings(manager: PluginManager) -> Iterator[Finding]:
    """Yield names in the configuration that no installed plugin answers to: most are misspelt."""
    known = [each.candidate for each in manager.records if each.status is not PluginStatus.MISSING]
    for layer in manager.selection.layers():
        for key in ("only", "enable", "disable", "prefer"):
            for name in getattr(layer, key) or ():
                if not any(each.answers_to(name) for each in known):
                    near = closest(name, [each.entry_name for each in known])
                    mend = f"write `{near}`" if near else f"take `{name}` out, or `pip install {normalised(name)}`"
                    message = f"`{key}` in {layer.source} names `{name}`, and no plugin of that name is installed"
                    yield Finding(name, Severity.ADVICE, message, mend)


def _slow(records: Sequence[PluginRecord]) -> Iterator[Finding]:
    for record in records:
        if record.load_ms > SLOW_MS:
            message = f"{record.candidate} took {record.load_ms:.0f} ms to load, at every start"
            yield Finding(record.name, Severity.ADVICE, message, f"elixirml plugins disable {record.name}")


def _unmet(name: str, text: str) -> Finding:
    wanted = Requirement.parse(text)
    version = _version(wanted.name)
    found = "is not installed" if version is None else f"is installed as {version}"
    message = f"{name} requires `{text}`, and {wanted.name} {found}"
    return Finding(name, Severity.PROBLEM, message, f"pip install --upgrade '{wanted.name}{wanted.specifier}'")


def _distribution(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _version(name: str) -> str | None:
    found = _distribution(name)
    return None if found is None else found.version
