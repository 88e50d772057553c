"""The adapters keep what the suites ask of every adapter, and the hook module that of every plugin."""

from elixirml.contracts import Adapter
from elixirml.testing.conformance import AdapterConformance, PluginConformance
from elixirml_adapters.choice import ChoiceAdapter
from elixirml_adapters.json_format import JsonAdapter
from elixirml_adapters.sections import SectionsAdapter
from elixirml_adapters.tools_format import ToolsAdapter
from elixirml_adapters.two_step import TwoStepAdapter
from elixirml_adapters.xml_format import XmlAdapter


class TestSections(AdapterConformance):
    """The `sections` format."""

    def subject(self) -> Adapter:
        return SectionsAdapter()


class TestJson(AdapterConformance):
    """The `json` format."""

    def subject(self) -> Adapter:
        return JsonAdapter()


class TestXml(AdapterConformance):
    """The `xml` format."""

    def subject(self) -> Adapter:
        return XmlAdapter()


class TestChoice(AdapterConformance):
    """The `choice` format."""

    def subject(self) -> Adapter:
        return ChoiceAdapter()


class TestTools(AdapterConformance):
    """The `tools` format."""

    def subject(self) -> Adapter:
        return ToolsAdapter()


class TestTwoStep(AdapterConformance):
    """The `two_step` format."""

    def subject(self) -> Adapter:
        return TwoStepAdapter()


class TestPlugin(PluginConformance):
    """The hook module."""

    def subject(self) -> str:
        return "elixirml_adapters.plugin"
