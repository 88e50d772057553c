"""Tests of what the plugin offers."""

from elixirml.plugins import PluginManager
from elixirml_executors.in_process import InProcess
from elixirml_executors.processes import Processes


def test_the_executors_are_offered_as_classes() -> None:
    """Each piece of work makes an executor of its own, so the registry hands out classes."""
    registry = PluginManager.load().registry
    assert registry.resolve("executors", "inprocess") is InProcess
    assert registry.resolve("executors", "process") is Processes
