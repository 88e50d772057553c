"""Kernels inside other programs: the examples of `docs/examples/embedding`, and two kernels in one process."""

import json
import runpy
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import anyio
import pytest
from attrs import frozen

import elixirml as ml
from elixirml.config import option
from elixirml.contracts import Event
from elixirml.plugins import PluginManager
from elixirml.testing.models import ScriptedModel, ScriptedProvider

EXAMPLES: Final = Path(__file__).parents[2] / "docs" / "examples" / "embedding"


@frozen
class HostSettings:
    """A section of the application's own."""

    greeting: str = option("hello", help="What is said first.")


def kernel(answer: str, home: Path, **options: Any) -> ml.Kernel:
    """Return a kernel whose host offers a model and a section, beside what is installed."""
    plugins = PluginManager.load()
    model = ScriptedModel(name="host/model", script=[json.dumps({"answer": answer})])
    plugins.registry.offer("language_models", "host", ScriptedProvider({"model": model}))
    plugins.registry.offer("configurations", "host", HostSettings)
    return ml.Kernel(plugins=plugins, model="host/model", home=home, **options)


class Client:
    """Talks to an ASGI application as a server does."""

    def __init__(self, application: Any) -> None:
        self.application = application

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start the application, and stop it at the end of the block."""
        to_it, its_end = anyio.create_memory_object_stream[dict[str, Any]](1)
        its_own, from_it = anyio.create_memory_object_stream[dict[str, Any]](1)
        with to_it, its_end, its_own, from_it:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self.application, {"type": "lifespan"}, its_end.receive, its_own.send)
                await to_it.send({"type": "lifespan.startup"})
                assert (await from_it.receive())["type"] == "lifespan.startup.complete"
                yield
                await to_it.send({"type": "lifespan.shutdown"})
                assert (await from_it.receive())["type"] == "lifespan.shutdown.complete"

    async def post(self, path: str, content: bytes) -> tuple[int, Mapping[str, Any]]:
        """Return status and content of the answer to a request, whose body comes in two pieces."""
        half = len(content) // 2
        coming = [
            {"type": "http.request", "body": content[:half], "more_body": True},
            {"type": "http.request", "body": content[half:]},
        ]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return coming.pop(0)

        async def send(event: dict[str, Any]) -> None:
            sent.append(event)

        await self.application({"type": "http", "method": "POST", "path": path}, receive, send)
        assert [each["type"] for each in sent] == ["http.response.start", "http.response.body"]
        return sent[0]["status"], json.loads(sent[1]["body"])


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Both event loops."""
    return request.param


@pytest.mark.anyio
async def test_an_asgi_application_answers_while_its_kernel_runs(tmp_path: Path) -> None:
    """The server's lifespan is the kernel's; requests of one moment are answered beside each other."""
    own = kernel("Oslo", tmp_path)
    client = Client(runpy.run_path(str(EXAMPLES / "asgi_app.py"))["Application"](own))
    answers: list[tuple[int, Mapping[str, Any]]] = []

    async def ask() -> None:
        answers.append(await client.post("/ask", b'{"question": "Capital of Norway?"}'))

    async with client.running():
        assert own.tree() is not None
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(ask)
    assert answers == [(200, {"answer": "Oslo"})] * 3
    assert own.tree() is None


@pytest.mark.anyio
async def test_an_asgi_application_says_what_is_wrong_with_a_request(tmp_path: Path) -> None:
    """Mistakes of callers are theirs, each with a code; none stops the application."""
    client = Client(runpy.run_path(str(EXAMPLES / "asgi_app.py"))["Application"](kernel("Oslo", tmp_path)))
    async with client.running():
        assert await client.post("/tell", b"{}") == (404, {"error": "not-found"})
        assert await client.post("/ask", b"what?") == (400, {"error": "no-json"})
        status, content = await client.post("/ask", b'{"qestion": "Capital of Norway?"}')
        assert (status, content["error"]) == (422, "validation")
        assert (await client.post("/ask", b'{"question": "?"}'))[0] == 200


def test_a_plain_script_runs_with_a_model_of_its_own(tmp_path: Path) -> None:
    """A model that the host offers needs no distribution and no entry point."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / "plain_script.py"), "Capital of Norway?", "Capital of Mars?"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("Oslo\nunknown\n", "")


def test_two_kernels_in_two_threads_share_nothing(tmp_path: Path) -> None:
    """Each has its own model under the same name, its own observers and its own settings; no thread is left behind."""
    both_run = threading.Barrier(2, timeout=30)
    before = set(threading.enumerate())
    found: dict[str, list[Any]] = {}

    class Counting:
        """Counts model calls."""

        calls = 0

        def notify(self, event: Event) -> None:
            self.calls += event.name == "model.end"

    def work(answer: str, times: int) -> None:
        observer = Counting()
        own = kernel(answer, tmp_path / answer, observers=[observer], config={"host": {"greeting": answer}})
        program = ml.as_program(ml.predict("question -> answer: str", adapter="json"))
        with ml.BlockingKernel(own) as door:
            both_run.wait()
            own.config.change("host", {"greeting": f"{own.configuration('host').greeting}!"})
            answers = {door.run(program, {"question": str(each)}).fields["answer"] for each in range(times)}
            both_run.wait()
        found[answer] = [answers, observer.calls, own.configuration("host").greeting]

    threads = [threading.Thread(target=work, args=each) for each in (("Oslo", 3), ("Lima", 5))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert found == {"Oslo": [{"Oslo"}, 3, "Oslo!"], "Lima": [{"Lima"}, 5, "Lima!"]}
    assert set(threading.enumerate()) <= before
