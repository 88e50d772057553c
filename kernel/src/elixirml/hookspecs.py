"""Every hook a plugin may implement: the whole contract between the kernel and what is installed beside it.

A plugin is a module (its entry point, in the group `elixirml`, names it) with functions of these names, each marked
with `elixirml.plugins.hookimpl`. Every hook is called once, when the plugin is loaded, and returns lazy references, so
that a plugin costs well under a millisecond until one of its capabilities is used.

Arguments may be added to a hook later, never removed: an implementation takes the arguments it needs and leaves out the
others. `HOOK_API` guards what this rule cannot: a plugin written for a later level says so with a module attribute
`ELIXIRML_HOOK_API = 2` and is refused here, by name, before anything of it is used.
"""

from collections.abc import Iterable
from typing import Final

from elixirml.contracts.contribution import Contribution

__all__ = [
    "HOOK_API",
    "KINDS",
    "register_adapters",
    "register_datasets",
    "register_language_models",
    "register_metrics",
    "register_observers",
    "register_predictors",
    "register_schemas",
    "register_teleprompters",
]

HOOK_API: Final = 1
"""The level of this contract; it rises only when an old plugin can no longer work."""

KINDS: Final = (
    "schemas",
    "language_models",
    "adapters",
    "predictors",
    "teleprompters",
    "metrics",
    "datasets",
    "observers",
)
"""The kinds of capability, each offered through `register_<kind>`."""


def register_schemas() -> Iterable[Contribution]:
    """Offer schema engines: what reads the types users declare, checks data against them and describes them.

    An engine is asked for each declared type in turn and takes those it supports, so several live side by side. Called
    once, when the plugin is loaded; nothing is imported until the engine is first used.

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
