"""What the tests of executors share: work that can be done anywhere."""

import os
from pathlib import Path
from typing import Any

import pytest

from elixirml.contracts import Bundle
from elixirml.identity import digest

HELPER = """
import os, signal
from contextlib import asynccontextmanager
import anyio

@asynccontextmanager
async def work(setup, sources):
    met = []

    async def do(payload):
        kind, value = payload
        if kind == "square":
            return value * value
        if kind == "meet":
            met.append(value)
            while len(met) < value:
                await anyio.sleep(0.01)
            return len(met)
        if kind == "pid":
            return os.getpid()
        if kind == "fail":
            raise ValueError(value)
        if kind == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if kind == "print":
            print(value)
            return value
        if kind == "strange":
            return object()
        if kind == "sleep":
            await anyio.sleep(60)
    yield do
"""


@pytest.fixture(autouse=True)
def helper_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module that this process and its workers find."""
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "executor_helper.py").write_text(HELPER)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
    return folder


@pytest.fixture
def bundle() -> Any:
    """Makes the helper's work, as executors know it."""

    def made(**setup: Any) -> Bundle:
        return Bundle(digest(["helper", setup]), "executor_helper:work", setup)

    return made
