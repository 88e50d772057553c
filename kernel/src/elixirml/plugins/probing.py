"""A look at all plugins that none can spoil: they are loaded in a process of their own, each for a limited time.

A guard around an import stops an exception, and even `sys.exit`. It cannot stop an endless loop, a crash of compiled
code or `os._exit`: those end only a process, which is why listings and checks give them one.
"""

import contextlib
import queue
import sys
from collections.abc import Iterable, Sequence
from typing import Final

from attrs import frozen

from elixirml.errors import PluginFailed
from elixirml.plugins.discovery import discover
from elixirml.plugins.loading import SLOW_MS
from elixirml.plugins.manager import PluginManager
from elixirml.plugins.probe_process import ProbeProcess
from elixirml.plugins.records import PluginCandidate, PluginRecord, PluginStatus
from elixirml.plugins.selection import Selection, select
from elixirml.plugins.transfer import candidate_to, record_from

__all__ = ["TIME_LIMIT", "inspected"]

TIME_LIMIT: Final = 10.0
"""Seconds that a plugin may take to load before it is stopped."""

_START_LIMIT: Final = 60.0
"""Seconds that the process itself may take to start, on the slowest of machines."""

_PATIENCE: Final = 0.1
"""Seconds that answers on their way are waited for after an interrupt."""


def inspected(
    selection: Selection | None = None,
    *,
    name: str | None = None,
    path: Iterable[str] | None = None,
    time_limit: float = TIME_LIMIT,
    slow_ms: float = SLOW_MS,
    process: ProbeProcess | None = None,
) -> PluginManager:
    """Return a manager with a record of every installed plugin; nothing of a plugin is imported in this process.

    Args:
        selection: Which plugins to load; all of them when not given.
        name: The entry name or distribution of the only plugin to load; the other chosen ones are left out.
        path: Folders to look in instead of `sys.path`.
        time_limit: Seconds that each plugin may take to load.
        slow_ms: A plugin that takes longer to load gets a warning.
        process: One that was started already; it is ended here.

    Raises:
        PluginFailed: The process could not be started.
    """
    wanted = selection or Selection()
    folders = list(sys.path if path is None else path)
    # The process starts while the metadata is read.
    with process or ProbeProcess() as first:
        selected = select(discover(folders), wanted)
        search = [*folders, *(each for each in sys.path if each not in folders)]
        chosen = [each for each in selected.chosen if name is None or each.answers_to(name)]
        loaded = _Looking(search, time_limit, slow_ms).records(first, chosen)
    return PluginManager.of([*selected.refused, *loaded], selection=wanted)


@frozen
class _Looking:
    """How plugins are looked at."""

    path: Sequence[str]
    time_limit: float
    slow_ms: float

    def records(self, first: ProbeProcess, candidates: Sequence[PluginCandidate]) -> tuple[PluginRecord, ...]:
        """Return what became of each plugin; after one that ends its process, the rest is loaded in a new one."""
        found = self._records_of(first, candidates) if candidates else []
        while len(found) < len(candidates):
            with ProbeProcess() as another:
                found += self._records_of(another, candidates[len(found) :])
        return tuple(found)

    def _records_of(self, probe: ProbeProcess, candidates: Sequence[PluginCandidate]) -> list[PluginRecord]:
        """Return the records up to and including the plugin that was the end of the process."""
        request = {"path": list(self.path), "candidates": [candidate_to(each) for each in candidates]}
        found: list[PluginRecord] = []
        waited_for = candidates[0]
        try:
            probe.ask({**request, "slow_ms": self.slow_ms})
            for waited_for in candidates:
                record = self._record(probe, waited_for)
                found += [] if record is None else [record]
                if probe.over:
                    break
        except KeyboardInterrupt as interrupt:
            at_work = self._at_work(probe, candidates, waited_for)
            interrupt.add_note(f"The plugin {at_work} was being loaded. Leave it out: {_disable(at_work)}")
            raise
        if not found:
            raise PluginFailed(
                "The process that loads plugins for a look at them ended before it began.",
                hint=f"{sys.executable} -m pip install --force-reinstall elixirml",
            )
        return found

    def _at_work(
        self, probe: ProbeProcess, candidates: Sequence[PluginCandidate], waited_for: PluginCandidate
    ) -> PluginCandidate:
        """Return the plugin begun last: the process may be ahead of what was read of its answers."""
        by_name = {each.entry_name: each for each in candidates}
        with contextlib.suppress(queue.Empty):
            while (answer := probe.answer(_PATIENCE)) is not None:
                waited_for = by_name.get(answer.get("begun", ""), waited_for)
        return waited_for

    def _record(self, probe: ProbeProcess, candidate: PluginCandidate) -> PluginRecord | None:
        """Return what became of a plugin; None when it was not begun, since the process had ended before."""
        try:
            if probe.answer(_START_LIMIT) is None:
                return None
            answer = probe.answer(self.time_limit)
        except queue.Empty:
            reason = f"loading it had not ended after {self.time_limit:g} s, and was stopped"
            return _refused(candidate, reason, ms=self.time_limit * 1000)
        if answer is None:
            return _refused(candidate, f"loading it ended the process with {probe.ending()}")
        return record_from(answer["record"])


def _refused(candidate: PluginCandidate, reason: str, *, ms: float = 0.0) -> PluginRecord:
    return PluginRecord(candidate, PluginStatus.FAILED, reason, _disable(candidate), ms)


def _disable(candidate: PluginCandidate) -> str:
    return f"elixirml plugins disable {candidate.entry_name}"
