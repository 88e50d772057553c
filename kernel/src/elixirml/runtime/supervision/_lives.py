"""What the supervisor remembers of its children between two events."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
from attrs import define, field

from elixirml.errors import ElixirError
from elixirml.runtime.supervision.children import ChildShutdown, ChildSpec, ChildStartFailed, ChildState, Run
from elixirml.runtime.supervision.policy import Exit

__all__ = ["Due", "Life", "Order", "Slot", "alongside"]


@define(eq=False)
class Life:
    """One start of one child, from its first step to its end. Also its task status: `started` marks it ready."""

    spec: ChildSpec
    scope: anyio.CancelScope = field(factory=lambda: anyio.CancelScope(shield=True))
    settled: anyio.Event = field(factory=anyio.Event)  # ready, or ended without having been
    over: anyio.Event = field(factory=anyio.Event)
    ready: bool = False
    value: Any = None
    exit: Exit = Exit.NORMAL
    error: BaseException | None = None

    def started(self, value: Any = None) -> None:
        """Note that the child is ready, with what it wants to hand out."""
        self.ready, self.value = True, value
        self.settled.set()

    async def live(self) -> None:
        """Run the child to its end and note how it ended; only what is not an `Exception` goes through."""
        try:
            with self.scope:
                await self.spec.run(task_status=self)
        except ChildShutdown as shutdown:
            self.exit, self.error = Exit.SHUTDOWN, shutdown
        except Exception as error:  # noqa: BLE001 - whatever a child dies of is the supervisor's to judge
            self.exit, self.error = Exit.CRASH, error
        except anyio.get_cancelled_exc_class() as error:
            # The scope is shielded and swallows its own cancellation: somebody else cancelled the task.
            self.exit, self.error = Exit.CRASH, error
        finally:
            self.settled.set()
            self.over.set()


@define(eq=False)
class Slot:
    """What outlives a child's single lives."""

    spec: ChildSpec
    state: ChildState = ChildState.WAITING
    generation: int = 0
    life: Life | None = None
    last_error: BaseException | None = None


@define(eq=False)
class Order:
    """A wish from outside the deciding task: add a child, or stop and remove one."""

    carry_out: Callable[[], Awaitable[Any]]
    done: anyio.Event = field(factory=anyio.Event)
    result: Any = None
    error: ElixirError | None = None


@define(eq=False)
class Due:
    """Children to be started once their back-off is over."""

    at: float
    children: tuple[str, ...]


@asynccontextmanager
async def alongside(run: Run, *, name: str) -> AsyncGenerator[None, None]:
    """Live beside the block: entered once `run` is ready, which is cancelled and has ended when the block is left.

    An error of the block, or one that `run` dies of and that cancels the block, comes out bare, not in a group.
    """
    life = Life(ChildSpec(name, run))
    failure: BaseException | None = None
    async with anyio.create_task_group() as tasks:

        async def live() -> None:
            await life.live()
            if life.error is not None:
                tasks.cancel_scope.cancel()

        tasks.start_soon(live, name=name)
        try:
            await life.settled.wait()
            if life.ready:
                yield
        except Exception as error:  # noqa: BLE001 - raised again below, outside of the group
            failure = error
        finally:
            life.scope.cancel()
    failure = failure or life.error
    if failure is not None:
        raise failure
    if not life.ready:
        raise ChildStartFailed(f"{name} ended before it was ready")
