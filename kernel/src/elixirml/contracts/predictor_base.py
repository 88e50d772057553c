"""A base for predictors: one exchange with the model, in steps each of which a subclass may replace."""

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from elixirml.contracts.adapter import FormatCall
from elixirml.contracts.language_model import ModelRequest
from elixirml.contracts.predictor import Needs, Prediction, PredictorCall
from elixirml.contracts.signature import Signature
from elixirml.identity import Json
from elixirml.variables import Variable

__all__ = ["PredictorBase"]


class PredictorBase:
    """Base of predictors: asks once, for what `extend` makes of the task.

    A subclass replaces the steps it wants otherwise, or `answer` for another way of asking. The steps hold for whatever
    a strategy asks in the stage's prompt format. It keeps no state.

    Example:
        >>> class Shouting(PredictorBase):
        ...     def parse_output(self, signature, fields):
        ...         return {name: value.upper() for name, value in fields.items()}

    .. versionadded:: 0.1
    """

    __slots__ = ()

    def needs(self) -> Needs:
        """Return what must be there: a model, and no tools."""
        return Needs()

    def refuses(self, signature: Signature) -> str | None:
        """Return why it cannot answer a task: None, for it can answer any."""
        _ = signature
        return None

    def extend(self, signature: Signature) -> Signature:
        """Return the task the model sees: the same."""
        return signature

    def variables(self, signature: Signature) -> tuple[Variable, ...]:
        """Return what may be tuned: nothing."""
        _ = signature
        return ()

    def prepare_input(self, call: PredictorCall) -> PredictorCall:
        """Return the call as it is worked on, for example with other values in its `format`."""
        return call

    def format_prompt(self, call: FormatCall, request: ModelRequest) -> ModelRequest:
        """Return a request as it is sent.

        Args:
            call: What the stage's adapter was given; a strategy may ask for other things than the task by the way.
            request: What it has made of that.
        """
        _ = call
        return request

    def parse_output(self, signature: Signature, fields: Mapping[str, Json]) -> Mapping[str, Json]:
        """Return the fields of a reply as they are to be taken.

        Args:
            signature: What was asked for.
            fields: What the stage's adapter has read.

        Raises:
            ParseError: The reply is refused; the stage's repair policy decides what follows.
        """
        _ = signature
        return fields

    async def predict(self, call: PredictorCall) -> Prediction:
        """Return the declared outputs, and the strategy's own beside them; replace `answer` rather than this.

        Raises:
            ParseError: No reply held the declared outputs.
        """
        return await self.answer(self._stepped(call))

    async def answer(self, call: PredictorCall) -> Prediction:
        """Return the prediction of a prepared call; `call.exchange` goes through the other steps."""
        return await call.exchange(self.extend(call.signature))

    def first_request(self, call: PredictorCall) -> ModelRequest:
        """Return what `predict` sends first, for people who want to see it."""
        return self.opening(self._stepped(call))

    def opening(self, call: PredictorCall) -> ModelRequest:
        """Return what `answer` sends first; replace both together."""
        return call.request(self.extend(call.signature))

    def _stepped(self, call: PredictorCall) -> PredictorCall:
        """Return the call prepared, and with those of the steps that a subclass has replaced."""
        prepared, own, changes = self.prepare_input(call), type(self), dict[str, Any]()
        if own.format_prompt is not PredictorBase.format_prompt:
            changes["format_prompt"] = self.format_prompt
        if own.parse_output is not PredictorBase.parse_output:
            changes |= {"parse_output": self.parse_output, "tell": None}  # what arrives is not yet what is answered
        return evolve(prepared, **changes) if changes else prepared
