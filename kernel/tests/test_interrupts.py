"""Ctrl-C while an event loop is started or joined: obeyed a moment later."""

import signal
import threading

import pytest

from elixirml.interrupts import interrupts_later

pytestmark = pytest.mark.usefixtures("terminal")


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


def test_an_error_of_the_block_does_not_hide_one() -> None:
    """Who handles the error would go on, although the user said stop."""

    def failing() -> None:
        with interrupts_later():
            signal.raise_signal(signal.SIGINT)
            raise ValueError("its own")

    with pytest.raises(KeyboardInterrupt) as caught:
        failing()
    assert isinstance(caught.value.__context__, ValueError)


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
