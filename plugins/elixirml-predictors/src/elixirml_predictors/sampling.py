"""Several answers to one question: drawn beside each other, kept in their order, faults left out."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeAlias, TypeVar

import anyio
from attrs import evolve, field, frozen

from elixirml.contracts import (
    Exchange,
    ModelDelta,
    ModelRequest,
    ModelResponse,
    Prediction,
    PredictorCall,
    Signature,
    Usage,
)
from elixirml.errors import ParseError

__all__ = ["Draws", "asked_together", "draw", "together", "warmed"]

_Found = TypeVar("_Found")
_Stream: TypeAlias = Callable[[ModelRequest], AbstractAsyncContextManager[AsyncIterator[ModelDelta]]]


@frozen
class Draws:
    """What several draws gave.

    Attributes:
        whole: The predictions that hold the outputs, in the order they were asked for.
        exchanges: Every model call, those of replies that could not be read left out.
        usage: What all of them cost.
    """

    whole: tuple[Prediction, ...]
    exchanges: tuple[Exchange, ...] = field(repr=False)
    usage: Usage


async def draw(call: PredictorCall, task: Signature, *, n: int, temperature: float) -> Draws:
    """Ask the same thing several times at once.

    The calls are made in a fixed order, so that each has the same sampling seed in every run.

    Args:
        call: The prediction that is asked for.
        task: What the model is asked for.
        n: How often.
        temperature: Of every draw; at 0 all of them would be the same.

    Raises:
        ParseError: No reply holds the outputs; that of the first.
        ModelError: No reply came.
    """
    warm = warmed(call, temperature)

    async def one(_number: int, mine: anyio.Event, following: anyio.Event) -> Prediction:
        stream = None if call.stream is None else _streamed_in_turn(call.stream, mine, following)
        return await evolve(warm, ask=_in_turn(call.ask, mine, following), stream=stream).exchange(task)

    in_order = await _side_by_side(n, one)
    for each in in_order:
        if isinstance(each, Exception) and not isinstance(each, ParseError):
            raise each
    whole = tuple(each for each in in_order if isinstance(each, Prediction))
    if not whole:
        raise next(each for each in in_order if isinstance(each, ParseError))
    return Draws(whole, tuple(each for one in whole for each in one.exchanges), sum((e.usage for e in whole), Usage()))


async def asked_together(
    ask: Callable[[ModelRequest], Awaitable[ModelResponse]], requests: Sequence[ModelRequest]
) -> list[ModelResponse]:
    """Ask several things at once, begun in their order; return the replies in it.

    Raises:
        ModelError: No reply came to one of them; the first of these errors.
    """

    async def one(number: int, mine: anyio.Event, following: anyio.Event) -> ModelResponse:
        return await _in_turn(ask, mine, following)(requests[number])

    replies: list[ModelResponse] = []
    for each in await _side_by_side(len(requests), one):
        if isinstance(each, Exception):
            raise each
        replies.append(each)
    return replies


async def _side_by_side(
    count: int, work: Callable[[int, anyio.Event, anyio.Event], Awaitable[_Found]]
) -> list[_Found | Exception]:
    """Return what pieces of work gave, or the errors of those that failed.

    Args:
        count: How many there are.
        work: Given its number, the event it waits for before it asks, and the one it sets when it does.
    """
    found: dict[int, _Found | Exception] = {}
    turns = [anyio.Event() for _ in range(count + 1)]

    async def one(number: int) -> None:
        try:
            found[number] = await work(number, turns[number], turns[number + 1])
        except Exception as error:  # noqa: BLE001 - raised bare, when the others have come to their end
            found[number] = error
        finally:
            turns[number + 1].set()

    turns[0].set()
    async with anyio.create_task_group() as tasks:
        for number in range(count):
            tasks.start_soon(one, number)
    return [found[number] for number in range(count)]


def warmed(call: PredictorCall, temperature: float) -> PredictorCall:
    """Return a call at the temperature of the draws."""
    return evolve(call, format=evolve(call.format, temperature=temperature))


def _in_turn(
    ask: Callable[[ModelRequest], Awaitable[ModelResponse]], mine: anyio.Event, following: anyio.Event
) -> Callable[[ModelRequest], Awaitable[ModelResponse]]:
    async def asked(request: ModelRequest) -> ModelResponse:
        await mine.wait()
        following.set()  # the next one runs when this one waits for its reply
        return await ask(request)

    return asked


def _streamed_in_turn(stream: _Stream, mine: anyio.Event, following: anyio.Event) -> _Stream:
    @asynccontextmanager
    async def streamed(request: ModelRequest) -> AsyncGenerator[AsyncIterator[ModelDelta]]:
        await mine.wait()
        following.set()
        async with stream(request) as deltas:
            yield deltas

    return streamed


def together(chosen: Prediction, all_of: Iterable[Prediction | Draws]) -> Prediction:
    """Return a prediction with the calls and the cost of everything that led to it."""
    parts: Sequence[Prediction | Draws] = tuple(all_of)
    exchanges = tuple(each for part in parts for each in part.exchanges)
    return Prediction(chosen.fields, sum((part.usage for part in parts), Usage()), exchanges)
