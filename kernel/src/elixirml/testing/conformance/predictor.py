"""What every predictor promises: a strategy that reaches the model through its call and nothing else."""

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final, cast

import anyio
from anyio.lowlevel import checkpoint
from attrs import define, field, frozen

from elixirml.contracts.adapter import Demo, FormatCall, Observation
from elixirml.contracts.language_model import Capability, ModelRequest, ModelResponse
from elixirml.contracts.messages import Message, Role, ToolCall
from elixirml.contracts.predictor import Needs, Prediction, Predictor, PredictorCall, needs_of, refusal_of
from elixirml.contracts.signature import Signature
from elixirml.contracts.tool import Tool
from elixirml.contracts.usage import Usage
from elixirml.errors import ModelOverloaded, ParseError
from elixirml.identity import Json
from elixirml.testing.conformance.material import RICH_TASK, inputs_of, sample
from elixirml.testing.conformance.suite import Conformance, expect, leaving_nothing
from elixirml.testing.conformance.variables import check_variables, default_options, sampled_options
from elixirml.variables import Variable

__all__ = ["PlainAdapter", "PredictorConformance"]

_STAGE: Final = "reply"


@frozen
class PlainAdapter:
    """A format for tests of strategies: the outputs asked for and the values as JSON, answered by JSON."""

    def suits(self, signature: Signature) -> int:
        """Return 100."""
        _ = signature
        return 100

    def variables(self, signature: Signature) -> tuple[Variable, ...]:
        """Return nothing."""
        _ = signature
        return ()

    def format(self, call: FormatCall) -> ModelRequest:
        """Return the task as one message of JSON."""
        asked = {
            "instruction": call.signature.instruction,
            "outputs": {each.name: dict(each.schema) for each in call.signature.outputs},
            "values": {name: str(value) for name, value in call.values.items()},
            "feedback": None if call.feedback is None else call.feedback.message,
        }
        return ModelRequest((Message(Role.USER, json.dumps(asked)),), temperature=call.temperature)

    def parse(self, signature: Signature, response: ModelResponse, *, options: Mapping[str, Any]) -> dict[str, Json]:
        """Return the outputs of a JSON object.

        Raises:
            ParseError: One is missing, or it is no object.
        """
        _ = options
        try:
            found: object = json.loads(response.text)
        except ValueError:
            found = None
        names = [each.name for each in signature.outputs]
        if not isinstance(found, dict) or not set(names) <= set(cast("dict[str, Any]", found)):
            raise ParseError("an output is missing", failure="missing_field", reply=response.text)
        return {name: found[name] for name in names}

    def fit(
        self, signature: Signature, observations: Sequence[Observation], *, options: Mapping[str, Any]
    ) -> Mapping[str, Json]:
        """Return nothing."""
        _ = signature, observations, options
        return {}


@define(eq=False)
class _Asked:
    """What a strategy asked, and the model that answers it: whatever is asked for, in values that fit."""

    suite: "PredictorConformance"
    readable: bool = True
    fails: bool = False
    requests: list[ModelRequest] = field(factory=list[ModelRequest])

    async def ask(self, request: ModelRequest) -> ModelResponse:
        """Answer one request."""
        self.requests.append(request)
        await checkpoint()
        if self.fails:
            raise ModelOverloaded("no room for tests today")
        if not self.readable:
            return ModelResponse("I cannot help with that.", usage=Usage(calls=1, tokens_in=1))
        usage = Usage(calls=1, tokens_in=len(request.messages), tokens_out=1)
        if request.tools:
            tool = request.tools[0]
            arguments = json.dumps(sample(tool.parameters, tool.name))
            return ModelResponse("", usage=usage, tool_calls=(ToolCall("1", tool.name, arguments),))
        asked = json.loads(request.messages[-1].content)
        reply = self.suite.reply(asked["outputs"], asked["values"])
        return ModelResponse(json.dumps(reply), usage=usage)


class PredictorConformance(Conformance[Predictor]):
    """What is promised by `elixirml.contracts.Predictor`.

    Example:
        >>> class TestTwice(PredictorConformance):
        ...     def subject(self):
        ...         return Twice()

    .. versionadded:: 0.1
    """

    def signature(self) -> Signature:
        """Return the task it is tried on."""
        return RICH_TASK

    def tools(self) -> Mapping[str, Tool]:
        """Return what the model may call, for strategies that call tools."""
        return {}

    def capabilities(self) -> AbstractSet[Capability]:
        """Return what the model can do, for strategies with settings that ask for it; it calls any tool offered."""
        return frozenset()

    def demos(self) -> Sequence[Demo]:
        """Return the worked examples it is given, for strategies that learn from them."""
        return ()

    def reply(self, outputs: Mapping[str, Mapping[str, Any]], values: Mapping[str, str]) -> Mapping[str, Json]:
        """Return what the model answers; override it for strategies that need certain answers to come to an end.

        Args:
            outputs: JSON Schemas of what is asked for, by name.
            values: What the model is given, as texts.
        """
        text = " ".join(sorted(values.values()))[:60]
        return {name: sample(schema, f"{name} to {text}") for name, schema in outputs.items()}

    def test_extending_keeps_the_inputs(self) -> None:
        """The task the model sees has the inputs of the stage, in their order."""
        task = self.signature()
        extended = self.subject().extend(task)
        expect(extended.inputs == task.inputs, "`extend` changed the inputs: change nothing but the outputs.")

    def test_extending_keeps_the_outputs(self) -> None:
        """The strategy adds outputs of its own and takes none of the stage's away."""
        task = self.signature()
        names = {each.name for each in self.subject().extend(task).outputs}
        left = [each.name for each in task.outputs if each.name not in names]
        expect(not left, f"`extend` took away {', '.join(left)}: keep every declared output.")

    def test_variables_have_unique_short_names_and_valid_defaults(self) -> None:
        """What may be tuned can be put under the stage's path as it is."""
        check_variables(self.subject().variables(self.signature()))

    def test_what_it_needs_is_said(self) -> None:
        """What must be there is known beforehand, and the same each time."""
        said, again = needs_of(self.subject()), needs_of(self.subject())
        expect(isinstance(said, Needs), f"`needs` returned {said!r}: return Needs.")
        expect(said == again, f"`needs` returned {said}, then {again}: return what must be there, whatever comes.")

    def test_it_does_what_it_does_not_refuse(self) -> None:
        """Why a task is refused is said in words; the task of this suite is not."""
        refusal = refusal_of(self.subject(), self.signature())
        if refusal is None:
            return
        expect(bool(str(refusal).strip()), "`refuses` returned a blank text: say why, or return None.")
        raise AssertionError(f"It refuses the task of this suite: {refusal}. Return another task from `signature`.")

    def test_it_answers_the_declared_outputs(self) -> None:
        """A prediction holds every declared output."""

        async def check() -> None:
            prediction = await self._predicted(_Asked(self))
            expect(isinstance(prediction, Prediction), f"`predict` returned {prediction!r}: return a Prediction.")
            left = [each.name for each in self.signature().outputs if each.name not in prediction.fields]
            expect(not left, f"The prediction lacks {', '.join(left)}: return every declared output.")

        self.on_every_loop(check)

    def test_every_call_is_told(self) -> None:
        """The exchanges of a prediction are what the model was asked, under the stage's path."""

        async def check() -> None:
            asked = _Asked(self)
            prediction = await self._predicted(asked)
            told = [each.request for each in prediction.exchanges]
            if self._asks:
                expect(asked.requests, "The model was not asked through the call: use `call.exchange` or `call.ask`.")
            else:
                expect(not asked.requests, "The model was asked, which `needs` does not say: return Needs().")
            expect(
                sorted(map(repr, told)) == sorted(map(repr, asked.requests)),
                f"{len(asked.requests)} requests were sent and {len(told)} told: keep the exchanges of every call.",
            )
            other = {each.stage for each in prediction.exchanges} - {_STAGE}
            expect(not other, f"Exchanges are told of the stages {other}: use `call.stage`.")

        self.on_every_loop(check)

    def test_usage_is_the_sum_of_its_calls(self) -> None:
        """What a prediction cost is what its calls cost together."""

        async def check() -> None:
            asked = _Asked(self)
            used = (await self._predicted(asked)).usage
            expect(
                (used.calls, used.tokens_out) == (len(asked.requests), len(asked.requests)),
                f"{len(asked.requests)} calls were made and {used.calls} are told: add up the usage of every exchange.",
            )

        self.on_every_loop(check)

    def test_an_unreadable_reply_is_a_parse_error(self) -> None:
        """When no reply holds the outputs, that is what is said: no other error and no made-up answer."""
        if not self._asks:
            return

        async def check() -> None:
            try:
                prediction = await self._predicted(_Asked(self, readable=False))
            except ParseError:
                return
            except Exception as error:
                raise AssertionError(f"Unreadable replies became {type(error).__name__}: {error}.") from error
            raise AssertionError(f"Unreadable replies became {dict(prediction.fields)}: let the ParseError through.")

        self.on_every_loop(check)

    def test_an_error_of_the_model_passes_through(self) -> None:
        """A fault of the infrastructure is not the strategy's to hide: a study tries again later."""
        if not self._asks:
            return

        async def check() -> None:
            try:
                await self._predicted(_Asked(self, fails=True))
            except ModelOverloaded:
                return
            except Exception as error:
                raise AssertionError(f"A ModelOverloaded became {type(error).__name__}: let it through.") from error
            raise AssertionError("A ModelOverloaded was swallowed: let it through.")

        self.on_every_loop(check)

    def test_the_same_replies_give_the_same_prediction(self) -> None:
        """The strategy has no chance or memory of its own."""

        async def check() -> None:
            predictor = self.subject()
            one, again = [await self._predicted(_Asked(self), predictor=predictor) for _ in range(2)]
            expect(one == again, f"The same replies gave {dict(one.fields)} and {dict(again.fields)}: keep no state.")

        self.on_every_loop(check)

    def test_predictions_beside_each_other_do_not_mix(self) -> None:
        """One instance serves many runs at once."""

        async def check() -> None:
            predictor = self.subject()
            alone = [await self._predicted(_Asked(self), number) for number in range(4)]
            found: dict[int, Prediction] = {}

            async def predict(number: int) -> None:
                found[number] = await self._predicted(_Asked(self), number, predictor=predictor)

            async with anyio.create_task_group() as group:
                for number in range(4):
                    group.start_soon(predict, number)
            names = [each.name for each in self.signature().outputs]
            mixed = [
                number
                for number in range(4)
                if any(found[number].fields.get(name) != alone[number].fields.get(name) for name in names)
            ]
            expect(not mixed, "Predictions at the same time got each other's values: keep nothing on the instance.")

        self.on_every_loop(check)

    def test_every_setting_can_be_used(self) -> None:
        """Whatever an optimizer chooses for the variables, there is a prediction."""

        async def check() -> None:
            for options in sampled_options(self.subject().variables(self.signature())):
                try:
                    await self._predicted(_Asked(self), options=options)
                except Exception as error:
                    raise AssertionError(f"With {dict(options)} it raised {type(error).__name__}: {error}") from error

        self.on_every_loop(check)

    def test_nothing_is_left_of_a_cancelled_prediction(self) -> None:
        """Whoever cancels a run gets control back, and nothing goes on asking."""

        async def check() -> None:
            async with leaving_nothing("A cancelled prediction"):
                with anyio.move_on_after(0.05) as scope:
                    await self.subject().predict(self._call(_never))
                expect(scope.cancelled_caught or not self._asks, "A cancellation was swallowed: let it through.")

        self.on_every_loop(check)

    @property
    def _asks(self) -> bool:
        """Whether it says that it asks a model."""
        return needs_of(self.subject()).model

    async def _predicted(
        self,
        asked: _Asked,
        number: int = 0,
        *,
        predictor: Predictor | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Prediction:
        chosen = predictor or self.subject()
        return await chosen.predict(self._call(asked.ask, number, options))

    def _call(self, ask: Any, number: int = 0, options: Mapping[str, Any] | None = None) -> PredictorCall:
        task = self.signature()
        own = default_options(self.subject().variables(task)) if options is None else options
        given = FormatCall(
            task,
            inputs_of(task, number),
            tuple(self.demos()),
            capabilities=frozenset(self.capabilities()),
            temperature=0.0,
        )
        return PredictorCall(
            task,
            given,
            PlainAdapter(),
            ask,
            options=own,
            stage=_STAGE,
            tools=self.tools(),
        )


async def _never(request: ModelRequest) -> ModelResponse:
    _ = request
    await anyio.sleep_forever()
    raise AssertionError("Nothing wakes it up.")
