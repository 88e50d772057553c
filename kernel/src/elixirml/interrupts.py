"""Ctrl-C, where an event loop runs on a thread of its own: obeyed in good order, and without a trace of the loop's."""

import contextlib
import signal
import threading
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future
from types import FrameType
from typing import Any, Final, TypeVar

from anyio.abc import TaskStatus
from anyio.from_thread import BlockingPortal

__all__ = ["carried_out", "interrupts_later"]

T = TypeVar("T")

_GLANCE_S: Final = 0.25
"""How long to wait at a stretch: a signal that comes just before a wait begins is noticed when it ends."""

_PATIENCE_S: Final = 10.0
"""How long work that is told to stop may take to put things in order."""


@contextlib.contextmanager
def interrupts_later() -> Generator[None]:
    """Let the block finish before a Ctrl-C is obeyed; a second one is obeyed at once.

    While the thread of an event loop is started or joined, an interrupt would leave the main thread waiting for ever
    for a loop that nobody stops. Outside the main thread, where interrupts do not arrive, and where somebody else has
    decided what they do, this changes nothing.

    Raises:
        KeyboardInterrupt: After the block, when there was one; also after a block that failed.
    """
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if threading.current_thread() is not threading.main_thread() or not ours:
        yield
        return
    pressed = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        _ = number, frame
        if pressed:
            raise KeyboardInterrupt
        pressed = True

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if pressed:
            raise KeyboardInterrupt


def carried_out(portal: BlockingPortal, function: Callable[..., Awaitable[T]], *args: Any) -> T:
    """Run an async function on a portal's loop and return what it returns.

    Args:
        portal: Where the loop is.
        function: What to run.
        args: Its arguments.

    Raises:
        KeyboardInterrupt: On a Ctrl-C, once the function has been cancelled and has put things in order. Another Ctrl-C
            ends the wait for that, and so do ten seconds.
    """
    work: tuple[Future[T], threading.Event] | None = None
    try:
        with interrupts_later():  # work that is begun must be known here, or nobody could stop it
            work = portal.start_task(_followed, function, args)
        future, over = work
        while not over.wait(_GLANCE_S):
            pass
        return future.result()
    except KeyboardInterrupt:
        if work is not None:
            future, over = work
            future.cancel()
            over.wait(_PATIENCE_S)
        raise


async def _followed(
    function: Callable[..., Awaitable[T]], args: tuple[Any, ...], *, task_status: TaskStatus[threading.Event]
) -> T:
    """Await a function; a cancelled future is done at once, so an event tells when the function is."""
    over = threading.Event()
    task_status.started(over)
    try:
        return await function(*args)
    finally:
        over.set()
