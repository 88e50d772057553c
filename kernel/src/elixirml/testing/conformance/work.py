"""Work for the suite of executors: installed functions that a worker can open."""

import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio
from attrs import define, field

from elixirml.contracts.executor import Bundle
from elixirml.identity import Json, digest

__all__ = ["bundle_of", "work"]

_CRASH: Final = 7


@asynccontextmanager
async def work(
    setup: Mapping[str, Json], sources: Mapping[str, str]
) -> AsyncGenerator[Callable[[Any], Awaitable[Any]]]:
    """Open what does the suite's items: `[verb, value]` each."""
    meeting = _Meeting()

    async def do(payload: Any) -> Any:
        verb, value = payload
        match verb:
            case "double":
                await anyio.sleep(0.001 * (value % 3))  # so that results come in another order
                return 2 * value
            case "tell":
                return {"process": os.getpid(), "setup": dict(setup), "sources": dict(sources)}
            case "meet":
                return await meeting.of(value)
            case "hang":
                return await anyio.sleep_forever()
            case "die":
                os._exit(_CRASH)
            case _:
                raise ValueError(value)

    yield do


@define(eq=False)
class _Meeting:
    """A place where items wait for each other."""

    _met: int = 0
    _changed: anyio.Condition = field(factory=anyio.Condition)

    async def of(self, number: int) -> int:
        """Wait until so many are here, and return how many are."""
        async with self._changed:
            self._met += 1
            self._changed.notify_all()
            while self._met < number:
                await self._changed.wait()
        return self._met


def bundle_of(**setup: Json) -> Bundle:
    """Return the suite's work as a bundle."""
    sources = {"sent_by_suite": "WORDS = 'sent'\n"}
    return Bundle(digest(["conformance", setup, sources]), f"{__name__}:work", setup, sources)
