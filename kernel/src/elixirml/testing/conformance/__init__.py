"""What plugins promise, as tests: one suite a contract, to be subclassed by whoever implements it.

    from elixirml.testing.conformance import MetricConformance

    class TestBrevity(MetricConformance):
        def subject(self):
            return Brevity()

Suites need no test framework themselves: pytest collects them, and `elixirml check metric brevity` goes through the
same rules on the command line. Names are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from elixirml.testing.conformance.adapter import AdapterConformance
    from elixirml.testing.conformance.command import CommandConformance
    from elixirml.testing.conformance.configuration import ConfigurationConformance
    from elixirml.testing.conformance.dataset import DatasetConformance, Sample
    from elixirml.testing.conformance.executor import ExecutorConformance
    from elixirml.testing.conformance.extension import ExtensionConformance
    from elixirml.testing.conformance.language_model import LanguageModelConformance
    from elixirml.testing.conformance.metric import Judged, MetricConformance
    from elixirml.testing.conformance.middleware import MiddlewareConformance
    from elixirml.testing.conformance.observer import ObserverConformance
    from elixirml.testing.conformance.plugin import PluginConformance
    from elixirml.testing.conformance.predictor import PredictorConformance
    from elixirml.testing.conformance.retriever import RetrieverConformance
    from elixirml.testing.conformance.schema_engine import Declared, SchemaEngineConformance
    from elixirml.testing.conformance.store import StoreConformance
    from elixirml.testing.conformance.suite import Conformance, NotApplicable, Outcome, Status, checked, expect
    from elixirml.testing.conformance.suites import SUITES, kind_of, suite_of
    from elixirml.testing.conformance.teleprompter import TeleprompterConformance
    from elixirml.testing.conformance.tool import ToolConformance

_HOMES: Final = {
    "AdapterConformance": "adapter",
    "CommandConformance": "command",
    "ConfigurationConformance": "configuration",
    "Conformance": "suite",
    "DatasetConformance": "dataset",
    "Declared": "schema_engine",
    "ExecutorConformance": "executor",
    "ExtensionConformance": "extension",
    "Judged": "metric",
    "LanguageModelConformance": "language_model",
    "MetricConformance": "metric",
    "MiddlewareConformance": "middleware",
    "NotApplicable": "suite",
    "ObserverConformance": "observer",
    "Outcome": "suite",
    "PluginConformance": "plugin",
    "PredictorConformance": "predictor",
    "RetrieverConformance": "retriever",
    "SUITES": "suites",
    "Sample": "dataset",
    "SchemaEngineConformance": "schema_engine",
    "Status": "suite",
    "StoreConformance": "store",
    "TeleprompterConformance": "teleprompter",
    "ToolConformance": "tool",
    "checked": "suite",
    "expect": "suite",
    "kind_of": "suites",
    "suite_of": "suites",
}

__all__ = [
    "SUITES",
    "AdapterConformance",
    "CommandConformance",
    "ConfigurationConformance",
    "Conformance",
    "DatasetConformance",
    "Declared",
    "ExecutorConformance",
    "ExtensionConformance",
    "Judged",
    "LanguageModelConformance",
    "MetricConformance",
    "MiddlewareConformance",
    "NotApplicable",
    "ObserverConformance",
    "Outcome",
    "PluginConformance",
    "PredictorConformance",
    "RetrieverConformance",
    "Sample",
    "SchemaEngineConformance",
    "Status",
    "StoreConformance",
    "TeleprompterConformance",
    "ToolConformance",
    "checked",
    "expect",
    "kind_of",
    "suite_of",
]


def __getattr__(name: str) -> object:
    """Import a name on its first use."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
