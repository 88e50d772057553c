"""The contract of the hooks, checked: which hooks a plugin implements, in what form, and what they gave.

Every check raises `PluginIncompatible` for the first breach, in words for the plugin's author.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeAlias, cast

from elixirml import hookspecs
from elixirml.contracts.contribution import Contribution
from elixirml.errors import PluginIncompatible, closest

__all__ = ["HOOKS", "checked_contributions", "checked_hooks", "deprecations"]

HOOKS: Final = tuple(f"register_{kind}" for kind in hookspecs.KINDS)
"""The names of all hooks."""

Options: TypeAlias = Mapping[str, object]


def checked_hooks(plugin: object, options_of: Callable[[object, str], Options | None]) -> Mapping[str, str]:
    """Return the hooks a plugin implements, sorted, each with the attribute that does, once all keep to the contract.

    Args:
        plugin: A module, or an object with marked methods.
        options_of: Returns the options with which an attribute is marked as a hook; None for an unmarked one.

    Raises:
        PluginIncompatible: The plugin breaks the contract.
    """
    _check_level(plugin)
    marked = {name: options for name in dir(plugin) if (options := options_of(plugin, name)) is not None}
    unmarked = [name for name in HOOKS if name not in marked and callable(getattr(plugin, name, None))]
    if unmarked:
        raise PluginIncompatible(f"`{unmarked[0]}` is not marked with `hookimpl`", code="hook-unmarked")
    if not marked:
        raise PluginIncompatible("it implements no hook", code="hook-none")
    return dict(sorted(_known_hooks(plugin, marked)))


def checked_contributions(result: object) -> tuple[Contribution, ...]:
    """Return what one hook gave, checked item by item.

    Raises:
        PluginIncompatible: It is no collection of contributions, or a name occurs twice.
    """
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


def deprecations(plugin: object, hooks: Mapping[str, str]) -> Iterator[str]:
    """Yield a line on each deprecated hook that a plugin implements, and each deprecated argument it takes.

    Args:
        plugin: A module, or an object with marked methods.
        hooks: What `checked_hooks` returned for it.
    """
    deprecated: Mapping[str | tuple[str, str], str] = getattr(hookspecs, "DEPRECATED", {})
    for key, advice in deprecated.items():
        name, argument = (key, None) if isinstance(key, str) else key
        if name not in hooks:
            continue
        if argument is None:
            yield f"`{name}` is deprecated: {advice}"
        elif argument in inspect.signature(getattr(plugin, hooks[name])).parameters:
            yield f"`{argument}` of `{name}` is deprecated: {advice}"


def _check_level(plugin: object) -> None:
    """Refuse a plugin made for another hook-API level, before its hooks are looked at."""
    level = getattr(plugin, "ELIXIRML_HOOK_API", hookspecs.HOOK_API)
    if not isinstance(level, int) or not 1 <= level <= hookspecs.HOOK_API:
        raise PluginIncompatible(
            f"it is made for hook-API level {level!r}; this kernel has level {hookspecs.HOOK_API}",
            hint="pip install --upgrade elixirml",
            code="hook-api",
        )


def _known_hooks(plugin: object, marked: Mapping[str, Options]) -> Iterator[tuple[str, str]]:
    for attribute, options in marked.items():
        name = str(options.get("specname") or attribute)
        if name in HOOKS:
            _check_signature(name, getattr(plugin, attribute), options)
            yield name, attribute
        elif not options.get("optionalhook"):
            near = closest(name, HOOKS)
            suggestion = f"Did you mean `{near}`?" if near else f"Hooks are: {', '.join(HOOKS)}."
            raise PluginIncompatible(f"it implements `{name}`, which is no hook. {suggestion}", code="hook-unknown")


def _check_signature(name: str, function: Callable[..., object], options: Options) -> None:
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
