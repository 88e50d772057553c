"""Which suite is for which kind of capability, and how an installed one is put into it."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final, cast

from elixirml.contracts.contribution import Contribution
from elixirml.errors import ConfigError, did_you_mean
from elixirml.plugins.manager import PluginManager
from elixirml.testing.conformance.suite import Conformance

__all__ = ["SUITES", "contribution_of", "kind_of", "suite_class", "suite_of"]

SUITES: Final[Mapping[str, str]] = {
    "schemas": "schema_engine:SchemaEngineConformance",
    "language_models": "language_model:LanguageModelConformance",
    "middlewares": "middleware:MiddlewareConformance",
    "adapters": "adapter:AdapterConformance",
    "predictors": "predictor:PredictorConformance",
    "teleprompters": "teleprompter:TeleprompterConformance",
    "metrics": "metric:MetricConformance",
    "tools": "tool:ToolConformance",
    "datasets": "dataset:DatasetConformance",
    "retrievers": "retriever:RetrieverConformance",
    "executors": "executor:ExecutorConformance",
    "stores": "store:StoreConformance",
    "observers": "observer:ObserverConformance",
    "commands": "command:CommandConformance",
    "configurations": "configuration:ConfigurationConformance",
    "extensions": "extension:ExtensionConformance",
    "plugins": "plugin:PluginConformance",
}
"""The suite of each kind of capability, and of plugins themselves."""


def kind_of(word: str) -> str:
    """Return the kind that a user names: `adapter`, `adapters`, `language-model`.

    Raises:
        ConfigError: There is no such kind; names the nearest.

    Example:
        >>> kind_of("language-model")
        'language_models'
    """
    found = word.lower().replace("-", "_").removesuffix("s") + "s"
    if found not in SUITES:
        known = [each.removesuffix("s").replace("_", "-") for each in SUITES]
        raise ConfigError(f"`{word}` is no kind of capability.", hint=did_you_mean(word, known), code="kind-unknown")
    return found


def contribution_of(manager: PluginManager, kind: str, name: str) -> Contribution:
    """Return how an installed capability is offered.

    Raises:
        PluginMissing: Nothing offers the name.
        PluginConflict: Several plugins offer it and none is preferred.
    """
    origin = manager.registry.origin(kind, name)
    record = next(each for each in manager.records if each.candidate == origin)
    return next(each for each in record.contributions[kind] if each.name == name)


def suite_class(kind: str) -> type[Conformance[Any]]:
    """Return the suite of a kind."""
    module, _, name = SUITES[kind].partition(":")
    return cast("type[Conformance[Any]]", getattr(import_module(f"{__package__}.{module}"), name))


def suite_of(kind: str, subject: Callable[[], object], **settings: object) -> type[Conformance[Any]]:
    """Return the suite of a kind with its subject, ready for `checked`.

    Args:
        kind: Of capability, such as `adapters`.
        subject: Returns what is to be checked, made anew.
        settings: Attributes and methods of the suite to be replaced.
    """
    base = suite_class(kind)

    def made(suite: Conformance[Any]) -> object:
        _ = suite
        return subject()

    return type(base.__name__, (base,), {"subject": made, **settings})
