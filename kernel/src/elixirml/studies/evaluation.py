"""Evaluation: a program on examples, every result and every fault kept, means with intervals."""

import math
import os
import uuid
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any

from attrs import evolve, field, frozen

from elixirml.contracts.metric import Example, Metric
from elixirml.contracts.usage import Usage
from elixirml.errors import BudgetExceeded, ConfigError, PluginFailed, StateError
from elixirml.identity import Json
from elixirml.runtime.budget import Budget, Meter
from elixirml.runtime.events import Span
from elixirml.runtime.kernel import Kernel
from elixirml.studies.crew import Crew
from elixirml.studies.data import examples_of
from elixirml.studies.judging import Judge
from elixirml.studies.ledger import Ledger, Row
from elixirml.studies.remote import bundle_of
from elixirml.studies.scoring import Scorer
from elixirml.studies.statistics import Interval, interval
from elixirml.variables import Assignment, Space

__all__ = ["Evaluation", "interval_json", "ledger_path", "metrics_of", "run_evaluation", "summarized"]

_SLOTS = 16
"""Examples under way on each worker; a worker waits for its models most of the time."""


@frozen
class Evaluation:
    """What an evaluation found.

    Attributes:
        program: The program's name.
        metrics: Metric name to mean with its interval.
        rows: One row an example and repeat; faults included.
        faults: Error code to how many examples ended in it.
        usage: What it used.
        seconds: Wall-clock time.
    """

    program: str
    metrics: Mapping[str, Interval] = field(hash=False)
    rows: tuple[Row, ...]
    faults: Mapping[str, int] = field(hash=False)
    usage: Usage
    seconds: float

    @property
    def repaired(self) -> int:
        """How many replies were repaired."""
        return sum(row.repaired for row in self.rows)

    @property
    def lapses(self) -> dict[str, int]:
        """Assertion to how often it failed, whatever followed."""
        return dict(sum((Counter(row.lapses) for row in self.rows), Counter[str]()))

    def to_json(self) -> dict[str, Json]:
        """Return the evaluation as plain data, without its rows."""
        return {
            "program": self.program,
            "metrics": {name: interval_json(each) for name, each in self.metrics.items()},
            "errors": dict(self.faults),
            "repaired": self.repaired,
            "assertions": dict[str, Json](self.lapses),
            "usage": dict(self.usage.to_json()),
            "seconds": round(self.seconds, 3),
        }


def interval_json(found: Interval) -> dict[str, Json]:
    """Return a mean with its interval as plain data."""
    return {"mean": found.mean, "low": found.low, "high": found.high, "n": found.n}


def ledger_path(kernel: Kernel) -> Path:
    """Return where a kernel's ledger is."""
    return kernel.home / "ledger.sqlite3"


def metrics_of(kernel: Kernel, names: Sequence[str]) -> dict[str, Metric]:
    """Return metrics by name.

    Raises:
        PluginMissing: One is not installed; names the nearest.
        PluginFailed: One has a failure score that is no finite number.
    """
    if not names:
        raise ConfigError("No metric is named.", hint="Name one, for example --metric exact_match.")
    found = {name: kernel.plugins.registry.resolve("metrics", name) for name in names}
    for name, metric in found.items():
        if not math.isfinite(metric.failure):
            raise PluginFailed(
                f"The metric `{name}` scores a failure as {metric.failure}, of which no mean can be made.",
                hint="Give it a finite failure score, well on the bad side of what a reply can score.",
            )
    return found


def summarized(name: str, rows: Sequence[Row], *, seconds: float) -> Evaluation:
    """Return means, intervals and faults of scored rows.

    An example that was run several times counts once, with the mean of its scores: repeats are no new examples.
    """
    faults: dict[str, int] = {}
    for row in rows:
        if row.fault is not None:
            faults[row.fault] = faults.get(row.fault, 0) + 1
    by_example: dict[str, list[Row]] = {}
    for row in rows:
        by_example.setdefault(row.example, []).append(row)
    metrics = {
        each: interval([sum(row.scores[each] for row in runs) / len(runs) for runs in by_example.values()])
        for each in (rows[0].scores if rows else ())
    }
    return Evaluation(name, metrics, tuple(rows), faults, sum((row.usage for row in rows), Usage()), seconds)


async def run_evaluation(
    kernel: Kernel,
    program: Any,
    data: Any,
    *,
    metrics: Sequence[str] = ("exact_match",),
    repeats: int = 1,
    budget: Budget | None = None,
    seed: int = 0,
    limit: int | None = None,
    scope: str | None = None,
    on_row: Callable[[Row], None] | None = None,
    executor: str | None = None,
    workers: int | None = None,
) -> Evaluation:
    """Evaluate a program on data.

    Args:
        kernel: Where it runs.
        program: What `as_program` accepts.
        data: A path, `name:split` of a named set, or examples at hand.
        metrics: Names of metrics.
        repeats: How often each example is run; above temperature 0 each with another seed.
        budget: Limits; at a limit the evaluation stops and the error carries what was finished.
        seed: Where sampling seeds come from.
        limit: Use no more than this many rows of the data.
        scope: Evaluations of one scope share rows and replies; each has its own when not given.
        on_row: Told each scored row.
        executor: Where examples run, by name; here, in this process, when not given.
        workers: How many workers an executor starts; one for each processor when not given.

    Raises:
        ConfigError: There is nothing to run.
        PluginMissing: There is no such executor or metric.
        ExecutorError: The work could not be carried out.
        BudgetExceeded: A limit was reached; `partial` is the evaluation of what was finished.
        ModelError: The model gave no reply, three times in a row.
    """
    if repeats < 1:
        raise ConfigError(f"Each example is run {repeats} times, so there is nothing to score.", hint="Give 1 or more.")
    runner = kernel.runner(program)
    examples = examples_of(data, runner.compiled, kernel.plugins.registry, limit=limit)
    own = runner.assigned()
    with Ledger(ledger_path(kernel)) as ledger:
        study = scope or f"evaluation-{uuid.uuid4().hex[:12]}"
        ledger.begin(study, header_digest=study, header={"kind": "evaluation", "program": runner.compiled.name})
        scorer = Scorer(
            runner,
            metrics_of(kernel, metrics),
            ledger,
            study,
            Meter(budget or Budget()),
            seed,
            Span(kernel.events, study, kernel.events.number()),
        )
        try:
            async with _manned(kernel, scorer, executor, workers) as scorer:
                found = await _repeated(scorer, own.assignment, own.space, examples, repeats=repeats, on_row=on_row)
        except Exception:
            with suppress(StateError):  # a full disk is told once
                ledger.finish(study, status="failed", seconds=scorer.meter.elapsed())
            raise
        ledger.finish(study, status="done", seconds=found.seconds, result=found.to_json())
    return found


@asynccontextmanager
async def _manned(
    kernel: Kernel, scorer: Scorer, executor: str | None, workers: int | None
) -> AsyncGenerator[Scorer, None]:
    """Give the scorer a crew, when examples are to run elsewhere."""
    if executor is None:
        yield scorer
        return
    made = kernel.plugins.registry.resolve("executors", executor)()
    bundle = bundle_of(kernel, scorer.runner.program, metrics=scorer.metrics, seed=scorer.seed)
    crew = Crew(made, bundle, scorer.runner, scorer.meter, Judge(scorer.metrics))
    count = workers or os.cpu_count() or 1
    async with crew.at_work(count, _SLOTS):
        yield evolve(scorer, crew=crew, concurrency=count * _SLOTS)


async def _repeated(
    scorer: Scorer,
    assignment: Assignment,
    space: Space,
    examples: Sequence[Example],
    *,
    repeats: int,
    on_row: Callable[[Row], None] | None,
) -> Evaluation:
    started = monotonic()
    seen: list[Row] = []

    def note(row: Row) -> None:
        seen.append(row)
        if on_row is not None:
            on_row(row)

    rows: list[Row] = []
    name = scorer.runner.compiled.name
    try:
        for repeat in range(repeats):
            rows += await scorer.score(assignment, examples, space=space, repeat=repeat, on_row=note)
    except BudgetExceeded as error:
        error.partial = summarized(name, seen, seconds=monotonic() - started)
        raise
    return summarized(name, rows, seconds=monotonic() - started)
