"""The tools and the hook module keep what the suites ask of every tool and plugin; for `fetch` see its tests."""

from collections.abc import Mapping
from typing import Any

from elixirml.contracts import Tool, ToolExample
from elixirml.testing.conformance import PluginConformance, ToolConformance
from elixirml_tools import tool
from elixirml_tools.interpreter import Python


def add(a: int, b: int = 1) -> int:
    """Add two numbers.

    Args:
        a: One.
        b: The other.
    """
    if a == b:
        raise ValueError("they are the same")
    return a + b


class TestPython(ToolConformance):
    """The tool `python`."""

    def subject(self) -> Tool:
        return Python()

    def failing(self) -> Mapping[str, Any]:
        return {"code": "1 / 0"}


class TestFunction(ToolConformance):
    """A function made a tool."""

    def subject(self) -> Tool:
        return tool(add, examples=(ToolExample({"a": 2}, 3), ToolExample({"a": 2, "b": 5}, 7)))

    def failing(self) -> Mapping[str, Any]:
        return {"a": 1}


class TestPlugin(PluginConformance):
    """The hook module."""

    def subject(self) -> str:
        return "elixirml_tools.plugin"
