"""What every executor promises: each item gives one result, whatever dies, and nothing is left at the end."""

import os
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, cast

import anyio

from elixirml.contracts.executor import Bundle, Executor, Workers, WorkItem, WorkResult
from elixirml.identity import Json
from elixirml.testing.conformance.suite import Conformance, NotApplicable, expect, leaving_nothing
from elixirml.testing.conformance.work import bundle_of

__all__ = ["ExecutorConformance"]


class ExecutorConformance(Conformance[Executor]):
    """What is promised by `elixirml.contracts.Executor` and its workers.

    Example:
        >>> class TestPool(ExecutorConformance):
        ...     def subject(self):
        ...         return Pool()

    .. versionadded:: 0.1

    Attributes:
        grace: Seconds that workers get to end in.
    """

    grace: ClassVar[float] = 2.0

    def test_each_item_gives_one_result(self) -> None:
        """Whatever the order in which they come, results are of the items given out, each once."""

        async def check(crew: Workers) -> None:
            found = await _results(crew, bundle_of(), [["double", number] for number in range(8)])
            ids = sorted(each.id for each in found)
            expect(ids == [str(number) for number in range(8)], f"Eight items gave results of {ids}: one each.")
            values = {each.id: each.value for each in found}
            wrong = [each for each, value in values.items() if value != 2 * int(each)]
            expect(not wrong, f"Items {wrong} have the values of others: {values}.")

        self._with_workers(check)

    def test_results_carry_the_digest_of_their_bundle(self) -> None:
        """A ledger can tell what an item was really done with."""

        async def check(crew: Workers) -> None:
            for bundle in (bundle_of(number=1), bundle_of(number=2)):
                [found] = await _results(crew, bundle, [["tell", None]])
                expect(found.digest == bundle.digest, f"A result carries {found.digest!r}: the digest of its bundle.")
                setup = _told(found)["setup"]
                expect(
                    setup == dict(bundle.setup),
                    f"An item saw the setup {setup}: keep what was opened by the digest of the bundle.",
                )

        self._with_workers(check)

    def test_sources_reach_the_work(self) -> None:
        """Code that is not installed on workers comes with the bundle."""

        async def check(crew: Workers) -> None:
            [found] = await _results(crew, bundle_of(), [["tell", None]])
            sources = _told(found)["sources"]
            expect(sources == dict(bundle_of().sources), f"The work was given the sources {sources}: pass them on.")

        self._with_workers(check)

    def test_capacity_is_what_was_asked_for(self) -> None:
        """Workers and slots are there when the block is entered."""

        async def check(crew: Workers) -> None:
            found = crew.capacity()
            expect((found.workers, found.slots) == (2, 3), f"2 workers of 3 slots are told as {found}.")

        self._with_workers(check, workers=2, slots=3)

    def test_items_of_one_worker_run_beside_each_other(self) -> None:
        """Slots are real: items that wait for each other all come to their end."""

        async def check(crew: Workers) -> None:
            found = await _results(crew, bundle_of(), [["meet", 4] for _ in range(4)])
            expect([each.value for each in found] == [4] * 4, "Items of one worker did not meet: run slots at once.")

        self._with_workers(check, workers=1, slots=4)

    def test_an_exception_is_a_failure_of_its_item(self) -> None:
        """What the work raises is told by type and message, and the other items are done."""

        async def check(crew: Workers) -> None:
            found = await _results(crew, bundle_of(), [["fail", "too blue"], ["double", 3]])
            results = {each.id: each for each in found}
            failure = results["0"].failure
            expect(failure is not None, "An item that raised has no failure: give it one.")
            assert failure is not None  # noqa: S101 - for type checkers
            told = failure.code == "ValueError" and "too blue" in failure.message
            expect(told, f"ValueError('too blue') was told as {failure}: give type and message.")
            expect(not failure.worker, "An exception of the work was told as the death of the worker: `worker=False`.")
            expect(results["1"].value == 6, "An item beside one that raised was not done.")

        self._with_workers(check)

    def test_a_worker_that_dies_is_a_failure_of_its_item(self) -> None:
        """The item is told as lost with its worker, and the next one is done by another."""

        async def check(crew: Workers) -> None:
            [first] = await _results(crew, bundle_of(), [["tell", None]])
            if _told(first)["process"] == os.getpid():
                raise NotApplicable("Its workers are in this process, and do not die alone.")
            [lost] = await _results(crew, bundle_of(), [["die", None]])
            failure = lost.failure
            expect(failure is not None and failure.worker, f"A death was told as {failure}: `worker=True`.")
            [after] = await _results(crew, bundle_of(), [["double", 4]])
            expect(after.value == 8, "After a worker's death the next item is not done: start another worker.")

        self._with_workers(check, workers=1, slots=1)

    def test_it_can_be_used_again(self) -> None:
        """An instance whose block was left can be entered anew."""

        async def check() -> None:
            executor = self.subject()
            for number in range(2):
                async with executor.running(1, 1, grace=self.grace) as crew:
                    found = await _results(crew, bundle_of(), [["double", number]])
                expect([each.value for each in found] == [2 * number], "Used again, it did not do its item.")

        self.on_every_loop(check)

    def test_work_under_way_is_given_up_at_the_end(self) -> None:
        """What hangs does not hold the caller: the block ends and nothing is left running."""

        async def check() -> None:
            running = self.subject().running(1, 2, grace=self.grace)
            async with leaving_nothing("A block that was left"), running as crew:
                await crew.submit(bundle_of(), WorkItem("0", ["hang", None]))

        self.on_every_loop(check)

    def test_an_error_in_the_block_comes_out(self) -> None:
        """The caller's own error passes, and nothing is left running."""

        async def check() -> None:
            async with leaving_nothing("A block that was left by an error"):
                found = await self._left_by(_OurOwnError("of the caller"))
            expect(
                isinstance(found, _OurOwnError),
                f"An error in the block became {found!r}: let it through as it is, and in no group.",
            )

        self.on_every_loop(check)

    def test_a_cancellation_passes(self) -> None:
        """A caller that is cancelled while it waits gets control back, and nothing is left running."""

        async def check() -> None:
            async with leaving_nothing("A block that was cancelled"):
                with anyio.CancelScope() as scope:
                    async with self.subject().running(1, 1, grace=self.grace) as crew:
                        await crew.submit(bundle_of(), WorkItem("0", ["hang", None]))
                        scope.cancel()
                        await crew.wait_any()
                expect(scope.cancelled_caught, "A cancellation was swallowed: let it through.")

        self.on_every_loop(check)

    async def _left_by(self, error: Exception) -> Exception | None:
        """Return what comes out of a block that an error leaves."""
        try:
            async with self.subject().running(1, 1, grace=self.grace):
                await _raised(error)
        except Exception as found:  # noqa: BLE001 - the subject may make anything of it
            return found
        return None

    def _with_workers(self, check: Callable[[Workers], Awaitable[None]], *, workers: int = 2, slots: int = 4) -> None:
        async def run() -> None:
            async with self.subject().running(workers, slots, grace=self.grace) as crew:
                await check(crew)

        self.on_every_loop(run)


class _OurOwnError(Exception):
    """Raised inside the block of an executor."""


def _told(result: WorkResult) -> dict[str, Any]:
    """Return what the work told of itself."""
    failure = result.failure
    expect(isinstance(result.value, dict), f"An item failed: {failure}")
    return cast("dict[str, Any]", result.value)


async def _raised(error: Exception) -> None:
    raise error


async def _results(crew: Workers, bundle: Bundle, payloads: list[Json]) -> list[WorkResult]:
    for number, payload in enumerate(payloads):
        await crew.submit(bundle, WorkItem(str(number), payload))
    return [await crew.wait_any() for _ in payloads]
