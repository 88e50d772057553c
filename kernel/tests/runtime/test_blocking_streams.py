"""The synchronous door of streams: a generator that may be left at any time, also where a loop runs already."""

import asyncio
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import elixirml as ml
from elixirml.errors import ConfigError
from elixirml.plugins import PluginManager
from elixirml.testing.models import ScriptedModel, ScriptedProvider

ASK = ml.predict("question -> answer: str", adapter="json", model="scripted/m")


@pytest.fixture
def model() -> ScriptedModel:
    return ScriptedModel(name="scripted/m", script=['{"answer": "it is here"}'])


@pytest.fixture
def kernel(tmp_path: Path, model: ScriptedModel) -> ml.Kernel:
    manager = PluginManager.load()
    manager.registry.offer("language_models", "scripted", ScriptedProvider({"m": model}))
    return ml.Kernel(plugins=manager, home=tmp_path / "home")


def said(deltas: list[Any]) -> tuple[str, Any]:
    """Return the text of all deltas, and the result."""
    *pieces, end = deltas
    assert isinstance(end, ml.RunEnd)
    return "".join(each.text for each in pieces), end.result


def test_a_loop_over_a_stream_ends_with_the_result(kernel: ml.Kernel) -> None:
    """What a run would have returned comes last; then the kernel is closed."""
    text, result = said(list(ml.stream(ASK, {"question": "?"}, budget=ml.Budget(calls=1), kernel=kernel)))

    assert text == result.output.answer == "it is here"
    assert result.usage.calls == 1
    assert kernel.tree() is None


def test_a_stream_works_where_a_loop_runs(kernel: ml.Kernel) -> None:
    """As in a notebook."""

    async def notebook() -> str:
        return said(list(ml.stream(ASK, {"question": "?"}, kernel=kernel)))[0]

    assert asyncio.run(notebook()) == "it is here"


def test_a_loop_that_is_left_stops_the_run(kernel: ml.Kernel, model: ScriptedModel) -> None:
    """By `break`, by an error of its own, or by closing; an open kernel goes on."""
    model.script = ['{"answer": "' + "a" * 999 + '"}']
    model.latency = 0.001
    with ml.BlockingKernel(kernel) as door:
        stream = door.stream(ASK, {"question": "?"})
        for delta in stream:
            assert isinstance(delta, ml.RunDelta)
            break
        stream.close()
        assert door.run(ASK, {"question": "?"}).output.answer == "a" * 999
        with pytest.raises(StopIteration):
            next(stream)
    assert model.closed_early in {0, 1}  # 0 where the adapter reads no streams, so that the reply had come whole

    stream = ml.stream(ASK, {"question": "?"}, kernel=kernel)
    next(stream)
    stream.close()
    assert kernel.tree() is None


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, None])
def test_a_kernel_ends_the_streams_that_are_left_in_it(kernel: ml.Kernel, error: type[BaseException] | None) -> None:
    """Also where the generator is still held, as by a traceback; it is over then."""
    held: list[Any] = []

    def leaves() -> None:
        stack = ExitStack()
        door = stack.enter_context(ml.BlockingKernel(kernel))
        try:
            held.append(door.stream(ASK, {"question": "?"}))
            next(held[0])
            if error is not None:
                raise error
        finally:
            stack.close()

    if error is None:
        leaves()
    else:
        with pytest.raises(error):
            leaves()
    assert kernel.tree() is None
    with pytest.raises(ConfigError, match="The kernel does not run"):
        next(held[0])
    held[0].close()


def test_errors_of_a_stream_come_out_of_the_loop(kernel: ml.Kernel, model: ScriptedModel) -> None:
    """Those of the run, and those of a door that is not open or is asked from within."""
    with pytest.raises(ml.ElixirError, match="question"):
        list(ml.stream(ASK, {}, kernel=kernel))
    with pytest.raises(ConfigError, match="The kernel does not run"):
        next(ml.BlockingKernel(kernel).stream(ASK, {"question": "?"}))
    with ml.BlockingKernel(kernel) as door:

        def asks(self: Any, question: str) -> Any:
            return list(door.stream(ASK, {"question": question}))

        program = ml.Program.create("P", inputs="question", stages={"s": ml.stage(asks), "reply": ASK})
        with pytest.raises(ConfigError, match="from inside one of its own runs"):
            list(door.stream(program, {"question": "?"}))
    model.failures = 99
    with pytest.raises(ml.ElixirError, match="told to fail"):
        list(ml.stream(ASK, {"question": "?"}, kernel=kernel))
