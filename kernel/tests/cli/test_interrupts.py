"""Ctrl-C while an event loop is started or joined: obeyed a moment later."""

import signal
import threading
from collections.abc import Iterator

import pytest

from elixirml.cli.interrupts import interrupts_later


@pytest.fixture(autouse=True)
def python_handler() -> Iterator[None]:
    """Handle interrupts as Python does when it is started from a terminal."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def pressed(times: int, done: list[str]) -> None:
    """Press Ctrl-C in a block, and note when the block is finished."""
    with interrupts_later():
        for _ in range(times):
            signal.raise_signal(signal.SIGINT)
        done.append("finished")


def test_the_block_is_finished_first() -> None:
    """The interrupt is neither lost nor early."""
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        pressed(1, done)
    assert done == ["finished"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_one_is_obeyed_at_once() -> None:
    """Who presses twice does not want to wait."""
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        pressed(2, done)
    assert done == []


def test_without_one_nothing_happens() -> None:
    """The block's own error passes, and the handler is put back."""
    with pytest.raises(ValueError, match="its own"), interrupts_later():
        raise ValueError("its own")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_somebody_else_decided_stays() -> None:
    """A background job ignores interrupts, and goes on doing so."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with interrupts_later():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_other_threads_are_left_alone() -> None:
    """Only the main thread may set handlers; elsewhere the block just runs."""
    done = []

    def work() -> None:
        with interrupts_later():
            done.append("finished")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == ["finished"]
