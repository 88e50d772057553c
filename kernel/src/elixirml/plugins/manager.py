"""The plugins of one kernel: the steps of loading behind one object.

Managers are independent: each has its own hooks, records and registry.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Self

from elixirml.errors import (
    PluginConflict,
    PluginError,
    PluginFailed,
    PluginIncompatible,
    PluginMissing,
    did_you_mean,
)
from elixirml.plugins.discovery import discover as discover_installed
from elixirml.plugins.loading import SLOW_MS, Clock, Hooks, LoadedPlugin, load_candidate, load_object
from elixirml.plugins.records import HOST, PluginCandidate, PluginRecord, PluginStatus, normalised, one_line
from elixirml.plugins.registry import Registry
from elixirml.plugins.selection import Selection, select

__all__ = ["PluginManager"]

_ERRORS: Final[dict[PluginStatus, type[PluginError]]] = {
    PluginStatus.FAILED: PluginFailed,
    PluginStatus.INCOMPATIBLE: PluginIncompatible,
    PluginStatus.CONFLICT: PluginConflict,
    PluginStatus.MISSING: PluginMissing,
}


class PluginManager:
    """Finds, chooses and loads plugins, and holds what came of each.

    Args:
        selection: Which plugins to load; all of them when not given.
        clock: Seconds by the wall; measures how long loading takes.
        slow_ms: A plugin that takes longer to load gets a warning.

    Example:
        >>> manager = PluginManager.load(Selection(only=[]))
        >>> manager.registry.names("metrics")
        ()

    .. versionadded:: 0.1
    """

    def __init__(
        self, selection: Selection | None = None, *, clock: Clock = time.perf_counter, slow_ms: float = SLOW_MS
    ) -> None:
        self._selection = selection or Selection()
        self._clock = clock
        self._slow_ms = slow_ms
        self._hooks = Hooks()
        self._records: list[PluginRecord] = []
        self._registry = Registry(prefer=self._selection.preferences(), absent=self._absent)

    @classmethod
    def load(
        cls,
        selection: Selection | None = None,
        *,
        discover: bool = True,
        path: Iterable[str] | None = None,
        extra: Iterable[tuple[str, object]] = (),
        clock: Clock = time.perf_counter,
        slow_ms: float = SLOW_MS,
    ) -> Self:
        """Return a manager with every chosen plugin loaded. A faulty plugin becomes a record, never an exception.

        Args:
            selection: Which plugins to load; all of them when not given.
            discover: Look for installed plugins.
            path: Folders to look in instead of `sys.path`.
            extra: Plugins at hand, each with its name: modules, or objects with marked methods.
            clock: Seconds by the wall; measures how long loading takes.
            slow_ms: A plugin that takes longer to load gets a warning.
        """
        manager = cls(selection, clock=clock, slow_ms=slow_ms)
        objects = [(_host_candidate(name, plugin), plugin) for name, plugin in extra]
        installed = discover_installed(path) if discover else ()
        selected = select([*installed, *(candidate for candidate, _ in objects)], manager.selection)
        for record in selected.refused:
            manager._enter(LoadedPlugin(record))
        for candidate in selected.chosen:
            manager._enter(manager._loaded(candidate, dict(objects)))
        return manager

    @classmethod
    def of(cls, records: Iterable[PluginRecord], *, selection: Selection | None = None) -> Self:
        """Return a manager that holds records made elsewhere, such as in another process; no hook is registered here.

        Args:
            records: What became of each plugin.
            selection: Which plugins were asked for.
        """
        manager = cls(selection)
        for record in records:
            manager._enter(LoadedPlugin(record))
        return manager

    @property
    def records(self) -> tuple[PluginRecord, ...]:
        """What became of every plugin, in a stable order."""
        return tuple(sorted(self._records, key=lambda each: (normalised(each.candidate.distribution), each.name)))

    @property
    def registry(self) -> Registry:
        """What the loaded plugins offer."""
        return self._registry

    @property
    def selection(self) -> Selection:
        """Which plugins were asked for."""
        return self._selection

    def __getitem__(self, name: str) -> PluginRecord:
        """Return the record of a plugin, by entry name or distribution.

        Raises:
            PluginMissing: There is no such plugin.
        """
        for record in self.records:
            if record.candidate.answers_to(name):
                return record
        raise PluginMissing(
            f"No plugin is called `{name}`. {did_you_mean(name, {each.name for each in self._records})}",
            hint=f"pip install {normalised(f'elixirml-{name}')}",
        )

    def warnings(self) -> tuple[str, ...]:
        """Return one line for each thing that is wrong, with what mends it."""
        return (*(line for each in self.records for line in each.warnings()), *self._conflict_warnings())

    def check(self) -> None:
        """Raise one error that lists everything that does not work; notices on what works are no reason.

        Raises:
            PluginError: Of the narrowest class that fits all faults; the hint installs all that is required and absent.
        """
        faulty = [each for each in self.records if each.faulty]
        warnings = [*(each.warnings()[0] for each in faulty), *self._conflict_warnings()]
        if not warnings:
            return
        kinds = {_ERRORS[each.status] for each in faulty}
        kinds |= {PluginConflict for _ in self._registry.conflicts()}
        error = kinds.pop() if len(kinds) == 1 else PluginError
        raise error("Plugins are not in order:" + "".join(f"\n  - {each}" for each in warnings), hint=_install(faulty))

    def add(self, name: str, plugin: object) -> Callable[[], None]:
        """Load a plugin that is at hand as an object, without an entry point.

        The user's configuration still rules: a disabled name is recorded as disabled and nothing of it is used.

        Args:
            name: Its entry name.
            plugin: A module, or an object with methods marked with `hookimpl`.

        Returns:
            A function that takes the plugin out again; calling it twice does no harm.

        Raises:
            PluginConflict: A plugin of that name is already there.
            PluginIncompatible: It breaks the contract.
            PluginFailed: One of its hooks raised.
        """
        if any(each.name == name for each in self._records):
            raise PluginConflict(f"A plugin called `{name}` is already there.", hint="Choose another name.")
        candidate = _host_candidate(name, plugin)
        verdict = self._selection.verdict(candidate)
        if not verdict.enabled:
            return self._enter(LoadedPlugin(PluginRecord(candidate, PluginStatus.DISABLED, verdict.reason)))
        loaded = self._loaded(candidate, {candidate: plugin})
        undo = self._enter(loaded)
        record = loaded.record
        if record.faulty:
            undo()
            raise _ERRORS[record.status](f"plugin `{name}`: {record.reason}", hint=record.hint) from loaded.error
        return undo

    def _conflict_warnings(self) -> list[str]:
        return [one_line(f"{each}; none is used. Mend it: {each.hint}.") for each in self._registry.conflicts()]

    def _loaded(self, candidate: PluginCandidate, objects: Mapping[PluginCandidate, object]) -> LoadedPlugin:
        if candidate in objects:
            return load_object(candidate, objects[candidate], self._hooks, clock=self._clock, slow_ms=self._slow_ms)
        return load_candidate(candidate, self._hooks, clock=self._clock, slow_ms=self._slow_ms)

    def _enter(self, loaded: LoadedPlugin) -> Callable[[], None]:
        """Keep the record, enter the contributions, and return what takes both out again."""
        record = loaded.record
        self._records.append(record)
        undos = [
            self._registry.add(kind, contribution, origin=record.candidate)
            for kind, contributions in record.contributions.items()
            for contribution in contributions
        ]

        def undo() -> None:
            for each in undos:
                each()
            self._records = [each for each in self._records if each is not record]
            if self._hooks.is_registered(loaded.plugin):
                self._hooks.unregister(loaded.plugin)

        return undo

    def _absent(self) -> list[str]:
        return [f"{each.name} ({each.status})" for each in self.records if each.status is not PluginStatus.LOADED]


def _install(records: Iterable[PluginRecord]) -> str | None:
    """Return one command that installs everything that is required and absent."""
    hints = (each.hint for each in records if each.status is PluginStatus.MISSING)
    absent = [each.removeprefix("pip install ") for each in hints if each.startswith("pip install ")]
    return f"pip install {' '.join(absent)}" if absent else None


def _host_candidate(name: str, plugin: object) -> PluginCandidate:
    return PluginCandidate(name, HOST, target=getattr(plugin, "__name__", type(plugin).__qualname__))
