"""Streamed runs: every stage's fields as they arrive, the same result as a run, and nothing left behind."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

import anyio
import pytest
from attrs import define, evolve, frozen

import elixirml as ml
from elixirml.contracts import (
    Event,
    Exchange,
    FieldDelta,
    FormatCall,
    Message,
    ModelRequest,
    ModelResponse,
    Prediction,
    PredictorCall,
    Role,
    Signature,
)
from elixirml.errors import AssertionFailed, BudgetExceeded, ElixirError, ModelDisconnected, ParseError
from elixirml.runtime.budget import Meter
from elixirml.runtime.events import Span
from elixirml.runtime.listening import Listener, RunDelta
from elixirml.runtime.result import Trace
from elixirml.runtime.streaming import RunEnd
from elixirml.variables import Variable

pytestmark = pytest.mark.anyio


@frozen
class Lines:
    """A format of the tests: a line `name: value` for each output; read as it arrives, or not."""

    def suits(self, signature: Signature) -> int:
        _ = signature
        return 1

    def variables(self, signature: Signature) -> tuple[Variable, ...]:
        _ = signature
        return ()

    def format(self, call: FormatCall) -> ModelRequest:
        told = [] if call.feedback is None else [Message(Role.USER, call.feedback.message)]
        return ModelRequest(messages=(Message(Role.USER, str(dict(call.values))), *told), temperature=call.temperature)

    def parse(self, signature: Signature, response: ModelResponse, *, options: Mapping[str, Any]) -> dict[str, Any]:
        _ = options
        found = dict(line.split(": ", 1) for line in response.text.splitlines() if ": " in line)
        for each in signature.outputs:
            if each.name not in found:
                raise ParseError(f"no {each.name}", failure="missing_field", reply=response.text)
        return {each.name: value(each.schema, found[each.name]) for each in signature.outputs}

    def fit(self, *_: Any, options: Mapping[str, Any]) -> Mapping[str, Any]:
        return options


def value(schema: Mapping[str, Any], text: str) -> Any:
    return int(text) if schema.get("type") == "integer" else text


@frozen
class ReadLines(Lines):
    """The same, read as it arrives."""

    def stream_parser(self, signature: Signature, *, options: Mapping[str, Any]) -> "LineParser":
        _ = signature, options
        return LineParser()


@define
class LineParser:
    line: str = ""

    def feed(self, text: str) -> list[FieldDelta]:
        deltas = []
        for sign in text:
            name, colon, _ = self.line.partition(": ")
            if sign == "\n" and colon:
                deltas.append(FieldDelta(name, "", last=True))
            elif colon:
                deltas.append(FieldDelta(name, sign))
            self.line = "" if sign == "\n" else self.line + sign
        return deltas

    def close(self) -> list[FieldDelta]:
        return self.feed("\n")


@pytest.fixture
def kernel(world: Any) -> ml.Kernel:
    for name, adapter in (("lines", ReadLines()), ("unread", Lines())):
        world.kernel.plugins.registry.offer("adapters", name, adapter)
    return world.kernel  # type: ignore[no-any-return]


def ask(task: str = "question -> answer", **options: Any) -> Any:
    return ml.predict(task, **{"adapter": "lines", **options})


async def streamed(kernel: ml.Kernel, program: Any, inputs: Any, **options: Any) -> tuple[list[RunDelta], Any]:
    """Return all deltas of a run, and its result."""
    deltas: list[Any] = []
    async with kernel.stream(program, inputs, **options) as told:
        deltas = [each async for each in told]
    end = deltas.pop()
    assert isinstance(end, RunEnd)
    return deltas, end.result


def texts(deltas: Sequence[RunDelta]) -> dict[tuple[str, int, str], str]:
    """Return what each field of each attempt said, where it came to its end."""
    found: dict[tuple[str, int, str], str] = {}
    for each in deltas:
        key = (each.stage, each.attempt, each.field)
        found[key] = found.get(key, "") + each.text
    complete = {(each.stage, each.attempt, each.field) for each in deltas if each.last}
    return {key: text for key, text in found.items() if key in complete}


async def test_fields_arrive_in_pieces_and_then_the_result(world: Any, kernel: ml.Kernel, anyio_backend: str) -> None:
    """The pieces of a field make its value, each field ends once, and the end is what `run` returns."""
    world.answers("answer: it is here\ncertain: 7\n")
    program = ask("question -> answer: str, certain: int")
    async with kernel:
        deltas, result = await streamed(kernel, program, {"question": "?"})
        same = await kernel.run(program, {"question": "?"})

    assert texts(deltas) == {("reply", 1, "answer"): "it is here", ("reply", 1, "certain"): "7"}
    assert [each.field for each in deltas if each.last] == ["answer", "certain"]
    assert len([each for each in deltas if each.field == "answer"]) > 3
    assert result.fields == same.fields == {"answer": "it is here", "certain": 7}
    assert result.trace.exchanges()[0].response.first_token is not None


@pytest.mark.parametrize("adapter", ["unread", "lines"])
async def test_what_cannot_be_read_as_it_arrives_is_told_whole(
    world: Any, kernel: ml.Kernel, adapter: str, anyio_backend: str
) -> None:
    """By an adapter that reads no streams, or from a model that gives none: one piece a field, at the end."""
    world.answers("answer: it is here\ncertain: 7\n")
    if adapter == "lines":
        world.model.capabilities = frozenset()
        world.model.pieces = 999
    async with kernel:
        program = ask("question -> answer: str, certain: int", adapter=adapter)
        deltas, result = await streamed(kernel, program, {"question": "?"})

    assert texts(deltas) == {("reply", 1, "answer"): "it is here", ("reply", 1, "certain"): "7"}
    assert result.fields == {"answer": "it is here", "certain": 7}
    if adapter == "unread":
        assert deltas == [
            RunDelta("reply", "answer", "it is here", last=True),
            RunDelta("reply", "certain", "7", last=True),
        ]


async def test_every_predict_stage_is_told_by_its_path(world: Any, kernel: ml.Kernel, anyio_backend: str) -> None:
    """Those of sub-programs, and those that a Python stage calls, in the order in which they run."""

    async def twice(self: Any, question: str) -> str:
        first = await self.word(question=question)
        second = await self.word(question=first.answer)
        return str(second.answer)

    inner = ml.Program.create("Inner", inputs="question", stages={"reply": ask()})
    program = ml.Program.create(
        "P",
        inputs="question",
        stages={"word": ask(manual=True), "twice": ml.stage(twice), "inner": inner, "final": ask("twice -> answer")},
        outputs="answer",
    )
    world.answers("answer: a", "answer: b", "answer: c", "answer: d")
    async with kernel:
        deltas, result = await streamed(kernel, program, {"question": "?"})

    assert list(texts(deltas).items()) == [
        (("word", 1, "answer"), "a"),
        (("word", 2, "answer"), "b"),
        (("inner.reply", 1, "answer"), "c"),
        (("final", 1, "answer"), "d"),
    ]
    assert result.fields == {"answer": "d"}


async def test_a_stage_that_is_tried_again_says_so(world: Any, kernel: ml.Kernel, anyio_backend: str) -> None:
    """A reply that an ensure refuses has been told; the next attempt replaces it."""
    world.answers("answer: bad", "answer: good")
    program = ml.Program.create(
        "P",
        inputs="question",
        stages={"reply": ask(), "good": ml.ensure("bad")(lambda self, reply: reply.answer == "good")},
    )
    async with kernel:
        deltas, result = await streamed(kernel, program, {"question": "?"})

    assert texts(deltas) == {("reply", 1, "answer"): "bad", ("reply", 2, "answer"): "good"}
    assert [each.attempt for each in deltas] == sorted(each.attempt for each in deltas)
    assert (result.output.answer, len(result.trace.lapses)) == ("good", 1)


async def test_an_error_comes_out_as_it_is_after_what_was_told(
    world: Any, kernel: ml.Kernel, anyio_backend: str
) -> None:
    """With its type, its details and its cause, from the iterator, once."""
    world.answers("answer: bad")
    refused = ml.Program.create(
        "P",
        inputs="question",
        stages={"reply": ask(), "good": ml.ensure("is bad", attempts=2)(lambda self, reply: reply.answer != "bad")},
    )
    heard: list[Any] = []
    async with kernel:
        async with kernel.stream(refused, {"question": "?"}) as deltas:
            with pytest.raises(AssertionFailed, match="is bad") as caught:
                heard.extend([each async for each in deltas])
            assert [each async for each in deltas] == []
        with pytest.raises(ElixirError, match="question"):
            await streamed(kernel, ask(), {})
        with pytest.raises(ElixirError, match="is not a program"):
            await streamed(kernel, [], {})
        with pytest.raises(BudgetExceeded) as over:
            await streamed(kernel, refused, {"question": "?"}, budget=ml.Budget(calls=1))
        world.model.breaks_after = 2
        with pytest.raises(ModelDisconnected) as broken:
            await streamed(kernel, ask(), {"question": "?"})

    assert caught.value.attempts == 2
    assert isinstance(over.value.partial, Trace)
    assert len(over.value.partial.stages) == 1
    assert broken.value.partial == "answer: "
    assert kernel.tree() is None


async def test_an_error_of_the_block_comes_out_bare(world: Any, kernel: ml.Kernel, anyio_backend: str) -> None:
    """And the run is cancelled."""
    world.answers("answer: " + "a" * 400)

    async def fails() -> None:
        async with kernel.stream(ask(), {"question": "?"}) as deltas:
            await anext(deltas)
            raise ZeroDivisionError("own")

    async with kernel:
        with pytest.raises(ZeroDivisionError, match="own"):
            await fails()
    assert world.model.closed_early == 1


async def test_a_stream_left_early_leaves_nothing_running(world: Any, kernel: ml.Kernel, anyio_backend: str) -> None:
    """The model is told at once, its slot and its reservation are given back, and what it used is booked."""
    world.answers("answer: " + "a" * 400)
    world.model.concurrency = 1
    events: list[Event] = []

    class Watcher:
        def notify(self, event: Event) -> None:
            events.append(event)

    kernel.events.add(Watcher())
    async with kernel:
        async with kernel.stream(ask(), {"question": "?"}) as deltas:
            first = await anext(deltas)
        _, limiter = kernel.model("scripted/m")
        assert (world.model.closed_early, limiter.borrowed_tokens) == (1, 0)
        assert (await kernel.run(ask(), {"question": "?"})).output.answer == "a" * 400

    assert first == RunDelta("reply", "answer", "a")
    assert [each.name for each in events if each.name.startswith("model.")][:2] == ["model.start", "model.error"]
    assert [each.name for each in events if each.name.startswith("run.")][:2] == ["run.start", "run.error"]


async def test_a_generator_around_a_stream_may_be_closed(world: Any, kernel: ml.Kernel, anyio_backend: str) -> None:
    """As a web server does with what it sends, when the browser has gone."""
    world.answers("answer: " + "a" * 400)

    async def words() -> AsyncGenerator[str]:
        async with kernel.stream(ask(), {"question": "?"}) as deltas:
            async for each in deltas:
                assert isinstance(each, RunDelta)
                yield each.text

    async with kernel:
        sent = words()
        assert await anext(sent) == "a"
        await sent.aclose()
        assert world.model.closed_early == 1


async def test_a_stream_that_is_not_read_is_not_run_far(world: Any, kernel: ml.Kernel, anyio_backend: str) -> None:
    """A slow reader holds the model back: only so much is read ahead."""
    told: list[str] = []

    class Counting(LineParser):
        def feed(self, text: str) -> list[FieldDelta]:
            told.append(text)
            return super().feed(text)

    class Counted(ReadLines):
        def stream_parser(self, signature: Signature, *, options: Mapping[str, Any]) -> LineParser:
            return Counting()

    kernel.plugins.registry.offer("adapters", "counted", Counted())
    world.answers("answer: " + "a" * 500)
    world.model.pieces = 1
    async with kernel, kernel.stream(ask(adapter="counted"), {"question": "?"}) as deltas:
        await anyio.wait_all_tasks_blocked()
        assert len(told) == len("answer: ") + 16 + 1
        assert len([each async for each in deltas]) == 500 + 2


async def test_a_cancelled_reader_cancels_the_run(world: Any, kernel: ml.Kernel, anyio_backend: str) -> None:
    """A limit on the time of the reader ends the call of the model too."""
    world.answers("answer: a")
    world.model.latency = 3600
    async with kernel:
        with anyio.move_on_after(0.01) as waiting:
            await streamed(kernel, ask(), {"question": "?"})
        assert waiting.cancelled_caught
    assert world.model.closed_early == 1


async def test_events_tell_when_the_first_piece_came(world: Any, kernel: ml.Kernel, anyio_backend: str) -> None:
    """`model.end` has the seconds to the first piece and the usage; a run that is not streamed has no such moment."""
    world.answers("answer: a")
    ends: list[Event] = []

    class Watcher:
        def notify(self, event: Event) -> None:
            if event.name == "model.end":
                ends.append(event)

    kernel.events.add(Watcher())
    async with kernel:
        _, result = await streamed(kernel, ask(), {"question": "?"})
        await kernel.run(ask(), {"question": "?"})

    assert 0 < ends[0].data["first_token"] <= ends[0].data["usage"].seconds == result.usage.seconds
    assert "first_token" not in ends[1].data
    assert result.usage.calls == 1


@frozen
class Strategy:
    """A strategy of the tests that asks as its function says."""

    asks: Any

    def extend(self, signature: Signature) -> Signature:
        return signature

    def variables(self, signature: Signature) -> tuple[Variable, ...]:
        _ = signature
        return ()

    async def predict(self, call: PredictorCall) -> Prediction:
        return await self.asks(call)  # type: ignore[no-any-return]


async def second_of_two(call: PredictorCall) -> Prediction:
    await call.exchange()
    return await call.exchange()


async def first_of_two(call: PredictorCall) -> Prediction:
    first = await call.exchange()
    second = await call.exchange()
    return evolve(first, exchanges=(*first.exchanges, *second.exchanges))


async def two_at_once(call: PredictorCall) -> Prediction:
    found: list[Prediction] = []

    async def one() -> None:
        found.append(await call.exchange())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(one)
        tasks.start_soon(one)
    return max(found, key=lambda each: str(each.fields))


async def louder(call: PredictorCall) -> Prediction:
    said = await call.exchange()
    return evolve(said, fields={"answer": f"{said.fields['answer']}!"})


async def elsewhere(call: PredictorCall) -> Prediction:
    _ = call
    return Prediction({"answer": "b", "why": "so"})


@pytest.mark.parametrize(
    ("asks", "attempts"),
    [(second_of_two, 2), (first_of_two, 3), (two_at_once, 1), (louder, 2), (elsewhere, 1)],
    ids=lambda each: getattr(each, "__name__", ""),
)
async def test_the_last_attempt_told_is_what_the_stage_answers(
    world: Any, kernel: ml.Kernel, asks: Any, attempts: int, anyio_backend: str
) -> None:
    """Whatever a strategy makes of its replies, and however many it asks for."""
    kernel.plugins.registry.offer("predictors", "strategy", Strategy(asks))
    world.answers("answer: one", "answer: two")
    async with kernel:
        deltas, result = await streamed(kernel, ask(using="strategy"), {"question": "?"})

    assert max(each.attempt for each in deltas) == attempts
    assert texts(deltas)[("reply", attempts, "answer")] == result.output.answer


async def test_who_listens_is_told_by_a_runner_as_well(world: Any, kernel: ml.Kernel, anyio_backend: str) -> None:
    """An embedder may listen without a stream."""
    heard: list[RunDelta] = []

    async def tell(delta: RunDelta) -> None:
        heard.append(delta)

    world.answers("answer: a")
    async with kernel:
        runner = kernel.runner(ask())
        await runner.run({"question": "?"}, meter=Meter(), seed="", span=Span.nowhere(), listener=Listener(tell))

    assert texts(heard) == {("reply", 1, "answer"): "a"}


@pytest.mark.parametrize(
    ("told", "value", "exchanges", "more"),
    [
        ([FieldDelta("n", "0.70", last=True)], 0.7, 1, []),
        ([FieldDelta("n", "0.70", last=True)], 0.7, 2, []),
        ([FieldDelta("n", "1,000", last=True)], 1000, 1, []),
        ([FieldDelta("n", "1,000", last=True)], 1000, 2, [RunDelta("s", "n", "1000", last=True, attempt=2)]),
        ([FieldDelta("n", "Film", last=True)], "film", 1, [RunDelta("s", "n", "film", last=True, attempt=2)]),
        ([FieldDelta("n", "", last=True)], "film", 1, [RunDelta("s", "n", "film", last=True, attempt=2)]),
        ([FieldDelta("n", "fi")], "film", 1, [RunDelta("s", "n", "lm", last=True)]),
        ([], ["a", 1], 1, [RunDelta("s", "n", '["a", 1]', last=True)]),
    ],
)
async def test_what_was_told_is_mended_where_it_is_not_the_value(
    told: list[FieldDelta], value: Any, exchanges: int, more: list[RunDelta], anyio_backend: str
) -> None:
    """A text must be the value to the sign; a number must be its JSON, or in the words of the only reply there was."""
    heard: list[RunDelta] = []

    async def tell(delta: RunDelta) -> None:
        heard.append(delta)

    listener = Listener(tell).to("s")
    exchange = Exchange("s", ModelRequest(), ModelResponse(""))
    for each in told:
        await listener.hear(each)
    await listener.conclude(Prediction({"n": value}, exchanges=(exchange,) * exchanges))

    assert heard[len(told) :] == more
