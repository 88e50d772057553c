"""The HTTP server of llama.cpp, asked through the OpenAI-compatible client: a real endpoint, on this machine."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest

import elixirml as ml
from elixirml.contracts import Capability, Message, ModelEnd, ModelRequest, Role, TextDelta
from elixirml.plugins import PluginManager
from elixirml.runtime.kernel import cache_folder

pytestmark = [pytest.mark.model, pytest.mark.anyio]

SERVING = """
import fcntl, os, sys, time
import xllamacpp as x

path, lock = sys.argv[1:]
held = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
fcntl.flock(held, fcntl.LOCK_EX)  # no two engines on one machine
os.ftruncate(held, 0)
os.write(held, str(os.getpid()).encode())
params = x.CommonParams()
params.model.path, params.n_ctx, params.n_parallel = path, 2048, 1
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 2
params.hostnames, params.port, params.verbosity = ["127.0.0.1"], 0, 0
server = x.Server(params)
print("at", server.listening_address, flush=True)
time.sleep(600)
"""


@pytest.fixture
def anyio_backend() -> str:
    """One loop is enough here: the client is tested on both against the loopback server."""
    return "asyncio"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Give the address of a server that has loaded the small model."""
    cache = cache_folder(os.environ)
    paths = sorted((cache / "models").glob("smollm2-*.gguf"))
    if not paths or find_spec("xllamacpp") is None:
        pytest.skip("needs elixirml-local and its model: elixirml models get smollm2")
    command = [sys.executable, "-c", SERVING, str(paths[0]), str(cache / "engine.lock")]
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as process:
        try:
            assert process.stdout is not None
            found = next(line.split()[1] for line in process.stdout if line.startswith("at "))
            _wait_for(found)
            yield found
        finally:
            process.kill()


def _wait_for(address: str) -> None:
    """Wait until the model is loaded."""
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        if httpx.get(f"{address}/health", trust_env=False).status_code == httpx.codes.OK:
            return
        time.sleep(0.2)
    pytest.fail("the server has not loaded its model within a minute")


def ask(text: str, **more: Any) -> ModelRequest:
    return ModelRequest((Message(Role.USER, text),), max_tokens=24, seed=1, **more)


async def test_the_server_of_llama_cpp_is_an_endpoint_like_any_other(address: str, tmp_path: Path) -> None:
    """A reply, the same as a stream, one that keeps to a grammar, and one that keeps to a schema."""
    lab = {"url": f"{address}/v1", "grammar": True, "concurrency": 1}
    schema = {
        "type": "object",
        "properties": {"town": {"enum": ["Oslo", "Paris"]}},
        "required": ["town"],
        "additionalProperties": False,
    }
    config = {"http": {"endpoints": {"llamacpp": lab}}}
    async with ml.Kernel(plugins=PluginManager.load(), home=tmp_path, config=config, middlewares=()) as kernel:
        model = kernel.language_model("http/llamacpp/smollm2")
        whole = await model.complete(ask("What is the capital of France?"))
        async with ml.contracts.streamed(model, ask("What is the capital of France?")) as deltas:
            found = [each async for each in deltas]
        held = await model.complete(ask("Is Oslo a town?", grammar='root ::= "certainly" | "hardly"'))
        formed = await model.complete(ask("Name a town.", json_schema=schema))

    assert Capability.GRAMMAR in model.capabilities
    assert whole.text.strip()
    assert whole.usage.tokens_in > 5
    assert whole.usage.tokens_out > 0
    end = found[-1]
    assert isinstance(end, ModelEnd)
    assert "".join(each.text for each in found if isinstance(each, TextDelta)) == end.response.text == whole.text
    assert end.response.usage.tokens_out == whole.usage.tokens_out
    assert held.text in {"certainly", "hardly"}
    assert json.loads(formed.text)["town"] in {"Oslo", "Paris"}
