"""Streams on their way through a middleware: watched to their end, begun before they are handed on, or replayed."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager
from typing import TypeAlias

from attrs import frozen

from elixirml.contracts import (
    Capability,
    LanguageModel,
    ModelDelta,
    ModelEnd,
    ModelRequest,
    ModelResponse,
    streamed,
)
from elixirml.errors import ModelDisconnected, ModelError

__all__ = ["Deltas", "begun", "ending", "replayed", "watched"]

Deltas: TypeAlias = AsyncIterator[ModelDelta]


def _unmoved(error: ModelError) -> None:
    _ = error


@asynccontextmanager
async def watched(
    source: AbstractAsyncContextManager[Deltas],
    *,
    ended: Callable[[ModelResponse], Awaitable[ModelResponse]],
    failed: Callable[[ModelError], None] = _unmoved,
) -> AsyncGenerator[Deltas]:
    """Give a stream piece by piece.

    Args:
        source: The stream.
        ended: Takes the whole reply when it has come, and returns the one to hand on.
        failed: Told when the stream cannot be opened or breaks; never of what its reader raises.
    """
    async with AsyncExitStack() as stack:
        try:
            deltas = await stack.enter_async_context(source)
        except ModelError as error:
            failed(error)
            raise
        yield await stack.enter_async_context(ending(deltas, ended=ended, failed=failed))


def ending(
    deltas: Deltas,
    *,
    ended: Callable[[ModelResponse], Awaitable[ModelResponse]],
    failed: Callable[[ModelError], None] = _unmoved,
) -> AbstractAsyncContextManager[Deltas]:
    """Return a stream that is open already, watched to its end; see `watched`."""
    return aclosing(_watched(deltas, ended, failed))


async def _watched(
    deltas: Deltas,
    ended: Callable[[ModelResponse], Awaitable[ModelResponse]],
    failed: Callable[[ModelError], None],
) -> AsyncGenerator[ModelDelta]:
    try:
        async for delta in deltas:
            yield ModelEnd(await ended(delta.response)) if isinstance(delta, ModelEnd) else delta
    except ModelError as error:
        failed(error)
        raise


@asynccontextmanager
async def begun(model: LanguageModel, request: ModelRequest) -> AsyncGenerator[Deltas]:
    """Give a stream whose first piece has come: until then, entering raises, and another one may be opened instead.

    Raises:
        ModelError: The stream could not be opened, or broke before its first piece.
    """
    async with streamed(model, request) as deltas:
        try:
            first = await anext(deltas)
        except StopAsyncIteration:
            raise ModelDisconnected(f"{model.name}: the stream ended before it began.") from None
        async with aclosing(_after(first, deltas)) as whole:
            yield whole


async def _after(first: ModelDelta, deltas: Deltas) -> AsyncGenerator[ModelDelta]:
    yield first
    async for delta in deltas:
        yield delta


@frozen(eq=False)
class _Reply:
    """A reply at hand, seen as a model that gives it."""

    response: ModelResponse
    name: str = ""
    capabilities: frozenset[Capability] = frozenset()
    fingerprint: str = ""
    concurrency: int = 1

    async def complete(self, request: ModelRequest) -> ModelResponse:
        _ = request
        return self.response


def replayed(response: ModelResponse) -> AbstractAsyncContextManager[Deltas]:
    """Return a reply at hand as a stream: one piece for each thing it holds."""
    return streamed(_Reply(response), ModelRequest())
