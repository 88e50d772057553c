"""How long a cached call takes: the reply of the middleware `cache`, from request to response.

    python tests/benchmarks/cached_call.py

Needs elixirml-resilience. A scripted model answers once, and then the cache does: the same prompt again and again, or
a thousand in turn, which are more than are remembered beside the file. Prompts have the size of usual ones (about
1.5 kB in three messages). Where dspy can be imported, its cached call of the same prompt is
timed beside it: that too has been answered once, without a network.
"""

import os
import platform
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from importlib import import_module
from importlib.util import find_spec
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import anyio

import elixirml as ml
from elixirml.contracts import Message, ModelRequest, Role
from elixirml.plugins import PluginManager
from elixirml.testing.models import ScriptedModel, ScriptedProvider

TIMES: Final = 5000
ALL: Final = ("cache", "coalesce", "fallback", "hedge", "retry", "breaker", "rate_limit", "gate")
CASES: Final = ((("cache",), 1), (("cache",), 1000), (ALL, 1))
"""Which middlewares, and how many prompts."""
MESSAGES: Final = (
    (Role.SYSTEM, "Answer the question from the context, in a word or two. " * 10),
    (Role.USER, "context: Oslo is the capital of Norway. It lies at the end of a long fjord. " * 10),
    (Role.USER, "question: What is the capital of Norway?"),
)


async def timed(call: Callable[[], Awaitable[Any]]) -> list[float]:
    """Return the microseconds of each of many calls, after some that are not counted."""
    microseconds: list[float] = []
    for number in range(TIMES + 200):
        begun = time.perf_counter_ns()
        await call()
        if number >= 200:
            microseconds.append((time.perf_counter_ns() - begun) / 1000)
    return microseconds


async def ours(names: tuple[str, ...], prompts: int, folder: Path) -> list[float]:
    """Return the microseconds of cached calls to a model inside some middlewares."""
    plugins = PluginManager.load()
    model = ScriptedModel(name="scripted/m", script=["Oslo"])
    plugins.registry.offer("language_models", "scripted", ScriptedProvider({"m": model}))
    said = tuple(Message(role, text) for role, text in MESSAGES)
    requests = [ModelRequest((*said, Message(Role.USER, f"number {number}"))) for number in range(prompts)]
    turn = cycle(requests)
    async with ml.Kernel(plugins=plugins, cache=folder, middlewares=names) as kernel:
        asked = kernel.language_model("scripted/m")
        for request in requests:
            await asked.complete(request)
        found = await timed(lambda: asked.complete(next(turn)))
    assert len(model.requests) == prompts
    return found


async def theirs(folder: Path) -> list[float] | None:
    """Return the microseconds of dspy's cached calls; None where dspy cannot be imported."""
    if find_spec("dspy") is None:
        return None
    dspy: Any = import_module("dspy")
    dspy.configure_cache(disk_cache_dir=str(folder))
    model = dspy.LM("openai/scripted", api_key="none", mock_response="Oslo", max_tokens=256, temperature=0.0)
    prompt = "\n".join(text for _, text in MESSAGES)

    async def call() -> Any:
        return model(prompt)

    return await timed(call)


def told(what: str, microseconds: list[float]) -> float:
    """Print one line, and return the median."""
    ordered, median = sorted(microseconds), statistics.median(microseconds)
    print(f"{what}: p50 {median:6.1f} us, p90 {ordered[int(0.9 * len(ordered))]:6.1f} us, fastest {ordered[0]:6.1f} us")
    return median


def main() -> None:
    """Measure and print."""
    load = os.getloadavg()[0]
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, load {load:.1f}")
    medians: list[float] = []
    for names, prompts in CASES:
        with tempfile.TemporaryDirectory() as folder:
            microseconds = anyio.run(ours, names, prompts, Path(folder))
        medians.append(told(f"middlewares: {len(names)}, prompts: {prompts:4}", microseconds))
    with tempfile.TemporaryDirectory() as folder:
        other = anyio.run(theirs, Path(folder))
    if other is not None:
        print(f"ratio: {told('dspy, cached', other) / medians[0]:.1f}")


if __name__ == "__main__":
    main()
