"""What events cost when nobody listens: the spans of a run, as a share of the call they are around.

    python tests/benchmarks/tracing.py

Needs elixirml-http. The spans that a run with one predict stage has are counted with an observer listening; then as
many are opened and closed with nobody listening, and held against the same run over HTTP to the server of
`http_calls.py`: one that answers at once, which is the call that costs least, and one that takes 50 ms, which is a
quick call of a real one.
"""

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import anyio
from attrs import define

import elixirml as ml
from elixirml.contracts import Event
from elixirml.plugins import PluginManager
from elixirml.runtime.events import EventBus, Span

RUNS: Final = 300
SPANS: Final = 20_000
ASK: Final = ml.predict("question -> answer", adapter="sections", model="http/lab/m")


@define
class Counting:
    """Counts the spans that begin."""

    spans: int = 0

    def notify(self, event: Event) -> None:
        """Take note."""
        self.spans += event.name.endswith(".start")


@contextmanager
def served() -> Generator[str]:
    """Give the address of a server that runs for the length of a block."""
    server = [sys.executable, str(Path(__file__).with_name("http_calls.py")), "serve"]
    with subprocess.Popen(server, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


def kernel(url: str, folder: str) -> ml.Kernel:
    """Return a kernel whose endpoint `lab` is the server."""
    config = {"http": {"endpoints": {"lab": {"url": url}}}}
    return ml.Kernel(plugins=PluginManager.load(), home=Path(folder), config=config, middlewares=())


async def counted(url: str) -> int:
    """Return how many spans a run has."""
    observer = Counting()
    with TemporaryDirectory() as folder:
        made = kernel(url, folder)
        made.events.add(observer)
        async with made:
            await made.run(ASK, {"question": "?"})
    return observer.spans


async def runs(url: str, times: int) -> float:
    """Return the median microseconds of a run that nobody listens to."""
    found: list[float] = []
    with TemporaryDirectory() as folder:
        async with kernel(url, folder) as made:
            for number in range(times + 10):
                begun = time.perf_counter_ns()
                await made.run(ASK, {"question": "?"})
                if number >= 10:
                    found.append((time.perf_counter_ns() - begun) / 1000)
    return statistics.median(found)


def silent() -> float:
    """Return the microseconds of one span that nobody is told of; the best of several rounds."""
    span = Span(EventBus(), "run", "1")

    def work() -> None:
        for _ in range(SPANS):
            with span.inside("model", model="http/lab/m", stage="reply") as inner:
                inner.outcome["usage"] = None

    return min(seconds(work) for _ in range(7)) * 1e6 / SPANS


def seconds(work: Callable[[], None]) -> float:
    """Return how long something takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main() -> None:
    """Measure and print."""
    load = os.getloadavg()[0]
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, load {load:.1f}")
    each = silent()
    with served() as url:
        spans = anyio.run(counted, f"{url}/now/v1")
        cost = spans * each
        print(f"{spans} spans a run, {each:.2f} us each with nobody listening: {cost:.1f} us a run")
        for what, path, times in (("at once", "/now/v1", RUNS), ("after 50 ms", "/v1", RUNS // 10)):
            whole = anyio.run(runs, f"{url}{path}", times)
            print(f"a run whose server answers {what}: {whole:7.0f} us, of which events {100 * cost / whole:.2f} %")


if __name__ == "__main__":
    main()
