"""The hook module keeps what the kernel's suite asks of every plugin."""

from elixirml.testing.conformance import PluginConformance


class TestPlugin(PluginConformance):
    """The hook module."""

    def subject(self) -> str:
        return "elixirml_tools.plugin"
