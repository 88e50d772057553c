"""Tests of both executors: one result an item, whatever becomes of it, and nothing left at the end."""

import os
from typing import Any

import anyio
import pytest

from elixirml.contracts import WorkItem
from elixirml_executors.in_process import InProcess
from elixirml_executors.processes import Processes

pytestmark = pytest.mark.anyio
EXECUTORS = [InProcess, Processes]


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


async def results(executor: Any, bundle: Any, payloads: list[Any], *, workers: int = 2, slots: int = 4) -> Any:
    """Start, give out everything, wait for everything, stop; results by item."""
    async with executor.running(workers, slots, grace=2.0) as crew:
        for number, payload in enumerate(payloads):
            await crew.submit(bundle, WorkItem(str(number), payload))
        with anyio.fail_after(60):
            found = [await crew.wait_any() for _ in payloads]
    return {each.id: each for each in found}


@pytest.mark.parametrize("executor", EXECUTORS)
async def test_each_item_gives_one_result_with_the_digest_of_its_bundle(executor: Any, bundle: Any) -> None:
    """Results come in any order, and each says what it was done with."""
    work = bundle()
    found = await results(executor(), work, [["square", number] for number in range(8)])
    assert {int(each.id): each.value for each in found.values()} == {number: number**2 for number in range(8)}
    assert {each.digest for each in found.values()} == {work.digest}


@pytest.mark.parametrize("executor", EXECUTORS)
async def test_an_exception_is_a_failure_of_its_item_alone(executor: Any, bundle: Any) -> None:
    """The work may raise: the others are done, and the failure tells what was raised."""
    found = await results(executor(), bundle(), [["fail", "too blue"], ["square", 3]])
    assert found["0"].failure.code == "ValueError"
    assert "too blue" in found["0"].failure.message
    assert not found["0"].failure.worker
    assert found["1"].value == 9


@pytest.mark.parametrize("executor", EXECUTORS)
async def test_items_of_one_worker_run_beside_each_other(executor: Any, bundle: Any) -> None:
    """Slots are real: eight items of one worker that wait for each other all come to their end."""
    found = await results(executor(), bundle(), [["meet", 8] for _ in range(8)], workers=1, slots=8)
    assert {each.value for each in found.values()} == {8}


@pytest.mark.parametrize("executor", EXECUTORS)
async def test_work_under_way_is_given_up_at_the_end_of_the_block(executor: Any, bundle: Any) -> None:
    """What hangs does not hold the caller: the block ends, also by an error or a cancellation, and nothing is left."""

    async def begin(then: Any) -> None:
        async with executor().running(1, 2, grace=1.0) as crew:
            await crew.submit(bundle(), WorkItem("0", ["sleep", None]))
            await then(crew)

    async def leave(_crew: Any) -> None: ...

    async def fail(_crew: Any) -> None:
        raise KeyError

    with anyio.fail_after(30):
        await begin(leave)
        with pytest.raises(KeyError):
            await begin(fail)
        with anyio.move_on_after(1.5) as scope:
            await begin(lambda crew: crew.wait_any())
    assert scope.cancelled_caught


@pytest.mark.parametrize("executor", EXECUTORS)
async def test_capacity_is_workers_times_slots(executor: Any) -> None:
    """The caller keeps within what the executor says."""
    async with executor().running(2, 3, grace=1.0) as crew:
        assert crew.capacity().items == 6


async def test_a_worker_that_dies_is_replaced_and_its_items_are_told(bundle: Any) -> None:
    """SIGKILL in a worker: its items fail as `worker-crashed`, and the next ones are done by a new process."""
    async with Processes().running(1, 1, grace=1.0) as crew:
        await crew.submit(bundle(), WorkItem("0", ["die", None]))
        with anyio.fail_after(60):
            first = await crew.wait_any()
            await crew.submit(bundle(), WorkItem("1", ["pid", None]))
            second = await crew.wait_any()
    assert first.failure is not None
    assert (first.failure.code, first.failure.worker) == ("worker-crashed", True)
    assert "SIGKILL" in first.failure.message
    assert isinstance(second.value, int)
    assert second.value != os.getpid()


async def test_what_a_worker_prints_is_no_answer(bundle: Any) -> None:
    """Standard output of the work goes elsewhere than the answers."""
    found = await results(Processes(), bundle(), [["print", '{"id": 1, "item": "9"}'], ["square", 2]], workers=1)
    assert found["0"].value == '{"id": 1, "item": "9"}'
    assert found["1"].value == 4


async def test_a_result_that_is_no_json_is_a_failure(bundle: Any) -> None:
    """Only plain data comes back: anything else is told as a failure of the item, and the worker lives."""
    found = await results(Processes(), bundle(), [["strange", None], ["square", 2]], workers=1)
    assert found["0"].failure.code == "not-json"
    assert found["1"].value == 4
