"""Every rule of executors is failed by an executor that breaks it, and by it alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module
from typing import Any

import anyio
import pytest
import sniffio
from attrs import evolve

from elixirml.contracts import Bundle, ExecutorCapacity, WorkFailure, WorkItem, WorkResult
from elixirml.errors import ExecutorError
from elixirml.runtime.supervision import beside
from elixirml.testing.conformance.executor import ExecutorConformance
from elixirml.testing.conformance.suites import suite_of


class Crew:
    """Workers as they should be: tasks of this process, which claim to be processes and to die."""

    def __init__(self, tasks: Any, stack: AsyncExitStack, capacity: ExecutorCapacity) -> None:
        self.tasks, self.stack, self.size = tasks, stack, capacity
        self.works: dict[str, Any] = {}
        self.sender, self.receiver = anyio.create_memory_object_stream[WorkResult](100)

    async def submit(self, bundle: Bundle, item: WorkItem) -> None:
        if self.key(bundle) not in self.works:
            module, _, name = bundle.target.partition(":")
            opened = getattr(import_module(module), name)(self.setup(bundle), self.sources(bundle))
            self.works[self.key(bundle)] = await self.stack.enter_async_context(opened)
        self.tasks.start_soon(self.do, bundle, item)

    async def do(self, bundle: Bundle, item: WorkItem) -> None:
        self.sender.send_nowait(await self.result(bundle, item))

    async def result(self, bundle: Bundle, item: WorkItem) -> WorkResult:
        payload: Any = item.payload
        if payload[0] == "die":
            return WorkResult(item.id, bundle.digest, failure=self.death())
        try:
            value = await self.works[self.key(bundle)](payload)
        except Exception as error:  # noqa: BLE001
            return WorkResult(item.id, bundle.digest, failure=WorkFailure(type(error).__name__, str(error)))
        return WorkResult(item.id, bundle.digest, {**value, "process": 0} if payload[0] == "tell" else value)

    async def wait_any(self) -> WorkResult:
        return await self.receiver.receive()

    def capacity(self) -> ExecutorCapacity:
        return self.size

    def key(self, bundle: Bundle) -> str:
        return bundle.digest

    def setup(self, bundle: Bundle) -> Any:
        return bundle.setup

    def sources(self, bundle: Bundle) -> Any:
        return bundle.sources

    def death(self) -> WorkFailure:
        return WorkFailure("worker-crashed", "it ended with exit code 7", worker=True)

    def close(self) -> None:
        self.sender.close()
        self.receiver.close()


class Tasks:
    """An executor as it should be."""

    crew: Any = Crew

    @asynccontextmanager
    async def running(self, workers: int, slots: int, *, grace: float = 5.0) -> AsyncIterator[Any]:
        async with AsyncExitStack() as stack, beside() as tasks:
            crew = self.crew(tasks, stack, ExecutorCapacity(workers, slots))
            stack.callback(crew.close)
            yield crew


class Renumbering(Crew):
    async def result(self, bundle: Bundle, item: WorkItem) -> WorkResult:
        found = await super().result(bundle, item)
        return evolve(found, id="0") if item.id == "7" else found


class Undated(Crew):
    async def result(self, bundle: Bundle, item: WorkItem) -> WorkResult:
        return evolve(await super().result(bundle, item), digest="")


class OneBundle(Crew):
    def key(self, bundle: Bundle) -> str:
        return "every bundle"


class Sourceless(Crew):
    def sources(self, bundle: Bundle) -> Any:
        return {}


class Boasting(Crew):
    def capacity(self) -> ExecutorCapacity:
        return ExecutorCapacity(self.size.workers, self.size.slots + 1)


class OneAtATime(Crew):
    def __init__(self, *details: Any) -> None:
        super().__init__(*details)
        self.lock = anyio.Lock()

    async def result(self, bundle: Bundle, item: WorkItem) -> WorkResult:
        async with self.lock:
            return await super().result(bundle, item)


class Blaming(Crew):
    async def result(self, bundle: Bundle, item: WorkItem) -> WorkResult:
        found = await super().result(bundle, item)
        return evolve(found, failure=evolve(found.failure, worker=True)) if found.failure else found


class Living(Crew):
    def death(self) -> WorkFailure:
        return WorkFailure("OSError", "it ended")


class Once(Tasks):
    used = False

    @asynccontextmanager
    async def running(self, workers: int, slots: int, *, grace: float = 5.0) -> AsyncIterator[Any]:
        if self.used:
            raise ExecutorError("It was used already: make another one.")
        self.used = True
        async with super().running(workers, slots, grace=grace) as crew:
            yield crew


class Leaving(Crew):
    """Leaves what nobody waited for to itself."""

    waited = False

    async def wait_any(self) -> WorkResult:
        self.waited = True
        return await super().wait_any()

    def close(self) -> None:
        super().close()
        if self.works and not self.waited and sniffio.current_async_library() == "asyncio":
            LEFT.append(asyncio.create_task(asyncio.sleep(60)))


LEFT: list[Any] = []


class Grouping(Tasks):
    @asynccontextmanager
    async def running(self, workers: int, slots: int, *, grace: float = 5.0) -> AsyncIterator[Any]:
        async with AsyncExitStack() as stack, anyio.create_task_group() as tasks:
            crew = self.crew(tasks, stack, ExecutorCapacity(workers, slots))
            stack.callback(crew.close)
            yield crew
            tasks.cancel_scope.cancel()


class Translating(Tasks):
    @asynccontextmanager
    async def running(self, workers: int, slots: int, *, grace: float = 5.0) -> AsyncIterator[Any]:
        try:
            async with super().running(workers, slots, grace=grace) as crew:
                yield crew
        except anyio.get_cancelled_exc_class():
            raise ExecutorError("The work was cancelled.") from None


def suite(crew: Any = Crew, executor: Any = Tasks) -> Any:
    return suite_of("executors", type(executor.__name__, (executor,), {"crew": crew}), patience=1.5)


RIGHT = suite()
WRONG = {
    "test_each_item_gives_one_result": suite(Renumbering),
    "test_results_carry_the_digest_of_their_bundle": suite(Undated),
    "test_sources_reach_the_work": suite(Sourceless),
    "test_capacity_is_what_was_asked_for": suite(Boasting),
    "test_items_of_one_worker_run_beside_each_other": suite(OneAtATime),
    "test_an_exception_is_a_failure_of_its_item": suite(Blaming),
    "test_a_worker_that_dies_is_a_failure_of_its_item": suite(Living),
    "test_it_can_be_used_again": suite(executor=Once),
    "test_work_under_way_is_given_up_at_the_end": suite(Leaving),
    "test_an_error_in_the_block_comes_out": suite(executor=Grouping),
    "test_a_cancellation_passes": suite(executor=Translating),
}


def test_two_bundles_are_not_mixed(judge: Any) -> None:
    """The digest is of no use where the wrong bundle did the work."""
    judge.fails_alone(suite(OneBundle), "test_results_carry_the_digest_of_their_bundle")


def test_a_right_executor_passes(judge: Any) -> None:
    """Every rule is tried on a right executor, and asks nothing that it does not keep."""
    judge.passes(RIGHT)


def test_no_rule_is_without_a_wrong_executor(judge: Any) -> None:
    """A rule that nothing can break is no rule."""
    judge.is_complete(WRONG, ExecutorConformance)


@pytest.mark.parametrize("rule", WRONG)
def test_a_wrong_executor_fails_its_rule_alone(rule: str, judge: Any) -> None:
    """Whoever breaks one promise is told of that one, in words."""
    judge.fails_alone(WRONG[rule], rule)
