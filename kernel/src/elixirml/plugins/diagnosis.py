"""What is wrong with the installed plugins, and the command that mends each thing. Nothing is imported to find it."""

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from importlib.machinery import ModuleSpec
from importlib.metadata import distributions
from typing import Final

from attrs import frozen

from elixirml.errors import closest
from elixirml.plugins.closure import Closure, Judge, PlainJudge, best_judge, closure
from elixirml.plugins.discovery import distribution_name
from elixirml.plugins.manager import PluginManager
from elixirml.plugins.records import HOST, PluginRecord, PluginStatus, normalised

__all__ = ["Diagnosis", "Finding", "Severity", "diagnose"]

_KERNEL: Final = "elixirml"


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
    """Return everything that is wrong with plugins, what they offer, settings and dependencies.

    Args:
        manager: With the records of the plugins.
        judge: Reads requirements and compares versions; the best one that is installed when not given.
    """
    judged_by = judge or best_judge()
    own = sorted({normalised(each.candidate.distribution) for each in manager.records if _in_use(each)})
    required = closure([_KERNEL, *own], judge=judged_by)
    findings = [
        *_faults(manager),
        *_lost_targets(manager.records),
        *_unmet(required),
        *_twice([_KERNEL, *own]),
        *_idle_settings(manager),
        *_notices(manager.records),
    ]
    ordered = sorted(findings, key=lambda each: each.severity is not Severity.PROBLEM)
    better = " (`pip install packaging`: it needs that library)" if isinstance(judged_by, PlainJudge) else ""
    undecided = [f"whether {each}, is there{better}" for each in required.undecided]
    unused = "whether contributions work: none was imported, only whether their modules exist was looked at"
    return Diagnosis(tuple(ordered), (*undecided, unused))


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
    for record in records:
        for contribution in (each for offered in record.contributions.values() for each in offered):
            if not _exists(contribution.module):
                message = (
                    f"{record.candidate} offers `{contribution.name}` from `{contribution.module}`, which is not there"
                )
                host = record.candidate.distribution == HOST
                mend = _disable(record) if host else _reinstall(record.candidate.distribution)
                yield Finding(record.name, Severity.PROBLEM, message, mend)


def _exists(module: str) -> bool:
    """Whether a module can be found; unlike `importlib.util.find_spec`, without importing the packages around it."""
    path: Sequence[str] | None = None
    names = module.split(".")
    for depth in range(1, len(names) + 1):
        spec = _spec(".".join(names[:depth]), path)
        if spec is None:
            return False
        path = spec.submodule_search_locations
        if path is None:
            # What is inside of a module that is no package is known to its importer alone.
            return depth == len(names) or module in sys.modules
    return True


def _spec(name: str, path: Sequence[str] | None) -> ModuleSpec | None:
    loaded = sys.modules.get(name)
    if loaded is not None and loaded.__spec__ is not None:
        return loaded.__spec__
    found = (finder.find_spec(name, path) for finder in sys.meta_path if hasattr(finder, "find_spec"))
    return next((spec for spec in found if spec is not None), None)


def _unmet(required: Closure) -> Iterator[Finding]:
    for each in required.unmet:
        mend = f"pip install --upgrade '{each.requirement}'"
        yield Finding(each.path[0], Severity.PROBLEM, str(each), mend)


def _twice(names: Sequence[str]) -> Iterator[Finding]:
    """Yield distributions that are installed more than once: which one is used depends on the order of folders."""
    places: defaultdict[str, dict[str, str]] = defaultdict(dict)
    wanted = set(names)
    for each in distributions():
        name = normalised(distribution_name(each))
        if name in wanted:
            places[name].setdefault(f"{each.version} in {each.locate_file('')}", each.version)
    for name, found in places.items():
        if len(set(found.values())) > 1:
            message = f"{name} is installed {len(found)} times: {' and '.join(found)}; the first is used"
            yield Finding(name, Severity.PROBLEM, message, _reinstall(name))


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


def _notices(records: Iterable[PluginRecord]) -> Iterator[Finding]:
    for record in records:
        for each in record.notices:
            yield Finding(record.name, Severity.ADVICE, f"{record.candidate}, {each.message}", each.mend)


def _disable(record: PluginRecord) -> str:
    return f"elixirml plugins disable {record.name}"


def _reinstall(distribution: str) -> str:
    return f"pip install --upgrade --force-reinstall {normalised(distribution)}"
