"""Third to fifth step: import the hook module of a candidate, register its hooks, verify what they give.

Whatever a plugin does wrong ends as a record with a reason. Only an interrupt by the user and a lack of memory pass
through, with a note on the plugin that was at work: a plugin that calls `sys.exit` while it is imported is a broken
plugin, not the end of the program.
"""

import time
from collections.abc import Callable
from importlib import import_module
from typing import Final, TypeAlias, cast

import pluggy
from attrs import evolve, field, frozen

from elixirml import hookspecs
from elixirml.contracts.contribution import Contribution
from elixirml.errors import ElixirError, PluginIncompatible
from elixirml.plugins.contract import HOOKS, checked_contributions, checked_hooks, deprecations
from elixirml.plugins.markers import PROJECT
from elixirml.plugins.records import (
    HOST,
    HookCall,
    Notice,
    PluginCandidate,
    PluginRecord,
    PluginStatus,
    normalised,
    one_line,
)

__all__ = [
    "SLOW_MS",
    "UNSTOPPABLE",
    "Clock",
    "Hooks",
    "LoadedPlugin",
    "described",
    "import_plugin",
    "load_candidate",
    "load_object",
    "register_plugin",
    "verify_plugin",
]

SLOW_MS: Final = 500.0
"""A sound hook module loads in about a millisecond; this much is felt at every start, and said."""

UNSTOPPABLE: Final = (KeyboardInterrupt, MemoryError, GeneratorExit)

Clock: TypeAlias = Callable[[], float]


class Hooks(pluggy.PluginManager):
    """The hooks of `elixirml.hookspecs`, and the plugins registered on them."""

    def __init__(self) -> None:
        super().__init__(PROJECT)
        self.add_hookspecs(hookspecs)

    def parse_hookspec_opts(self, module_or_class: object, name: str) -> "pluggy.HookspecOpts | None":
        """Take each `register_<kind>` of the contract for a hook: its functions stay plain, without marks."""
        if module_or_class is hookspecs and name in HOOKS:
            return {"firstresult": False, "historic": False, "warn_on_impl": None, "warn_on_impl_args": None}
        return super().parse_hookspec_opts(cast("type", module_or_class), name)

    def call_one(self, name: str, plugin: object) -> object:
        """Call one hook of one plugin and return its result."""
        others = [each for each in self.get_plugins() if each is not plugin]
        results = cast("list[object]", self.subset_hook_caller(name, others)())
        # pluggy leaves out a result of None.
        return results[0] if results else None


@frozen
class LoadedPlugin:
    """The outcome of the third, fourth and fifth step.

    Attributes:
        record: What became of the candidate so far.
        plugin: Its module or object; None when there is none that could be used.
        error: What the plugin raised or what is wrong with it; None when all is well.
    """

    record: PluginRecord
    plugin: object = field(default=None, eq=False)
    error: BaseException | None = field(default=None, eq=False)


def load_candidate(
    candidate: PluginCandidate, hooks: Hooks, *, clock: Clock = time.perf_counter, slow_ms: float = SLOW_MS
) -> LoadedPlugin:
    """Take a candidate through all three steps.

    Args:
        candidate: The plugin chosen in the second step.
        hooks: Where its hooks are registered when it keeps to the contract.
        clock: Seconds by the wall; the time from before the import to the return of the last hook is `load_ms`.
        slow_ms: A plugin that takes longer gets a notice.
    """
    return _timed(lambda: import_plugin(candidate), hooks, clock, slow_ms)


def load_object(
    candidate: PluginCandidate,
    plugin: object,
    hooks: Hooks,
    *,
    clock: Clock = time.perf_counter,
    slow_ms: float = SLOW_MS,
) -> LoadedPlugin:
    """Load a plugin that is at hand as an object: a module, or anything with marked methods."""
    return _timed(lambda: LoadedPlugin(PluginRecord(candidate, PluginStatus.LOADED), plugin), hooks, clock, slow_ms)


def import_plugin(candidate: PluginCandidate) -> LoadedPlugin:
    """Third step: import the hook module of a candidate."""
    start = LoadedPlugin(PluginRecord(candidate, PluginStatus.LOADED))
    return _guarded(start, lambda: evolve(start, plugin=_imported(candidate)))


def register_plugin(loaded: LoadedPlugin, hooks: Hooks) -> LoadedPlugin:
    """Fourth step: check the hooks of an imported plugin against the contract and register them."""

    def registered() -> LoadedPlugin:
        implemented = checked_hooks(loaded.plugin, hooks.parse_hookimpl_opts)
        upgrade = _upgrade(loaded.record.candidate)
        notices = tuple(Notice(each, upgrade) for each in deprecations(loaded.plugin, implemented))
        hooks.register(loaded.plugin, loaded.record.candidate.entry_name)
        return evolve(loaded, record=evolve(loaded.record, hooks=tuple(implemented), notices=notices))

    return loaded if loaded.error is not None else _guarded(loaded, registered)


def verify_plugin(loaded: LoadedPlugin, hooks: Hooks, *, clock: Clock = time.perf_counter) -> LoadedPlugin:
    """Fifth step: ask each hook of a registered plugin what it offers, and check that.

    A hook that fails does not take with it what the others offer.
    """
    if loaded.error is not None:
        return loaded
    contributions: dict[str, tuple[Contribution, ...]] = {}
    calls: list[HookCall] = []
    failures: list[tuple[str, BaseException]] = []
    for name in loaded.record.hooks:
        begun = clock()
        try:
            offered = checked_contributions(hooks.call_one(name, loaded.plugin))
        except UNSTOPPABLE as error:
            hooks.unregister(loaded.plugin)
            error.add_note(_at_work(loaded.record.candidate))
            raise
        except BaseException as error:  # noqa: BLE001 - see the module's first words
            failures.append((name, error))
            calls.append(HookCall(name, ms=_ms(begun, clock()), error=_words(error)))
        else:
            contributions[name.removeprefix("register_")] = offered
            calls.append(HookCall(name, len(offered), _ms(begun, clock())))
    record = evolve(loaded.record, contributions=contributions, calls=tuple(calls))
    return evolve(loaded, record=record) if not failures else _with_failures(evolve(loaded, record=record), failures)


def described(error: BaseException) -> str:
    """Return the kind and the words of an exception on one line."""
    words = one_line(str(error))
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _timed(find: Callable[[], LoadedPlugin], hooks: Hooks, clock: Clock, slow_ms: float) -> LoadedPlugin:
    start = clock()
    loaded = verify_plugin(register_plugin(find(), hooks), hooks)
    record = evolve(loaded.record, load_ms=_ms(start, clock()))
    if record.status is PluginStatus.LOADED and record.load_ms > slow_ms:
        record = evolve(record, notices=(*record.notices, _slow(record, slow_ms)))
    return evolve(loaded, record=record)


def _guarded(loaded: LoadedPlugin, step: Callable[[], LoadedPlugin]) -> LoadedPlugin:
    candidate = loaded.record.candidate
    try:
        return step()
    except UNSTOPPABLE as error:
        error.add_note(_at_work(candidate))
        raise
    except BaseException as error:  # noqa: BLE001 - see the module's first words
        return LoadedPlugin(
            PluginRecord(candidate, _status(error), _words(error), _mend(candidate, error)), error=error
        )


def _at_work(candidate: PluginCandidate) -> str:
    return (
        f"The plugin {candidate} was being loaded. If it hangs, leave it out: "
        f"elixirml plugins disable {candidate.entry_name}"
    )


def _ms(start: float, end: float) -> float:
    return round((end - start) * 1000, 3)


def _slow(record: PluginRecord, slow_ms: float) -> Notice:
    return Notice(
        f"slow: it took {record.load_ms:.0f} ms to load, at every start; more than {slow_ms:.0f} ms is too much",
        f"elixirml plugins disable {record.name}",
    )


def _with_failures(loaded: LoadedPlugin, failures: list[tuple[str, BaseException]]) -> LoadedPlugin:
    first = failures[0][1]
    reason = "; ".join(f"`{name}`: {_words(error)}" for name, error in failures)
    hint = _mend(loaded.record.candidate, first)
    return evolve(loaded, record=evolve(loaded.record, status=_status(first), reason=reason, hint=hint), error=first)


def _imported(candidate: PluginCandidate) -> object:
    module, _, attribute = candidate.target.partition(":")
    if not module:
        raise PluginIncompatible("its entry point names no module", code="entry-point")
    found: object = import_module(module)
    for part in filter(None, attribute.split(".")):
        found = getattr(found, part)
    return found


def _status(error: BaseException) -> PluginStatus:
    incompatible = isinstance(error, (PluginIncompatible, pluggy.PluginValidationError))
    return PluginStatus.INCOMPATIBLE if incompatible else PluginStatus.FAILED


def _words(error: BaseException) -> str:
    """Return what is wrong, in the words of the contract where it was broken, else in those of the exception."""
    if isinstance(error, PluginIncompatible):
        return one_line(error.message)
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"it needs the module `{error.name}`, which is not installed"
    return f"it raised {described(error)}"


def _mend(candidate: PluginCandidate, error: BaseException) -> str:
    """Return the command most likely to mend a fault: the author's release, else leaving the plugin out."""
    if isinstance(error, ElixirError) and error.hint:
        return one_line(error.hint)
    if isinstance(error, ImportError) and candidate.distribution != HOST:
        return f"pip install --upgrade --force-reinstall {normalised(candidate.distribution)}"
    return _upgrade(candidate)


def _upgrade(candidate: PluginCandidate) -> str:
    if candidate.distribution == HOST:
        return f"elixirml plugins disable {candidate.entry_name}"
    return f"pip install --upgrade {normalised(candidate.distribution)}"
