"""The small parts of running: plain values, previews, seeds, demos, and what was used last."""

import enum
import threading
from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple, TypedDict

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

import elixirml as ml
from elixirml.contracts import Usage
from elixirml.errors import DeclarationError, PluginMissing
from elixirml.identity import canonical_json
from elixirml.plugins import PluginManager, Selection
from elixirml.runtime.budget import Meter
from elixirml.runtime.context import derived_seed
from elixirml.runtime.events import Span
from elixirml.runtime.plain import plain
from elixirml.runtime.recent import Recent


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


class Point(NamedTuple):
    x: int
    y: int


PAIR: Any = namedtuple("PAIR", "a b")  # noqa: PYI024 - also without types


@dataclass
class Box:
    size: tuple[int, int]


@frozen
class Thing:
    colour: Colour
    boxes: frozenset[str]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, None),
        (True, True),
        (1.5, 1.5),
        ("a", "a"),
        (Colour.RED, "red"),
        (Level.LOW, 1),
        ([(1, 2), {Colour.RED}], [[1, 2], ["red"]]),
        (frozenset({"b", "a"}), ["a", "b"]),
        (OrderedDict({Colour.RED: Box((1, 2)), 3: "x"}), {"red": {"size": [1, 2]}, "3": "x"}),
        (Point(1, 2), {"x": 1, "y": 2}),
        (PAIR(1, [2]), {"a": 1, "b": [2]}),
        (Thing(Colour.RED, frozenset({"z", "y"})), {"colour": "red", "boxes": ["y", "z"]}),
        (date(2026, 1, 31), "2026-01-31"),
        (datetime(2026, 1, 31, 12, tzinfo=UTC), "2026-01-31T12:00:00+00:00"),
        (time(12, 30), "12:30:00"),
        (Decimal("1.5"), "1.5"),
    ],
)
def test_any_value_has_a_plain_form(value: Any, found: Any) -> None:
    """Records by field, enumerations by value, dates as texts, sets in a stable order."""
    assert plain(value) == found


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    )
)
def test_plain_values_stay_as_they_are(value: Any) -> None:
    """Making plain twice is making plain once, and the result always has a canonical JSON."""
    once = plain(value)

    assert plain(once) == once
    assert canonical_json(once) == canonical_json(value)


def test_seeds_are_of_their_parts() -> None:
    """Equal parts, equal seed; they are no running number, and fit what providers take."""
    assert derived_seed("a", 1) == derived_seed("a", 1)
    assert derived_seed("a", 1) != derived_seed("a1", "")
    assert all(0 <= derived_seed(at) < 2**31 for at in range(50))


def test_sampled_calls_are_seeded_and_greedy_ones_are_not(world: Any) -> None:
    """Each call of a run has a seed of its own, the same in the next run; another seed of the run, others."""
    stages = {name: ml.predict(f"question -> {name}: str", adapter="json", temperature=0.5) for name in ("a", "b")}
    program = ml.Program.create("P", inputs="question", stages={**stages, "c": ml.predict("question -> c")})
    world.answers(*['{"a": "1", "b": "2"}'] * 2, "[[ ## c ## ]]\n3\n")
    world.run(program, {"question": "?"})
    world.answers('{"a": "1", "b": "2", "c": "3"}')
    program = ml.Program.create("P", inputs="question", stages=stages)
    for seed in (0, 0, 1):
        world.run(program, {"question": "?"}, seed=seed)
    seeds = [each.seed for each in world.model.requests]

    assert seeds[2] is None
    assert seeds[0] != seeds[1]
    assert seeds[3:5] == seeds[5:7] == seeds[:2]
    assert set(seeds[7:9]).isdisjoint(seeds[3:5])


def test_demos_are_shown(world: Any) -> None:
    """Chosen worked examples are in the prompt, in their order."""
    demos: Any = [{"inputs": {"question": f"q{at}"}, "outputs": {"answer": f"a{at}"}} for at in range(3)]
    variable = ml.variable(demos[:2], bank=demos[2:], ordered=True)
    world.answers('{"answer": "x"}')
    world.run(ml.predict("question -> answer", adapter="json", demos=variable), {"question": "?"})

    prompt = world.prompts[0]
    assert prompt.index("q0") < prompt.index("a0") < prompt.index("q1") < prompt.index("a1")
    assert "q2" not in prompt


class Rebinding(ml.Program[Any, Any]):
    """Answer."""


def test_a_preview_shows_what_would_be_sent(world: Any) -> None:
    """Python stages before a prompt run, sub-programs are looked into, nothing is asked; what waits is left out."""
    inner = ml.Program.create(
        "Inner",
        inputs="question",
        stages={"deep": ml.predict("question -> deep: str"), "after": ml.predict("deep -> x: str")},
    )

    async def later(self: Any, question: str) -> str:
        return question

    class Waits:
        def __await__(self) -> Any:
            yield

    program = ml.Program.create(
        "P",
        inputs="question",
        stages={
            "tone": ml.variable("warm", choices=["plain", "warm"]),
            "question": ml.stage(lambda self, question: f"{question.strip()} {self.tone}"),
            "first": ml.predict("question -> answer"),
            "inner": inner,
            "behind": ml.predict("first -> b: str"),
            "later": ml.stage(later),
            "waits": ml.stage(lambda self: Waits()),
            "lazy": ml.predict("later, waits -> c: str"),
            "manual": ml.predict("question -> d: str", manual=True),
            "asks": ml.stage(lambda self, question: self.manual(question=question)),
            "sure": ml.check("m")(lambda self, question: False),
        },
    )
    runner = world.kernel.runner(program)
    shown = runner.preview({"question": " ? "})

    assert [node.path for node, _ in shown] == ["first", "inner.deep"]
    assert all("? warm" in request.messages[-1].content for _, request in shown)
    assert world.model.requests == []
    own = runner.assigned()
    plainer = own.space.updated(own.assignment, {"tone": "plain"})
    (_, request), *_ = runner.preview({"question": "?"}, assignment=plainer, space=own.space)
    assert "? plain" in request.messages[-1].content


def test_a_preview_is_what_is_sent(world: Any) -> None:
    """The request shown is the request asked, strategies included."""
    stage = ml.predict("question -> answer", adapter="json", using="chain_of_thought")
    world.answers('{"reasoning": "r", "answer": "x"}')
    ((_, request),) = world.kernel.runner(stage).preview({"question": "?"})
    world.run(stage, {"question": "?"})

    assert world.model.requests == [request]


def hidden(self: Any, question: str) -> str:
    return str(getattr(self, "man" + "ual")(question=question))


def test_a_preview_asks_nothing_behind_the_back(world: Any) -> None:
    """A stage that finds a predict stage in ways that cannot be seen is stopped."""
    program = ml.Program.create(
        "P",
        inputs="question",
        stages={
            "manual": ml.predict("question -> d: str", manual=True),
            "s": ml.stage(hidden),
            "reply": ml.predict("s -> answer"),
        },
    )
    with pytest.raises(DeclarationError, match="cannot be called in a preview"):
        world.kernel.runner(program).preview({"question": "?"})


class Inputs(TypedDict):
    question: str


def test_an_assignment_may_be_given_for_one_run(world: Any) -> None:
    """A study runs one program with many assignments; the values of each are made ready once."""
    import anyio

    world.answers('{"answer": "x"}')
    runner = world.kernel.runner(ml.predict("question -> answer", adapter="json"))
    own = runner.assigned()
    warm = own.space.updated(own.assignment, {"reply.temperature": 0.5})
    meter = Meter()

    async def twice() -> None:
        async with world.kernel:
            for assignment in (warm, own.assignment, warm):
                await runner.run(
                    {"question": "?"},
                    meter=meter,
                    seed="s",
                    span=Span.nowhere(),
                    assignment=assignment,
                    space=own.space,
                    wrap=lambda model, stage: model,
                )

    anyio.run(twice)
    assert [each.temperature for each in world.model.requests] == [0.5, 0.0, 0.5]
    assert meter.spent.calls == 3
    assert meter.spent + Usage() == meter.spent


def test_the_least_used_goes_first() -> None:
    """What was asked for again stays."""
    recent: Recent[int] = Recent(2)
    made: list[int] = []

    def make(value: int) -> int:
        made.append(value)
        return value

    for key in (1, 2, 1, 3, 1, 2):
        assert recent.get(key, lambda key=key: make(key)) == key  # type: ignore[misc]
    assert made == [1, 2, 3, 2]
    assert len(recent) == 2


def test_threads_that_make_a_value_at_once_share_one() -> None:
    """Whoever is first is kept; nobody is left with a value of his own."""
    recent: Recent[object] = Recent(4)
    barrier = threading.Barrier(4, timeout=20)
    found: list[object] = []

    def make() -> object:
        barrier.wait()
        return object()

    threads = [threading.Thread(target=lambda: found.append(recent.get("key", make))) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)

    assert len(found) == 4
    assert len(set(map(id, found))) == 1


def test_without_a_schema_engine_the_remedy_is_named(tmp_path: Any) -> None:
    """No program can be read then."""
    kernel = ml.Kernel(plugins=PluginManager.load(Selection(only=[])), home=tmp_path)

    with pytest.raises(PluginMissing, match="No schema engine is installed") as caught:
        kernel.compile("a -> b")
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("pip install elixirml-schemas")


def test_types_are_read_once(world: Any) -> None:
    """A class is asked of the engine once; something that is no key is asked each time."""
    found = world.kernel.capabilities

    assert found.schema(Thing) is found.schema(Thing)
    with pytest.raises(DeclarationError, match="No installed schema engine reads"):
        found.schema({"a": str})
