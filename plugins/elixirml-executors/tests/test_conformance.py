"""The executors keep what the kernel's suite asks of every executor, the hook module what it asks of every plugin."""

from elixirml.contracts import Executor
from elixirml.testing.conformance import ExecutorConformance, PluginConformance
from elixirml_executors.in_process import InProcess
from elixirml_executors.processes import Processes


class TestInProcess(ExecutorConformance):
    """The executor `inprocess`."""

    def subject(self) -> Executor:
        return InProcess()


class TestProcesses(ExecutorConformance):
    """The executor `process`."""

    def subject(self) -> Executor:
        return Processes()


class TestPlugin(PluginConformance):
    """The hook module."""

    def subject(self) -> str:
        return "elixirml_executors.plugin"
