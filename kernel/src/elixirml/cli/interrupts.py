"""Ctrl-C at moments when it would do harm: noted, and obeyed a moment later."""

import contextlib
import signal
import threading
from collections.abc import Generator
from types import FrameType

__all__ = ["interrupts_later"]


@contextlib.contextmanager
def interrupts_later() -> Generator[None]:
    """Let the block finish before a Ctrl-C is obeyed; a second one is obeyed at once.

    While the thread of an event loop is started or joined, an interrupt would leave the main thread waiting for ever
    for a loop that nobody stops. Outside the main thread, where interrupts do not arrive, and where somebody else has
    decided what they do, this changes nothing.

    Raises:
        KeyboardInterrupt: After the block, when there was one.
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
