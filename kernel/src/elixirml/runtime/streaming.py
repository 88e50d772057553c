"""The streaming strategy: the same pipeline, whose stages are listened to while it runs."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, Generic, Self, TypeVar

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream
from attrs import define, field, frozen

from elixirml.runtime.listening import Listener, RunDelta
from elixirml.runtime.result import Result
from elixirml.runtime.supervision import beside

__all__ = ["RunEnd", "RunStream", "streaming"]

OutT = TypeVar("OutT")

_AHEAD: Final = 16
"""How many deltas a run may be ahead of who reads them; then it waits, and so does the model."""


@frozen(eq=False)
class RunEnd(Generic[OutT]):
    """The end of a streamed run.

    Attributes:
        result: What `Kernel.run` would have returned.

    .. versionadded:: 0.1
    """

    result: Result[OutT]


@define(eq=False)
class RunStream(Generic[OutT]):
    """What a run tells, in order: a `RunDelta` for each piece of a field, and one `RunEnd`.

    An error of the run comes out of the iterator, after the deltas that were told before it.
    """

    _told: MemoryObjectReceiveStream[RunDelta | RunEnd[OutT]]
    _error: Exception | None = field(default=None, init=False)

    def failed(self, error: Exception) -> None:
        """Note what ended the run."""
        self._error = error

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> RunDelta | RunEnd[OutT]:
        with suppress(anyio.EndOfStream):
            return await self._told.receive()
        error, self._error = self._error, None
        raise StopAsyncIteration if error is None else error


@asynccontextmanager
async def streaming(run: Callable[[Listener], Awaitable[Result[OutT]]]) -> AsyncGenerator[RunStream[OutT]]:
    """Run beside the block, which reads what is told; leaving it early cancels the run and waits for its end.

    Args:
        run: Runs the program once, with who listens.
    """
    telling, told = anyio.create_memory_object_stream[RunDelta | RunEnd[OutT]](_AHEAD)
    stream = RunStream(told)

    async def carry_out() -> None:
        with telling:
            try:
                result = await run(Listener(telling.send))
            except Exception as error:  # noqa: BLE001 - raised again by the iterator
                stream.failed(error)
            else:
                await telling.send(RunEnd(result))

    left: BaseException | None = None
    with told:
        async with beside() as tasks:
            tasks.start_soon(carry_out)
            try:
                yield stream
            except (GeneratorExit, KeyboardInterrupt) as error:  # how generators are left; not to be put in a group
                left = error
    if left is not None:
        raise left
