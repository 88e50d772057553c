"""Tests of the lock that keeps engines apart, between real processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from elixirml_local.faults import ModelNotLoaded
from elixirml_local.machine_lock import MachineLock

HOLDER = (
    "import sys, time; from elixirml_local.machine_lock import MachineLock as L; lock = L(sys.argv[1]); "
    "print('held', flush=True); time.sleep(600)"
)


def holder(path: Path) -> subprocess.Popen[str]:
    """Return a process that holds the lock."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_engine_is_told_who_holds_the_machine(tmp_path: Path) -> None:
    """After its patience the message names the process; once that is killed, the lock is free."""
    path = tmp_path / "not yet" / "engine.lock"
    with holder(path) as other:
        with pytest.raises(ModelNotLoaded, match=f"process {other.pid}"):
            MachineLock(str(path), patience_s=0)
        other.send_signal(signal.SIGKILL)
    lock = MachineLock(str(path), patience_s=0)
    assert path.read_text() == str(os.getpid())
    lock.release()


def test_a_second_engine_waits(tmp_path: Path) -> None:
    """A lock that becomes free in time is taken."""
    path = tmp_path / "engine.lock"
    with holder(path) as other:
        other.send_signal(signal.SIGKILL)
        MachineLock(str(path), patience_s=60).release()


def test_a_released_lock_is_free(tmp_path: Path) -> None:
    """Whoever could not load a model leaves the machine to others."""
    path = str(tmp_path / "engine.lock")
    MachineLock(path, patience_s=0).release()
    MachineLock(path, patience_s=0).release()


def test_a_lock_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    """A cache folder that is a file is told, not a traceback."""
    (tmp_path / "cache").write_text("")
    with pytest.raises(ModelNotLoaded, match="cannot be opened"):
        MachineLock(str(tmp_path / "cache" / "engine.lock"), patience_s=0)
