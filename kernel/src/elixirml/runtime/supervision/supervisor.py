"""The supervisor: carries out what the policy decides, on asyncio and trio alike.

One task owns all decisions; children only report their end to it. Each child lives in a cancel scope of its own that
is shielded from the outside, so that children stop in order, whatever stops the supervisor.
"""

import logging
import math
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import anyio
from anyio.abc import TaskGroup, TaskStatus

from elixirml.errors import ConfigError, ElixirError, ExecutorError, did_you_mean
from elixirml.runtime.supervision._lives import Due, Life, Order, Slot, alongside
from elixirml.runtime.supervision.children import (
    ChildSpec,
    ChildStartFailed,
    ChildState,
    ChildStatus,
    RestartLimitReached,
    Transition,
)
from elixirml.runtime.supervision.policy import Backoff, Decision, Entry, Exit, Restart, Rules, State, Strategy

__all__ = ["Supervisor"]

_log = logging.getLogger(__name__)


class Supervisor:
    """Starts children in order, restarts those that end by the rules, and stops them in reverse order.

    `run` is a child's life like any other, so supervisors nest: see `as_child`. The same supervisor may run again
    after it ended, with the children it was made with.

    Args:
        id: Its name in trees, transitions and messages.
        children: In start order.
        strategy: Who is started again with a child that ended.
        max_restarts: How many restarts the window may hold.
        window_s: Length of the sliding window, in seconds.
        backoff: The wait before a restart.
        seed: Of the back-off's jitter.
        on_transition: Called for every transition of a child, from the deciding task: it must be quick. What it
            raises is logged and goes no further.

    Raises:
        ConfigError: Two children share an id, or a limit is negative.

    Example:
        >>> async def heartbeat(*, task_status):
        ...     task_status.started()
        ...     await anyio.sleep_forever()
        >>> async def main():
        ...     async with Supervisor("root", [ChildSpec("heart", heartbeat)]).running() as supervisor:
        ...         return [child.state.value for child in supervisor.tree().children]
        >>> anyio.run(main)
        ['running']
    """

    def __init__(
        self,
        id: str,  # noqa: A002 - the word of trees and specs
        children: Sequence[ChildSpec] = (),
        *,
        strategy: Strategy = Strategy.ONE_FOR_ONE,
        max_restarts: int = 3,
        window_s: float = 5.0,
        backoff: Backoff | None = None,
        seed: int = 0,
        on_transition: Callable[[Transition], None] | None = None,
    ) -> None:
        self.id = id
        self.rules = Rules(Strategy(strategy), max_restarts, window_s)
        self._specs = tuple(children)
        self._backoff = Backoff() if backoff is None else backoff
        self._random = Random(seed)
        self._on_transition = on_transition
        ids = [spec.id for spec in children]
        if twice := sorted({child for child in ids if ids.count(child) > 1}):
            raise ConfigError(f"supervisor {id}: children need ids of their own, {', '.join(twice)} is given twice")
        self._phase = ChildState.WAITING
        self._runs = 0
        self._forget()

    def _forget(self) -> None:
        """Go back to the children this supervisor was made with, none of them started."""
        self._slots = {spec.id: Slot(spec) for spec in self._specs}
        self._policy = State(tuple(Entry(spec.id, spec.restart) for spec in self._specs))
        self._ended: deque[Life] = deque()
        self._orders: deque[Order] = deque()
        self._due: list[Due] = []
        self._bell: anyio.Event | None = None
        self._duty: anyio.CancelScope | None = None
        self._tasks: TaskGroup | None = None

    # What the outside may ask

    def as_child(self, *, restart: Restart = Restart.PERMANENT, ready_s: float | None = None) -> ChildSpec:
        """Return the declaration of this supervisor as a child of another one."""
        return ChildSpec(self.id, self.run, restart=restart, shutdown_s=None, ready_s=ready_s, inspect=self.tree)

    def tree(self) -> ChildStatus:
        """Return this supervisor and everything below it, as it is now."""
        at = anyio.current_time() if self._tasks is not None else None
        return ChildStatus(
            self.id,
            self._phase,
            generation=self._runs,
            restart=Restart.PERMANENT,
            restarts_in_window=self._counted(None, at),
            children=tuple(self._status(slot, at) for slot in self._slots.values()),
        )

    def stop(self) -> None:
        """Ask the supervisor to stop its children and return; does nothing when it does not run."""
        if self._duty is not None:
            self._duty.cancel()

    async def start_child(self, spec: ChildSpec) -> Any:
        """Add a child after the others and start it. Not to be called from a child that is not ready itself.

        Returns:
            What the child passed to `task_status.started`.

        Raises:
            ConfigError: The id is taken.
            ChildStartFailed: It did not become ready; it is not kept then.
            ExecutorError: The supervisor does not run, or ended meanwhile.
        """
        return await self._order(lambda: self._add(spec))

    async def stop_child(self, child: str) -> None:
        """Stop a child and remove it. A child cannot do this to itself, nor before it is ready.

        Raises:
            ConfigError: There is no such child.
            ExecutorError: The supervisor does not run, or ended meanwhile.
        """
        await self._order(lambda: self._remove(child))

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["Supervisor", None]:
        """Run as a context: entered when every child is ready, left when every child has ended.

        When the supervisor gives up, the block is cancelled and `RestartLimitReached` comes out of it.
        """
        async with alongside(self.run, name=self.id):
            yield self

    # The life of the supervisor

    async def run(self, *, task_status: TaskStatus["Supervisor"] = anyio.TASK_STATUS_IGNORED) -> None:
        """Start the children, serve until stopped or cancelled, and stop the children in reverse order.

        Raises:
            ChildStartFailed: A child did not become ready at the first start.
            RestartLimitReached: More restarts in the window than allowed.
            ExecutorError: It runs already.
        """
        if self._duty is not None:
            raise ExecutorError(f"supervisor {self.id} runs already", hint="Make a second Supervisor.")
        self._forget()
        self._runs += 1
        failure: ExecutorError | None = None
        with anyio.CancelScope() as self._duty:
            async with anyio.create_task_group() as self._tasks:
                try:
                    failure = await self._serve(task_status)
                finally:
                    await self._wind_up()
        if failure is not None:
            raise failure

    async def _serve(self, task_status: TaskStatus["Supervisor"]) -> ExecutorError | None:
        """Start everybody, then act on reports, orders and back-offs; return why it must give up."""
        self._phase = ChildState.STARTING
        failure: ExecutorError | None = None
        for child in tuple(self._slots):
            if (failure := await self._start(child)) is not None:
                return failure
        self._phase = ChildState.RUNNING
        task_status.started(self)
        while failure is None:
            # Events that came while others were handled come first: the bell is hung up before anybody looks.
            self._bell = anyio.Event()
            if self._ended:
                failure = await self._after_end(self._ended.popleft())
            elif self._orders:
                await self._obey(self._orders[0])
            elif self._due and self._due[0].at <= anyio.current_time():
                failure = await self._restart(self._due.pop(0))
            else:
                with anyio.CancelScope(deadline=self._due[0].at if self._due else math.inf):
                    await self._bell.wait()
        return failure

    async def _wind_up(self) -> None:
        """Stop all children in reverse order, whatever happens outside, and refuse what was still asked for."""
        with anyio.CancelScope(shield=True):
            self._phase = ChildState.STOPPING
            for child in reversed(tuple(self._slots)):
                await self._halt(child)
        self._phase = ChildState.STOPPED
        self._duty = self._tasks = self._bell = None
        for order in self._orders:
            order.error = self._not_running()
            order.done.set()

    def _ring(self) -> None:
        if self._bell is not None:
            self._bell.set()

    # Single children

    async def _start(self, child: str) -> ChildStartFailed | None:
        """Start a child and wait until it is ready; return why it is not."""
        slot = self._slots[child]
        slot.generation += 1
        slot.life = life = Life(slot.spec)
        self._move(slot, ChildState.STARTING)
        self._spawn(life)
        with anyio.move_on_after(slot.spec.ready_s):
            await life.settled.wait()
        if life.ready:
            self._policy = self._policy.started(child)
            self._move(slot, ChildState.RUNNING)
            return None
        if not life.settled.is_set():
            await self._halt(child)
            life.error = life.error or TimeoutError(f"not ready within {slot.spec.ready_s:g} s")
        return self._failed_start(slot, life)

    def _spawn(self, life: Life) -> None:
        if self._tasks is None:  # pragma: no cover - only the running supervisor comes here
            raise self._not_running()
        self._tasks.start_soon(self._live, life, name=f"{self.id}/{life.spec.id}")

    async def _live(self, life: Life) -> None:
        """Run a child's life in a task of its own, and report its end."""
        try:
            await life.live()
        finally:
            self._ended.append(life)
            self._ring()

    def _failed_start(self, slot: Slot, life: Life) -> ChildStartFailed:
        slot.life = None
        cause = life.error or RuntimeError("it ended without calling task_status.started()")
        slot.last_error = cause
        self._move(slot, ChildState.CRASHED, error=cause)
        failure = ChildStartFailed(f"{self.id}: child {slot.spec.id} did not start: {_named(cause)}")
        failure.__cause__ = cause
        return failure

    async def _halt(self, child: str) -> None:
        """Stop a child if it lives, and wait for its end; past its limit, say so and wait on."""
        slot = self._slots[child]
        life = slot.life
        if life is None:
            return
        self._move(slot, ChildState.STOPPING)
        life.scope.cancel()
        with anyio.move_on_after(slot.spec.shutdown_s):
            await life.over.wait()
        if not life.over.is_set():
            self._move(slot, ChildState.OVERDUE)
            await life.over.wait()
        slot.life = None
        slot.last_error = life.error or slot.last_error
        self._move(slot, ChildState.STOPPED, error=life.error)

    async def _after_end(self, life: Life) -> RestartLimitReached | None:
        """Act on a child that ended by itself; a life that was stopped meanwhile is no news."""
        child = life.spec.id
        slot = self._slots.get(child)
        if slot is None or slot.life is not life:
            return None
        slot.life = None
        slot.last_error = life.error or slot.last_error
        self._move(slot, ChildState.CRASHED if life.exit is Exit.CRASH else ChildState.EXITED, error=life.error)
        decided = self.rules.after_exit(self._policy, child, life.exit, at=anyio.current_time())
        return await self._carry_out(child, *decided, cause=life.error)

    async def _carry_out(
        self, child: str, state: State, decision: Decision, *, cause: BaseException | None
    ) -> RestartLimitReached | None:
        """Do what the policy decided about a child's end: stop, forget the temporary, and plan the starts."""
        self._policy = state
        for other in decision.stops:
            await self._halt(other)
        self._slots = {name: slot for name, slot in self._slots.items() if name in state}
        if decision.escalated:
            return self._gave_up(child, cause)
        if decision.starts:
            at = anyio.current_time() + self._backoff.delay(decision.attempt, self._random)
            # A wider sweep takes over what narrower ones had planned.
            others = [due for due in self._due if not set(due.children) <= set(decision.starts)]
            self._due = sorted([*others, Due(at, decision.starts)], key=lambda due: due.at)
            for other in decision.starts:
                self._move(self._slots[other], ChildState.WAITING)
        return None

    async def _restart(self, due: Due) -> RestartLimitReached | None:
        """Start children after their back-off; one that fails counts as a further restart."""
        for child in due.children:
            if child not in self._slots:
                continue  # removed while it waited
            if (failure := await self._start(child)) is not None:
                decided = self.rules.after_failed_start(self._policy, child, at=anyio.current_time())
                return await self._carry_out(child, *decided, cause=failure.__cause__)
        return None

    # Orders from outside

    async def _order(self, carry_out: Callable[[], Awaitable[Any]]) -> Any:
        if self._duty is None:
            raise self._not_running()
        order = Order(carry_out)
        self._orders.append(order)
        self._ring()
        await order.done.wait()
        if order.error is not None:
            raise order.error
        return order.result

    async def _obey(self, order: Order) -> None:
        """Carry out an order. It stays in the queue until done, so that its giver hears of a stop on the way."""
        try:
            order.result = await order.carry_out()
        except ElixirError as error:
            order.error = error
        self._orders.popleft()
        order.done.set()

    async def _add(self, spec: ChildSpec) -> Any:
        if spec.id in self._slots:
            raise ConfigError(f"supervisor {self.id} has a child {spec.id} already")
        self._slots[spec.id] = slot = Slot(spec)
        self._policy = self._policy.with_entry(Entry(spec.id, spec.restart))
        if (failure := await self._start(spec.id)) is not None:
            self._drop(spec.id)
            raise failure
        return None if slot.life is None else slot.life.value

    async def _remove(self, child: str) -> None:
        if child not in self._slots:
            raise ConfigError(f"supervisor {self.id} has no child {child}", hint=did_you_mean(child, self._slots))
        await self._halt(child)
        self._drop(child)

    def _drop(self, child: str) -> None:
        del self._slots[child]
        self._policy = self._policy.without(child)

    # Telling

    def _status(self, slot: Slot, at: float | None) -> ChildStatus:
        return ChildStatus(
            slot.spec.id,
            slot.state,
            generation=slot.generation,
            restart=slot.spec.restart,
            restarts_in_window=self._counted(slot.spec.id, at),
            last_error=None if slot.last_error is None else _named(slot.last_error),
            children=() if slot.spec.inspect is None else slot.spec.inspect().children,
        )

    def _counted(self, child: str | None, at: float | None) -> int:
        """Count restarts in the window that ends now, or ended with the last restart when nothing runs."""
        if at is None:
            at = self._policy.restarts[-1].at if self._policy.restarts else 0.0
        return self.rules.restarts_in_window(self._policy, at=at, child=child)

    def _move(self, slot: Slot, after: ChildState, *, error: BaseException | None = None) -> None:
        before, slot.state = slot.state, after
        if self._on_transition is None:
            return
        at = anyio.current_time()
        try:
            self._on_transition(Transition(self.id, slot.spec.id, before, after, slot.generation, at, error))
        except Exception:  # noqa: BLE001 - an observer must not be able to leave children without a supervisor
            _log.exception("supervisor %s: on_transition failed", self.id)

    def _gave_up(self, child: str, cause: BaseException | None) -> RestartLimitReached:
        rules = self.rules
        failure = RestartLimitReached(
            f"supervisor {self.id} gave up: {child} ended once more after {rules.max_restarts} restarts within "
            f"{rules.window_s:g} s" + ("" if cause is None else f"; last error: {_named(cause)}"),
            hint="Mend the cause, or allow more with max_restarts and window_s.",
        )
        failure.__cause__ = cause
        return failure

    def _not_running(self) -> ExecutorError:
        return ExecutorError(
            f"supervisor {self.id} does not run", hint="Start it first: `async with supervisor.running():`."
        )


def _named(error: BaseException) -> str:
    """Return an error's type and message on one line."""
    return f"{type(error).__name__}: {error}".split("\n", maxsplit=1)[0]
