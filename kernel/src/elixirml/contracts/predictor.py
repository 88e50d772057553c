"""What a predictor is: a reasoning strategy over an adapter and a model.

Predictors are contributed through `elixirml.hookspecs.register_predictors` and hold no state. They reach the model only
through `PredictorCall.exchange`, so budgets, journals and events apply to every call.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from attrs import evolve, field, frozen

from elixirml.contracts.adapter import Adapter, Feedback, FormatCall, StreamingAdapter
from elixirml.contracts.language_model import ModelRequest, ModelResponse
from elixirml.contracts.signature import Signature
from elixirml.contracts.stream import FieldDelta, ModelDelta, ModelEnd, TextDelta
from elixirml.contracts.tool import Tool
from elixirml.contracts.usage import Usage
from elixirml.errors import ModelError
from elixirml.identity import Json
from elixirml.variables import Variable

__all__ = ["Exchange", "Prediction", "Predictor", "PredictorCall"]


@frozen
class Exchange:
    """One request and its reply, with the stage that caused it."""

    stage: str
    request: ModelRequest
    response: ModelResponse


@frozen
class Prediction:
    """Typed fields on their way from a predictor to its stage, or from a program to a metric.

    Attributes:
        fields: Plain values by name.
        usage: What they cost.
        exchanges: Every model call that led to them, in order.
    """

    fields: Mapping[str, Json] = field(hash=False)
    usage: Usage = field(factory=Usage)
    exchanges: tuple[Exchange, ...] = ()


@frozen
class PredictorCall:
    """All a predictor needs for one prediction.

    Attributes:
        signature: The task as the stage declares it.
        format: The values, demos, options and limits; predictors may change its signature.
        adapter: The prompt format.
        ask: Sends one request to the stage's model.
        options: Values of the predictor's own variables, by their short names.
        stage: The stage's path.
        stream: Sends one request to the stage's model and gives the reply piece by piece.
        tell: Told of output fields as they arrive; None when nobody listens.
        tools: What the program lets its model call, by name.
    """

    signature: Signature
    format: FormatCall
    adapter: Adapter
    ask: Callable[[ModelRequest], Awaitable[ModelResponse]]
    options: Mapping[str, Any] = field(factory=dict[str, Any], hash=False)
    stage: str = ""
    stream: Callable[[ModelRequest], AbstractAsyncContextManager[AsyncIterator[ModelDelta]]] | None = None
    tell: Callable[[FieldDelta], Awaitable[None]] | None = None
    tools: Mapping[str, Tool] = field(factory=dict[str, Tool], hash=False)

    async def exchange(self, signature: Signature | None = None, *, feedback: Feedback | None = None) -> Prediction:
        """Format, ask and parse once; `signature` replaces the stage's own.

        Raises:
            ParseError: The reply does not hold the outputs.
            ModelError: No reply came.
        """
        task = signature or self.signature
        call = evolve(self.format, signature=task, feedback=feedback or self.format.feedback)
        request = self.adapter.format(call)
        response = await (self.ask(request) if self.tell is None else self._listened(request, task, call.options))
        fields = self.adapter.parse(task, response, options=call.options)
        return Prediction(fields, response.usage, (Exchange(self.stage, request, response),))

    async def _listened(self, request: ModelRequest, task: Signature, options: Mapping[str, Any]) -> ModelResponse:
        """Ask once and tell of the fields as they arrive."""
        if self.stream is None or self.tell is None or not isinstance(self.adapter, StreamingAdapter):
            return await self.ask(request)
        parser = self.adapter.stream_parser(task, options=options)
        response: ModelResponse | None = None
        async with self.stream(request) as pieces:
            async for piece in pieces:
                if isinstance(piece, TextDelta):
                    await self._told(parser.feed(piece.text))
                elif isinstance(piece, ModelEnd):
                    response = piece.response
        await self._told(parser.close())
        if response is None:
            raise ModelError(f"The reply to `{self.stage}` ended without an end.", code="stream-truncated")
        return response

    async def _told(self, deltas: Sequence[FieldDelta]) -> None:
        for delta in deltas:
            assert self.tell is not None  # noqa: S101 - only listened exchanges come here
            await self.tell(delta)


class Predictor(Protocol):
    """A reasoning strategy."""

    def extend(self, signature: Signature) -> Signature:
        """Return the task the model sees: the same, or with outputs of the strategy's own, such as `reasoning`."""
        ...

    def variables(self, signature: Signature) -> tuple[Variable, ...]:
        """Return what may be tuned, by short names; they become `<stage>.<predictor>.<name>` in the space."""
        ...

    async def predict(self, call: PredictorCall) -> Prediction:
        """Return the declared outputs, and the strategy's own beside them.

        Raises:
            ParseError: No reply held the declared outputs.
        """
        ...
