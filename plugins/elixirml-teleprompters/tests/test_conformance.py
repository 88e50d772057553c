"""The optimizers keep what the kernel's suites ask of every teleprompter, and the hook module that of every plugin."""

from collections.abc import Mapping
from typing import Any

from elixirml.contracts import Teleprompter
from elixirml.testing.conformance import PluginConformance, TeleprompterConformance
from elixirml_teleprompters.auto import Auto
from elixirml_teleprompters.bootstrap_fewshot import BootstrapFewshot
from elixirml_teleprompters.random_search import RandomSearch


class TestAuto(TeleprompterConformance):
    """The teleprompter `auto`."""

    def subject(self) -> Teleprompter:
        return Auto()

    def options_without_limit(self) -> Mapping[str, Any]:
        return {"pull": 12, "pulls": 20}


class TestRandomSearch(TeleprompterConformance):
    """The teleprompter `random_search`."""

    def subject(self) -> Teleprompter:
        return RandomSearch()


class TestBootstrapFewshot(TeleprompterConformance):
    """The teleprompter `bootstrap_fewshot`."""

    def subject(self) -> Teleprompter:
        return BootstrapFewshot()


class TestPlugin(PluginConformance):
    """The hook module."""

    def subject(self) -> str:
        return "elixirml_teleprompters.plugin"
