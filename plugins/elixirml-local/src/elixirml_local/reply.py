"""A reply on its way from the child process: fetched piece by piece, and stopped when nobody reads on."""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final, Self

import anyio
from attrs import define, field

from elixirml.contracts import ModelDelta, ModelEnd, ModelResponse, TextDelta
from elixirml.errors import ModelError

__all__ = ["Reply"]

_STOPPING_S: Final = 1.0
"""How long stopping is waited for; an engine that still reads a long prompt stops when it has read it."""


@define(eq=False)
class Reply:
    """The pieces of one reply.

    Attributes:
        ask: Asks the child process one question.
        read: Turns its last answer into a response.
        question: What begins the reply.
    """

    ask: Callable[[Mapping[str, object]], Awaitable[dict[str, Any]]]
    read: Callable[[Mapping[str, Any]], ModelResponse]
    question: Mapping[str, object]
    _arrived: deque[ModelDelta] = field(factory=deque[ModelDelta], init=False)
    _said: str = field(default="", init=False)
    _under_way: bool = field(default=False, init=False)
    _over: bool = field(default=False, init=False)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ModelDelta:
        while not self._arrived:
            if self._over:
                raise StopAsyncIteration
            await self._fetch()
        return self._arrived.popleft()

    async def close(self) -> None:
        """Stop the engine, where it is still at work on this."""
        if not self._under_way:
            return
        with anyio.CancelScope(shield=True), anyio.move_on_after(_STOPPING_S), suppress(ModelError):
            await self.ask({"stop": True})

    async def _fetch(self) -> None:
        asked: Mapping[str, object] = {"more": True} if self._under_way else self.question
        self._under_way = True
        try:
            answer = await self.ask(asked)
            piece = str(answer.pop("piece", ""))
            self._said += piece
            self._arrived.extend([TextDelta(piece)] if piece else [])
            if answer:
                self._ended(self.read(answer))
        except ModelError as error:
            self._under_way, self._over = False, True
            error.partial = self._said
            raise

    def _ended(self, response: ModelResponse) -> None:
        self._under_way, self._over = False, True
        self._arrived.append(ModelEnd(response))
