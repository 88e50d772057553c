"""How long compiling takes: a program of 50 predict stages, each with all its variables.

    python tests/benchmarks/compile.py

Needs what `pip install elixirml[standard]` brings. No model is asked.
"""

import os
import platform
import statistics
import time
from typing import Any, Final

import elixirml as ml
from elixirml.plugins import PluginManager
from elixirml.testing.models import ScriptedModel, ScriptedProvider

STAGES: Final = 50
TIMES: Final = 9


def declared() -> "ml.Program[Any, Any]":
    """Return a program of stages that all take its input."""
    stages = {f"stage_{number}": ml.predict("text -> answer", model="scripted/m") for number in range(STAGES)}
    return ml.Program.create("Fifty", inputs="text", stages=stages)


def main() -> None:
    """Measure and print."""
    plugins = PluginManager.load()
    plugins.registry.offer("language_models", "scripted", ScriptedProvider({"m": ScriptedModel()}))
    program, seconds = declared(), []
    for _ in range(TIMES):
        kernel = ml.Kernel(plugins=plugins)  # a new one each time: a kernel keeps what it has compiled
        begun = time.perf_counter()
        compiled = kernel.compile(program)
        seconds.append(time.perf_counter() - begun)
    load = os.getloadavg()[0]
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, load {load:.1f}")
    print(f"{len(compiled.nodes)} stages, {len(compiled.space.variables)} variables")
    print(f"compile: median {1000 * statistics.median(seconds):.1f} ms, fastest {1000 * min(seconds):.1f} ms")


if __name__ == "__main__":
    main()
