"""Third step: import the hook module of one candidate, check it against the contract and ask it what it offers.

Whatever a plugin does wrong ends as a record with a reason. Only an interrupt by the user and a lack of memory pass
through: a plugin that calls `sys.exit` while it is imported is a broken plugin, not the end of the program.
"""

import inspect
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from typing import Final, TypeAlias, cast

import pluggy
from attrs import evolve, field, frozen

from elixirml import hookspecs
from elixirml.contracts.contribution import Contribution
from elixirml.errors import ElixirError, PluginIncompatible, closest
from elixirml.plugins.markers import PROJECT
from elixirml.plugins.records import HOST, PluginCandidate, PluginRecord, PluginStatus, normalised, one_line

__all__ = ["UNSTOPPABLE", "Clock", "Hooks", "LoadedPlugin", "described", "load_candidate", "load_object"]

UNSTOPPABLE: Final = (KeyboardInterrupt, MemoryError, GeneratorExit)
_HOOKS: Final = tuple(f"register_{kind}" for kind in hookspecs.KINDS)

Clock: TypeAlias = Callable[[], float]


class Hooks(pluggy.PluginManager):
    """The hooks of `elixirml.hookspecs`, and the plugins registered on them."""

    def __init__(self) -> None:
        super().__init__(PROJECT)
        self.add_hookspecs(hookspecs)

    def parse_hookspec_opts(self, module_or_class: object, name: str) -> "pluggy.HookspecOpts | None":
        """Take each `register_<kind>` of the contract for a hook: its functions stay plain, without marks."""
        if module_or_class is hookspecs and name in _HOOKS:
            return {"firstresult": False, "historic": False, "warn_on_impl": None, "warn_on_impl_args": None}
        return super().parse_hookspec_opts(cast("type", module_or_class), name)

    def call_one(self, name: str, plugin: object) -> list[object]:
        """Call one hook of one plugin; the list is empty when the plugin returned None."""
        others = [each for each in self.get_plugins() if each is not plugin]
        return cast("list[object]", self.subset_hook_caller(name, others)())


@frozen
class LoadedPlugin:
    """The outcome of the third step.

    Attributes:
        record: What became of the candidate.
        plugin: The registered object; None when it could not be registered.
        error: What the plugin raised or what is wrong with it; None when all is well.
    """

    record: PluginRecord
    plugin: object = field(default=None, eq=False)
    error: BaseException | None = field(default=None, eq=False)


def load_candidate(candidate: PluginCandidate, hooks: Hooks, *, clock: Clock = time.perf_counter) -> LoadedPlugin:
    """Import a candidate's hook module and load it.

    Args:
        candidate: The plugin chosen in the second step.
        hooks: Where its hooks are registered when it keeps to the contract.
        clock: Seconds; the difference is reported as `load_ms`.
    """
    return _timed(candidate, lambda: _imported(candidate), hooks, clock)


def load_object(
    candidate: PluginCandidate, plugin: object, hooks: Hooks, *, clock: Clock = time.perf_counter
) -> LoadedPlugin:
    """Load a plugin that is at hand as an object: a module, or anything with marked methods."""
    return _timed(candidate, lambda: plugin, hooks, clock)


def described(error: BaseException) -> str:
    """Return the kind and the words of an exception on one line."""
    words = one_line(str(error))
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _timed(candidate: PluginCandidate, find: Callable[[], object], hooks: Hooks, clock: Clock) -> LoadedPlugin:
    start = clock()
    loaded = _loaded(candidate, find, hooks)
    return evolve(loaded, record=evolve(loaded.record, load_ms=round((clock() - start) * 1000, 3)))


def _loaded(candidate: PluginCandidate, find: Callable[[], object], hooks: Hooks) -> LoadedPlugin:
    try:
        plugin = find()
        _check_level(plugin)
        names = tuple(sorted(_checked_hooks(plugin, hooks)))
        hooks.register(plugin, candidate.entry_name)
    except UNSTOPPABLE:
        raise
    except BaseException as error:  # noqa: BLE001 - see the module's first words
        return LoadedPlugin(_refusal(candidate, error), error=error)
    return _asked(candidate, plugin, names, hooks)


def _asked(candidate: PluginCandidate, plugin: object, names: tuple[str, ...], hooks: Hooks) -> LoadedPlugin:
    """Call the hooks one by one: a hook that fails does not take with it what the others offer."""
    contributions: dict[str, tuple[Contribution, ...]] = {}
    failures: list[tuple[str, BaseException]] = []
    for name in names:
        try:
            contributions[name.removeprefix("register_")] = _contributions(hooks.call_one(name, plugin))
        except UNSTOPPABLE:
            hooks.unregister(plugin)
            raise
        except BaseException as error:  # noqa: BLE001 - see the module's first words
            failures.append((name, error))
    record = PluginRecord(candidate, PluginStatus.LOADED, contributions=contributions, hooks=names)
    if not failures:
        return LoadedPlugin(record, plugin)
    status = _status(failures[0][1])
    reason = "; ".join(f"`{name}`: {_words(error)}" for name, error in failures)
    refused = evolve(record, status=status, reason=reason, hint=_mend(candidate, failures[0][1]))
    return LoadedPlugin(refused, plugin, failures[0][1])


def _imported(candidate: PluginCandidate) -> object:
    module, _, attribute = candidate.target.partition(":")
    if not module:
        raise PluginIncompatible("its entry point names no module", code="entry-point")
    found: object = import_module(module)
    for part in filter(None, attribute.split(".")):
        found = getattr(found, part)
    return found


def _check_level(plugin: object) -> None:
    """Refuse a plugin made for another hook-API level, before its hooks are looked at."""
    level = getattr(plugin, "ELIXIRML_HOOK_API", hookspecs.HOOK_API)
    if not isinstance(level, int) or not 1 <= level <= hookspecs.HOOK_API:
        raise PluginIncompatible(
            f"it is made for hook-API level {level!r}; this kernel has level {hookspecs.HOOK_API}",
            hint="pip install --upgrade elixirml",
            code="hook-api",
        )


def _checked_hooks(plugin: object, hooks: Hooks) -> Iterator[str]:
    """Yield the hooks a plugin implements, or raise for the first that breaks the contract."""
    marked = {name: options for name in dir(plugin) if (options := hooks.parse_hookimpl_opts(plugin, name))}
    unmarked = [name for name in _HOOKS if name not in marked and callable(getattr(plugin, name, None))]
    if unmarked:
        raise PluginIncompatible(f"`{unmarked[0]}` is not marked with `hookimpl`", code="hook-unmarked")
    if not marked:
        raise PluginIncompatible("it implements no hook", code="hook-none")
    for attribute, options in marked.items():
        name = options.get("specname") or attribute
        if name in _HOOKS:
            _check_signature(name, getattr(plugin, attribute), options)
            yield name
        elif not options.get("optionalhook"):
            near = closest(name, _HOOKS)
            suggestion = f"Did you mean `{near}`?" if near else f"Hooks are: {', '.join(_HOOKS)}."
            raise PluginIncompatible(f"it implements `{name}`, which is no hook. {suggestion}", code="hook-unknown")


def _check_signature(name: str, function: Callable[..., object], options: Mapping[str, object]) -> None:
    if options.get("wrapper") or options.get("hookwrapper"):
        raise PluginIncompatible(f"`{name}` is a wrapper; contribution hooks take none", code="hook-wrapper")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise PluginIncompatible(f"`{name}` is async; hooks are plain functions", code="hook-async")
    given = inspect.signature(getattr(hookspecs, name)).parameters
    taken = inspect.signature(function).parameters.values()
    # pluggy would accept a keyword-only argument here, and then fail to pass it when the hook is called.
    by_keyword = [each for each in taken if each.kind is inspect.Parameter.KEYWORD_ONLY]
    if by_keyword:
        raise PluginIncompatible(f"`{name}` takes `{by_keyword[0]}` by keyword only", code="hook-argument")
    unknown = [each for each in taken if each.name not in given]
    if unknown:
        raise PluginIncompatible(f"`{name}` takes `{unknown[0]}`, which the hook does not give", code="hook-argument")


def _contributions(results: list[object]) -> tuple[Contribution, ...]:
    """Return what one hook of one plugin offered, checked item by item."""
    # pluggy leaves out a result of None.
    result = results[0] if results else None
    if isinstance(result, str) or not isinstance(result, Iterable):
        raise PluginIncompatible(f"it returned {result!r} instead of contributions", code="hook-result")
    offered = tuple(cast("Iterable[object]", result))
    seen: set[str] = set()
    for each in offered:
        if not isinstance(each, Contribution):
            raise PluginIncompatible(f"it returned {each!r}, which is no Contribution", code="hook-result")
        if each.name in seen:
            raise PluginIncompatible(f"it offers `{each.name}` twice", code="hook-result")
        seen.add(each.name)
    return cast("tuple[Contribution, ...]", offered)


def _status(error: BaseException) -> PluginStatus:
    incompatible = isinstance(error, (PluginIncompatible, pluggy.PluginValidationError))
    return PluginStatus.INCOMPATIBLE if incompatible else PluginStatus.FAILED


def _refusal(candidate: PluginCandidate, error: BaseException) -> PluginRecord:
    return PluginRecord(candidate, _status(error), _words(error), _mend(candidate, error))


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
    if candidate.distribution == HOST:
        return f"elixirml plugins disable {candidate.entry_name}"
    if isinstance(error, ImportError):
        return f"pip install --upgrade --force-reinstall {normalised(candidate.distribution)}"
    return f"pip install --upgrade {normalised(candidate.distribution)}"
