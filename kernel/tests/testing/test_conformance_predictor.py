"""Every rule of predictors is failed by a predictor that breaks it, and by it alone."""

from random import Random
from typing import Any

import anyio
import pytest
from attrs import evolve

from elixirml.contracts import Needs, Prediction, PredictorCall, Signature, Usage
from elixirml.errors import ModelError, ParseError
from elixirml.testing.conformance.predictor import PredictorConformance
from elixirml.testing.conformance.suites import suite_of
from elixirml.variables import Integer


class Again:
    """A strategy as it should be: asks up to `times` times, and takes the last answer."""

    def extend(self, signature: Signature) -> Any:
        return signature

    def variables(self, signature: Signature) -> Any:
        return (Integer("times", default=2, low=1, high=4),)

    async def predict(self, call: PredictorCall) -> Any:
        found = [await call.exchange() for _ in range(call.options["times"])]
        return Prediction(
            found[-1].fields,
            sum((each.usage for each in found), Usage()),
            tuple(each for one in found for each in one.exchanges),
        )


class TakesInputs(Again):
    def extend(self, signature: Signature) -> Any:
        return evolve(signature, inputs=())


class TakesOutputs(Again):
    def extend(self, signature: Signature) -> Any:
        return evolve(signature, outputs=signature.outputs[1:])


class Dotted(Again):
    def variables(self, signature: Signature) -> Any:
        return (*super().variables(signature), Integer("again.times", default=2, low=1, high=4))


class Partial(Again):
    async def predict(self, call: PredictorCall) -> Any:
        found = await super().predict(call)
        return evolve(found, fields={"answer": found.fields["answer"]})


class Secretive(Again):
    async def predict(self, call: PredictorCall) -> Any:
        found = await super().predict(call)
        return evolve(found, exchanges=found.exchanges[-1:])


class Frugal(Again):
    async def predict(self, call: PredictorCall) -> Any:
        return evolve(await super().predict(call), usage=Usage(calls=1, tokens_out=1))


class Inventive(Again):
    async def predict(self, call: PredictorCall) -> Any:
        try:
            return await super().predict(call)
        except ParseError:
            return Prediction({each.name: None for each in call.signature.outputs})


class Grouped(Again):
    async def predict(self, call: PredictorCall) -> Any:
        try:
            return await super().predict(call)
        except ModelError as error:
            raise ExceptionGroup("both failed", [error]) from error


class Moody(Again):
    def __init__(self) -> None:
        self.predicted = 0

    async def predict(self, call: PredictorCall) -> Any:
        found = await super().predict(call)
        self.predicted += 1
        return evolve(found, fields={**found.fields, "mood": Random(self.predicted).random()})


class Forgetful(Again):
    call: Any = None

    async def predict(self, call: PredictorCall) -> Any:
        self.call = call
        await anyio.sleep(0.001)
        return await super().predict(self.call)


class Impatient(Again):
    async def predict(self, call: PredictorCall) -> Any:
        if call.options["times"] == 4:
            raise LookupError("that is too often")
        return await super().predict(call)


class Whimsical(Again):
    asked = 0

    def needs(self) -> Any:
        Whimsical.asked += 1
        return Needs(tools={f"tool_{self.asked}": "toy-tools"})


class Blank(Again):
    def refuses(self, signature: Signature) -> Any:
        return " "


class Denying(Again):
    def needs(self) -> Any:
        return Needs(model=False)


class Reckoning(Again):
    """A strategy as it should be that asks no model."""

    def needs(self) -> Any:
        return Needs(model=False)

    async def predict(self, call: PredictorCall) -> Any:
        return Prediction({"answer": str(call.format.values["question"]), "count": 1, "topic": "film"})


class Swallowing(Again):
    async def predict(self, call: PredictorCall) -> Any:
        try:
            return await super().predict(call)
        except anyio.get_cancelled_exc_class():
            return Prediction({})


RIGHT = [suite_of("predictors", each) for each in (Again, Reckoning)]
WRONG = {
    "test_extending_keeps_the_inputs": suite_of("predictors", TakesInputs),
    "test_extending_keeps_the_outputs": suite_of("predictors", TakesOutputs),
    "test_variables_have_unique_short_names_and_valid_defaults": suite_of("predictors", Dotted),
    "test_what_it_needs_is_said": suite_of("predictors", Whimsical),
    "test_it_does_what_it_does_not_refuse": suite_of("predictors", Blank),
    "test_it_answers_the_declared_outputs": suite_of("predictors", Partial),
    "test_every_call_is_told": suite_of("predictors", Secretive),
    "test_usage_is_the_sum_of_its_calls": suite_of("predictors", Frugal),
    "test_an_unreadable_reply_is_a_parse_error": suite_of("predictors", Inventive),
    "test_an_error_of_the_model_passes_through": suite_of("predictors", Grouped),
    "test_the_same_replies_give_the_same_prediction": suite_of("predictors", Moody),
    "test_predictions_beside_each_other_do_not_mix": suite_of("predictors", Forgetful),
    "test_every_setting_can_be_used": suite_of("predictors", Impatient),
    "test_nothing_is_left_of_a_cancelled_prediction": suite_of("predictors", Swallowing),
}


@pytest.mark.parametrize("right", RIGHT)
def test_a_right_strategy_passes(right: Any, judge: Any) -> None:
    """Every rule is tried on right strategies, and asks nothing that they do not keep."""
    judge.passes(right)


def test_whoever_denies_to_ask_a_model_is_found_out(judge: Any) -> None:
    """A strategy that says it needs no model and asks one would have none to ask."""
    judge.fails_alone(suite_of("predictors", Denying), "test_every_call_is_told")


def test_no_rule_is_without_a_wrong_strategy(judge: Any) -> None:
    """A rule that nothing can break is no rule."""
    judge.is_complete(WRONG, PredictorConformance)


@pytest.mark.parametrize("rule", WRONG)
def test_a_wrong_strategy_fails_its_rule_alone(rule: str, judge: Any) -> None:
    """Whoever breaks one promise is told of that one, in words."""
    judge.fails_alone(WRONG[rule], rule)
