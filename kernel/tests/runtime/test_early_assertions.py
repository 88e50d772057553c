"""Assertions over fields: judged as the fields arrive, with the same outcome as when the whole reply is there."""

import zlib
from pathlib import Path
from typing import Any

import anyio
import pytest
from attrs import frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import elixirml as ml
from elixirml.contracts import Capability, ModelRequest
from elixirml.errors import AssertionFailed
from elixirml.plugins import PluginManager
from elixirml.runtime.context import derived_seed
from elixirml.runtime.listening import RunDelta
from elixirml.runtime.streaming import RunEnd
from elixirml.testing.models import ScriptedModel, ScriptedProvider

pytestmark = pytest.mark.anyio


def ask(text: str = "question -> answer: str, essay: str", **settings: Any) -> Any:
    return ml.predict(text, **{"adapter": "json", "temperature": 0.0, **settings})


def create(stages: dict[str, Any], *, inputs: Any = "question") -> ml.Program[Any, Any]:
    return ml.Program.create("P", inputs=inputs, stages=stages, instruction="Answer.")


def short(self: Any, answer: str) -> bool:
    _ = self
    return len(answer) <= 5


def reply(answer: str, essay: str = "e" * 400) -> str:
    return f'{{"answer": "{answer}", "essay": "{essay}"}}'


SHORT = create({"reply": ask(), "short": ml.ensure("must be short", attempts=2)(short)})


async def heard(kernel: ml.Kernel, program: Any, inputs: Any, **how: Any) -> tuple[list[RunDelta], Any]:
    deltas: list[Any] = []
    async with kernel.stream(program, inputs, **how) as told:
        deltas = [each async for each in told]
    end = deltas.pop()
    assert isinstance(end, RunEnd)
    return deltas, end.result


async def test_a_reply_is_stopped_as_soon_as_a_field_fails(world: Any, anyio_backend: str) -> None:
    """Nobody listens, and yet the rest is never read; what came is charged, and only the field is told."""
    world.answers(reply("much too long"), reply("fine"))
    async with world.kernel as kernel:
        result = await kernel.run(SHORT, {"question": "?"})

    assert result.output.answer == "fine"
    assert world.model.closed_early == 1
    refused, kept = result.trace.stages
    assert (refused.outputs, refused.refused, kept.refused) == ({"answer": "much too long"}, True, False)
    cut = refused.exchanges[0].response
    assert (cut.finish, cut.text) == ("refused", reply("much too long")[: len(cut.text)])
    assert len(cut.text) < len('{"answer": "much too long", "essay": ') + world.model.pieces
    assert result.usage.calls == 2
    assert result.usage.tokens_out == 1 + -(-len(cut.text) // world.model.pieces)
    assert "must be short" in world.prompts[1]
    assert "much too long" in world.prompts[1]
    assert "eeee" not in world.prompts[1]
    assert [(each.followed, each.mended) for each in result.trace.lapses] == [("retry", True)]


async def test_listeners_are_told_that_fields_begin_anew(world: Any, anyio_backend: str) -> None:
    """No field that is refused is told to be complete; an empty piece of the next attempt takes it back at once."""
    world.answers(reply("much too long"), reply("fine", "e"))
    async with world.kernel as kernel:
        deltas, result = await heard(kernel, SHORT, {"question": "?"})

    assert world.model.closed_early == 1
    first = [each for each in deltas if each.attempt == 1]
    assert [each.field for each in first if each.text] == ["answer"] * len(first)
    assert "much too long".startswith("".join(each.text for each in first))
    assert not any(each.last for each in first)
    second = deltas[len(first) :]
    assert second[0] == RunDelta("reply", "answer", "", last=False, attempt=2)
    assert {each.attempt for each in second} == {2}
    assert "".join(each.text for each in second if each.field == "answer") == result.output.answer == "fine"


async def test_a_model_that_does_not_stream_is_judged_on_the_whole_reply(world: Any, anyio_backend: str) -> None:
    """The outcome is the same; its call is charged in full, since it was made in full."""
    world.model.capabilities = frozenset(Capability) - {Capability.STREAM}
    world.answers(reply("much too long"), reply("fine"))
    async with world.kernel as kernel:
        deltas, result = await heard(kernel, SHORT, {"question": "?"})

    assert [(each.followed, each.attempt) for each in result.trace.lapses] == [("retry", 1)]
    assert result.trace.stages[0].exchanges[0].response.text == reply("much too long")
    assert (result.output.answer, result.usage.calls, world.model.closed_early) == ("fine", 2, 0)
    assert [each for each in deltas if each.last] == [each for each in deltas if each.text]


async def test_attempts_end_in_the_fallback_or_in_the_error(world: Any, anyio_backend: str) -> None:
    """As they do for whole replies; the fallback's value is told to who listens."""

    @frozen
    class Question:
        question: str

    @frozen
    class Answer:
        answer: str
        essay: str

    class P(ml.Program[Question, Answer]):
        """Answer."""

        reply = ml.predict(Answer, adapter="json")

        @ml.ensure("must be short", attempts=2, fallback="cut")
        def short(self, answer: str, question: str) -> bool:
            return len(answer) <= len(question)

        def cut(self, question: str) -> Answer:
            return Answer(question, "none")

    world.answers(reply("much too long"))
    async with world.kernel as kernel:
        deltas, result = await heard(kernel, P, {"question": "?"})
        with pytest.raises(AssertionFailed) as caught:
            await kernel.run(SHORT, {"question": "?"})

    assert result.output == Answer("?", "none")
    assert [each.followed for each in result.trace.lapses] == ["retry", "fallback"]
    assert [(each.field, each.text) for each in deltas if each.last] == [("answer", "?"), ("essay", "none")]
    assert (caught.value.attempts, caught.value.value) == (2, {"answer": "much too long"})
    assert world.model.closed_early == 4


async def test_what_is_not_known_before_the_reply_is_not_judged_early(world: Any, anyio_backend: str) -> None:
    """Later stages, calls of models, and wishes wait for the whole reply."""
    judge = ask("answer -> good: bool", manual=True)

    async def good(self: Any, answer: str) -> bool:
        return bool((await self.judge(answer=answer)).good)

    stages = {"judge": judge, "reply": ask(), "late": ml.stage(late)}
    programs = [
        create({**stages, "waits": ml.ensure("m", then="fail")(lambda self, answer, late: True)}),
        create({**stages, "asks": ml.ensure("m", then="fail")(good)}),
        create({**stages, "wishes": ml.suggest("m")(short)}),
        create({**stages, "records": ml.ensure("m", then="record")(short)}),
    ]
    assert [world.compile(each).early for each in programs] == [{}] * 4
    world.answers(by=lambda request: '{"good": true}' if "good" in str(request.messages) else reply("long enough"))
    async with world.kernel as kernel:
        for each in programs:
            await kernel.run(each, {"question": "?"})
    assert world.model.closed_early == 0


def late(self: Any, question: str) -> str:
    _ = self
    return question


async def test_a_drawn_reply_that_is_refused_is_left_out(world: Any, anyio_backend: str) -> None:
    """A strategy that draws several answers goes on with the others; nothing is tried again."""
    answers = iter(["much too long", "fine", "much too long", "good"])
    world.answers(by=lambda _: reply(next(answers), "e"))
    program = create({"reply": ask(using="majority"), "short": ml.ensure("must be short", attempts=1)(short)})
    program = program.with_values({"reply.majority.n": 4, "reply.majority.inner": "direct"})
    async with world.kernel as kernel:
        result = await kernel.run(program, {"question": "?"})

    assert result.output.answer in {"fine", "good"}
    assert [(each.followed, each.mended) for each in result.trace.lapses] == [("dropped", True)] * 2


async def test_what_held_of_a_reply_is_not_judged_twice(world: Any, anyio_backend: str) -> None:
    """Unless another value takes its place: that of a fallback, or of the next attempt."""
    judged: list[str] = []

    def counted(self: Any, answer: str) -> bool:
        _ = self
        judged.append(answer)
        return True

    program = create(
        {
            "spare": ask(manual=True),
            "reply": ask(),
            "counted": ml.ensure("never fails")(counted),
            "last": ml.ensure("be b", attempts=2, fallback="spare")(lambda self, reply: reply.answer == "b"),
        }
    )
    world.answers(reply("a"), reply("a"), reply("b"))
    async with world.kernel as kernel:
        result = await kernel.run(program, {"question": "?"})
    assert (result.output.answer, judged) == ("b", ["a", "a", "b"])


@pytest.mark.parametrize("streams", ["pieces", ""])
async def test_drawn_replies_have_their_seeds_in_order(world: Any, streams: str, anyio_backend: str) -> None:
    """Whether they arrive piece by piece or whole, and in whatever order tasks are run."""
    if not streams:
        world.model.capabilities = frozenset(Capability) - {Capability.STREAM}
    world.answers(reply("fine", "e"))
    program = create({"reply": ask(using="majority"), "short": ml.ensure("must be short")(short)})
    program = program.with_values({"reply.majority.n": 6, "reply.majority.inner": "direct"})
    async with world.kernel as kernel:
        await kernel.run(program, {"question": "?"})

    expected = [derived_seed("0", "reply", number) for number in range(6)]
    assert [each.seed for each in world.model.requests] == expected


# The same outcome, however the reply comes


FIELDS = {"answer": "str", "number": "int", "flag": "bool", "words": "list[str]"}


def judging(fields: tuple[str, ...], modulus: int) -> Any:
    """A condition on fields that fails on one value of so many."""
    namespace: dict[str, Any] = {"crc": lambda *values: zlib.crc32(repr(values).encode())}
    exec(  # noqa: S102 - a condition that is drawn
        f"def holds(self, {', '.join(fields)}):\n    return crc({', '.join(fields)}) % {modulus} != 1", namespace
    )
    return namespace["holds"]


def replied(request: ModelRequest) -> str:
    """A reply that only the request decides; its fields stand in any order, and some are of the wrong type."""
    number = zlib.crc32(str([each.content for each in request.messages]).encode())
    values = [f'"answer": "a{number % 7}"', f'"number": {number % 5}', '"flag": true', '"words": ["a", "b"]']
    turned = values[number % 4 :] + values[: number % 4]
    return "{" + ", ".join(turned) + "}" if number % 11 else "{" + ", ".join(turned[:3])


assertions = st.lists(
    st.tuples(
        st.lists(st.sampled_from(sorted(FIELDS)), min_size=1, max_size=2, unique=True).map(tuple),
        st.integers(2, 4),
        st.integers(1, 3),
        st.booleans(),
    ),
    min_size=1,
    max_size=3,
)


def outcome(result: Any) -> Any:
    if isinstance(result, AssertionFailed):
        return "refused", result.assertion, result.attempts
    if isinstance(result, Exception):
        return "failed", type(result), str(result)
    records = sorted((each.path, repr(each.outputs), each.refused) for each in result.trace.stages)
    return result.fields, result.usage.calls, records, sorted(map(repr, result.trace.lapses))


async def ran(home: Path, program: Any, *, pieces: int, streams: bool, listens: bool, strategy: str) -> Any:
    """Run once with a model that answers in such a way."""
    capabilities = frozenset(Capability) if streams else frozenset(Capability) - {Capability.STREAM}
    model = ScriptedModel(script=replied, pieces=pieces, capabilities=capabilities)
    manager = PluginManager.load()
    manager.registry.offer("language_models", "scripted", ScriptedProvider({"m": model}))
    async with ml.Kernel(plugins=manager, home=home, model="scripted/m") as kernel:
        try:
            if listens:
                return outcome((await heard(kernel, program, {"question": "?"}, strategy=strategy))[1])
            return outcome(await kernel.run(program, {"question": "?"}, strategy=strategy))
        except Exception as error:  # noqa: BLE001 - errors are outcomes
            return outcome(error)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(drawn=assertions, adapter=st.sampled_from(["json", "sections", "xml"]), pieces=st.integers(1, 60))
def test_the_outcome_does_not_depend_on_how_the_reply_comes(
    tmp_path: Path, drawn: list[Any], adapter: str, pieces: int
) -> None:
    """Whole or in pieces, heard or not, in turn or at once: the same output, failures, calls, or error."""
    task = f"question -> {', '.join(f'{name}: {kind}' for name, kind in FIELDS.items())}"
    stages = {
        f"a{at}": ml.ensure(f"assertion {at}", attempts=attempts, on="reply", fallback="spare" if falls else "")(
            judging(fields, modulus)
        )
        for at, (fields, modulus, attempts, falls) in enumerate(drawn)
    }
    stages = {
        "spare": ask(task, adapter=adapter, instruction="Spare.", manual=True),
        "reply": ask(task, adapter=adapter),
        **stages,
    }
    sure = ml.ensure("other", attempts=3, fallback="spare", on="other")(judging(("number",), 2))
    program = create({**stages, "other": ask(task, adapter=adapter, instruction="Other."), "sure": sure})

    async def main() -> list[Any]:
        return [
            await ran(tmp_path, program, pieces=pieces, streams=streams, listens=listens, strategy=strategy)
            for streams in (False, True)
            for listens in (False, True)
            for strategy in ("sequential", "parallel")
        ]

    whole, *others = anyio.run(main)
    for other in others:
        assert other == whole
