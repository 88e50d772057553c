"""The strategies keep what the suites ask of every predictor, the hook module that of every plugin."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from attrs import field, frozen

from elixirml.contracts import Capability, Predictor, Tool, ToolContext, ToolExample, ToolFlag, ToolResult
from elixirml.identity import Json
from elixirml.plugins import PluginManager
from elixirml.testing.conformance import PluginConformance, PredictorConformance
from elixirml_predictors.best_of_n import BestOfN
from elixirml_predictors.chain_of_thought import ChainOfThought
from elixirml_predictors.direct import Direct
from elixirml_predictors.majority import Majority
from elixirml_predictors.multi_chain_comparison import MultiChainComparison
from elixirml_predictors.program_of_thought import ProgramOfThought
from elixirml_predictors.react import React
from elixirml_predictors.recursive_exploration import RecursiveExploration
from elixirml_predictors.refine import Refine


class TestDirect(PredictorConformance):
    """The strategy `direct`."""

    def subject(self) -> Predictor:
        return Direct()


class TestChainOfThought(PredictorConformance):
    """The strategy `chain_of_thought`."""

    def subject(self) -> Predictor:
        return ChainOfThought()


class TestMajority(PredictorConformance):
    """The strategy `majority`."""

    def subject(self) -> Predictor:
        return Majority()


class TestBestOfN(PredictorConformance):
    """The strategy `best_of_n`."""

    def subject(self) -> Predictor:
        return BestOfN()


class TestRefine(PredictorConformance):
    """The strategy `refine`."""

    def subject(self) -> Predictor:
        return Refine()


class TestMultiChainComparison(PredictorConformance):
    """The strategy `multi_chain_comparison`."""

    def subject(self) -> Predictor:
        return MultiChainComparison()


class TestReact(PredictorConformance):
    """The strategy `react`, with nothing to call."""

    def subject(self) -> Predictor:
        return React()


@frozen
class _Tide:
    name: str = "tide"
    description: str = "Returns how high the water is."
    parameters: Mapping[str, Any] = field(factory=lambda: {"type": "object", "properties": {}})
    examples: tuple[ToolExample, ...] = ()
    flags: frozenset[ToolFlag] = frozenset()

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        return ToolResult("2 m" if isinstance(arguments, dict) and context.stage == "reply" else "?")


class TestReactWithATool(TestReact):
    """The strategy `react`, whose model calls a tool until it may no more."""

    def capabilities(self) -> AbstractSet[Capability]:
        return {Capability.TOOLS}

    def tools(self) -> Mapping[str, Tool]:
        return {"tide": _Tide()}


class _Coding(PredictorConformance):
    """A strategy whose code is run."""

    code = "print(len(question))"

    def tools(self) -> Mapping[str, Tool]:
        return {"python": PluginManager.load().registry.resolve("tools", "python")}

    def reply(self, outputs: Mapping[str, Mapping[str, Any]], values: Mapping[str, str]) -> Mapping[str, Json]:
        said = dict(super().reply(outputs, values))
        return {name: self.code if name == "code" else value for name, value in said.items()}


class TestProgramOfThought(_Coding):
    """The strategy `program_of_thought`, whose first program prints something."""

    def subject(self) -> Predictor:
        return ProgramOfThought()


class TestRecursiveExploration(_Coding):
    """The strategy `recursive_exploration`, whose first cell gives the answer."""

    code = "SUBMIT(answer=question[-1:], count=len(question), topic='film')"

    def subject(self) -> Predictor:
        return RecursiveExploration()


class TestRecursiveExplorationWithoutAnAnswer(TestRecursiveExploration):
    """The strategy `recursive_exploration`, whose cells give none."""

    code = "print(1)"


class TestPlugin(PluginConformance):
    """The hook module."""

    def subject(self) -> str:
        return "elixirml_predictors.plugin"
