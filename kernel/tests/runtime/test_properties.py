"""Laws of running: a program gives what its stages give when Python calls them one after the other."""

import zlib
from pathlib import Path
from typing import Any

import anyio
from attrs import define, field
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import elixirml as ml
from elixirml.plugins import PluginManager
from elixirml.programs.compiled import CompiledProgram
from elixirml.runtime.budget import Meter
from elixirml.runtime.events import Span
from elixirml.runtime.streaming import RunEnd
from elixirml.testing.models import ScriptedModel, ScriptedProvider

NAMES = ("a", "b", "c", "d", "e")


@define
class Written:
    """A program as it is drawn: inputs, and stages that add up what they take and a number of their own."""

    inputs: tuple[str, ...]
    stages: tuple[tuple[str, tuple[str, ...], int, bool], ...]
    output: str = field(default="")

    def __attrs_post_init__(self) -> None:
        self.output = self.stages[-1][0]

    def asking(self) -> ml.Program[Any, Any]:
        """The same wiring, where every async stage asks a model for its sum."""
        stages = {name: ml.stage(adding(takes, number, later=False)) for name, takes, number, later in self.stages}
        asking = {name: ml.stage(asking_for(takes, number)) for name, takes, number, later in self.stages if later}
        members = {"ask": ml.predict("number: int -> total: int", adapter="json", manual=True), **stages, **asking}
        types = ", ".join(f"{name}: int" for name in self.inputs)
        return ml.Program.create("P", inputs=types, outputs=f"{self.output}: int", stages=members)

    def declared(self) -> ml.Program[Any, Any]:
        """The program: each name once, as a class body has it; the latest function of a name is what counts."""
        members = {name: ml.stage(adding(takes, number, later=later)) for name, takes, number, later in self.stages}
        types = ", ".join(f"{name}: int" for name in self.inputs)
        return ml.Program.create("P", inputs=types, outputs=f"{self.output}: int", stages=members)

    def evaluated(self, inputs: dict[str, int]) -> int:
        """What Python makes of it, each stage a statement."""
        names = dict(inputs)
        for name, takes, number, _ in self.stages:
            names[name] = number + sum((at + 1) * names[taken] for at, taken in enumerate(takes))
        return names[self.output]


def adding(takes: tuple[str, ...], number: int, *, later: bool) -> Any:
    namespace: dict[str, Any] = {}
    total = " + ".join([str(number), *(f"{at + 1} * {name}" for at, name in enumerate(takes))])
    exec(  # noqa: S102 - a stage that is drawn
        f"{'async ' if later else ''}def stage({', '.join(['self', *takes])}):\n    return {total}\n", namespace
    )
    return namespace["stage"]


def asking_for(takes: tuple[str, ...], number: int) -> Any:
    namespace: dict[str, Any] = {}
    total = " + ".join([str(number), *takes])
    asked = f"(await self.ask(number={total})).total"
    exec(f"async def stage({', '.join(['self', *takes])}):\n    return {asked}\n", namespace)  # noqa: S102 - as above
    return namespace["stage"]


@st.composite
def programs(draw: st.DrawFn) -> Written:
    """Programs of up to eight stages: each takes any names known before it, and may rebind an input."""
    inputs = tuple(draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)))
    names = draw(st.permutations([*NAMES, "f", "g", "h"]))
    known = list(inputs)
    stages = []
    for name in names[: draw(st.integers(1, 8))]:
        takes = tuple(draw(st.lists(st.sampled_from(known), max_size=3, unique=True)))
        stages.append((name, takes, draw(st.integers(-9, 9)), draw(st.booleans())))
        if name not in known:
            known.append(name)
    return Written(inputs, tuple(stages))


def kernel(home: Path, *script: str, model: ScriptedModel | None = None) -> ml.Kernel:
    manager = PluginManager.load()
    model = model or ScriptedModel(script=script or ("",))
    manager.registry.offer("language_models", "scripted", ScriptedProvider({"m": model}))
    return ml.Kernel(plugins=manager, home=home, model="scripted/m")


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_a_program_gives_what_python_gives(tmp_path: Path, data: st.DataObject) -> None:
    """Any wiring of Python stages, sync or async, with rebound inputs, equals the same statements in Python."""
    if not DOORS:
        DOORS.append(ml.BlockingKernel(kernel(tmp_path)).__enter__())
    written = data.draw(programs())
    inputs = {name: data.draw(st.integers(-99, 99)) for name in written.inputs}

    result = DOORS[0].run(written.declared(), inputs)

    assert result.output == type(result.output)(**{written.output: written.evaluated(inputs)})


DOORS: list[ml.BlockingKernel] = []


def teardown_module() -> None:
    """Stop the kernel of the drawn programs."""
    while DOORS:
        DOORS.pop().__exit__(None, None, None)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=programs(), data=st.data())
def test_a_streamed_run_is_a_run(tmp_path: Path, written: Written, data: st.DataObject) -> None:
    """However replies are cut: the same result by the same steps, and what was told is what the stages answered."""
    model = ScriptedModel(
        script=lambda request: f'{{"total": {zlib.crc32(request.messages[-1].content.encode()) % 1000}}}',
        pieces=data.draw(st.integers(1, 20)),
    )
    inputs = {name: data.draw(st.integers(-99, 99)) for name in written.inputs}
    told: dict[tuple[str, int], str] = {}

    async def both() -> tuple[Any, Any]:
        async with kernel(tmp_path, model=model) as running:
            result = await running.run(written.asking(), inputs)
            async with running.stream(written.asking(), inputs) as deltas:
                async for each in deltas:
                    if isinstance(each, RunEnd):
                        return result, each.result
                    told[each.stage, each.attempt] = told.get((each.stage, each.attempt), "") + each.text
        raise AssertionError("no end")

    result, streamed = anyio.run(both)

    assert streamed.fields == result.fields
    assert [(each.path, each.outputs) for each in streamed.trace.stages] == [
        (each.path, each.outputs) for each in result.trace.stages
    ]
    assert list(told.values()) == [str(each.outputs["total"]) for each in streamed.trace.stages]


def order_of(compiled: CompiledProgram) -> list[str]:
    return [node.name for node in compiled.nodes]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=programs(), checked=st.data())
def test_checks_first_changes_no_dependency(tmp_path: Path, written: Written, checked: st.DataObject) -> None:
    """Wherever checks stand, every node still comes after all that it takes."""
    if not DOORS:
        DOORS.append(ml.BlockingKernel(kernel(tmp_path)).__enter__())
    members = dict(written.declared().declaration.members)
    target = checked.draw(st.sampled_from([name for name, *_ in written.stages]))
    namespace: dict[str, Any] = {}
    exec(f"def holds(self, {target}): return True", namespace)  # noqa: S102 - a check that is drawn
    members["holds"] = ml.check("m")(namespace["holds"])
    types = ", ".join(f"{name}: int" for name in written.inputs)
    program = ml.Program.create("P", inputs=types, outputs=f"{written.output}: int", stages=members)
    compiled = DOORS[0].kernel.compile(program)

    seen = {f"input.{name}" for name in written.inputs}
    for node in compiled.nodes:
        assert set(node.arguments.values()) <= seen
        seen.add(f"stage.{node.name}")
    assert sorted(order_of(compiled)) == sorted(members)
    needed = {node.name for node in compiled.nodes[: order_of(compiled).index("holds")]}
    assert needed == upstream(compiled, "holds")


def upstream(compiled: CompiledProgram, name: str) -> set[str]:
    """The stages a node depends on, directly or not."""
    nodes = {node.name: node for node in compiled.nodes}
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for slot in nodes[waiting.pop()].arguments.values():
            kind, _, taken = slot.partition(".")
            if kind == "stage" and taken not in found:
                found.add(taken)
                waiting.append(taken)
    return found


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(failures=st.integers(0, 5), attempts=st.integers(1, 5))
def test_an_ensure_passes_exactly_when_a_good_reply_comes_in_time(tmp_path: Path, failures: int, attempts: int) -> None:
    """After f bad replies, an ensure of n attempts holds if f < n; never more than n calls are made."""
    import pytest

    from elixirml.errors import AssertionFailed

    bad, good = '{"answer": "bad"}', '{"answer": "good"}'
    program = ml.Program.create(
        "P",
        inputs="question",
        stages={
            "reply": ml.predict("question -> answer", adapter="json"),
            "good": ml.ensure("m", attempts=attempts)(lambda self, reply: reply.answer == "good"),
        },
    )
    running = kernel(tmp_path, *[bad] * failures, good)
    meter = Meter()

    async def once() -> Any:
        async with running:
            runner = running.runner(program)
            return await runner.run({"question": "?"}, meter=meter, seed="", span=Span.nowhere())

    if failures < attempts:
        assert anyio.run(once).output.answer == "good"
    else:
        with pytest.raises(AssertionFailed):
            anyio.run(once)
    assert meter.spent.calls == min(failures + 1, attempts)
