"""What a predictor is: a reasoning strategy over an adapter and a model.

Predictors are contributed through `elixirml.hookspecs.register_predictors` and hold no state. They reach the model only
through `PredictorCall.exchange`, so budgets, journals and events apply to every call.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Protocol, TypeAlias, runtime_checkable

from attrs import define, evolve, field, frozen

from elixirml.contracts.adapter import (
    Adapter,
    Feedback,
    FormatCall,
    RepairingAdapter,
    StreamingAdapter,
)
from elixirml.contracts.language_model import ModelRequest, ModelResponse
from elixirml.contracts.repair import FAIL, LOCAL, RESEND, UNREPAIRED, Repair, RepairPolicy
from elixirml.contracts.signature import Signature
from elixirml.contracts.spans import UNTOLD, WorkSpan
from elixirml.contracts.stream import (
    CallStreamParser,
    FieldDelta,
    ModelDelta,
    ModelEnd,
    StreamParser,
    TextDelta,
    ToolCallDelta,
)
from elixirml.contracts.tool import Tool
from elixirml.contracts.usage import Usage
from elixirml.errors import ElixirError, ModelError, ParseError
from elixirml.identity import Json
from elixirml.variables import Variable

__all__ = [
    "DemandingPredictor",
    "Exchange",
    "Needs",
    "Prediction",
    "Predictor",
    "PredictorCall",
    "SelectivePredictor",
    "needs_of",
    "refusal_of",
]

Hearing: TypeAlias = Callable[[FieldDelta], Awaitable[None]]


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
        tools: What the program lets its model call, by name; what the strategy needs itself is among them, see `Needs`.
        watch: Given the task and the request of one exchange, returns what judges its output fields as they arrive and
            raises a `ParseError` to stop the reply, or None where nothing of it is judged.
        repair: What is done about a reply that does not hold the outputs.
        check: Raises a ParseError for a prediction whose values do not fit the declared types, as the stage does at the
            end, where nothing can be repaired any more; None where nobody knows.
        note: Told of every reply that did not hold the outputs, when it has become clear what becomes of it.
        span: Where to tell observers what the strategy is about, such as the tools it calls.
        format_prompt: Given what was formatted and the request, returns the request to send; None sends it as it is.
        parse_output: Given the task and the fields of a reply, returns the fields, or raises a `ParseError`; None takes
            them as they are.
        carry: Puts what goes beside the text on a request, such as images; None where there is nothing.
        thoughts: Outputs that are not asked for but taken from what the model thought.
    """

    signature: Signature
    format: FormatCall
    adapter: Adapter
    ask: Callable[[ModelRequest], Awaitable[ModelResponse]]
    options: Mapping[str, Any] = field(factory=dict[str, Any], hash=False)
    stage: str = ""
    stream: Callable[[ModelRequest], AbstractAsyncContextManager[AsyncIterator[ModelDelta]]] | None = None
    tell: Hearing | None = None
    tools: Mapping[str, Tool] = field(factory=dict[str, Tool], hash=False)
    watch: Callable[[Signature, ModelRequest], Hearing | None] | None = None
    repair: RepairPolicy = UNREPAIRED
    check: Callable[[Prediction], object] | None = None
    note: Callable[[Repair], None] | None = None
    span: WorkSpan = UNTOLD
    format_prompt: Callable[[FormatCall, ModelRequest], ModelRequest] | None = None
    parse_output: Callable[[Signature, Mapping[str, Json]], Mapping[str, Json]] | None = None
    carry: Callable[[FormatCall, ModelRequest], ModelRequest] | None = None
    thoughts: tuple[str, ...] = ()

    def request(self, signature: Signature | None = None) -> ModelRequest:
        """Return what `exchange` sends first."""
        return self._formatted(evolve(self.format, signature=signature or self.signature))

    async def exchange(self, signature: Signature | None = None, *, feedback: Feedback | None = None) -> Prediction:
        """Format, ask and parse once; `signature` replaces the stage's own.

        A reply that does not hold the outputs is repaired as the stage's policy says. What asks once more does so at
        temperature 0: it is the form that was wrong.

        Raises:
            ParseError: The reply does not hold the outputs; that of the last one, where it was asked for again.
            ModelError: No reply came.
        """
        task = signature or self.signature
        call = evolve(self.format, signature=task, feedback=feedback or self.format.feedback)
        exchanges = await self._asked(call)
        try:
            return self._read(call, exchanges)
        except ParseError as error:
            if self.repair.name == FAIL:
                raise
            return await self._repaired(call, exchanges, error)

    async def _asked(self, call: FormatCall) -> tuple[Exchange, ...]:
        """Ask what the adapter makes of a call: once, or twice where a second request follows from the reply."""
        request = self._formatted(call)
        follow = _follow_of(self.adapter)
        if follow is None:
            return (await self._exchanged(request, call),)
        first = Exchange(self.stage, request, await self.ask(request))
        following = follow(evolve(call, feedback=None), first.response)
        return (first,) if following is None else (first, await self._exchanged(self.finished(call, following), call))

    def _formatted(self, call: FormatCall) -> ModelRequest:
        return self.finished(call, self.adapter.format(call))

    def finished(self, call: FormatCall, request: ModelRequest) -> ModelRequest:
        """Return a request as it is sent; for strategies that write one without the adapter.

        Args:
            call: What the request is made of.
            request: Its text.

        Raises:
            ConfigError: What goes beside the text does not fit the model or the format.
        """
        if self.format_prompt is not None:
            request = self.format_prompt(call, request)
        if self.carry is not None:
            request = self.carry(call, request)
        if self.thoughts and request.reasoning_effort is None:
            request = evolve(request, reasoning_effort=_LITTLE)
        return request

    async def _exchanged(self, request: ModelRequest, call: FormatCall) -> Exchange:
        return Exchange(self.stage, request, await self._response(request, call.signature, call.options))

    def _read(self, call: FormatCall, exchanges: tuple[Exchange, ...]) -> Prediction:
        """Return what the last reply holds."""
        fields = self.adapter.parse(call.signature, exchanges[-1].response, options=call.options)
        return self._checked(fields, call, exchanges)

    def _checked(self, fields: Mapping[str, Json], call: FormatCall, exchanges: tuple[Exchange, ...]) -> Prediction:
        """Return a prediction of these fields; where the declared ones were asked for, they fit their types."""
        if self.thoughts:
            fields = {**dict.fromkeys(self.thoughts, exchanges[-1].response.reasoning), **fields}
        if self.parse_output is not None:
            fields = self.parse_output(call.signature, fields)
        prediction = Prediction(fields, sum((each.response.usage for each in exchanges), Usage()), exchanges)
        if self.check is not None and self.repair.name != FAIL:
            asked = {each.name for each in call.signature.outputs}
            if all(each.name in asked for each in self.signature.outputs):
                self.check(prediction)
        return prediction

    async def _repaired(self, call: FormatCall, exchanges: tuple[Exchange, ...], error: ParseError) -> Prediction:
        """Return what the stage's policy makes of a reply that was refused, and note it."""
        repair = Repair(self.stage, self.repair.name, error.failure, error.path, error.message)
        try:
            prediction, changes = await self._by_policy(call, exchanges, error)
        except ElixirError as last:
            self._note(repair)
            if last is not error:
                last.add_note(f"The reply before it was refused ({error.failure}): {error.message}")
            raise
        self._note(evolve(repair, changes=changes, succeeded=True))
        return prediction

    async def _by_policy(
        self, call: FormatCall, exchanges: tuple[Exchange, ...], error: ParseError
    ) -> tuple[Prediction, tuple[str, ...]]:
        """Return the prediction in the end, and what was changed in the reply."""
        if self.repair.name == LOCAL:
            return self._mended(call, exchanges, error)
        again = evolve(call, temperature=0.0)
        if self.repair.name == RESEND:
            said = error.reply or exchanges[-1].response.text
            return await self._resent(evolve(again, feedback=Feedback(said, error.message)), exchanges), ()
        other = self.repair.adapter
        if other is None or other.suits(call.signature) <= 0:
            error.add_note(f"The adapter `{self.repair.name}`, named for repair, cannot format this task.")
            raise error
        asking = evolve(self, adapter=other, format=evolve(again, options=self.repair.options), repair=UNREPAIRED)
        return _together(exchanges, await asking.exchange(call.signature)), ()

    def _mended(
        self, call: FormatCall, exchanges: tuple[Exchange, ...], error: ParseError
    ) -> tuple[Prediction, tuple[str, ...]]:
        if not isinstance(self.adapter, RepairingAdapter):
            error.add_note("The stage's adapter mends no replies, so `repair = local` changed nothing.")
            raise error
        mended = self.adapter.repair(call.signature, exchanges[-1].response, error, options=call.options)
        return self._checked(mended.fields, call, exchanges), mended.changes

    async def _resent(self, call: FormatCall, exchanges: tuple[Exchange, ...]) -> Prediction:
        """Ask once more for what the last reply was to hold; what an earlier one said stays said."""
        first, *rest = exchanges
        follow = _follow_of(self.adapter) if rest else None
        request = None if follow is None else follow(call, first.response)
        more = (
            await self._asked(call) if request is None else (await self._exchanged(self.finished(call, request), call),)
        )
        return self._read(call, (*exchanges, *more))

    def _note(self, repair: Repair) -> None:
        if self.note is not None:
            self.note(repair)

    async def _response(self, request: ModelRequest, task: Signature, options: Mapping[str, Any]) -> ModelResponse:
        """Ask once; where the adapter can read a reply as it arrives, its fields are judged and told meanwhile."""
        judge = None if self.watch is None else self.watch(task, request)
        tell = None if self.stream is None else self.tell
        hearing = [each for each in (judge, tell) if each is not None]
        if not hearing or not isinstance(self.adapter, StreamingAdapter):
            return await self.ask(request)
        heard = _Heard(self.adapter.stream_parser(task, options=options), hearing)
        try:
            return await self._heard(request, heard)
        except ParseError as error:
            error.reply = error.reply or heard.text
            raise

    async def _heard(self, request: ModelRequest, heard: "_Heard") -> ModelResponse:
        response: ModelResponse | None = None
        if self.stream is None:
            response = await self.ask(request)
            await heard.take(response.text)
            for index, each in enumerate(response.tool_calls):
                await heard.take_call(ToolCallDelta(index, each.id, each.name, each.arguments))
        else:
            async with self.stream(request) as pieces:
                async for piece in pieces:
                    if isinstance(piece, TextDelta):
                        await heard.take(piece.text)
                    elif isinstance(piece, ToolCallDelta):
                        await heard.take_call(piece)
                    elif isinstance(piece, ModelEnd):
                        response = piece.response
        await heard.close()
        if response is None:
            raise ModelError(f"The reply to `{self.stage}` ended without an end.", code="stream-truncated")
        return response


@define(eq=False)
class _Heard:
    """One reply, read while it arrives.

    Attributes:
        parser: Reads it.
        hearing: Who hears of its fields, in this order; the first may refuse what the next then does not hear.
    """

    parser: StreamParser
    hearing: Sequence[Hearing]
    _pieces: list[str] = field(factory=list[str], init=False)

    @property
    def text(self) -> str:
        """What has come so far."""
        return "".join(self._pieces)

    async def take(self, text: str) -> None:
        """Take more of the reply."""
        self._pieces.append(text)
        await self._hear(self.parser.feed(text))

    async def take_call(self, call: ToolCallDelta) -> None:
        """Take more of a tool call; a format that does not reply with calls has no field in it."""
        if isinstance(self.parser, CallStreamParser):
            self._pieces.append(call.arguments)
            await self._hear(self.parser.feed_call(call))

    async def close(self) -> None:
        """Take note that the reply has ended."""
        await self._hear(self.parser.close())

    async def _hear(self, deltas: Sequence[FieldDelta]) -> None:
        for delta in deltas:
            for hear in self.hearing:
                await hear(delta)


def _follow_of(adapter: Adapter) -> Callable[[FormatCall, ModelResponse], ModelRequest | None] | None:
    """Return `FollowingAdapter.follow` where an adapter has it.

    It is looked up by its name, for to compare with a protocol takes as long as to parse a short reply.
    """
    return getattr(adapter, "follow", None)


def _together(exchanges: tuple[Exchange, ...], prediction: Prediction) -> Prediction:
    """Return a prediction with the calls before it, and their cost."""
    usage = sum((each.response.usage for each in exchanges), Usage())
    return evolve(prediction, usage=usage + prediction.usage, exchanges=(*exchanges, *prediction.exchanges))


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


@frozen
class Needs:
    """What a strategy needs beside its task.

    Attributes:
        model: Whether it asks the stage's model; one that asks none needs no prompt format either.
        tools: Installed tools that it uses itself, by name, each with the distribution that offers it.

    .. versionadded:: 0.1
    """

    model: bool = True
    tools: Mapping[str, str] = field(factory=dict[str, str], hash=False)


@runtime_checkable
class DemandingPredictor(Predictor, Protocol):
    """A strategy that says what it needs; any other asks the stage's model and needs no tools.

    .. versionadded:: 0.1
    """

    def needs(self) -> Needs:
        """Return what must be there; always the same."""
        ...


@runtime_checkable
class SelectivePredictor(Predictor, Protocol):
    """A strategy that cannot answer every task.

    .. versionadded:: 0.1
    """

    def refuses(self, signature: Signature) -> str | None:
        """Return why it cannot answer a task, as in `it gives no texts`; None where it can."""
        ...


def needs_of(predictor: Predictor) -> Needs:
    """Return what a strategy needs.

    Example:
        >>> needs_of(Direct()).model
        True
    """
    needs: Callable[[], Needs] | None = getattr(predictor, "needs", None)
    return _USUAL if needs is None else needs()


def refusal_of(predictor: Predictor, signature: Signature) -> str | None:
    """Return why a strategy cannot answer a task; None where it can."""
    refuses: Callable[[Signature], str | None] | None = getattr(predictor, "refuses", None)
    return None if refuses is None else refuses(signature)


_LITTLE: Final = "low"
_USUAL: Final = Needs()
