"""How long a direct prediction takes when the model answers at once: everything around a call of a model.

    python tests/benchmarks/predict.py

Needs elixirml-schemas, elixirml-adapters and elixirml-predictors. A model in this process answers each prompt of two
fields with marked fields, at no time. Where dspy can be imported, its `Predict` of the same signature and reply is
timed beside it, in turn.
"""

import os
import platform
import statistics
import time
from collections.abc import Awaitable, Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, Final

import anyio

import elixirml as ml
from elixirml.plugins import PluginManager
from elixirml.testing.models import ScriptedModel, ScriptedProvider

TIMES: Final = 1000
WARM: Final = 100
REPLY: Final = "[[ ## answer ## ]]\nOslo\n\n[[ ## completed ## ]]"
ASKED: Final = {"context": "Oslo is the capital of Norway.", "question": "What is the capital of Norway?"}


def opened(home: Path) -> ml.Kernel:
    """Return a kernel whose model answers at once."""
    plugins = PluginManager.load()
    plugins.registry.offer("language_models", "scripted", ScriptedProvider({"m": ScriptedModel(script=[REPLY])}))
    return ml.Kernel(plugins=plugins, home=home, middlewares=())


def peer() -> Callable[[], Awaitable[Any]] | None:
    """Return dspy's prediction; None where dspy cannot be imported."""
    if find_spec("dspy") is None:
        return None
    dspy: Any = import_module("dspy")

    class Ready(dspy.BaseLM):  # type: ignore[misc]
        """Answers at once."""

        def forward(self, prompt: Any = None, messages: Any = None, **options: Any) -> Any:
            _ = prompt, messages, options
            message = SimpleNamespace(content=REPLY, role="assistant", tool_calls=None, reasoning_content=None)
            usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
            choice = SimpleNamespace(message=message, finish_reason="stop", index=0)
            return SimpleNamespace(choices=[choice], usage=usage, model="ready", id="1")

    dspy.configure(lm=Ready(model="ready", cache=False), track_usage=False)
    predict = dspy.Predict("context, question -> answer")

    async def call() -> Any:
        return predict(**ASKED)

    return call


async def measured(home: Path) -> dict[str, list[float]]:
    """Return the microseconds of each prediction, one of ours and one of theirs in turn."""
    program = ml.as_program(ml.predict("context, question -> answer", model="scripted/m", adapter="sections"))
    found: dict[str, list[float]] = {}
    async with opened(home) as kernel:
        calls = {"elixirml": lambda: kernel.run(program, ASKED), "dspy": peer()}
        for number in range(WARM + TIMES):
            for name, call in calls.items():
                if call is not None:
                    begun = time.perf_counter_ns()
                    answered = await call()
                    if number >= WARM:
                        found.setdefault(name, []).append((time.perf_counter_ns() - begun) / 1000)
                    assert "Oslo" in str(answered)
    return found


def main() -> None:
    """Measure and print."""
    load = os.getloadavg()[0]
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, load {load:.1f}")
    with TemporaryDirectory() as home:
        found = anyio.run(measured, Path(home))
    medians = {name: statistics.median(microseconds) for name, microseconds in found.items()}
    for name, microseconds in found.items():
        print(f"{name:9} median {medians[name]:6.0f} us, fastest {min(microseconds):6.0f} us")
    if "dspy" in medians:
        print(f"ratio: {medians['dspy'] / medians['elixirml']:.1f}")


if __name__ == "__main__":
    main()
