"""How long compiling takes: programs of 50 stages, in Python or asking a model, each with all its variables.

    python tests/benchmarks/compile.py

Needs what `pip install elixirml[standard]` brings. No model is asked. Each compilation is the first one of a new
program by a new kernel, in a process where everything is imported and every plugin is loaded.
"""

import os
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any, Final

import elixirml as ml
from elixirml.plugins import PluginManager
from elixirml.programs.compiled import CompiledProgram
from elixirml.testing.models import ScriptedModel, ScriptedProvider

TIMES: Final = 15
CASES: Final = ((50, 0), (25, 26), (0, 50))
"""How many stages are Python and how many ask a model, case by case."""


def step() -> Callable[..., Any]:
    """Return a new function to make a Python stage of."""

    def shortened(self: Any, text: str) -> str:
        return text.strip()

    return shortened


def declared(*, python: int, predict: int) -> "ml.Program[Any, Any]":
    """Return a new program of so many stages of each sort, all of which take its input."""
    stages: dict[str, Any] = {f"step_{number}": ml.stage(step()) for number in range(python)}
    stages |= {f"stage_{number}": ml.predict("text -> answer", model="scripted/m") for number in range(predict)}
    return ml.Program.create("Fifty", inputs="text", outputs=None if predict else "step_0: str", stages=stages)


def measured(plugins: PluginManager, *, python: int, predict: int) -> tuple[CompiledProgram, list[float]]:
    """Return what was compiled first, and the milliseconds of each time after that."""
    compiled = ml.Kernel(plugins=plugins).compile(declared(python=python, predict=predict))
    milliseconds: list[float] = []
    for _ in range(TIMES):
        program, kernel = declared(python=python, predict=predict), ml.Kernel(plugins=plugins)
        begun = time.perf_counter()
        kernel.compile(program)
        milliseconds.append(1000 * (time.perf_counter() - begun))
    return compiled, milliseconds


def main() -> None:
    """Measure and print."""
    plugins = PluginManager.load()
    plugins.registry.offer("language_models", "scripted", ScriptedProvider({"m": ScriptedModel()}))
    load = os.getloadavg()[0]
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, load {load:.1f}")
    for python, predict in CASES:
        compiled, milliseconds = measured(plugins, python=python, predict=predict)
        print(
            f"{python:2} Python + {predict:2} predict stages, {len(compiled.space.variables):3} variables: "
            f"median {statistics.median(milliseconds):5.1f} ms, fastest {min(milliseconds):5.1f} ms"
        )


if __name__ == "__main__":
    main()
