"""Tests of `elixirml.studies.journal`: a reply is asked for once, and charged once, to the run that asked first."""

from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from elixirml.contracts import Capability, ModelRequest, Usage
from elixirml.errors import BudgetExceeded, ModelError
from elixirml.runtime.budget import Budget, Meter
from elixirml.runtime.events import Span
from elixirml.runtime.metering import MeteredModel
from elixirml.studies.journal import Journal
from elixirml.studies.ledger import Ledger
from elixirml.testing.models import ScriptedModel

pytestmark = pytest.mark.anyio


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.sqlite3") as opened:
        yield opened


class Process:
    """One process of a study: its meter, its journal, and a model behind both."""

    def __init__(self, ledger: Ledger, model: ScriptedModel, *, calls: int | None = None, study: str = "study") -> None:
        self.meter = Meter(Budget(calls=calls))
        self.journal = Journal(ledger, study, self.meter)
        self.metered = MeteredModel(model, self.meter, anyio.CapacityLimiter(8), Span.nowhere(), "reply")

    async def run(self, owner: str, *texts: str) -> tuple[list[str], Usage]:
        """Ask for these texts in one run; return the replies and what the run is charged."""
        spent: list[Usage] = []
        model = self.journal.run(owner, spent=spent)(self.metered, "reply")
        replies = [(await model.complete(ModelRequest(text=text))).text for text in texts]
        return replies, sum(spent, Usage())


@pytest.fixture
def model() -> ScriptedModel:
    return ScriptedModel(script=lambda request: f"re: {request.text}")


async def test_what_was_asked_once_is_not_asked_again(ledger: Ledger, model: ScriptedModel) -> None:
    """A second run gets the same reply, for nothing."""
    process = Process(ledger, model)
    first, paid = await process.run("one", "film")
    second, free = await process.run("two", "film")

    assert first == second == ["re: film"]
    assert (paid.calls, free.calls) == (1, 0)
    assert process.meter.spent.calls == len(model.requests) == 1


async def test_another_study_asks_for_itself(ledger: Ledger, model: ScriptedModel) -> None:
    """Replies are a study's own: another one is charged for its own."""
    await Process(ledger, model).run("one", "film")
    _, paid = await Process(ledger, model, study="other").run("one", "film")

    assert paid.calls == 1
    assert len(model.requests) == 2


async def test_another_model_is_asked(ledger: Ledger, model: ScriptedModel) -> None:
    """A reply is of one model of one fingerprint: other weights are asked themselves."""
    await Process(ledger, model).run("one", "film")
    model.fingerprint = "other weights"
    _, paid = await Process(ledger, model).run("two", "film")

    assert paid.calls == 1


async def test_a_resumed_study_charges_each_reply_to_its_owner_once(ledger: Ledger, model: ScriptedModel) -> None:
    """Replay costs what the first time cost: the owner pays again on the new meter, nobody else, and nobody twice."""
    await Process(ledger, model).run("one", "film", "book")
    await Process(ledger, model).run("two", "film", "new")
    resumed = Process(ledger, model)
    charged = {owner: (await resumed.run(owner, "film", "book", "new"))[1].calls for owner in ("two", "one")}
    again = (await resumed.run("one", "film", "book"))[1].calls

    assert charged == {"two": 1, "one": 2}
    assert again == 2  # what the run costs; the meter has it
    assert resumed.meter.spent.calls == resumed.meter.reused == 3
    assert len(model.requests) == 3


async def test_a_run_that_asks_the_same_twice_pays_once(ledger: Ledger, model: ScriptedModel) -> None:
    """The second time is free the first time round, and in a replay too."""
    first = Process(ledger, model)
    resumed = Process(ledger, model)

    assert (await first.run("one", "film", "film"))[1].calls == 1
    assert (await resumed.run("one", "film", "film"))[1].calls == 1
    assert first.meter.spent.calls == resumed.meter.spent.calls == len(model.requests) == 1


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_two_that_ask_the_same_at_once_ask_once(ledger: Ledger, anyio_backend: str) -> None:
    """What a study costs does not hang on which of two equal questions happens to be answered first."""
    model = ScriptedModel(script=lambda request: f"re: {request.text}", latency=0.01)
    process = Process(ledger, model)
    found: list[tuple[list[str], Usage]] = []

    async def one(owner: str) -> None:
        found.append(await process.run(owner, "film"))

    async with anyio.create_task_group() as tasks:
        for owner in ("one", "two", "three"):
            tasks.start_soon(one, owner)

    assert [replies for replies, _ in found] == [["re: film"]] * 3
    assert sorted(usage.calls for _, usage in found) == [0, 0, 1]
    assert len(model.requests) == process.meter.spent.calls == 1


async def test_a_question_that_failed_is_asked_again_by_the_next(ledger: Ledger) -> None:
    """An infrastructure fault leaves nothing behind: neither a reply nor a charge nor a lock."""
    model = ScriptedModel(script=["fine"], failures=1)
    process = Process(ledger, model)
    with pytest.raises(ModelError):
        await process.run("one", "film")
    replies, paid = await process.run("two", "film")

    assert (replies, paid.calls, process.meter.spent.calls) == (["fine"], 1, 1)


async def test_whatever_a_model_raises_is_an_outage(ledger: Ledger) -> None:
    """A provider that breaks is never the fault of the prompt it was given: its error is told as the model's."""

    def broken(request: ModelRequest) -> str:
        raise OSError("connection reset")

    with pytest.raises(ModelError, match="The model scripted/model failed: OSError: connection reset"):
        await Process(ledger, ScriptedModel(script=broken)).run("one", "film")


async def test_the_limit_holds_in_a_replay(ledger: Ledger, model: ScriptedModel) -> None:
    """A replayed call needs room on the meter as a new one does: together they never pass the limit."""
    await Process(ledger, model).run("one", "film", "book")
    resumed = Process(ledger, model, calls=2)
    await resumed.run("other", "new")
    with pytest.raises(BudgetExceeded, match="2 calls"):
        await resumed.run("one", "film", "book")

    assert resumed.meter.spent.calls == 2


async def test_a_replayed_reply_tells_what_it_took(ledger: Ledger, model: ScriptedModel) -> None:
    """Metrics of cost and speed judge a candidate by what its replies take, not by who happened to ask first."""
    process = Process(ledger, model)
    usages = []
    for owner in ("one", "two"):
        wrapped = process.journal.run(owner, spent=[])(process.metered, "reply")
        usages.append((await wrapped.complete(ModelRequest(text="a film of note"))).usage)

    assert usages[0] == usages[1]
    assert usages[0].tokens_in == 4


async def test_a_journalled_model_is_the_model_it_wraps(ledger: Ledger, model: ScriptedModel) -> None:
    """Adapters decide by what a model can do: the journal changes none of it, but that it gives replies whole."""
    wrapped = Process(ledger, model).journal.run("one", spent=[])(model, "reply")

    assert (wrapped.name, wrapped.fingerprint) == (model.name, model.fingerprint)
    assert (wrapped.capabilities, wrapped.concurrency) == (
        frozenset(Capability) - {Capability.STREAM},
        model.concurrency,
    )
