"""The program of the documentation, as a user writes it: each strategy, each way of running, tuned, saved, measured."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

import elixirml as ml
from elixirml.plugins import PluginManager
from elixirml.runtime.streaming import RunEnd
from elixirml.testing.loopback import Answer, LoopbackServer, Received

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "qa"
STRATEGIES = ("direct", "chain_of_thought", "react")
ASKED = {"context": "The Eiffel Tower is in Paris, France.", "question": "  Where is the Eiffel Tower? "}


@pytest.fixture(scope="module")
def example() -> Any:
    """The module of the example."""
    spec = importlib.util.spec_from_file_location("qa", EXAMPLE / "qa.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["qa"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["qa"]


def answer(request: Received) -> Answer:
    """Answer in the format that is asked for; without demos every other answer is too long to be right."""
    said = json.dumps(request.body)
    place = "Paris" if "Eiffel" in said else said.rpartition(" of ")[2].partition(" is one")[0]
    country = said.rpartition("oldest in ")[2].partition(".")[0]
    wanted = country if "country" in said.rpartition("question")[2] else place
    right = wanted if "Eiffel" in said or "json" in said.lower() else f"It is {wanted}"
    fields = {"reasoning": "It says so.", "answer": right, "confidence": 0.9}
    if "[[ ##" in said:
        return Answer("".join(f"[[ ## {name} ## ]]\n{value}\n\n" for name, value in fields.items()))
    return Answer(json.dumps(fields))


@asynccontextmanager
async def kernel(home: Path) -> AsyncGenerator[ml.Kernel]:
    """Give a kernel whose OpenAI endpoint is a server on this machine."""
    async with LoopbackServer(answer).running() as server:
        config = {"http": {"openai_url": server.url, "openai_key": "env:HOME"}}
        async with ml.Kernel(plugins=PluginManager.load(), home=home, config=config) as made:
            yield made


async def run(made: ml.Kernel, program: Any, strategy: str) -> Any:
    return await made.run(program, ASKED, strategy=strategy)


async def stream(made: ml.Kernel, program: Any, strategy: str) -> Any:
    told: dict[str, str] = {}
    async with made.stream(program, ASKED, strategy=strategy) as deltas:
        async for delta in deltas:
            if isinstance(delta, RunEnd):
                assert told["answer"] == delta.result.output.answer
                return delta.result
            told[delta.field] = told.get(delta.field, "") + delta.text
    raise AssertionError("no end")


async def batch(made: ml.Kernel, program: Any, strategy: str) -> Any:
    return (await made.batch(program, [ASKED], strategy=strategy))[0]


@pytest.mark.parametrize("way", [run, stream, batch])
@pytest.mark.parametrize("schedule", ["sequential", "parallel"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_it_runs_with_each_strategy(
    example: Any, tmp_path: Path, strategy: str, schedule: str, way: Callable[..., Any]
) -> None:
    """However it reasons and however it is run, the answer is typed, and the question was stripped on its way."""
    program = example.QA(model="openai/gpt-5-mini", strategy=strategy)

    async def main() -> Any:
        async with kernel(tmp_path) as made:
            return await way(made, program, schedule)

    result = anyio.run(main)

    assert result.output == example.Answer("Paris", 0.9, "It says so.")
    assert result.trace.stages[0].inputs["question"] == "Where is the Eiffel Tower?"
    assert result.usage.calls == 1


@pytest.mark.slow
def test_it_is_tuned_saved_and_measured(example: Any, tmp_path: Path) -> None:
    """A study finds the format that the model answers best in; what it saved is loaded, and scored by three metrics."""
    program = example.QA(model="openai/gpt-5-mini", strategy="direct")

    async def main() -> Any:
        async with kernel(tmp_path) as made:
            study = await ml.run_optimization(
                made,
                program,
                str(EXAMPLE / "train.jsonl"),
                metric="exact_match",
                teleprompter="auto",
                budget=ml.Budget(calls=200),
                freeze=["model", "strategy", "temperature"],
            )
            study.best.save(str(tmp_path / "qa.json"))
            tuned = ml.load(str(tmp_path / "qa.json"), example.QA)
            metrics = ["exact_match", "latency", "cost"]
            found = [
                await ml.run_evaluation(made, each, str(EXAMPLE / "test.jsonl"), metrics=metrics)
                for each in (program, tuned)
            ]
            return study, found

    study, (declared, tuned) = anyio.run(main)

    assert study.verdict is ml.Verdict.CONFIRMED
    assert tuned.metrics["exact_match"].mean > declared.metrics["exact_match"].mean
    assert set(tuned.metrics) == {"exact_match", "latency", "cost"}


@pytest.mark.model
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_it_runs_on_the_embedded_model(example: Any, tmp_path: Path, strategy: str) -> None:
    """The smallest model answers within the declared types, kept to them by a grammar."""
    subprocess.run([sys.executable, "-m", "elixirml", "models", "get", "smollm2", "--quiet"], check=True)
    program = example.QA(strategy=strategy).with_values({"reply.adapter": "json"})
    with ml.BlockingKernel(ml.Kernel(plugins=PluginManager.load(), home=tmp_path)) as door:
        result = door.run(program, ASKED)
    assert isinstance(result.output, example.Answer)
    assert 0 <= result.output.confidence <= 1
