"""Scoring: one assignment on examples, through the ledger."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import anyio
from attrs import define, frozen

from elixirml.contracts.metric import Example, Metric
from elixirml.contracts.usage import Usage
from elixirml.errors import BudgetExceeded, ElixirError, ModelError, PluginError, StateError
from elixirml.identity import Json, digest
from elixirml.runtime.budget import Meter
from elixirml.runtime.events import Span
from elixirml.runtime.result import Result
from elixirml.runtime.runner import Runner
from elixirml.studies.journal import journal
from elixirml.studies.ledger import Evidence, Ledger, Row, RowKey
from elixirml.variables import Assignment, Space

__all__ = ["Scorer", "metric_digest"]

_RETRIES = 2
_INFRASTRUCTURE = (ModelError, BudgetExceeded, PluginError, StateError)


def metric_digest(metrics: Mapping[str, Metric]) -> str:
    """Return what identifies a set of metrics: names and classes."""
    named: list[Json] = [[name, type(each).__module__, type(each).__qualname__] for name, each in metrics.items()]
    return digest(named)


@frozen(eq=False)
class Scorer:
    """Scores assignments of one program with one set of metrics.

    Attributes:
        runner: The program.
        metrics: Metric name to metric; the first one is what is optimized.
        ledger: Where rows are kept.
        study: The study or evaluation they belong to.
        meter: What may be used.
        seed: Where sampling seeds come from.
        span: Where events belong.
        concurrency: How many examples may be under way at once.
    """

    runner: Runner
    metrics: Mapping[str, Metric]
    ledger: Ledger
    study: str
    meter: Meter
    seed: int
    span: Span
    concurrency: int = 16

    async def score(
        self,
        assignment: Assignment,
        examples: Sequence[Example],
        *,
        space: Space,
        repeat: int = 0,
        record: bool = True,
        on_row: Callable[[Row], None] | None = None,
    ) -> tuple[Row, ...]:
        """Return one row an example, in their order; what is in the ledger is not run again.

        Args:
            assignment: The values to score.
            examples: What to score them on.
            space: The space of the assignment, with its banks.
            repeat: Which run of each example this is.
            record: Keep the rows; not needed for another reading of replies that are in the journal.
            on_row: Told each row.

        Raises:
            ModelError: The model gave no reply, three times; what was scored before is kept.
            BudgetExceeded: A limit was reached; what was scored before is kept.
        """
        work = _Batch(self, assignment, space, Assignment(space.canonical(assignment)).digest, repeat, record, on_row)
        rows: dict[int, Row] = {}
        limiter = anyio.CapacityLimiter(self.concurrency)

        async def one(number: int, example: Example) -> None:
            async with limiter:
                rows[number] = await work.row(example)

        try:
            async with anyio.create_task_group() as tasks:
                for number, example in enumerate(examples):
                    tasks.start_soon(one, number, example)
        except BaseExceptionGroup as group:
            raise _first(group) from None
        return tuple(rows[number] for number in range(len(examples)))


@define
class _Batch:
    """One call of `Scorer.score`."""

    scorer: Scorer
    assignment: Assignment
    space: Space
    identity: str
    repeat: int
    record: bool
    on_row: Callable[[Row], None] | None

    async def row(self, example: Example) -> Row:
        scorer = self.scorer
        key = RowKey(
            scorer.study,
            scorer.runner.compiled.digest,
            self.identity,
            example.id,
            metric_digest(scorer.metrics),
            self.repeat,
        )
        known = scorer.ledger.row(key) if self.record else None
        if known is not None:
            scorer.meter.charge(known.usage)
        else:
            known = await self._scored(example)
            if self.record:
                scorer.ledger.record(key, known)
        if self.on_row is not None:
            self.on_row(known)
        return known

    async def _scored(self, example: Example) -> Row:
        spent: list[Usage] = []
        try:
            result = await self._run(example, spent)
        except _INFRASTRUCTURE:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the program raises is this candidate's fault
            return self._fault(example, error, sum(spent, Usage()))
        scores: dict[str, float] = {}
        words: list[str] = []
        for name, metric in self.scorer.metrics.items():
            judged = metric.score(example, result.prediction())
            score = await judged if inspect.isawaitable(judged) else judged
            scores[name] = float(score.value)
            if score.feedback:
                words.append(score.feedback)
        return Row(example.id, scores, None, "; ".join(words) or None, result.fields, result.usage, _evidence(result))

    async def _run(self, example: Example, spent: list[Usage]) -> Result[Any]:
        scorer = self.scorer
        owner = f"{self.identity}/{example.id}/{self.repeat}"
        wrap = journal(scorer.ledger, study=scorer.study, owner=owner, spent=spent, meter=scorer.meter)
        for attempt in range(_RETRIES + 1):
            spent.clear()
            try:
                return await scorer.runner.run(
                    example.inputs,
                    meter=scorer.meter,
                    seed=f"{scorer.seed}/{example.id}/{self.repeat}",
                    span=scorer.span,
                    assignment=self.assignment,
                    space=self.space,
                    wrap=wrap,
                )
            except ModelError:
                if attempt == _RETRIES:
                    raise
                await anyio.sleep(0.2 * 2**attempt)
        raise AssertionError("unreachable")  # pragma: no cover - the loop returns or raises

    def _fault(self, example: Example, error: Exception, spent: Usage) -> Row:
        code = error.code if isinstance(error, ElixirError) else type(error).__name__
        scores = {name: metric.failure for name, metric in self.scorer.metrics.items()}
        return Row(example.id, scores, code, str(error), usage=spent)


def _evidence(result: Result[Any]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(each.stage, each.response.text, each.response.label_logprobs)
        for each in result.trace.exchanges()
        if each.response.label_logprobs
    )


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first error inside nested groups."""
    inner: BaseException = group
    while isinstance(inner, BaseExceptionGroup):
        inner = inner.exceptions[0]
    return inner
