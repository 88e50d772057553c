"""The strategies keep what the suites ask of every predictor, the hook module that of every plugin."""

from elixirml.contracts import Predictor
from elixirml.testing.conformance import PluginConformance, PredictorConformance
from elixirml_predictors.best_of_n import BestOfN
from elixirml_predictors.chain_of_thought import ChainOfThought
from elixirml_predictors.direct import Direct
from elixirml_predictors.majority import Majority
from elixirml_predictors.multi_chain_comparison import MultiChainComparison
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


class TestPlugin(PluginConformance):
    """The hook module."""

    def subject(self) -> str:
        return "elixirml_predictors.plugin"
