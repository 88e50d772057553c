"""Events: what is told of a run, to whom, and that telling never does harm."""

from typing import Any

import pytest
from attrs import define, field, frozen

import elixirml as ml
from elixirml.contracts import Event
from elixirml.errors import AssertionFailed, ModelError
from elixirml.runtime.events import EventBus, Span


@define
class Watcher:
    """Keeps every event."""

    events: list[Event] = field(factory=list)

    def notify(self, event: Event) -> None:
        self.events.append(event)

    def told(self, name: str) -> list[Event]:
        return [each for each in self.events if each.name == name]


@frozen
class Question:
    question: str


class P(ml.Program[Question, Any]):
    """Answer."""

    ask = ml.predict("question -> answer", adapter="json", manual=True)
    inner = ml.Program.create(
        "Inner", inputs="question", stages={"reply": ml.predict("question -> answer", adapter="json")}
    )

    @ml.stage
    async def words(self, question: str) -> Any:
        return await self.ask(question=question)

    final = ml.predict("question -> answer", adapter="json")

    @ml.suggest("never")
    def hoped(self, final: Any) -> bool:
        return False


def program() -> ml.Program[Any, Any]:
    return ml.Program.create("P", inputs="question", stages=dict(P.declaration.members))


@pytest.fixture
def watched(world: Any) -> tuple[Any, Watcher]:
    watcher = Watcher()
    world.answers('{"answer": "x"}')
    world.kernel.events.add(watcher)
    return world, watcher


def test_every_start_has_an_end_and_a_parent(watched: tuple[Any, Watcher]) -> None:
    """Run, stages, sub-programs' stages and model calls form one tree; times never go back."""
    world, watcher = watched
    world.run(program(), {"question": "?"})
    spans = [each for each in watcher.events if each.run != "kernel"]
    starts = {each.span: each for each in spans if each.name.endswith(".start")}
    ends = {each.span: each for each in spans if each.name.endswith(".end")}

    assert len({each.run for each in spans}) == 1
    assert starts.keys() == ends.keys()
    assert [each for each in starts.values() if each.parent is None] == [spans[0]]
    assert all(each.parent in starts for each in list(starts.values())[1:])
    assert all(each.parent == starts[each.span].parent for each in spans)
    assert [each.at for each in spans] == sorted(each.at for each in spans)

    def way(event: Event) -> list[str]:
        name = event.data.get("stage") or event.data.get("program") or ""
        above = [] if event.parent is None else way(starts[event.parent])
        return [*above, f"{event.name.partition('.')[0]} {name}"]

    assert [way(each) for each in starts.values() if each.name == "model.start"] == [
        ["run P", "stage inner", "stage inner.reply", "model inner.reply"],
        ["run P", "stage words", "stage ask", "model ask"],
        ["run P", "stage final", "model final"],
    ]
    assert {each.data["kind"] for each in watcher.told("stage.start")} == {"predict", "program", "function"}
    (run,) = watcher.told("run.end")
    assert run.data["usage"].calls == 3
    (lapse,) = watcher.told("assertion.failed")
    assert (lapse.data["assertion"], lapse.data["attempt"]) == ("hoped", 1)


def test_no_event_holds_a_prompt_or_a_reply(watched: tuple[Any, Watcher]) -> None:
    """Content is left out."""
    world, watcher = watched
    world.answers('{"answer": "a very private reply"}')
    world.run(program(), {"question": "a very private question"})

    assert "private" not in repr(watcher.events)


def test_a_failure_is_told_at_every_level(watched: tuple[Any, Watcher]) -> None:
    """Each piece of work that was begun ends in an error with its type and code."""
    world, watcher = watched
    world.model.failures = 1
    with pytest.raises(ModelError):
        world.run("question -> answer", {"question": "?"})
    errors = [(each.name, each.data["error"], each.data["code"]) for each in watcher.events if "error" in each.data]
    assert errors == [(f"{name}.error", "ModelError", "model") for name in ("model", "stage", "run")]

    refused = ml.Program.create(
        "Q", inputs="q", stages={"no": ml.check("m")(lambda self: 1 / 0), "reply": ml.predict("q -> a")}
    )
    watcher.events.clear()
    with pytest.raises(ZeroDivisionError):
        world.run(refused, {"q": "?"})
    assert [(each.data["error"], each.data["code"]) for each in watcher.told("run.error")] == [
        ("ZeroDivisionError", None)
    ]


def test_an_observer_that_raises_is_dropped_with_a_warning(watched: tuple[Any, Watcher]) -> None:
    """The run goes on, and the others are told everything."""
    world, watcher = watched

    class Faulty(Watcher):
        def notify(self, event: Event) -> None:
            super().notify(event)
            raise ValueError("no")

    faulty = Faulty()
    world.kernel.events.add(faulty)
    with pytest.warns(UserWarning, match=r"the observer .*Faulty.* raised ValueError\('no'\) and is told no more"):
        result = world.run(ml.predict("question -> answer", adapter="json"), {"question": "?"})

    assert result.output.answer
    assert len(faulty.events) == 1
    assert watcher.told("run.end")


@define
class Equal:
    """Equals every other one."""

    number: int = field(eq=False, default=0)
    told: int = field(eq=False, default=0)

    def notify(self, event: Event) -> None:
        self.told += 1


def test_an_observer_is_removed_by_identity() -> None:
    """One that equals another leaves it in place; removing a stranger does nothing."""
    one, two = Equal(1), Equal(2)
    bus = EventBus([one])
    bus.add(two)
    bus.remove(two)
    bus.remove(Equal(3))
    Span(bus, "r").tell("x")

    assert (one.told, two.told) == (1, 0)
    bus.remove(one)
    assert bus.silent


def test_an_observer_may_leave_while_it_is_told() -> None:
    """Whoever is there when an event begins to be told is told."""
    bus = EventBus()
    second = Watcher()

    class Leaving(Watcher):
        def notify(self, event: Event) -> None:
            super().notify(event)
            bus.remove(self)
            bus.remove(second)

    first = Leaving()
    bus.add(first)
    bus.add(second)
    Span.nowhere().tell("nobody hears this")
    for _ in range(2):
        Span(bus, "r").tell("x")

    assert (len(first.events), len(second.events)) == (1, 1)


def test_observers_given_to_a_kernel_hear_of_services_too(world: Any) -> None:
    """The kernel's own events have no run."""
    watcher = Watcher()
    world._kernel = world.new_kernel(observers=[watcher])
    world.answers('{"answer": "x"}')
    with pytest.raises(AssertionFailed):
        world.run(
            ml.Program.create(
                "Q", inputs="q", stages={"no": ml.check("m")(lambda self: False), "r": ml.predict("q->a")}
            ),
            {"q": "?"},
        )
    assert watcher.told("run.error")
