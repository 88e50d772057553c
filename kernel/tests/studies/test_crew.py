"""Tests of work that is given out: `elixirml.studies.crew`, `.remote` and `elixirml.programs.shipping`."""

import json
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from attrs import define, evolve, field, frozen

import elixirml as ml
from elixirml.cli.references import resolved_program
from elixirml.contracts import Bundle, ExecutorCapacity, WorkFailure, WorkItem, WorkResult
from elixirml.errors import BudgetExceeded, DeclarationError, ExecutorError
from elixirml.plugins import PluginManager
from elixirml.programs.shipping import received, shipped
from elixirml.studies.crew import Crew
from elixirml.studies.evaluation import run_evaluation
from elixirml.studies.judging import Judge
from elixirml.studies.remote import scoring

pytestmark = pytest.mark.anyio

PROGRAM = """
from typing import Literal
import elixirml as ml
from attrs import frozen
from beside import LABELS

@frozen
class Text:
    text: str

@frozen
class Kind:
    kind: Literal["film", "news"]

class Sorter(ml.Program[Text, Kind]):
    '''Say what kind of text it is.'''

    @ml.stage
    def kind(self, text: str) -> str:
        if text == "bad":
            raise ValueError(text)
        return LABELS[text.split()[0]]

tuned = Sorter()
"""


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def sorter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A program of a file of its own, which imports what lies beside it."""
    (tmp_path / "beside.py").write_text('LABELS = {"film": "film", "news": "news"}\n')
    (tmp_path / "sorter.py").write_text(PROGRAM)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    yield resolved_program("sorter.py:Sorter")
    for name in [each for each in sys.modules if each == "beside" or "sorter" in each or "shipped" in each]:
        monkeypatch.delitem(sys.modules, name)


@frozen(eq=False)
class Workers:
    """Does each item by a function of its number and payload; the executor of these tests."""

    do: Callable[[Bundle, WorkItem], Any]
    most: int = 4
    under_way: list[int] = field(factory=list)
    done: list[WorkResult] = field(factory=list)
    bell: anyio.Semaphore = field(factory=lambda: anyio.Semaphore(0))

    @asynccontextmanager
    async def running(self, workers: int, slots: int, *, grace: float = 5.0) -> AsyncIterator["Workers"]:
        yield self

    async def submit(self, bundle: Bundle, item: WorkItem) -> None:
        self.under_way.append(int(item.id))
        self.done.append(await self.do(bundle, item))
        self.bell.release()

    async def wait_any(self) -> WorkResult:
        await self.bell.acquire()
        result = self.done.pop(0)
        self.under_way.remove(int(result.id))
        return result

    def capacity(self) -> ExecutorCapacity:
        return ExecutorCapacity(1, self.most)


def rows(*texts: str) -> list[ml.Example]:
    return [ml.Example(str(n), {"text": text}, {"kind": "film"}) for n, text in enumerate(texts)]


@pytest.fixture
def kernel(tmp_path: Path) -> ml.Kernel:
    return ml.Kernel(plugins=PluginManager.load(), home=tmp_path / "home")


async def evaluated(kernel: ml.Kernel, sorter: Any, do: Any, examples: Sequence[ml.Example], **settings: Any) -> Any:
    """Evaluate on workers that do as they are told; returns the evaluation and the workers."""
    workers = Workers(do)
    kernel.plugins.registry.offer("executors", "told", lambda: workers)
    async with kernel:
        return await run_evaluation(kernel, sorter, examples, executor="told", workers=1, **settings), workers


@define
class Really:
    """Scores in earnest, by what a worker would run."""

    crashes: dict[str, int] = field(factory=dict)
    alone: list[tuple[int, ...]] = field(factory=list)
    workers: Any = None

    async def __call__(self, bundle: Bundle, item: WorkItem) -> WorkResult:
        payload: Any = item.payload
        text = payload["example"]["inputs"]["text"]
        if self.crashes.get(text, 0) > 0:
            self.crashes[text] -= 1
            return WorkResult(item.id, bundle.digest, failure=WorkFailure("worker-crashed", "killed", worker=True))
        async with scoring(json.loads(json.dumps(bundle.setup)), bundle.sources) as work:
            return WorkResult(item.id, bundle.digest, await work(json.loads(json.dumps(payload))))


async def test_rows_of_workers_are_those_of_this_process(kernel: ml.Kernel, sorter: Any, tmp_path: Path) -> None:
    """Scores and faults are equal, wherever an example runs."""
    examples = rows("film 1", "news 2", "bad", "film 4")
    there, _ = await evaluated(kernel, sorter, Really(), examples)
    here = await run_evaluation(ml.Kernel(plugins=PluginManager.load(), home=tmp_path / "other"), sorter, examples)

    assert [each.to_json() for each in there.rows] == [each.to_json() for each in here.rows]
    assert there.faults == {"ValueError": 1}


async def test_a_suspect_is_tried_again_and_alone(kernel: ml.Kernel, sorter: Any) -> None:
    """After its worker died, an example runs when nothing else does, and counts once."""
    seen: list[tuple[str, int]] = []
    inner = Really({"film 2": 2})

    async def do(bundle: Bundle, item: WorkItem) -> WorkResult:
        payload: Any = item.payload
        text = payload["example"]["inputs"]["text"]
        seen.append((text, len(workers_of[0].under_way)))
        return await inner(bundle, item)

    workers = Workers(do)
    workers_of = [workers]
    kernel.plugins.registry.offer("executors", "told", lambda: workers)
    async with kernel:
        found = await run_evaluation(kernel, sorter, rows("film 1", "film 2", "film 3"), executor="told", workers=1)

    assert found.faults == {}
    assert [each.example for each in found.rows] == ["0", "1", "2"]
    assert [others for text, others in seen if text == "film 2"][1:] == [1, 1]


async def test_what_kills_its_worker_four_times_is_a_fault(kernel: ml.Kernel, sorter: Any) -> None:
    """An example that no worker survives is counted, and nothing else suffers."""
    found, _ = await evaluated(kernel, sorter, Really({"film 2": 99}), rows("film 1", "film 2", "film 3"))
    assert found.faults == {"worker-crashed": 1}
    assert [each.scores["exact_match"] for each in found.rows] == [1.0, 0.0, 1.0]


async def test_a_worker_with_another_program_is_refused(kernel: ml.Kernel, sorter: Any) -> None:
    """Rows of another version never mix with ours: by the digest of the bundle, and by that of the program."""

    async def other_bundle(bundle: Bundle, item: WorkItem) -> WorkResult:
        return evolve(await Really()(bundle, item), digest="other")

    with pytest.raises(ExecutorError, match="another version"):
        await evaluated(kernel, sorter, other_bundle, rows("film 1"))

    async def other_program(bundle: Bundle, item: WorkItem) -> WorkResult:
        found = await Really()(bundle, item)
        value: Any = found.value
        return evolve(found, value={**value, "program": "other"})

    kernel = ml.Kernel(plugins=PluginManager.load(), home=kernel.home)
    with pytest.raises(ExecutorError, match="another version") as raised:
        await evaluated(kernel, sorter, other_program, rows("film 1"))
    assert raised.value.code == "worker-version"


async def test_a_fault_of_the_work_is_told_in_the_workers_words(kernel: ml.Kernel, sorter: Any) -> None:
    """What goes wrong around a program, such as a missing plugin, ends the evaluation with its code."""

    async def fail(bundle: Bundle, item: WorkItem) -> WorkResult:
        return WorkResult(item.id, bundle.digest, failure=WorkFailure("plugin-missing", "no such metric"))

    with pytest.raises(ExecutorError, match="no such metric") as raised:
        await evaluated(kernel, sorter, fail, rows("film 1"))
    assert raised.value.code == "plugin-missing"


async def test_a_limit_holds_on_workers_too(kernel: ml.Kernel, sorter: Any) -> None:
    """A budget that is used up gives nothing more out."""
    budget = ml.Budget(seconds=0.000001)
    with pytest.raises(BudgetExceeded):
        await evaluated(kernel, sorter, Really(), rows("film 1", "film 2"), budget=budget)


async def test_a_crew_that_is_not_at_work_says_so(kernel: ml.Kernel, sorter: Any) -> None:
    """Asking for a row outside of the block is the caller's error, told as one."""
    runner = kernel.runner(sorter)
    crew = Crew(Workers(Really()), Bundle("", "", {}), runner, ml.runtime.budget.Meter(), Judge({}))
    with pytest.raises(ExecutorError, match="not at work"):
        await crew.row(rows("film 1")[0], None, repeat=0)


def test_a_tuned_instance_at_the_top_of_a_file_travels_too(sorter: Any) -> None:
    """What the file calls the program does not matter, as long as it stands there."""
    sent = shipped(resolved_program("sorter.py:tuned"))
    assert received(sent.to_json(), sent.sources).name == sorter.name


def test_a_program_made_inside_a_function_cannot_travel() -> None:
    """It is refused before any worker is started, with what to do."""

    class Inner(ml.Program[dict[str, str], dict[str, str]]):
        """Do nothing."""

    with pytest.raises(DeclarationError, match="top of a file") as raised:
        shipped(Inner())
    assert raised.value.code == "program-unshippable"


def test_an_installed_module_travels_by_its_name() -> None:
    """Code that workers have installed is not sent."""
    import elixirml_local.demo.program as demo

    name = next(name for name, value in vars(demo).items() if isinstance(value, type) and issubclass(value, ml.Program))
    shipment = {"module": "elixirml_local.demo.program", "name": name, "file": ""}
    assert received(shipment, {}).name == getattr(demo, name).__name__
    with pytest.raises(DeclarationError, match="no program `Nobody`"):
        received({**shipment, "name": "Nobody"}, {})


def test_a_file_that_raises_is_not_half_read(sorter: Any) -> None:
    """A module that could not be read leaves nothing behind under its name."""
    sent = shipped(sorter)
    broken = {name: f"{text}\nraise KeyError('late')\n" for name, text in sent.sources.items()}
    before = set(sys.modules)
    with pytest.raises(KeyError, match="late"):
        received(sent.to_json(), broken)
    assert set(sys.modules) == before
