"""The metrics keep what the kernel's suites ask of every metric, and the hook module what they ask of every plugin."""

from collections.abc import Sequence

from elixirml.contracts import Example, Metric, Prediction
from elixirml.identity import Json
from elixirml.testing.conformance import Judged, MetricConformance, PluginConformance
from elixirml_metrics.exact import ExactMatch
from elixirml_metrics.items import ListF1, SetF1
from elixirml_metrics.numeric import NumericMatch
from elixirml_metrics.spent import Cost, Latency, Tokens
from elixirml_metrics.squad import SquadExactMatch, SquadF1
from elixirml_metrics.summary import Rouge1, Rouge2, RougeL


class TestExactMatch(MetricConformance):
    """The metric `exact_match`."""

    def subject(self) -> Metric:
        return ExactMatch()


class TestSquadExactMatch(MetricConformance):
    """The metric `squad_em`."""

    def subject(self) -> Metric:
        return SquadExactMatch()


class TestSquadF1(MetricConformance):
    """The metric `squad_f1`."""

    def subject(self) -> Metric:
        return SquadF1()


class TestNumericMatch(MetricConformance):
    """The metric `numeric_match`."""

    def subject(self) -> Metric:
        return NumericMatch()

    def judged(self) -> Sequence[Judged]:
        example = Example("row-1", {"question": "How many?"}, {"answer": 42})
        wrong: tuple[Json, ...] = (41, "forty-two", None, [42])
        others = tuple(Prediction({"answer": each}) for each in wrong)
        return [Judged(example, Prediction({"answer": "42"}), others)]


class TestSetF1(MetricConformance):
    """The metric `set_f1`."""

    def subject(self) -> Metric:
        return SetF1()


class TestListF1(MetricConformance):
    """The metric `list_f1`."""

    def subject(self) -> Metric:
        return ListF1()


class TestRouge1(MetricConformance):
    """The metric `rouge1`."""

    def subject(self) -> Metric:
        return Rouge1()


class TestRouge2(MetricConformance):
    """The metric `rouge2`."""

    def subject(self) -> Metric:
        return Rouge2()


class TestRougeL(MetricConformance):
    """The metric `rouge_l`."""

    def subject(self) -> Metric:
        return RougeL()


class TestLatency(MetricConformance):
    """The metric `latency`."""

    def subject(self) -> Metric:
        return Latency()


class TestCost(MetricConformance):
    """The metric `cost`."""

    def subject(self) -> Metric:
        return Cost()


class TestTokens(MetricConformance):
    """The metric `tokens`."""

    def subject(self) -> Metric:
        return Tokens()


class TestPlugin(PluginConformance):
    """The hook module."""

    def subject(self) -> str:
        return "elixirml_metrics.plugin"
