"""What a predict stage works with: its strategy, as its variables choose it, and what that strategy needs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from attrs import frozen

from elixirml.contracts.adapter import Adapter, FormatCall, Observation
from elixirml.contracts.capabilities import Capabilities
from elixirml.contracts.language_model import ModelRequest, ModelResponse
from elixirml.contracts.predictor import Needs, Predictor, needs_of
from elixirml.contracts.signature import Signature
from elixirml.contracts.tool import Tool
from elixirml.errors import PluginIncompatible, PluginMissing
from elixirml.identity import Json
from elixirml.programs.compiled import CompiledProgram, PredictNode
from elixirml.variables import Variable

__all__ = ["Equipment", "equipped", "models_asked"]

Value = Callable[[str], Any]
"""Returns the value of a variable."""


@frozen(eq=False)
class Equipment:
    """What a stage works with.

    Attributes:
        name: Of its strategy.
        predictor: The strategy.
        needs: What that needs.
        tools: What the model may call, and what the strategy itself uses.
    """

    name: str
    predictor: Predictor
    needs: Needs
    tools: Mapping[str, Tool]

    def adapter(self, name: str, capabilities: Capabilities) -> Adapter:
        """Return the prompt format; one that cannot be used where no model is asked."""
        return capabilities.adapter(name) if self.needs.model else _NoFormat(self.name)

    async def refuse(self, request: ModelRequest) -> ModelResponse:
        """Stand in for a model where none is to be asked."""
        _ = request
        _wanting(self.name)


def equipped(node: PredictNode, value: Value, capabilities: Capabilities) -> Equipment:
    """Return what a stage works with.

    Raises:
        PluginError: The strategy, or a tool, is not installed or cannot be used.
    """
    name = str(value(node.settings["predictor"]))
    predictor = capabilities.predictor(name)
    needs = needs_of(predictor)
    tools = {each: at_hand or capabilities.tool(each) for each, at_hand in node.tools.items()}
    for each, distribution in needs.tools.items():
        if each not in tools:
            tools[each] = _own_tool(each, distribution, name, node.path, capabilities)
    return Equipment(name, predictor, needs, tools)


def models_asked(compiled: CompiledProgram, value: Value, capabilities: Capabilities) -> tuple[str, ...]:
    """Return the names of the models that a program with these values may ask, each once."""
    asking = (node for node in compiled.predict_nodes() if equipped(node, value, capabilities).needs.model)
    return tuple(dict.fromkeys(str(value(node.settings["model"])) for node in asking))


def _own_tool(tool: str, distribution: str, predictor: str, stage: str, capabilities: Capabilities) -> Tool:
    if tool not in capabilities.names("tools"):
        raise PluginMissing(
            f"Stage `{stage}`: the predictor `{predictor}` needs the tool `{tool}`, which is not installed.",
            hint=f"pip install {distribution}",
        )
    return capabilities.tool(tool)


def _wanting(predictor: str) -> NoReturn:
    raise PluginIncompatible(
        f"The predictor `{predictor}` says that it needs no model, and yet it asks one.",
        hint="This is a bug of its plugin: let its `needs` return what it needs.",
    )


@frozen
class _NoFormat:
    """Stands in for a prompt format where no model is to be asked."""

    predictor: str

    def suits(self, signature: Signature) -> int:
        _ = signature
        return 0

    def variables(self, signature: Signature) -> tuple[Variable, ...]:
        _ = signature
        return ()

    def format(self, call: FormatCall) -> NoReturn:
        _ = call
        _wanting(self.predictor)

    def parse(self, signature: Signature, response: ModelResponse, *, options: Mapping[str, Any]) -> NoReturn:
        _ = signature, response, options
        _wanting(self.predictor)

    def fit(
        self, signature: Signature, observations: Sequence[Observation], *, options: Mapping[str, Any]
    ) -> Mapping[str, Json]:
        _ = signature, observations, options
        return {}
