"""What type checkers know of capabilities and plugins: run by mypy and pyright in strict mode, never by Python.

`assert_type` fails where a type is lost. A line with an ignore is a mistake that must be found: strict checkers refuse
an ignore that is not needed.
"""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from collections.abc import Callable
from typing import assert_type

from click import Command

from elixirml.contracts import (
    Adapter,
    DatasetSource,
    Executor,
    Extension,
    LanguageModelProvider,
    Metric,
    Middleware,
    Observer,
    Predictor,
    Retriever,
    SchemaEngine,
    StoreProvider,
    Teleprompter,
    Tool,
)
from elixirml.plugins import Contribution, PluginManager, PluginRecord, PluginStatus, Selection, hookimpl
from elixirml.testing import temporary_plugin


def capabilities(manager: PluginManager) -> None:
    """Each kind resolves to its own contract."""
    registry = manager.registry
    assert_type(registry.resolve("schemas", "a"), SchemaEngine)
    assert_type(registry.resolve("language_models", "a"), LanguageModelProvider)
    assert_type(registry.resolve("middlewares", "a"), Middleware)
    assert_type(registry.resolve("adapters", "a"), Adapter)
    assert_type(registry.resolve("predictors", "a"), Predictor)
    assert_type(registry.resolve("teleprompters", "a"), Teleprompter)
    assert_type(registry.resolve("metrics", "a"), Metric)
    assert_type(registry.resolve("tools", "a"), Tool)
    assert_type(registry.resolve("datasets", "a"), DatasetSource)
    assert_type(registry.resolve("retrievers", "a"), Retriever)
    assert_type(registry.resolve("executors", "a"), Callable[[], Executor])
    assert_type(registry.resolve("stores", "a"), StoreProvider)
    assert_type(registry.resolve("observers", "a"), Observer)
    assert_type(registry.resolve("commands", "a"), Command)
    assert_type(registry.resolve("configurations", "a"), type[object])
    assert_type(registry.resolve("extensions", "a"), Callable[[], Extension])


def another_kind(manager: PluginManager, kind: str) -> None:
    """Of a kind that is not known before the program runs, nothing is known."""
    assert_type(manager.registry.resolve(kind, "a"), object)


class Plugin:
    """A plugin, typed from end to end."""

    @hookimpl
    def register_metrics(self) -> list[Contribution]:
        """Marking a hook keeps its type."""
        return [Contribution("a", "package.module:Metric", "judges", options={"unit": "fraction"})]


def plugins(manager: PluginManager) -> None:
    """Records and their parts have types."""
    assert_type(Plugin().register_metrics(), list[Contribution])
    assert_type(manager["a"], PluginRecord)
    assert_type(manager["a"].status, PluginStatus)
    assert_type(manager.warnings(), tuple[str, ...])
    with temporary_plugin(manager, "a", Plugin()) as record:
        assert_type(record, PluginRecord)


def mistakes(manager: PluginManager) -> None:
    """Each of these lines is refused."""
    wrong: Adapter = manager.registry.resolve("metrics", "a")  # type: ignore[assignment]
    manager.registry.resolve("metrics", "a").parse("text")  # type: ignore[attr-defined]
    manager.registry.resolve("metrics")  # type: ignore[call-overload]
    manager.registry.resolve("metrics", 3)  # type: ignore[call-overload]
    manager.add(Plugin())  # type: ignore[call-arg, arg-type]
    manager["a"].status = PluginStatus.LOADED  # type: ignore[misc]
    Contribution("a", "package.module:Metric")  # type: ignore[call-arg]
    Contribution("a", "package.module:Metric", "judges", {"unit": "fraction"})  # type: ignore[call-arg]
    Selection(["a"])  # type: ignore[call-arg]
    PluginManager.load(Selection(), discover="no")  # type: ignore[arg-type]
    print(wrong)  # noqa: T201
