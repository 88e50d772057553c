"""Work for the suite of executors: installed functions that a worker can open."""

import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio

from elixirml.contracts.executor import Bundle
from elixirml.identity import Json, digest

__all__ = ["bundle_of", "work"]

_CRASH: Final = 7


@asynccontextmanager
async def work(
    setup: Mapping[str, Json], sources: Mapping[str, str]
) -> AsyncGenerator[Callable[[Any], Awaitable[Any]]]:
    """Open what does the suite's items: `[verb, value]` each."""
    met = 0
    together = anyio.Condition()

    async def meet(number: int) -> int:
        nonlocal met
        async with together:
            met += 1
            together.notify_all()
            while met < number:
                await together.wait()
        return met

    async def do(payload: Any) -> Any:
        verb, value = payload
        match verb:
            case "double":
                await anyio.sleep(0.001 * (value % 3))  # so that results come in another order
                return 2 * value
            case "setup":
                return setup[value]
            case "source":
                return sources[value]
            case "meet":
                return await meet(value)
            case "hang":
                return await anyio.sleep_forever()
            case "die":
                os._exit(_CRASH)
            case _:
                raise ValueError(value)

    yield do


def bundle_of(**setup: Json) -> Bundle:
    """Return the suite's work as a bundle."""
    sources = {"sent_by_suite": "WORDS = 'sent'\n"}
    return Bundle(digest(["conformance", setup, sources]), f"{__name__}:work", setup, sources)
