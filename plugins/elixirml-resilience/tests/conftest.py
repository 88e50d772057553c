"""What the tests of middlewares share: a host, models that talk, fail or hang, and clocks that need no waiting."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import trio
from attrs import define, evolve, field
from trio.testing import MockClock

from elixirml.contracts import (
    Capability,
    LanguageModel,
    Message,
    ModelDelta,
    ModelEnd,
    ModelRequest,
    ModelResponse,
    Role,
    TextDelta,
    Usage,
)
from elixirml.errors import ModelUnavailable
from elixirml_resilience.config import ResilienceConfig


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


@define(eq=False)
class Host:
    """What a kernel offers its middlewares."""

    cache_dir: Path
    config: ResilienceConfig = field(factory=ResilienceConfig)
    models: dict[str, LanguageModel] = field(factory=dict)
    services: dict[str, Any] = field(factory=dict)

    def configuration(self, section: str) -> Any:
        assert section == "resilience"
        return self.config

    def language_model(self, name: str) -> LanguageModel:
        if name not in self.models:
            raise ModelUnavailable(f"There is no model `{name}`.")
        return self.models[name]

    async def supervise(self, name: str, run: Callable[..., Any]) -> None:
        self.services.setdefault(name, run)


@define(eq=False)
class Model:
    """Does what it is told, call by call, and the last thing again and again.

    Attributes:
        plan: For each call a reply to give, an error to raise, or seconds to take before a reply.
        chunk: How many letters a piece of its streams has.
        breaks: After how many pieces a stream raises the error of its plan.
    """

    plan: list[Any] = field(factory=lambda: ["film"])
    name: str = "test/model"
    fingerprint: str = "test"
    concurrency: int = 8
    capabilities: frozenset[Capability] = frozenset(Capability)
    chunk: int = 2
    breaks: int = 0
    requests: list[ModelRequest] = field(factory=list)
    under_way: int = 0
    most: int = 0
    cancelled: int = 0

    async def complete(self, request: ModelRequest) -> ModelResponse:
        async with self._call(request) as (text, error):
            if error is not None:
                raise error
            return self._response(text)

    @asynccontextmanager
    async def stream(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[ModelDelta]]:
        async with self._call(request) as (text, error):
            if error is not None and not self.breaks:
                raise error
            pieces = self._pieces(text, error)
            try:
                yield pieces
            finally:
                await pieces.aclose()

    async def _pieces(self, text: str, error: Exception | None) -> AsyncGenerator[ModelDelta]:
        for count, start in enumerate(range(0, len(text), self.chunk)):
            if error is not None and count == self.breaks:
                raise error
            await anyio.lowlevel.checkpoint()
            yield TextDelta(text[start : start + self.chunk])
        yield ModelEnd(self._response(text))

    @asynccontextmanager
    async def _call(self, request: ModelRequest) -> AsyncGenerator[tuple[str, Exception | None]]:
        step = self.plan[min(len(self.requests), len(self.plan) - 1)]
        step = step(request) if callable(step) and not isinstance(step, type) else step
        self.requests.append(request)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await anyio.sleep(step if isinstance(step, float) else 0)
            yield (step if isinstance(step, str) else "film", step if isinstance(step, Exception) else None)
        except anyio.get_cancelled_exc_class():
            self.cancelled += 1
            raise
        finally:
            self.under_way -= 1

    def _response(self, text: str) -> ModelResponse:
        return ModelResponse(text, usage=Usage(calls=1, tokens_in=10, tokens_out=2, money=0.5))


@define
class Lab:
    """Everything a test needs."""

    host: Host

    @staticmethod
    def model(*plan: Any, **said: Any) -> Model:
        return Model(list(plan) or ["film"], **said)

    @staticmethod
    def asking(text: str = "?", **said: Any) -> ModelRequest:
        """Return a request that says a text."""
        return ModelRequest((Message(Role.USER, text),), **said)

    def configured(self, part: str, **said: Any) -> None:
        """Set options of one middleware."""
        self.host.config = evolve(self.host.config, **{part: evolve(getattr(self.host.config, part), **said)})

    def wrapped(self, middleware: Any, model: Any, **options: Any) -> Any:
        """Return a model inside a middleware, or inside several, the outermost first."""
        for each in reversed(middleware if isinstance(middleware, list) else [middleware]):
            model = each.wrap(model, options=options, host=self.host)
        return model

    @staticmethod
    async def replied(model: Any, request: ModelRequest, *, streaming: bool = False) -> ModelResponse:
        """Return the reply, asked for either way; streamed pieces must add up to it."""
        if not streaming:
            return await model.complete(request)
        async with model.stream(request) as deltas:
            pieces = [each async for each in deltas]
        assert isinstance(pieces[-1], ModelEnd)
        response = pieces[-1].response
        assert "".join(each.text for each in pieces if isinstance(each, TextDelta)) == response.text
        return response

    @staticmethod
    def in_fake_time(work: Callable[[], Any]) -> Any:
        """Run to the end where time jumps to when the next thing happens."""
        return trio.run(work, clock=MockClock(autojump_threshold=0))

    @staticmethod
    async def all_of(*calls: Callable[[], Any]) -> list[Any]:
        """Make calls at once; results or errors in their order."""
        results: list[Any] = [None] * len(calls)

        async def one(position: int, call: Callable[[], Any]) -> None:
            try:
                results[position] = await call()
            except Exception as error:  # noqa: BLE001 - a result like others
                results[position] = error

        async with anyio.create_task_group() as group:
            for position, call in enumerate(calls):
                group.start_soon(one, position, call)
        return results

    @staticmethod
    async def cancelled_at(wait: int, call: Callable[[], Any]) -> bool:
        """Cancel a call where it waits for the so-manieth time; False when it waited less often."""
        with anyio.CancelScope() as scope:
            await Steps(call().__await__(), scope, wait)
        return scope.cancelled_caught


@define(eq=False)
class Steps:
    """A coroutine whose waits are counted, on whichever event loop."""

    inner: Any
    scope: anyio.CancelScope
    left: int

    def __await__(self) -> Any:
        return (yield from self)

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        return self._counted(self.inner.send(None))

    def send(self, value: Any) -> Any:
        return self._counted(self.inner.send(value))

    def throw(self, error: BaseException) -> Any:
        return self._counted(self.inner.throw(error))

    def _counted(self, waits_for: Any) -> Any:
        self.left -= 1
        if self.left == 0:
            self.scope.cancel()
        return waits_for


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(Host(tmp_path / "cache"))
