"""`optuna` keeps what the kernel's suites ask of every teleprompter, and the hook module that of every plugin."""

from collections.abc import Mapping
from typing import Any

from elixirml.contracts import Teleprompter
from elixirml.testing.conformance import PluginConformance, TeleprompterConformance
from elixirml_optuna.search import OptunaSearch


class TestOptuna(TeleprompterConformance):
    """The teleprompter `optuna`."""

    def subject(self) -> Teleprompter:
        return OptunaSearch()

    def options_without_limit(self) -> Mapping[str, Any]:
        return {"pulls": 5}


class TestPlugin(PluginConformance):
    """The hook module."""

    def subject(self) -> str:
        return "elixirml_optuna.plugin"
