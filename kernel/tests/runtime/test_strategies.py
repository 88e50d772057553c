"""The strategies: whatever runs at once, the outcome is that of running stages one after the other."""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from attrs import define, frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import elixirml as ml
from elixirml.contracts import ModelRequest, ModelResponse
from elixirml.errors import AssertionFailed, BudgetExceeded, ConfigError, DeclarationError
from elixirml.plugins import PluginManager
from elixirml.runtime.streaming import RunEnd
from elixirml.testing.models import ScriptedModel, ScriptedProvider

pytestmark = pytest.mark.anyio

CALLS = ("count", "tally")
"""Predict stages that others may call."""


@define
class Whimsical(ScriptedModel):
    """Answers each request with a number of its own, after as many turns of the loop as another number says."""

    async def complete(self, request: ModelRequest) -> ModelResponse:
        """Return the reply once some turns have passed."""
        for _ in range(_number(request) % 7):
            await checkpoint()
        return await ScriptedModel.complete(self, request)


def _number(request: ModelRequest) -> int:
    return zlib.crc32(f"{request.seed} {request.text} {[each.content for each in request.messages]}".encode())


@frozen
class Drawn:
    """A stage as it is drawn.

    Attributes:
        name: Its name; what asks a model has the name with an underscore, and the name stands for its number.
        kind: `python`, `calling`, `predict`, `program`, `check`, `ensure` or `suggest`.
        takes: The names it takes.
        number: What makes it its own.
    """

    name: str
    kind: str
    takes: tuple[str, ...]
    number: int

    def members(self) -> dict[str, Any]:
        """The stage, declared; for what asks a model, with a stage after it that takes the number of the reply."""
        text = f"{', '.join(f'{each}: int' for each in self.takes)} -> total: int"
        match self.kind:
            case "predict":
                return self._asked(predicting(text))
            case "program":
                stages = {"reply": predicting(text), "even": ml.ensure("odd", attempts=2)(judging(2, ("reply",)))}
                return self._asked(ml.Program.create("Sub", inputs=text.partition(" ->")[0], stages=stages))
            case "check":
                return {self.name: ml.check(f"{self.name} refuses")(judging(9, self.takes))}
            case "suggest":
                return {self.name: ml.suggest(f"{self.name} minds")(judging(2, self.takes))}
            case "ensure":
                then, attempts = ("retry", 1 + self.number % 4) if self.number % 5 else ("fail", 1)
                return {
                    self.name: ml.ensure(f"{self.name} fails", then=then, attempts=attempts)(judging(4, self.takes))
                }
            case _:
                called = CALLS[self.number % 2] if self.kind == "calling" else None
                return {self.name: ml.stage(adding(self.number, self.takes, called=called))}

    def _asked(self, member: Any) -> dict[str, Any]:
        return {f"{self.name}_": member, self.name: ml.stage(adding(0, (f"{self.name}_",)))}


def predicting(text: str, *, manual: bool = False) -> Any:
    """A predict stage that samples, so that its replies depend on its seeds."""
    return ml.predict(text, adapter="json", temperature=0.7, manual=manual)


def adding(number: int, takes: tuple[str, ...], *, called: str | None = None) -> Callable[..., Any]:
    """A stage that adds up what it takes and a number, in some turns of the loop; a call gives its total in place."""
    total = " + ".join([str(number), *(f"whole({each})" for each in takes)])
    given = total if called is None else f"(await self.{called}(number={total})).total"
    turns = f"    for _ in range({number % 5}):\n        await checkpoint()\n"
    return _made(f"async def stage({', '.join(['self', *takes])}):\n{turns}    return {given}\n")


def judging(of: int, takes: tuple[str, ...]) -> Callable[..., Any]:
    """An assertion that fails on one number of so many."""
    total = " + ".join(f"whole({each})" for each in takes)
    return _made(
        f"async def stage({', '.join(['self', *takes])}):\n    await checkpoint()\n    return ({total}) % {of} != 1\n"
    )


def whole(value: Any) -> int:
    """The number of a reply, or of a plain stage."""
    return value if isinstance(value, int) else int(value.total)


def _made(source: str) -> Callable[..., Any]:
    namespace: dict[str, Any] = {"whole": whole, "checkpoint": checkpoint}
    exec(source, namespace)  # noqa: S102 - a stage that is drawn
    function: Callable[..., Any] = namespace["stage"]
    return function


@st.composite
def programs(draw: st.DrawFn) -> ml.Program[Any, Any]:
    """Programs of up to nine stages that take any names known before them, with assertions between them."""
    known, asked = ["x", "y"], False
    members: dict[str, Any] = {each: predicting("number: int -> total: int", manual=True) for each in CALLS}
    for at in range(draw(st.integers(2, 9))):
        kinds = ["predict", "ensure", "python", "calling", "program", "suggest", *([] if asked else ["check"])]
        kind = draw(st.sampled_from(kinds))
        takes = tuple(draw(st.lists(st.sampled_from(known[-6:]), min_size=1, max_size=2, unique=True)))
        members |= Drawn(f"s{at}", kind, takes, draw(st.integers(0, 99))).members()
        asked = asked or kind in {"calling", "predict", "program"}
        known += [] if kind in {"check", "ensure", "suggest"} else [f"s{at}"]
    members["total"] = ml.stage(adding(0, tuple(known[-3:])))
    return ml.Program.create("P", inputs="x: int, y: int", outputs="total: int", stages=members)


def a_kernel(home: Path, model: ScriptedModel | None = None) -> ml.Kernel:
    """A kernel whose model answers with a number that only the request decides."""
    answering = Whimsical(script=lambda request: f'{{"total": {_number(request) % 1000}}}')
    manager = PluginManager.load()
    manager.registry.offer("language_models", "scripted", ScriptedProvider({"m": model or answering}))
    return ml.Kernel(plugins=manager, home=home, model="scripted/m")


def outcome(result: ml.Result[Any] | Exception) -> Any:
    """What is the same whatever the strategy: the output and how it came about, or the error."""
    if isinstance(result, AssertionFailed):
        return "refused", result.assertion, result.attempts, str(result)
    if isinstance(result, Exception):
        return "failed", type(result), str(result)
    records = sorted(
        (each.path, repr(each.inputs), repr(each.outputs), repr([held.request.seed for held in each.exchanges]))
        for each in result.trace.stages
    )
    return result.fields, result.usage.calls, records, sorted(repr(each) for each in result.trace.lapses)


async def each_way(kernel: ml.Kernel, program: ml.Program[Any, Any], inputs: list[dict[str, int]]) -> list[list[Any]]:
    """Run the program on each input by each strategy."""

    async def caught(work: Callable[[], Any]) -> Any:
        try:
            return outcome(await work())
        except Exception as error:  # noqa: BLE001 - errors are outcomes
            return outcome(error)

    async def streamed(row: dict[str, int], strategy: str) -> ml.Result[Any]:
        async with kernel.stream(program, row, seed=7, strategy=strategy) as deltas:
            async for delta in deltas:
                if isinstance(delta, RunEnd):
                    return delta.result
        raise AssertionError("no end")

    ways: list[Callable[[dict[str, int]], Any]] = [
        lambda row: kernel.run(program, row, seed=7),
        lambda row: kernel.run(program, row, seed=7, strategy="parallel"),
        lambda row: streamed(row, "sequential"),
        lambda row: streamed(row, "parallel"),
    ]
    found = [[await caught(lambda row=row, way=way: way(row)) for row in inputs] for way in ways]
    batches = [await kernel.batch(program, inputs, seed=7, strategy=each) for each in ("sequential", "parallel")]
    return [*found, *([outcome(each) for each in batch] for batch in batches)]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(program=programs(), rows=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=3))
def test_every_strategy_gives_the_same(
    tmp_path: Path, backend: str, program: ml.Program[Any, Any], rows: list[tuple[int, int]]
) -> None:
    """In turn, at once, streamed and in a batch: the same output, calls, failures of assertions, or error."""

    async def main() -> None:
        async with a_kernel(tmp_path) as kernel:
            first, *others = await each_way(kernel, program, [{"x": x, "y": y} for x, y in rows])
        for other in others:
            assert other == first

    anyio.run(main, backend=backend)


@define
class Crowded(ScriptedModel):
    """Knows how many of its calls were under way at once."""

    inside: int = 0
    most: int = 0

    async def complete(self, request: ModelRequest) -> ModelResponse:
        """Reply after a while."""
        self.inside += 1
        self.most = max(self.most, self.inside)
        for _ in range(20):
            await checkpoint()
        self.inside -= 1
        return await ScriptedModel.complete(self, request)


ONE = predicting("x: int -> total: int")

TWO = ml.Program.create(
    "Two", inputs="x: int", stages={each: predicting("x: int -> total: int") for each in ("one", "two")}
)
"""Two stages that know nothing of each other."""


async def _ran(kernel: ml.Kernel, program: Any, strategy: str, **options: Any) -> ml.Result[Any]:
    return await kernel.run(program, {"x": 1}, strategy=strategy, **options)


@pytest.mark.parametrize(("strategy", "most"), [("sequential", 1), ("parallel", 2)])
async def test_stages_run_at_once_where_they_may(tmp_path: Path, strategy: str, most: int) -> None:
    """In parallel the model is asked by both stages at once; in turn it never is."""
    model = Crowded(script=['{"total": 1}'])
    async with a_kernel(tmp_path, model) as kernel:
        await _ran(kernel, TWO, strategy)
    assert model.most == most


async def test_the_earliest_error_is_the_one_that_counts(tmp_path: Path) -> None:
    """A stage that fails first, but later in the order, waits for those before it; stages after it are cancelled."""
    ended: list[str] = []

    async def slow(self: Any, x: int) -> int:
        await anyio.sleep(0.02)
        raise LookupError("slow")

    async def quick(self: Any, x: int) -> int:
        raise KeyError("quick")

    async def last(self: Any, x: int) -> int:
        try:
            await anyio.sleep(60)
        finally:
            ended.append("last")
        return 0

    stages = {each.__name__: ml.stage(each) for each in (slow, quick, last)}
    program = ml.Program.create("P", inputs="x: int", outputs="last: int", stages=stages)
    async with a_kernel(tmp_path) as kernel:
        with pytest.raises(LookupError, match="slow"):
            await _ran(kernel, program, "parallel")
    assert ended == ["last"]


async def test_an_error_that_no_earlier_stage_tops_is_raised(tmp_path: Path) -> None:
    """A stage before it that ends well does not hide the error, and none is started any more."""
    after: list[str] = []

    async def slow(self: Any, x: int) -> int:
        await anyio.sleep(0.01)
        return x

    def quick(self: Any, x: int) -> int:
        raise KeyError("quick")

    def later(self: Any, slow: int) -> int:
        after.append("later")
        return slow

    stages = {each.__name__: ml.stage(each) for each in (slow, quick, later)}
    program = ml.Program.create("P", inputs="x: int", outputs="later: int", stages=stages)
    async with a_kernel(tmp_path) as kernel:
        with pytest.raises(KeyError, match="quick"):
            await _ran(kernel, program, "parallel")
    assert after == []


def _waits(tmp_path: Path, **stages: Any) -> dict[str, frozenset[str]]:
    program = ml.Program.create(
        "P", inputs="x: int", outputs="end: int", stages={**stages, "end": ml.stage(adding(1, ()))}
    )
    return dict(a_kernel(tmp_path).compile(program).waits)


def test_stages_that_call_the_same_wait_for_each_other(tmp_path: Path) -> None:
    """What one predict stage answers to two callers does not depend on which of them is quicker."""
    ask = predicting("number: int -> total: int", manual=True)
    calling = {each: ml.stage(adding(1, ("x",), called="ask")) for each in ("one", "two")}
    waits = _waits(tmp_path, ask=ask, **calling)
    assert "one" in waits["two"]
    assert waits["one"] == {"ask"} == waits["two"] - {"one"}
    assert waits["end"] == frozenset()


def test_what_a_retry_calls_is_called_by_nothing_else_meanwhile(tmp_path: Path) -> None:
    """The words of a failed assertion go with the next call of what it judges, which is that of the retry."""
    ask = predicting("number: int -> total: int", manual=True)
    one, between, after = (ml.stage(adding(each, ("x",), called="ask")) for each in range(3))
    holds = ml.ensure("no")(judging(2, ("one",)))
    waits = _waits(tmp_path, ask=ask, one=one, between=between, holds=holds, after=after)
    assert {"one", "between"} <= waits["holds"]
    assert "holds" in waits["after"]


def test_what_asks_a_model_waits_for_the_checks_before_it(tmp_path: Path) -> None:
    """A refused input costs no call; a plain stage need not wait."""
    refuse = ml.check("no")(judging(2, ("x",)))
    asking = predicting("y: int -> total: int")
    waits = _waits(tmp_path, refuse=refuse, y=ml.stage(adding(1, ())), asking=asking)
    assert waits["asking"] == {"refuse", "y"}
    assert waits["y"] == frozenset()


def test_a_value_is_not_used_before_it_has_been_judged(tmp_path: Path) -> None:
    """What takes a value, or depends on what a retry would make anew, waits for its assertion."""
    one = predicting("x: int -> total: int")
    holds = ml.ensure("no")(judging(2, ("one",)))
    waits = _waits(
        tmp_path, one=one, twice=ml.stage(adding(0, ("one",))), holds=holds, user=ml.stage(adding(0, ("twice",)))
    )
    assert waits["holds"] == {"one", "twice"}
    assert waits["user"] == {"twice", "holds"}


def test_assertions_that_would_redo_the_same_are_judged_in_turn(tmp_path: Path) -> None:
    """Two retries never run the same stage at the same time."""
    asked = {each: predicting("x: int -> total: int") for each in ("one", "two")}
    sums = ml.stage(adding(0, ("one", "two")))
    judged = {f"{each}_holds": ml.ensure("no")(judging(2, (each,))) for each in asked}
    waits = _waits(tmp_path, **asked, sums=sums, **judged)
    assert waits["two_holds"] == {"two", "sums", "one_holds"}


async def test_a_batch_holds_what_came_of_each_in_order(tmp_path: Path) -> None:
    """Results and errors stand where their inputs stood, and no more run at once than the width says."""
    model = Crowded(script=['{"total": 1}'])
    rows: list[Any] = [{"x": 1}, {"x": "no number"}, {"x": 2}, {"x": 3}, {"y": 1}]
    async with a_kernel(tmp_path, model) as kernel:
        found = await kernel.batch(ONE, (row for row in rows), width=2)
    assert [isinstance(each, ml.ElixirError) for each in found] == [False, True, False, False, True]
    assert model.most == 2


async def test_a_batch_shares_one_budget(tmp_path: Path) -> None:
    """The limits are those of all runs together; what was done before stays."""
    async with a_kernel(tmp_path, ScriptedModel(script=['{"total": 1}'])) as kernel:
        found = await kernel.batch(ONE, [{"x": 1}] * 5, width=1, budget=ml.Budget(calls=3))
    assert [type(each).__name__ for each in found] == ["Result"] * 3 + ["BudgetExceeded"] * 2


async def test_a_batch_that_makes_no_sense_is_refused_at_once(tmp_path: Path) -> None:
    """A width of none, a strategy that is not there, a wrong declaration: one error before any run."""
    async with a_kernel(tmp_path) as kernel:
        with pytest.raises(ConfigError, match="width 0"):
            await kernel.batch(ONE, [{"x": 1}], width=0)
        with pytest.raises(ConfigError, match="There is no strategy `paralel`"):
            await kernel.batch(ONE, [{"x": 1}], strategy="paralel")
        with pytest.raises(DeclarationError):
            await kernel.batch(ml.Program.create("P", inputs="x: int", stages={}), [])


async def test_a_spent_budget_ends_a_parallel_run_with_what_was_done(tmp_path: Path) -> None:
    """One call is left for two stages: the error tells of the one that was made."""
    async with a_kernel(tmp_path, ScriptedModel(script=['{"total": 1}'])) as kernel:
        with pytest.raises(BudgetExceeded) as raised:
            await _ran(kernel, TWO, "parallel", budget=ml.Budget(calls=1))
    assert len(raised.value.partial.stages) == 1  # either: both were ready at once


def test_the_batch_doors_do_the_same(tmp_path: Path) -> None:
    """In scripts: the module's door and the blocking kernel's."""
    rows = [{"x": 1}, {"x": 2}]
    model = ScriptedModel(script=['{"total": 5}'])
    with ml.BlockingKernel(a_kernel(tmp_path, model)) as door:
        inside = door.batch(ONE, rows)
    outside = ml.batch(ONE, rows, kernel=a_kernel(tmp_path, model))
    assert [outcome(each) for each in inside] == [outcome(each) for each in outside]
    assert [each.fields for each in outside if isinstance(each, ml.Result)] == [{"total": 5}] * 2
