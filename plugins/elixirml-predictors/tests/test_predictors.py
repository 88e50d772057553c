"""Tests of `direct` and `chain_of_thought`: what the model is asked for, and what comes back."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

from elixirml.contracts import (
    Field,
    FormatCall,
    Message,
    ModelRequest,
    ModelResponse,
    Observation,
    Predictor,
    PredictorCall,
    Role,
    Signature,
)
from elixirml.errors import ParseError
from elixirml.identity import Json
from elixirml.testing.models import ScriptedModel
from elixirml.variables import Variable
from elixirml_predictors.chain_of_thought import REASONING, ChainOfThought
from elixirml_predictors.direct import Direct

TEXT: dict[str, Any] = {"type": "string"}
TASK = Signature("reply", "Answer.", (Field("question", str, TEXT),), (Field("answer", str, TEXT),))
NAMES = st.lists(st.sampled_from(["question", "answer", "reasoning", "own_reasoning", "score"]), unique=True)


@frozen
class LineAdapter:
    """One line an output, in order: just enough of a format to see what was asked for."""

    def suits(self, signature: Signature) -> int:
        return 100

    def variables(self, signature: Signature) -> tuple[Variable, ...]:
        return ()

    def format(self, call: FormatCall) -> ModelRequest:
        wanted = ", ".join(each.name for each in call.signature.outputs)
        return ModelRequest((Message(Role.USER, f"{call.signature.instruction} {wanted}: {call.values}"),))

    def parse(self, signature: Signature, response: ModelResponse, *, options: Mapping[str, Any]) -> dict[str, Json]:
        lines = response.text.splitlines()
        if len(lines) < len(signature.outputs):
            raise ParseError("a line is missing", failure="missing_field", reply=response.text)
        return {each.name: line for each, line in zip(signature.outputs, lines, strict=False)}

    def fit(
        self, signature: Signature, observations: Sequence[Observation], *, options: Mapping[str, Any]
    ) -> Mapping[str, Json]:
        return {}


def call_of(model: ScriptedModel, task: Signature = TASK) -> PredictorCall:
    return PredictorCall(task, FormatCall(task, {"question": "Why?"}), LineAdapter(), model.complete, stage="reply")


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.mark.anyio
async def test_direct_asks_once_for_the_declared_outputs() -> None:
    """The plainest strategy adds nothing to the task and makes one call."""
    model = ScriptedModel(script=["because"])
    prediction = await Direct().predict(call_of(model))
    assert prediction.fields == {"answer": "because"}
    assert len(model.requests) == len(prediction.exchanges) == prediction.usage.calls == 1
    assert "answer:" in model.requests[0].messages[0].content


@pytest.mark.anyio
async def test_chain_of_thought_asks_for_the_reasoning_first() -> None:
    """The reasoning stands before the outputs in the request, and beside them in the prediction."""
    model = ScriptedModel(script=["it rained\nbecause"])
    prediction = await ChainOfThought().predict(call_of(model))
    assert prediction.fields == {"reasoning": "it rained", "answer": "because"}
    assert len(model.requests) == len(prediction.exchanges) == 1
    assert "reasoning, answer:" in model.requests[0].messages[0].content


@pytest.mark.anyio
async def test_the_tuned_instruction_is_the_one_sent() -> None:
    """Strategies extend the stage's task, so a tuned instruction survives them."""
    model = ScriptedModel(script=["it rained\nbecause"])
    await ChainOfThought().predict(call_of(model, TASK.with_instruction("Say why.")))
    assert model.requests[0].messages[0].content.startswith("Say why.")


@pytest.mark.anyio
@pytest.mark.parametrize("predictor", [Direct(), ChainOfThought()])
async def test_a_reply_without_the_outputs_is_an_error(predictor: Predictor) -> None:
    """Nothing is invented when the reply is short: the parse error passes through."""
    with pytest.raises(ParseError):
        await predictor.predict(call_of(ScriptedModel(script=[""])))


def test_a_declared_reasoning_is_asked_for_first_as_declared() -> None:
    """A program may declare its own `reasoning`; it keeps its type and is only moved."""
    own = Field("reasoning", list[str], {"type": "array", "items": TEXT}, description="steps")
    task = evolve(TASK, outputs=(*TASK.outputs, own))
    assert ChainOfThought().extend(task).outputs == (own, *TASK.outputs)


@given(inputs=NAMES, outputs=NAMES)
def test_extending_keeps_the_declared_outputs_and_repeats_safely(inputs: list[str], outputs: list[str]) -> None:
    """Whatever the task, its outputs stay in order, no name is both input and output, and extending twice is once."""
    outputs = [each for each in outputs if each not in inputs]
    task = evolve(
        TASK,
        inputs=tuple(Field(each, str, TEXT) for each in inputs),
        outputs=tuple(Field(each, str, TEXT) for each in outputs),
    )
    extended = ChainOfThought().extend(task)
    names = [each.name for each in extended.outputs]
    assert ChainOfThought().extend(extended) == extended
    assert names[0].endswith(REASONING.name)
    assert names[1:] == [each for each in outputs if each != names[0]]
    assert len(set(names)) == len(names)
    assert not set(names) & set(inputs)
    assert Direct().extend(task) is task
    assert Direct().variables(task) == ChainOfThought().variables(task) == ()
