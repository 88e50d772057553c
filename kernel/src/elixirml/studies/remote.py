"""The worker's side of an evaluation: opens the program once, and scores the examples it is given."""

import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from elixirml.contracts.executor import Bundle
from elixirml.contracts.metric import Example, Metric
from elixirml.contracts.usage import Usage
from elixirml.identity import Json, digest
from elixirml.programs.program import Program
from elixirml.programs.shipping import received, shipped
from elixirml.programs.state import SavedProgram
from elixirml.runtime.budget import Meter
from elixirml.runtime.events import Span
from elixirml.runtime.kernel import Kernel
from elixirml.runtime.result import Result
from elixirml.studies.judging import Judge, patiently

__all__ = ["bundle_of", "scoring"]

_TARGET = f"{__name__}:scoring"


def bundle_of(kernel: Kernel, program: Program[Any, Any], *, metrics: Mapping[str, Metric], seed: int) -> Bundle:
    """Return what a worker needs to score examples with a program.

    Raises:
        DeclarationError: The program cannot be sent to workers.
    """
    shipment = shipped(program)
    setup: dict[str, Json] = {
        "program": shipment.to_json(),
        "metrics": list(metrics),
        "seed": seed,
        "model": kernel.capabilities.model,
        "home": str(kernel.home.absolute()),
        "cache": str(kernel.cache_dir.absolute()),
        "folder": str(Path.cwd()),
    }
    sources = dict(shipment.sources)
    named: Json = [_TARGET, setup, dict(sources)]
    return Bundle(digest(named), _TARGET, setup, sources)


@asynccontextmanager
async def scoring(
    setup: Mapping[str, Any], sources: Mapping[str, str]
) -> AsyncGenerator[Callable[[Any], Awaitable[Json]], None]:
    """Open a kernel and a program, and give what scores one example; see `Bundle.target`."""
    os.chdir(setup["folder"])
    declared = received(setup["program"], sources)
    async with Kernel(model=setup["model"], home=setup["home"], cache=Path(setup["cache"])) as kernel:
        metrics = {name: kernel.plugins.registry.resolve("metrics", name) for name in setup["metrics"]}
        scorer = _Scoring(kernel, declared, Judge(metrics), int(setup["seed"]))
        yield scorer.score


class _Scoring:
    """Scores the examples of one bundle."""

    def __init__(self, kernel: Kernel, declared: Program[Any, Any], judge: Judge, seed: int) -> None:
        self._kernel = kernel
        self._declared = declared
        self._judge = judge
        self._seed = seed
        self._programs: dict[str, Program[Any, Any]] = {}

    async def score(self, payload: Any) -> Json:
        """Return the row of one example, and the digest of the program it is of."""
        runner = self._kernel.runner(self._program(payload["saved"]))
        example = Example(**payload["example"])
        used = [Usage()]

        async def run() -> Result[Any]:
            meter = Meter()
            try:
                return await runner.run(
                    example.inputs,
                    meter=meter,
                    seed=f"{self._seed}/{example.id}/{payload['repeat']}",
                    span=Span(self._kernel.events, "worker", self._kernel.events.number()),
                )
            finally:
                used[0] = meter.spent

        row = await self._judge.row(example, lambda: patiently(run), lambda: used[0])
        return {"row": row.to_json(), "program": runner.compiled.digest}

    def _program(self, saved: Mapping[str, Any]) -> Program[Any, Any]:
        """Return the program with saved values; the same one for the same values, so that it is compiled once."""
        name = digest(saved)
        if name not in self._programs:
            self._programs.clear()  # values come one candidate after the other
            self._programs[name] = self._declared.with_saved(SavedProgram.from_json(saved))
        return self._programs[name]
