"""Tests of the child process that need no model: how it starts, fails and ends."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from elixirml.contracts import ModelRequest

ASKED = ModelRequest(text="Hello", max_tokens=1)


def ended(worker: Any) -> tuple[int, str]:
    """Wait until a child process has ended, and return its exit code and standard error."""
    _, errors = worker.process.communicate(timeout=60)
    return worker.process.returncode, errors


@pytest.mark.parametrize(
    ("content", "expected"),
    [(None, "is gone"), (b"", "cannot be loaded"), (b"GGUF" + b"\0" * 5000, "cannot be loaded")],
    ids=["missing", "empty", "broken"],
)
def test_a_file_that_cannot_be_loaded_is_told(
    start_worker: Any, tmp_path: Path, content: bytes | None, expected: str
) -> None:
    """The answer says so, the process lives on, and the machine is left to other engines."""
    path = tmp_path / "model.gguf"
    if content is not None:
        path.write_bytes(content)
    worker = start_worker(path, tmp_path / "engine.lock")
    for _ in range(2):
        answer = worker.ask(ASKED)
        assert answer["code"] == "file"
        assert expected in answer["error"]
    other = start_worker(path, tmp_path / "engine.lock")
    assert other.ask(ASKED)["code"] == "file"


def test_it_ends_with_its_input(start_worker: Any, tmp_path: Path) -> None:
    """A parent that is gone closes the pipe; that is enough, and nothing is said about it."""
    worker = start_worker(tmp_path / "model.gguf", tmp_path / "engine.lock")
    assert ended(worker) == (0, "")


def test_it_ends_while_it_waits_for_another_engine(start_worker: Any, tmp_path: Path) -> None:
    """Waiting for the machine does not keep it from noticing that its parent is gone."""
    code = "import fcntl, sys, time; file = open(sys.argv[1], 'w'); fcntl.flock(file, fcntl.LOCK_EX);"
    code += "print('held', flush=True); time.sleep(600)"
    lock = tmp_path / "engine.lock"
    with subprocess.Popen([sys.executable, "-c", code, str(lock)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        worker = start_worker(tmp_path / "model.gguf", lock)
        worker.send(ASKED)
        assert ended(worker) == (0, "")
        holder.kill()


def test_an_interrupt_is_not_its_business(start_worker: Any, tmp_path: Path) -> None:
    """Ctrl-C is the parent's to handle: the child goes on without a traceback."""
    worker = start_worker(tmp_path / "model.gguf", tmp_path / "engine.lock")
    worker.ask(ASKED)
    worker.process.send_signal(signal.SIGINT)
    assert worker.ask(ASKED)["code"] == "file"
    assert ended(worker) == (0, "")


def test_files_of_the_working_folder_are_not_imported(tmp_path: Path) -> None:
    """A user's `json.py` is none of the worker's modules."""
    (tmp_path / "queue.py").write_text("raise SystemExit('imported')")
    asked = json.dumps({"id": 1, "model": {"path": "none", "context": 9, "threads": 1, "lock": str(tmp_path / "l")}})
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "elixirml_local.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ""},
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(asked + "\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["code"] == "file"
        process.stdin.close()
