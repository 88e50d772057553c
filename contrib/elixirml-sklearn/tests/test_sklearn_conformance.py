"""The estimator keeps what the suites ask of every predictor, the hook module that of every plugin."""

from collections.abc import Sequence

from elixirml.contracts import Demo, Predictor, Signature
from elixirml.testing.conformance import PluginConformance, PredictorConformance
from elixirml.testing.conformance.material import CHOICE_TASK, inputs_of, outputs_of
from elixirml_sklearn.predictor import SklearnPredictor


class TestSklearnPredictor(PredictorConformance):
    """The strategy `sklearn`."""

    def subject(self) -> Predictor:
        return SklearnPredictor()

    def signature(self) -> Signature:
        return CHOICE_TASK

    def demos(self) -> Sequence[Demo]:
        return [Demo(inputs_of(CHOICE_TASK, each), outputs_of(CHOICE_TASK, each)) for each in range(8)]


class TestPlugin(PluginConformance):
    """The hook module."""

    def subject(self) -> str:
        return "elixirml_sklearn.plugin"
