"""Scoring: one assignment on examples, through the ledger."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import anyio
from attrs import Factory, astuple, define, field, frozen

from elixirml.contracts.metric import Example, Metric
from elixirml.contracts.usage import Usage
from elixirml.errors import BudgetExceeded
from elixirml.identity import Json, digest
from elixirml.runtime.budget import Meter
from elixirml.runtime.context import Wrap
from elixirml.runtime.events import Span
from elixirml.runtime.result import Result, StageRecord
from elixirml.runtime.runner import Runner
from elixirml.studies.crew import Crew
from elixirml.studies.journal import Journal
from elixirml.studies.judging import INFRASTRUCTURE, Judge, patiently
from elixirml.studies.ledger import Ledger, Row, RowKey
from elixirml.variables import Assignment, Space

__all__ = ["Scorer", "metric_digest"]


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
        crew: Who runs them; None when they are run here.
        journal: The replies of the study.
    """

    runner: Runner
    metrics: Mapping[str, Metric]
    ledger: Ledger
    study: str
    meter: Meter
    seed: int
    span: Span
    concurrency: int = 16
    crew: Crew | None = None
    journal: Journal = field(
        init=False, default=Factory(lambda self: Journal(self.ledger, self.study, self.meter), takes_self=True)
    )

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
            BudgetExceeded: A limit was reached; `partial` holds the rows before the first that is missing.
            PluginFailed: A metric failed.
        """
        identity = Assignment(space.canonical(assignment)).digest
        work = _Batch(self, assignment, space, identity, repeat, record, on_row, tuple(examples))
        return await work.rows()

    async def trace(self, assignment: Assignment, example: Example, *, space: Space) -> tuple[StageRecord, ...]:
        """Return the stage records of an example that has been scored: the journal answers, for nothing.

        A stage that fails this time, although it did not when it was scored, leaves no records.
        """
        try:
            result = await self.run(assignment, example, space=space, wrap=self.journal.run("trace", spent=[]))
        except INFRASTRUCTURE:
            raise
        except Exception:  # noqa: BLE001 - Python stages may do as they like
            return ()
        return result.trace.stages

    async def run(
        self, assignment: Assignment, example: Example, *, space: Space, wrap: Wrap, repeat: int = 0
    ) -> Result[Any]:
        """Run the program once; the sampling seed is of the study, the example and the repeat, whatever is scored."""
        return await self.runner.run(
            example.inputs,
            meter=self.meter,
            seed=f"{self.seed}/{example.id}/{repeat}",
            span=self.span,
            assignment=assignment,
            space=space,
            wrap=wrap,
        )


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
    examples: Sequence[Example]
    _found: dict[int, Row] = field(factory=dict[int, Row])
    _errors: list[Exception] = field(factory=list[Exception])
    _travelling: Json = None

    async def rows(self) -> tuple[Row, ...]:
        """Return every row; at the first error nothing new is begun, and what is under way is finished and kept."""
        if self.record:
            for number, example in enumerate(self.examples):
                self._recall(number, example)
        missing = iter([number for number in range(len(self.examples)) if number not in self._found])

        async def work() -> None:
            for number in missing:
                try:
                    self._note(number, await self._new(self.examples[number]))
                except Exception as error:  # noqa: BLE001 - raised below, when the others have come to their end
                    self._errors.append(error)
                if self._errors:
                    return

        async with anyio.create_task_group() as tasks:
            for _ in range(min(self.scorer.concurrency, len(self.examples) - len(self._found))):
                tasks.start_soon(work)
        if self._errors:
            raise self._error()
        return tuple(self._found[number] for number in range(len(self.examples)))

    def _error(self) -> Exception:
        """Return what to raise: anything is worse than a limit that was reached."""
        for error in self._errors:
            if not isinstance(error, BudgetExceeded):
                return error
        reached = self._errors[0]
        assert isinstance(reached, BudgetExceeded)  # noqa: S101 - all others were returned above
        first_missing = next(number for number in range(len(self.examples)) if number not in self._found)
        reached.partial = tuple(self._found[number] for number in range(first_missing))
        return reached

    def _key(self, example: Example) -> RowKey:
        scorer = self.scorer
        return RowKey(
            scorer.study,
            scorer.runner.compiled.digest,
            self.identity,
            # Two files may give one id to different rows, and another seed draws other replies.
            digest([example.id, example.digest, scorer.seed]),
            metric_digest(scorer.metrics),
            self.repeat,
        )

    def _recall(self, number: int, example: Example) -> None:
        key = self._key(example)
        known = self.scorer.ledger.row(key)
        if known is not None:
            self.scorer.journal.book(_name(key), known.usage)
            self._note(number, known)

    def _note(self, number: int, row: Row) -> None:
        self._found[number] = row
        if self.on_row is not None:
            self.on_row(row)

    async def _new(self, example: Example) -> Row:
        row = await self._scored(example)
        if self.record:
            key = self._key(example)
            self.scorer.ledger.record(key, row)
            self.scorer.journal.booked(_name(key))
        return row

    def _saved(self, crew: Crew) -> Json:
        """Return the values of this batch as they travel, made once."""
        if self._travelling is None:
            self._travelling = crew.saved(self.assignment, self.space)
        return self._travelling

    async def _scored(self, example: Example) -> Row:
        scorer = self.scorer
        if scorer.crew is not None and self.record:
            return await scorer.crew.row(example, self._saved(scorer.crew), repeat=self.repeat)
        spent: list[Usage] = []
        # A reading owns nothing: its replies have been asked for by the row it reads again.
        owner = _name(self._key(example)) if self.record else "reading"

        async def run() -> Result[Any]:
            spent.clear()
            wrap = scorer.journal.run(owner, spent=spent)
            return await scorer.run(self.assignment, example, space=self.space, wrap=wrap, repeat=self.repeat)

        return await Judge(scorer.metrics).row(example, lambda: patiently(run), lambda: sum(spent, Usage()))


def _name(key: RowKey) -> str:
    """Return what the journal calls a row."""
    return digest(list(astuple(key)))
