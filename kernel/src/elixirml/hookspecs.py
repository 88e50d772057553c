"""Every hook a plugin may implement: the whole contract between the kernel and what is installed beside it.

A plugin is a module (its entry point, in the group `elixirml`, names it) with functions of these names, each marked
with `elixirml.plugins.hookimpl`. Every hook is called once, when the plugin is loaded, and returns lazy references, so
that a plugin costs well under a millisecond until one of its capabilities is used.

Arguments may be added to a hook later, never removed: an implementation takes the arguments it needs and leaves out the
others. `HOOK_API` guards what this rule cannot: a plugin written for a later level says so with a module attribute
`ELIXIRML_HOOK_API = 2` and is refused here, by name, before anything of it is used.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from elixirml.contracts.contribution import Contribution

__all__ = [
    "DEPRECATED",
    "HOOK_API",
    "KINDS",
    "register_adapters",
    "register_commands",
    "register_configurations",
    "register_datasets",
    "register_executors",
    "register_extensions",
    "register_language_models",
    "register_metrics",
    "register_middlewares",
    "register_observers",
    "register_predictors",
    "register_retrievers",
    "register_schemas",
    "register_stores",
    "register_teleprompters",
    "register_tools",
]

HOOK_API: Final = 1
"""The level of this contract; it rises only when an old plugin can no longer work."""

KINDS: Final = (
    "schemas",
    "language_models",
    "middlewares",
    "adapters",
    "predictors",
    "teleprompters",
    "metrics",
    "tools",
    "datasets",
    "retrievers",
    "executors",
    "stores",
    "observers",
    "commands",
    "configurations",
    "extensions",
)
"""The kinds of capability, each offered through `register_<kind>`."""

DEPRECATED: Final[Mapping[str | tuple[str, str], str]] = {}
"""Hooks, and arguments of hooks as (hook, argument), that will go one day, each with what to use instead.

A plugin that implements one works as before, and is warned about once, when it is loaded.
"""


def register_schemas() -> Iterable[Contribution]:
    """Offer schema engines: what reads the types users declare, checks data against them and describes them.

    An engine is asked for each declared type in turn and takes those it supports, so several live side by side. The one
    with `options={"default": True}` is asked first, and makes the records that have no class. Called once, when the
    plugin is loaded; nothing is imported until the engine is first used.

    Returns:
        One `Contribution` an engine; the target is an engine or a class of one.

    Raises:
        Exception: Anything raised marks this plugin as failed, with the reason; other plugins are not affected.

    Example:
        >>> from elixirml.plugins import Contribution, hookimpl
        >>> @hookimpl
        ... def register_schemas():
        ...     yield Contribution("attrs", "elixirml_schemas.attrs:AttrsSchemas", "attrs classes and dataclasses")

    .. versionadded:: 0.1
    """
    return ()


def register_language_models() -> Iterable[Contribution]:
    """Offer language-model providers, each under the prefix of the model names it serves.

    The name of the contribution is the part before the slash: `local` serves `local/smollm2` and every other
    `local/...`. Called once, when the plugin is loaded; no weights are read and no client is opened here.

    A model has the methods of `elixirml.contracts.LanguageModel`, and may have those of `StreamingModel`,
    `EmbeddingModel` and `PricedModel` beside them: what it streams is passed on as it comes, and a reply that broke off
    is booked at the price it tells.

    Returns:
        One `Contribution` a provider prefix; the target is a provider or a class of one.

    Raises:
        Exception: Anything raised marks this plugin as failed, with the reason; other plugins are not affected.

    Example:
        >>> from elixirml.plugins import Contribution, hookimpl
        >>> @hookimpl
        ... def register_language_models():
        ...     return [Contribution("local", "elixirml_local.provider:LocalModels", "models embedded in this machine")]

    .. versionadded:: 0.1
    """
    return ()


def register_middlewares() -> Iterable[Contribution]:
    """Offer middlewares: language models around language models, such as caches, retries and limits.

    The name is what `Kernel(middlewares=[...])` and the `[kernel]` table of the configuration use. Several compose by
    their declared order, see `elixirml.contracts.ORDERS`. Called once, when the plugin is loaded; nothing is imported
    until a kernel uses the middleware.

    Returns:
        One `Contribution` a middleware; the target is a middleware or a class of one.

    Raises:
        Exception: Anything raised marks this plugin as failed, with the reason; other plugins are not affected.

    Example:
        >>> from elixirml.plugins import Contribution, hookimpl
        >>> @hookimpl
        ... def register_middlewares():
        ...     yield Contribution("retry", "elixirml_resilience.retry:Retry", "asks again, with patience")

    .. versionadded:: 0.1
    """
    return ()


def register_adapters() -> Iterable[Contribution]:
    """Offer adapters: prompt formats that write a signature as messages and read the reply back as typed fields.

    The name is what an `adapter` variable chooses from. Called once, when the plugin is loaded; nothing is imported
    until the adapter is first used.

    Returns:
        One `Contribution` an adapter; the target is an adapter or a class of one.

    Raises:
        Exception: Anything raised marks this plugin as failed, with the reason; other plugins are not affected.

    Example:
        >>> from elixirml.plugins import Contribution, hookimpl
        >>> @hookimpl
        ... def register_adapters():
        ...     yield Contribution("json", "elixirml_adapters.json:JsonAdapter", "one JSON object a reply")

    .. versionadded:: 0.1
    """
    return ()


def register_predictors() -> Iterable[Contribution]:
    """Offer predictors: strategies that turn one signature into one or several model calls.

    The name is what a `strategy` variable chooses from. Called once, when the plugin is loaded; nothing is imported
    until the predictor is first used.

    Returns:
        One `Contribution` a predictor; the target is a predictor or a class of one.

    Raises:
        Exception: Anything raised marks this plugin as failed, with the reason; other plugins are not affected.

    Example:
        >>> from elixirml.plugins import Contribution, hookimpl
        >>> @hookimpl
        ... def register_predictors():
        ...     yield Contribution("direct", "elixirml_predictors.direct:Direct", "one call, no reasoning")

    .. versionadded:: 0.1
    """
    return ()


def register_teleprompters() -> Iterable[Contribution]:
    """Offer teleprompters: optimizers that propose assignments and learn from the trials a study carries out.

    The name is what users write in `teleprompter="..."`. Called once, when the plugin is loaded; nothing is imported
    until the first study that asks for it.

    Returns:
        One `Contribution` a teleprompter; the target is a teleprompter or a class of one.

    Raises:
        Exception: Anything raised marks this plugin as failed, with the reason; other plugins are not affected.

    Example:
        >>> from elixirml.plugins import Contribution, hookimpl
        >>> @hookimpl
        ... def register_teleprompters():
        ...     yield Contribution("random", "elixirml_teleprompters.random:Random", "uniform draws from the space")

    .. versionadded:: 0.1
    """
    return ()


def register_metrics() -> Iterable[Contribution]:
    """Offer metrics, each under the name users write in `metric="..."`.

    Called once, when the plugin is loaded. Return lazy references: nothing is imported until the metric is first used.

    Returns:
        One `Contribution` a metric; the target is a `Metric` or a class of one.

    Raises:
        Exception: Anything raised marks this plugin as failed, with the reason; other plugins are not affected.

    Example:
        >>> from elixirml.plugins import Contribution, hookimpl
        >>> @hookimpl
        ... def register_metrics():
        ...     yield Contribution("exact_match", "elixirml_metrics.exact:ExactMatch", "1 when the texts agree")

    .. versionadded:: 0.1
    """
    return ()


def register_tools() -> Iterable[Contribution]:
    """Offer tools: typed functions that a model may call, each under the name a program asks for.

    What a tool may do to the world is part of it, as `ToolFlag`s. Called once, when the plugin is loaded; nothing is
    run and no server is started here.

    Returns:
        One `Contribution` a tool; the target is a tool or a class of one.

    Raises:
        Exception: Anything raised marks this plugin as failed, with the reason; other plugins are not affected.

    Example:
        >>> from elixirml.plugins import Contribution, hookimpl
        >>> @hookimpl
        ... def register_tools():
        ...     yield Contribution("fetch", "elixirml_tools.fetch:Fetch", "reads a public web page")

    .. versionadded:: 0.1
    """
    return ()


def register_datasets() -> Iterable[Contribution]:
    """Offer datasets and the readers of dataset files, each under the name users write where data is asked for.

    Called once, when the plugin is loaded; no file is opened here.

    Returns:
        One `Contribution` a dataset or reader; the target is one or a class of one.

    Raises:
        Exception: Anything raised marks this plugin as failed, with the reason; other plugins are not affected.

    Example:
        >>> from elixirml.plugins import Contribution, hookimpl
        >>> @hookimpl
        ... def register_datasets():
        ...     yield Contribution("jsonl", "elixirml_datasets.jsonl:JsonLines", "one JSON object a line")

    .. versionadded:: 0.1
    """
    return ()


def register_retrievers() -> Iterable[Contribution]:
    """Offer retrievers: what finds passages that fit a question.

    Called once, when the plugin is loaded; no index is opened here.

    Returns:
        One `Contribution` a retriever; the target is a retriever or a class of one.

    Raises:
        Exception: Anything raised marks this plugin as failed, with the reason; other plugins are not affected.

    Example:
        >>> from elixirml.plugins import Contribution, hookimpl
        >>> @hookimpl
        ... def register_retrievers():
        ...     yield Contribution("bm25", "elixirml_retrieval.bm25:Bm25", "by words in common, in memory")

    .. versionadded:: 0.1
    """
    return ()


def register_executors() -> Iterable[Contribution]:
    """Offer executors: places where work runs, such as worker processes and clusters.

    The name is what `executor="..."` takes. Called once, when the plugin is loaded; no worker is started here.

    Returns:
        One `Contribution` an executor; the target is a class of executors, since each piece of work has one of its own.

    Raises:
        Exception: Anything raised marks this plugin as failed, with the reason; other plugins are not affected.

    Example:
        >>> from elixirml.plugins import Contribution, hookimpl
        >>> @hookimpl
        ... def register_executors():
        ...     yield Contribution("dask", "elixirml_dask.executor:DaskExecutor", "workers of a Dask cluster")

    .. versionadded:: 0.1
    """
    return ()


def register_stores() -> Iterable[Contribution]:
    """Offer stores: durable values by key, and journals that only grow.

    Called once, when the plugin is loaded; no file is opened here.

    Returns:
        One `Contribution` a store; the target is a store provider or a class of one.

    Raises:
        Exception: Anything raised marks this plugin as failed, with the reason; other plugins are not affected.

    Example:
        >>> from elixirml.plugins import Contribution, hookimpl
        >>> @hookimpl
        ... def register_stores():
        ...     yield Contribution("sqlite", "elixirml_stores.sqlite:SqliteStores", "one file, many processes")

    .. versionadded:: 0.1
    """
    return ()


def register_observers() -> Iterable[Contribution]:
    """Offer observers: sinks for the events of runs and studies, such as progress bars and telemetry.

    Offering one does not start it: a kernel observes only with those it is told to use. Called once, when the plugin is
    loaded.

    Returns:
        One `Contribution` an observer; the target is an observer or a class of one.

    Raises:
        Exception: Anything raised marks this plugin as failed, with the reason; other plugins are not affected.

    Example:
        >>> from elixirml.plugins import Contribution, hookimpl
        >>> @hookimpl
        ... def register_observers():
        ...     yield Contribution("progress", "elixirml_progress.bar:Bar", "a bar on standard error")

    .. versionadded:: 0.1
    """
    return ()


def register_commands() -> Iterable[Contribution]:
    """Offer verbs of the command line, each a click command under the name users type after `elixirml`.

    A verb is found here when it is used. To be listed by `elixirml --help`, which imports no plugin, it is also
    declared as an entry point of the same name and target in the group `elixirml.commands`. Called once, when the
    plugin is loaded.

    Returns:
        One `Contribution` a verb; the target is a `click.Command`.

    Raises:
        Exception: Anything raised marks this plugin as failed, with the reason; other plugins are not affected.

    Example:
        >>> from elixirml.plugins import Contribution, hookimpl
        >>> @hookimpl
        ... def register_commands():
        ...     yield Contribution("serve", "elixirml_serve.command:serve", "answer over HTTP")

    .. versionadded:: 0.1
    """
    return ()


def register_configurations() -> Iterable[Contribution]:
    """Offer the sections of the configuration that belong to the plugin, by convention one under its own name.

    Users write a section as `[plugins.NAME]`; what it may hold is an attrs class, each field an option with its type,
    default and bounds. Called once, when the plugin is loaded; nothing is imported until the section is asked for.

    Returns:
        One `Contribution` a section; the target is an attrs class, and stays a class.

    Raises:
        Exception: Anything raised marks this plugin as failed, with the reason; other plugins are not affected.

    Example:
        >>> from elixirml.plugins import Contribution, hookimpl
        >>> @hookimpl
        ... def register_configurations():
        ...     yield Contribution("http", "elixirml_http.config:HttpConfig", "endpoints, keys and time limits")

    .. versionadded:: 0.1
    """
    return ()


def register_extensions() -> Iterable[Contribution]:
    """Offer extensions: the life of the plugin inside a running kernel, for plugins that have one.

    A kernel makes one instance of each when it starts, hands it its configuration, supervises its services and tells
    it of compilations and runs; see `elixirml.contracts.Extension`. Called once, when the plugin is loaded.

    Returns:
        One `Contribution` an extension; the target is a class of extensions.

    Raises:
        Exception: Anything raised marks this plugin as failed, with the reason; other plugins are not affected.

    Example:
        >>> from elixirml.plugins import Contribution, hookimpl
        >>> @hookimpl
        ... def register_extensions():
        ...     yield Contribution("reload", "elixirml_reload.extension:Reload", "watches the files of programs")

    .. versionadded:: 0.1
    """
    return ()
