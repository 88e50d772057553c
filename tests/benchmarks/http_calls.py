"""How many calls at once models over HTTP carry, and what a call costs beside a bare one of httpx.

    python tests/benchmarks/http_calls.py [CALLERS ...]

Needs elixirml-http. A server in a process of its own answers each request after 50 ms with a chat completion of 1.5 kB;
256 and then 1,000 callers ask it again and again: through a kernel's model on both event loops, with httpx alone on the
same transport, which is as fast as httpx can be here, and through one plain client of httpx, whose pool stalls. At the
end single calls without a delay are timed in turn: a model's, and the same request sent and read with httpx alone.
"""

import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import anyio
import httpx
from attrs import define, field

import elixirml as ml
from elixirml.contracts import LanguageModel, Message, ModelRequest, Role
from elixirml.plugins import PluginManager

DELAY_S: Final = 0.05
SECONDS: Final = 5.0
PATIENCE_S: Final = 20.0
SINGLE: Final = 400
TEXT: Final = "Oslo is the capital of Norway. " * 40
REQUEST: Final = ModelRequest((Message(Role.SYSTEM, TEXT), Message(Role.USER, "What is the capital of Norway?")))
BODY: Final = {
    "model": "m",
    "messages": [{"role": str(each.role), "content": each.content} for each in REQUEST.messages],
    "max_tokens": 256,
    "temperature": 0.0,
}


def reply() -> bytes:
    """Return what the server answers, headers included."""
    message = {"role": "assistant", "content": f"[[ ## answer ## ]]\n{TEXT}"}
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 300, "completion_tokens": 280, "total_tokens": 580},
    }
    content = json.dumps(body).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    return head.encode() + content


class Serving(asyncio.Protocol):
    """One connection of a server that does next to nothing: it must not be what is measured."""

    answer: Final = reply()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.received = b""

    def data_received(self, data: bytes) -> None:
        """Answer when a request is whole; `/now` in its path asks for no delay."""
        self.received += data
        head, end, rest = self.received.partition(b"\r\n\r\n")
        lower = head.lower()
        size = int(lower.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if end and len(rest) >= size:
            self.received = b""
            delay = 0.0 if b"/now/" in lower.partition(b"\r\n")[0] else DELAY_S
            asyncio.get_running_loop().call_later(delay, self.transport.write, self.answer)


async def serve() -> None:
    """Serve until the process is ended; the port is printed first."""
    server = await asyncio.get_running_loop().create_server(Serving, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def served() -> Generator[str]:
    """Give the address of a server that runs for the length of a block."""
    with subprocess.Popen([sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


@define
class Tally:
    """What callers found out."""

    milliseconds: list[float] = field(factory=list[float])
    failures: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0

    def line(self, what: str) -> str:
        """Return it in words."""
        ordered, count = sorted(self.milliseconds), len(self.milliseconds)
        if not count:
            return f"{what:28} no answer in {self.seconds:.0f} s"
        return (
            f"{what:28} {count / self.seconds:6.0f} requests/s, p50 {ordered[count // 2]:6.0f} ms, "
            f"p99 {ordered[int(0.99 * count)]:6.0f} ms, {1e6 * self.cpu_s / count:5.0f} us CPU each"
            + (f", {self.failures} failed" if self.failures else "")
        )


async def crowd(call: Callable[[], Awaitable[object]], callers: int) -> Tally:
    """Return what a crowd of callers found out that asked again and again; their first calls only warm up."""
    tally = Tally()
    warm, gates = anyio.Event(), anyio.Semaphore(32)
    waiting, begun, cpu = callers, time.perf_counter(), time.process_time()

    async def caller() -> None:
        nonlocal waiting
        async with gates:
            await call()
        waiting -= 1
        if not waiting:
            warm.set()
        await warm.wait()
        ends = time.perf_counter() + SECONDS
        while (begun := time.perf_counter()) < ends:
            try:
                await call()
                tally.milliseconds.append(1000 * (time.perf_counter() - begun))
            except (ml.errors.ModelError, httpx.HTTPError):
                tally.failures += 1

    with anyio.move_on_after(PATIENCE_S):
        async with anyio.create_task_group() as tasks:
            for _ in range(callers):
                tasks.start_soon(caller)
            await warm.wait()
            begun, cpu = time.perf_counter(), time.process_time()
    tally.seconds, tally.cpu_s = time.perf_counter() - begun, time.process_time() - cpu
    return tally


@contextmanager
def kernel(url: str, callers: int) -> Generator[ml.Kernel]:
    """Give a kernel whose endpoint `lab` is the server."""
    endpoint = {"url": url, "concurrency": callers}
    with TemporaryDirectory() as folder:
        config = {"http": {"endpoints": {"lab": endpoint}}}
        yield ml.Kernel(plugins=PluginManager.load(), home=Path(folder), config=config, middlewares=())


async def ours(url: str, callers: int) -> Tally:
    """Return what callers of a model find out."""
    with kernel(f"{url}/v1", callers) as made:
        async with made:
            model = made.language_model("http/lab/m")
            return await crowd(lambda: model.complete(REQUEST), callers)


async def plain(url: str, callers: int) -> Tally:
    """Return what callers of one client of httpx find out."""
    limits = httpx.Limits(max_connections=callers, max_keepalive_connections=callers)
    async with httpx.AsyncClient(limits=limits, timeout=httpx.Timeout(120.0), trust_env=False) as client:
        return await crowd(lambda: bare(client, f"{url}/v1/chat/completions"), callers)


async def sharded(url: str, callers: int) -> Tally:
    """Return what callers find out that use httpx alone, through the transport of elixirml-http: the limit of httpx."""
    from elixirml_http.transport import PooledTransport

    async with httpx.AsyncClient(transport=PooledTransport(callers), timeout=httpx.Timeout(120.0)) as client:
        return await crowd(lambda: bare(client, f"{url}/v1/chat/completions"), callers)


async def bare(client: httpx.AsyncClient, url: str) -> Any:
    """Send the request and read the reply with httpx alone."""
    answered = await client.post(url, json=BODY)
    answered.raise_for_status()
    return answered.json()["choices"][0]["message"]["content"]


async def singles(url: str) -> tuple[float, float]:
    """Return the median microseconds of a model's call and of a bare one, made in turn."""
    times: tuple[list[float], list[float]] = ([], [])
    with kernel(f"{url}/now/v1", 1) as made:
        async with made, httpx.AsyncClient(trust_env=False) as client:
            model: LanguageModel = made.language_model("http/lab/m")
            calls: tuple[Callable[[], Awaitable[object]], ...] = (
                lambda: model.complete(REQUEST),
                lambda: bare(client, f"{url}/now/v1/chat/completions"),
            )
            for number in range(SINGLE):
                for call, found in zip(calls, times, strict=True):
                    begun = time.perf_counter_ns()
                    await call()
                    if number >= SINGLE // 10:
                        found.append((time.perf_counter_ns() - begun) / 1000)
    return statistics.median(times[0]), statistics.median(times[1])


def main(sizes: list[int]) -> None:
    """Measure and print."""
    load = os.getloadavg()[0]
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, load {load:.1f}")
    with served() as url:
        for callers in sizes:
            for backend in ("asyncio", "trio"):
                print(anyio.run(ours, url, callers, backend=backend).line(f"model, {callers} callers, {backend}"))
        print(anyio.run(sharded, url, 256).line("httpx, our transport, 256"))
        print(anyio.run(plain, url, 256).line("plain httpx, 256, asyncio"))
        for backend in ("asyncio", "trio"):
            model, other = anyio.run(singles, url, backend=backend)
            print(f"one call, {backend}: model {model:.0f} us, bare httpx {other:.0f} us, ratio {model / other:.2f}")


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        asyncio.run(serve())
    else:
        main([int(each) for each in sys.argv[1:]] or [256, 1000])
