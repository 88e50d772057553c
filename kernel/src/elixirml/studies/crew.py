"""A crew: runs examples elsewhere, by an executor, and sees that each comes back once.

When a worker dies, everything it had under way is suspect. Suspects are tried again alone, when nothing else is under
way, so that an example that kills its worker takes no other with it.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import anyio
from anyio.abc import TaskStatus
from attrs import define, field

from elixirml.contracts.executor import Bundle, Executor, Workers, WorkItem, WorkResult
from elixirml.contracts.metric import Example
from elixirml.contracts.usage import Usage
from elixirml.errors import ExecutorError
from elixirml.identity import Json
from elixirml.programs.assigning import saved_program
from elixirml.runtime.budget import Meter
from elixirml.runtime.runner import Runner
from elixirml.runtime.supervision import alongside
from elixirml.studies.judging import Judge
from elixirml.studies.ledger import Row
from elixirml.variables import Assignment, Space

__all__ = ["Crew"]

_SOLITARY = 3


@define(eq=False)
class Crew:
    """Runs examples on the workers of an executor.

    Attributes:
        executor: Where they run.
        bundle: What runs there.
        runner: The program; a row of another one is refused.
        meter: What may be used.
        judge: Makes the row of an example that has none.
    """

    executor: Executor
    bundle: Bundle
    runner: Runner
    meter: Meter
    judge: Judge
    _numbers: Any = field(factory=count, init=False)
    _waiting: dict[str, "_Answer"] = field(factory=dict[str, "_Answer"], init=False)
    _room: anyio.Condition = field(factory=anyio.Condition, init=False)
    _abroad: int = field(default=0, init=False)
    _alone: bool = field(default=False, init=False)
    _workers: Workers | None = field(default=None, init=False)

    @property
    def _at_hand(self) -> Workers:
        if self._workers is None:
            raise ExecutorError("The crew is not at work.", hint="Use it inside `async with crew.at_work(...)`.")
        return self._workers

    @asynccontextmanager
    async def at_work(self, workers: int, slots: int) -> AsyncGenerator["Crew", None]:
        """Keep the workers for the length of a block; at its end none is left.

        Raises:
            ExecutorError: No worker could be started.
        """
        async with self.executor.running(workers, slots) as found:
            self._workers = found
            async with alongside(self._listen, name="crew"):
                yield self

    def saved(self, assignment: Assignment, space: Space) -> Json:
        """Return the values to run with, in the form in which they travel."""
        runner = self.runner
        return saved_program(runner.compiled, space, assignment, capabilities=runner.capabilities).to_json()

    async def row(self, example: Example, saved: Json, *, repeat: int) -> Row:
        """Return the scored row of an example.

        Args:
            example: What to run the program on.
            saved: The values to run with; see `saved`.
            repeat: Which run of the example this is.

        Raises:
            BudgetExceeded: A limit is reached; nothing was given out.
            ModelError: The model gave no reply, in the worker's words.
            ExecutorError: A worker has another version of the program, or could not do its work.
        """
        payload = {"example": example.to_json(), "saved": saved, "repeat": repeat}
        self.meter.reserve()
        used = Usage()
        try:
            result = await self._once(payload, alone=False)
            for _ in range(_SOLITARY):
                if result.failure is None or not result.failure.worker:
                    break
                result = await self._once(payload, alone=True)
            row = self._row(example, result)
            used = row.usage
        finally:
            self.meter.settle(used)
        return row

    async def _once(self, payload: Any, *, alone: bool) -> WorkResult:
        """Give out an item when there is room, or when it is alone, and wait for what becomes of it."""
        async with self._room:
            while not self._may_go(alone=alone):
                await self._room.wait()
            self._abroad += 1
            self._alone = alone
        item = WorkItem(str(next(self._numbers)), payload)
        answer = self._waiting[item.id] = _Answer()
        try:
            await self._at_hand.submit(self.bundle, item)
            return await answer.come()
        finally:
            self._waiting.pop(item.id, None)
            with anyio.CancelScope(shield=True):
                async with self._room:
                    self._abroad -= 1
                    self._alone = False
                    self._room.notify_all()

    def _may_go(self, *, alone: bool) -> bool:
        if alone:
            return self._abroad == 0
        return not self._alone and self._abroad < self._at_hand.capacity().items

    async def _listen(self, *, task_status: TaskStatus[None]) -> None:
        task_status.started()
        while True:
            result = await self._at_hand.wait_any()
            answer = self._waiting.get(result.id)
            if answer is not None:
                answer.give(result)

    def _row(self, example: Example, result: WorkResult) -> Row:
        """Return the row a result holds; anything else than a row of this program is refused."""
        failure = result.failure
        if failure is not None and failure.worker:
            error = ExecutorError(
                f"The worker died {_SOLITARY + 1} times on this example: {failure.message}", code="worker-crashed"
            )
            return self.judge.fault(example, error, Usage())
        if failure is not None:
            raise ExecutorError(f"A worker failed: {failure.message}", code=failure.code)
        found: Any = result.value
        if result.digest != self.bundle.digest or found["program"] != self.runner.compiled.digest:
            raise ExecutorError(
                "A worker runs another version of the program.",
                hint="Install the same versions of the program and its plugins where the workers run.",
                code="worker-version",
            )
        return Row.from_json(found["row"])


@define(eq=False)
class _Answer:
    """Room for one result."""

    result: WorkResult | None = None
    there: anyio.Event = field(factory=anyio.Event)

    def give(self, result: WorkResult) -> None:
        self.result = result
        self.there.set()

    async def come(self) -> WorkResult:
        await self.there.wait()
        assert self.result is not None  # noqa: S101 - set before the event
        return self.result
