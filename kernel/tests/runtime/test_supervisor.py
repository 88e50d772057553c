"""Tests of `elixirml.runtime.supervision.Supervisor` on asyncio and trio; children end when the test says so."""

import asyncio
import math
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import trio.testing
from anyio.abc import TaskStatus
from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as st

from elixirml.errors import ConfigError, ExecutorError
from elixirml.runtime.supervision import (
    Backoff,
    ChildShutdown,
    ChildSpec,
    ChildStartFailed,
    ChildState,
    Exit,
    Restart,
    RestartLimitReached,
    Rules,
    Strategy,
    Supervisor,
    Transition,
)
from elixirml.runtime.supervision.policy import Entry, simulate

pytestmark = pytest.mark.anyio
AT_ONCE = Backoff(initial_s=0)
WORDS = {
    ChildState.RUNNING: "start",
    ChildState.CRASHED: "exit",
    ChildState.EXITED: "exit",
    ChildState.STOPPED: "stop",
}


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@define
class Puppet:
    """One life of a child that waits to be told how to end."""

    told: anyio.Event = field(factory=anyio.Event)
    exit: Exit = Exit.NORMAL


@define
class Stage:
    """Children that the test ends, and the log of what became of them."""

    log: list[tuple[str, str]] = field(factory=list[tuple[str, str]])
    transitions: list[Transition] = field(factory=list[Transition])
    puppets: dict[str, Puppet] = field(factory=dict[str, Puppet])
    changed: anyio.Event = field(factory=anyio.Event)
    live: int = 0

    def child(self, name: str, **options: Any) -> ChildSpec:
        async def run(*, task_status: TaskStatus[None]) -> None:
            puppet = self.puppets[name] = Puppet()
            self.live += 1
            try:
                task_status.started()
                await puppet.told.wait()
            finally:
                self.live -= 1
            if puppet.exit is Exit.CRASH:
                raise RuntimeError(f"{name} crashed")
            if puppet.exit is Exit.SHUTDOWN:
                raise ChildShutdown(f"{name} went on purpose")

        return ChildSpec(name, run, **options)

    def note(self, transition: Transition) -> None:
        self.transitions.append(transition)
        if word := WORDS.get(transition.after):
            self.log.append((word, transition.child))
        self.changed.set()
        self.changed = anyio.Event()

    def end(self, name: str, exit_: Exit = Exit.CRASH) -> None:
        self.puppets[name].exit = exit_
        self.puppets[name].told.set()

    async def until(self, true: Callable[[], bool]) -> None:
        while not true():
            await self.changed.wait()

    async def logged(self, count: int) -> None:
        await self.until(lambda: len(self.log) >= count)


async def play(
    rules: Rules, children: Sequence[Entry], exits: Sequence[tuple[float, str, Exit]], *, on_time: bool
) -> None:
    """Let a real supervisor live through the exits and compare everything it did with the pure model."""
    stage = Stage()
    supervisor = Supervisor(
        "root",
        [stage.child(child.id, restart=child.restart) for child in children],
        strategy=rules.strategy,
        max_restarts=rules.max_restarts,
        window_s=rules.window_s,
        backoff=AT_ONCE,
        on_transition=stage.note,
    )
    begin = anyio.current_time()
    expected = simulate(rules, children, exits)
    failure: ExecutorError | None = None

    async def run() -> None:
        nonlocal failure
        try:
            await supervisor.run()
        except RestartLimitReached as error:
            failure = error

    with anyio.fail_after(math.inf if on_time else 20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            for done, (at, child, exit_) in enumerate(exits):
                before = simulate(rules, children, exits[:done])
                await stage.logged(len(before.log))
                if on_time:
                    await anyio.sleep_until(begin + at)
                if child in before.running:
                    stage.end(child, exit_)
            await stage.logged(len(expected.log))
            if not expected.escalated:
                up = tuple(child.id for child in supervisor.tree().children if child.state is ChildState.RUNNING)
                assert up == expected.running
            supervisor.stop()

    assert tuple(stage.log[: len(expected.log)]) == expected.log
    assert stage.log[len(expected.log) :] == [("stop", child) for child in reversed(expected.running)]
    assert (failure is not None) is expected.escalated
    assert stage.live == 0


KINDS = st.lists(st.sampled_from(Restart), min_size=1, max_size=4).map(
    lambda kinds: [Entry("abcd"[position], kind) for position, kind in enumerate(kinds)]
)
EXITS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from("abcd"), st.sampled_from(Exit)), max_size=6)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_supervisor_does_what_the_model_decides(backend: str) -> None:
    """For generated children and ends, the real supervisor starts, stops and gives up exactly like the pure policy."""

    @settings(max_examples=150, deadline=None)
    @given(st.sampled_from(Strategy), st.integers(0, 3), KINDS, EXITS)
    def check(strategy: Strategy, limit: int, children: list[Entry], ends: list[tuple[int, str, Exit]]) -> None:
        rules = Rules(strategy, limit, window_s=3600)
        exits = [(0.0, child, exit_) for _, child, exit_ in ends]

        async def main() -> None:
            await play(rules, children, exits, on_time=False)

        anyio.run(main, backend=backend)

    check()


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(Strategy), st.integers(0, 2), st.integers(1, 6), KINDS, EXITS)
def test_the_window_slides_in_real_seconds(
    strategy: Strategy, limit: int, window: int, children: list[Entry], ends: list[tuple[int, str, Exit]]
) -> None:
    """On a virtual clock, restarts spread wider than the window are forgotten just as the model forgets them."""
    at = 0
    exits: list[tuple[float, str, Exit]] = []
    for wait, child, exit_ in ends:
        at += wait
        exits.append((float(at), child, exit_))

    async def main() -> None:
        await play(Rules(strategy, limit, window), children, exits, on_time=True)

    on_a_virtual_clock(main)


async def test_a_child_starts_when_the_one_before_is_ready() -> None:
    """Start order is readiness order: the second child does not begin before the first says it is ready."""
    begun: list[str] = []
    let_go = anyio.Event()

    async def slow(*, task_status: TaskStatus[None]) -> None:
        begun.append("slow")
        await let_go.wait()
        begun.append("ready")
        task_status.started()
        await anyio.sleep_forever()

    async def quick(*, task_status: TaskStatus[None]) -> None:
        begun.append("quick")
        task_status.started()
        await anyio.sleep_forever()

    stage = Stage()
    supervisor = Supervisor("root", [ChildSpec("slow", slow), ChildSpec("quick", quick)], on_transition=stage.note)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(supervisor.run)
        await stage.until(lambda: bool(stage.transitions))
        assert supervisor.tree().state is ChildState.STARTING
        assert [child.state for child in supervisor.tree().children] == [ChildState.STARTING, ChildState.WAITING]
        let_go.set()
        await stage.logged(2)
        supervisor.stop()

    assert begun == ["slow", "ready", "quick"]


async def test_cancelling_from_outside_stops_in_reverse_order() -> None:
    """However the supervisor is ended, its children end last started first, each after the next is gone."""
    gone: list[str] = []

    def child(name: str) -> ChildSpec:
        async def run(*, task_status: TaskStatus[None]) -> None:
            task_status.started()
            try:
                await anyio.sleep_forever()
            finally:
                with anyio.CancelScope(shield=True):
                    await anyio.lowlevel.checkpoint()
                    await anyio.lowlevel.checkpoint()
                gone.append(name)

        return ChildSpec(name, run)

    supervisor = Supervisor("root", [child(name) for name in "abc"])
    async with anyio.create_task_group() as tasks:
        await tasks.start(supervisor.run)
        tasks.cancel_scope.cancel()

    assert gone == ["c", "b", "a"]
    assert supervisor.tree().state is ChildState.STOPPED


async def test_a_child_past_its_shutdown_limit_is_reported_and_waited_for() -> None:
    """A task cannot be killed: the overrun becomes visible, and nothing runs after the supervisor returned."""
    stage = Stage()
    overdue = anyio.Event()
    finished: list[str] = []

    async def stubborn(*, task_status: TaskStatus[None]) -> None:
        task_status.started()
        with anyio.CancelScope(shield=True):
            await overdue.wait()
        finished.append("stubborn")

    def note(transition: Transition) -> None:
        stage.note(transition)
        if transition.after is ChildState.OVERDUE:
            overdue.set()

    spec = ChildSpec("stubborn", stubborn, shutdown_s=0.01)
    with anyio.fail_after(10):
        async with Supervisor("root", [spec], on_transition=note).running():
            pass

    assert finished == ["stubborn"]
    assert [transition.after for transition in stage.transitions][-3:] == [
        ChildState.STOPPING,
        ChildState.OVERDUE,
        ChildState.STOPPED,
    ]


async def test_a_failed_first_start_fails_the_supervisor() -> None:
    """A child that cannot start at all stops those before it, and the error names it and its cause."""

    async def broken(*, task_status: TaskStatus[None]) -> None:
        raise OSError("no such device")

    stage = Stage()
    supervisor = Supervisor("root", [stage.child("a"), ChildSpec("b", broken), stage.child("c")])

    with pytest.raises(ChildStartFailed, match=r"root: child b .* no such device") as caught:
        await supervisor.run()

    assert isinstance(caught.value.__cause__, OSError)
    assert stage.live == 0
    assert "c" not in stage.puppets


async def test_a_child_must_say_that_it_is_ready() -> None:
    """Ending without `started()`, or taking longer than `ready_s`, is a failed start."""

    async def forgetful(*, task_status: TaskStatus[None]) -> None:
        pass

    async def endless(*, task_status: TaskStatus[None]) -> None:
        await anyio.sleep_forever()

    with pytest.raises(ChildStartFailed, match="without calling"):
        await Supervisor("root", [ChildSpec("forgetful", forgetful)]).run()
    with pytest.raises(ChildStartFailed, match=r"not ready within 0\.01 s"):
        await Supervisor("root", [ChildSpec("endless", endless, ready_s=0.01)]).run()


async def test_failing_restarts_use_up_the_limit() -> None:
    """A child that crashes and cannot come back is tried max_restarts times; then the supervisor gives up."""
    tries: list[int] = []

    async def fragile(*, task_status: TaskStatus[None]) -> None:
        tries.append(1)
        if len(tries) > 1:
            raise OSError("still broken")
        task_status.started()
        raise RuntimeError("first crash")

    stage = Stage()
    children = [stage.child("a"), ChildSpec("b", fragile)]
    supervisor = Supervisor("root", children, backoff=AT_ONCE, on_transition=stage.note)

    with pytest.raises(RestartLimitReached, match=r"root gave up: b .* 3 restarts .* OSError: still broken") as caught:
        await supervisor.run()

    assert len(tries) == 4
    assert isinstance(caught.value.__cause__, OSError)
    assert stage.live == 0
    assert stage.log[-1] == ("stop", "a")
    assert supervisor.tree().restarts_in_window == 4


async def test_the_block_is_cancelled_when_the_supervisor_gives_up() -> None:
    """Code that relies on the children does not run on without them, and the bare error says why."""
    stage = Stage()
    left: list[str] = []

    async def use() -> None:
        async with Supervisor("root", [stage.child("a")], max_restarts=0, on_transition=stage.note).running():
            stage.end("a")
            try:
                await anyio.sleep_forever()
            finally:
                left.append("block")

    with pytest.raises(RestartLimitReached, match="a crashed"), anyio.fail_after(10):
        await use()

    assert left == ["block"]


async def test_an_error_of_the_block_stops_the_children_and_stays_itself() -> None:
    """The block's own error comes out bare, after the children have ended."""
    stage = Stage()

    with pytest.raises(KeyError, match="mine"):
        async with Supervisor("root", [stage.child("a")]).running():
            raise KeyError("mine")

    assert stage.live == 0


async def test_a_nested_supervisor_is_an_ordinary_child() -> None:
    """When an inner supervisor gives up, the outer one restarts it whole, and the tree shows both floors."""
    stage = Stage()
    inner = Supervisor("inner", [stage.child("x"), stage.child("y")], max_restarts=0, on_transition=stage.note)
    outer = Supervisor("outer", [inner.as_child(), stage.child("z")], backoff=AT_ONCE, on_transition=stage.note)

    with anyio.fail_after(10):
        async with outer.running():
            stage.end("y")
            await stage.until(lambda: stage.log[-3:] == [("start", "x"), ("start", "y"), ("start", "inner")])
            tree = outer.tree()

    assert stage.log[:8] == [
        ("start", "x"),
        ("start", "y"),
        ("start", "inner"),
        ("start", "z"),
        ("exit", "y"),
        ("stop", "x"),
        ("exit", "inner"),
        ("start", "x"),
    ]
    assert [(child.id, child.generation, child.restarts_in_window) for child in tree.children] == [
        ("inner", 2, 1),
        ("z", 1, 0),
    ]
    assert [(child.id, child.state) for child in tree.children[0].children] == [
        ("x", ChildState.RUNNING),
        ("y", ChildState.RUNNING),
    ]
    assert "inner gave up: y" in str(tree.children[0].last_error)
    assert stage.log[-4:] == [("stop", "z"), ("stop", "y"), ("stop", "x"), ("stop", "inner")]
    assert stage.live == 0


async def test_the_tree_tells_generation_restarts_and_last_error() -> None:
    """After a crash the child's second generation runs, and its first death is still told."""
    stage = Stage()
    async with Supervisor("root", [stage.child("a")], backoff=AT_ONCE, on_transition=stage.note).running() as root:
        stage.end("a")
        await stage.logged(3)
        (child,) = root.tree().children

    assert (child.state, child.generation, child.restarts_in_window) == (ChildState.RUNNING, 2, 1)
    assert child.last_error == "RuntimeError: a crashed"
    after = [(transition.after, transition.generation) for transition in stage.transitions]
    assert after == [
        (ChildState.STARTING, 1),
        (ChildState.RUNNING, 1),
        (ChildState.CRASHED, 1),
        (ChildState.WAITING, 1),
        (ChildState.STARTING, 2),
        (ChildState.RUNNING, 2),
        (ChildState.STOPPING, 2),
        (ChildState.STOPPED, 2),
    ]
    assert str(stage.transitions[2].error) == "a crashed"


async def test_a_back_off_holds_up_nobody_else() -> None:
    """While one child waits for its restart, others are added, crash and stop as usual, and `stop` need not wait."""
    stage = Stage()
    patient = Backoff(initial_s=3600)
    supervisor = Supervisor("root", [stage.child("a"), stage.child("b")], backoff=patient, on_transition=stage.note)

    with anyio.fail_after(10):
        async with supervisor.running():
            stage.end("a")
            await stage.logged(3)
            stage.end("b")
            await stage.logged(4)
            await supervisor.start_child(stage.child("c"))
            states = {child.id: child.state for child in supervisor.tree().children}
            await supervisor.stop_child("a")

    assert states == {"a": ChildState.WAITING, "b": ChildState.WAITING, "c": ChildState.RUNNING}
    assert [child.id for child in supervisor.tree().children] == ["b", "c"]
    assert stage.live == 0


def test_back_off_waits_as_long_as_its_seed_says() -> None:
    """On a virtual clock, restarts come exactly after the seeded, growing delays."""
    backoff = Backoff(initial_s=1, factor=3, cap_s=5, jitter=0.5)
    rng = Random(42)
    delays = [backoff.delay(attempt, rng) for attempt in (1, 2, 3)]
    stage = Stage()

    async def main() -> None:
        spec = stage.child("a")
        async with Supervisor(
            "root", [spec], window_s=100, backoff=backoff, seed=42, on_transition=stage.note
        ).running():
            for count in (1, 3, 5):
                await stage.logged(count)
                stage.end("a")
            await stage.logged(7)

    on_a_virtual_clock(main)
    fell = [transition.at for transition in stage.transitions if transition.after is ChildState.CRASHED]
    rose = [transition.at for transition in stage.transitions if transition.after is ChildState.RUNNING]

    assert [up - down for up, down in zip(rose[1:], fell, strict=True)] == pytest.approx(delays)
    assert 0.5 <= delays[0] <= 1
    assert 2.5 <= delays[2] <= 5


def on_a_virtual_clock(main: Callable[[], Any]) -> None:
    clock = trio.testing.MockClock(autojump_threshold=0)
    anyio.run(main, backend="trio", backend_options={"clock": clock})


def test_a_wider_sweep_takes_over_a_waiting_restart() -> None:
    """A child that waits for its restart is started once, with the sweep, when a sibling before it falls too."""
    stage = Stage()
    patient = Backoff(initial_s=10, jitter=0)

    async def main() -> None:
        async with Supervisor(
            "root",
            [stage.child("a"), stage.child("b")],
            strategy=Strategy.REST_FOR_ONE,
            backoff=patient,
            on_transition=stage.note,
        ).running():
            stage.end("b")
            await anyio.sleep(4)
            stage.end("a")
            await anyio.sleep(8)  # the first wait would be over
            assert stage.live == 0
            await anyio.sleep(100)
            assert stage.live == 2

    on_a_virtual_clock(main)
    assert [child for word, child in stage.log if word == "start"] == ["a", "b", "a", "b"]


def test_a_child_removed_while_it_waits_is_not_started() -> None:
    """`stop_child` also calls off the restart that a back-off had put off."""
    stage = Stage()

    async def main() -> None:
        supervisor = Supervisor("root", [stage.child("a")], backoff=Backoff(initial_s=10), on_transition=stage.note)
        async with supervisor.running():
            stage.end("a")
            await stage.logged(2)
            await supervisor.stop_child("a")
            await anyio.sleep(100)
            assert supervisor.tree().children == ()

    on_a_virtual_clock(main)
    assert stage.log == [("start", "a"), ("exit", "a")]


async def test_a_temporary_child_is_forgotten_once_it_ended() -> None:
    """A temporary child leaves the tree with its end, so that many short-lived ones do not pile up."""
    stage = Stage()
    spec = stage.child("job", restart=Restart.TEMPORARY)
    with anyio.fail_after(10):
        async with Supervisor("root", [stage.child("a"), spec], on_transition=stage.note).running() as supervisor:
            stage.end("job", Exit.NORMAL)
            await stage.until(lambda: ("exit", "job") in stage.log)
            await supervisor.start_child(spec)
            stage.end("job")
            await stage.logged(5)
            await supervisor.start_child(stage.child("b"))
            assert [child.id for child in supervisor.tree().children] == ["a", "b"]


async def test_children_come_and_go_while_it_runs() -> None:
    """`start_child` hands out what the child is ready with, `stop_child` ends it; both refuse wrong ids."""

    async def server(*, task_status: TaskStatus[int]) -> None:
        task_status.started(8080)
        await anyio.sleep_forever()

    async def broken(*, task_status: TaskStatus[None]) -> None:
        raise OSError("port taken")

    supervisor = Supervisor("root")
    with anyio.fail_after(10):
        async with supervisor.running():
            assert await supervisor.start_child(ChildSpec("server", server)) == 8080
            with pytest.raises(ConfigError, match="has a child server already"):
                await supervisor.start_child(ChildSpec("server", server))
            with pytest.raises(ChildStartFailed, match="port taken"):
                await supervisor.start_child(ChildSpec("broken", broken))
            with pytest.raises(ConfigError, match="Did you mean `server`"):
                await supervisor.stop_child("sever")
            assert [child.id for child in supervisor.tree().children] == ["server"]
            await supervisor.stop_child("server")
            assert supervisor.tree().children == ()

    with pytest.raises(ExecutorError, match="does not run"):
        await supervisor.start_child(ChildSpec("server", server))


async def test_an_order_is_refused_when_the_supervisor_ends_first() -> None:
    """Whoever waits for a child to start hears of the supervisor's end instead of waiting for ever."""
    refused: list[ExecutorError] = []

    async def endless(*, task_status: TaskStatus[None]) -> None:
        begun.set()
        await anyio.sleep_forever()

    async def ask() -> None:
        with pytest.raises(ExecutorError, match="does not run") as caught:
            await supervisor.start_child(ChildSpec("endless", endless))
        refused.append(caught.value)

    begun = anyio.Event()
    supervisor = Supervisor("root")
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            await tasks.start(supervisor.run)
            tasks.start_soon(ask)
            await begun.wait()
            supervisor.stop()

    assert len(refused) == 1


async def test_a_failing_observer_is_logged_and_ignored(caplog: pytest.LogCaptureFixture) -> None:
    """An observer that raises must not leave children without a supervisor."""

    def broken(transition: Transition) -> None:
        raise LookupError("observer broke")

    stage = Stage()
    async with Supervisor("root", [stage.child("a")], on_transition=broken).running():
        assert stage.live == 1

    assert stage.live == 0
    assert "observer broke" in caplog.text


async def test_an_exit_request_stops_everybody_and_goes_through() -> None:
    """What is not an `Exception`, like a request to exit, is nobody's to restart: children stop, and it propagates."""

    class Leaving(BaseException):
        pass

    async def leaving(*, task_status: TaskStatus[None]) -> None:
        task_status.started()
        raise Leaving

    stage = Stage()
    with pytest.raises(BaseExceptionGroup) as caught:
        await Supervisor("root", [stage.child("a"), ChildSpec("b", leaving)], on_transition=stage.note).run()

    assert caught.group_contains(Leaving)
    assert stage.live == 0
    assert stage.log[-1] == ("stop", "a")


async def test_two_runs_at_once_are_refused_and_a_second_run_starts_anew() -> None:
    """A supervisor runs once at a time; after its end it may run again, with the children it was made with."""
    stage = Stage()
    supervisor = Supervisor("root", [stage.child("a")], on_transition=stage.note)
    for generation in (1, 2):
        async with supervisor.running():
            with pytest.raises(ExecutorError, match="runs already"):
                await supervisor.run()
            await supervisor.start_child(stage.child("extra"))
        assert supervisor.tree().generation == generation

    assert stage.live == 0
    assert [child for word, child in stage.log if word == "start"] == ["a", "extra"] * 2


def test_children_need_ids_of_their_own() -> None:
    """Two children of one id could not be told apart in the tree."""
    with pytest.raises(ConfigError, match="a is given twice"):
        Supervisor("root", [Stage().child("a"), Stage().child("a")])


def test_a_child_task_cancelled_by_somebody_else_counts_as_crashed() -> None:
    """On asyncio a task can be cancelled natively; the supervisor restarts such a child and lives on."""
    stage = Stage()

    async def suicidal(*, task_status: TaskStatus[None]) -> None:
        task_status.started()
        if len([word for word, _ in stage.log if word == "start"]) == 0:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
        await anyio.sleep_forever()

    async def main() -> None:
        spec = ChildSpec("a", suicidal)
        with anyio.fail_after(10):
            async with Supervisor("root", [spec], backoff=AT_ONCE, on_transition=stage.note).running():
                await stage.logged(3)

    anyio.run(main, backend="asyncio")
    assert stage.log == [("start", "a"), ("exit", "a"), ("start", "a"), ("stop", "a")]


async def test_cancelling_at_any_step_leaves_nobody_behind() -> None:
    """Wherever the cancellation hits, during starts, sweeps or restarts, every child has ended afterwards."""
    for steps in range(40):
        stage = Stage()
        children = [stage.child(name) for name in "abc"]
        supervisor = Supervisor(
            "root", children, strategy=Strategy.ONE_FOR_ALL, max_restarts=9, backoff=AT_ONCE, on_transition=stage.note
        )

        async def crash(stage: Stage = stage) -> None:
            for round_ in (3, 9):
                await stage.logged(round_)
                stage.end("b")

        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(supervisor.run)
                tasks.start_soon(crash)
                for _ in range(steps):
                    await anyio.lowlevel.checkpoint()
                tasks.cancel_scope.cancel()

        assert stage.live == 0
        assert all(child.state is not ChildState.RUNNING for child in supervisor.tree().children)
