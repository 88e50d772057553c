"""The model file, an engine in its own process, and both event loops."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import pytest

from elixirml.contracts import ModelRequest
from elixirml.runtime.kernel import cache_folder
from elixirml_local.catalogue import CATALOGUE
from elixirml_local.fetching import fetch_model


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def model_path() -> Path:
    """Return the file of the small model, fetched when it is absent."""
    return fetch_model(CATALOGUE["smollm2"], cache_folder(os.environ), say=lambda text: None)


class Worker:
    """The child process, spoken to by hand.

    Args:
        path: The model.
        lock: The machine's lock.
        context: Tokens of the context.
    """

    def __init__(self, path: Path, lock: Path, *, context: int = 2048) -> None:
        self.model = {"path": str(path), "context": context, "threads": 2, "lock": str(lock)}
        self.process = self._started()

    def _started(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "elixirml_local.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"},
            start_new_session=True,
        )

    def send(self, request: ModelRequest, **more: Any) -> None:
        """Ask without waiting."""
        assert self.process.stdin is not None
        asked = {"id": 7, "model": self.model, "request": {**request.to_json(), **more}}
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        """Return the next answer."""
        assert self.process.stdout is not None
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        assert answer.pop("id") == 7
        return answer

    def ask(self, request: ModelRequest, **more: Any) -> dict[str, Any]:
        """Ask and return the answer."""
        self.send(request, **more)
        return self.receive()

    def kill(self) -> None:
        """End it without a warning, and reap it."""
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()

    def restart(self) -> None:
        """Kill it, and start another."""
        self.kill()
        self.process = self._started()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


@pytest.fixture
def start_worker() -> Iterator[Callable[..., Worker]]:
    """Return what starts a child process; it is killed after the test."""
    with ExitStack() as stack:
        yield lambda *args, **options: stack.enter_context(Worker(*args, **options))


@pytest.fixture(scope="session")
def machine_lock_path() -> Path:
    """Return the lock that all engines of this machine share; tests do not disturb a user's engine."""
    return cache_folder(os.environ) / "engine.lock"


@pytest.fixture(scope="module")
def engine(model_path: Path, machine_lock_path: Path) -> Iterator[Worker]:
    """Return an engine that the tests of a module share."""
    with Worker(model_path, machine_lock_path) as made:
        yield made
