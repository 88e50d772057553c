"""A transport that does not collapse: what a request costs does not depend on how many are under way.

The pool of httpx looks at every connection for every request, so its work grows with the square of what is under way:
beyond some thirty connections it stalls. Here connections at rest lie on a stack, and a request takes the topmost one.
"""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from types import TracebackType
from typing import Final

import anyio
import httpx

from elixirml_http.wire import Origin, Patience, Wire

__all__ = ["PooledTransport"]

_IDLE_S: Final = 5.0
"""Seconds after which a connection that nobody uses is not used again; servers close theirs at some time, unasked."""


class PooledTransport(httpx.AsyncBaseTransport):
    """Sends each request through a connection of its own, and keeps connections for the requests that follow.

    Args:
        most: Requests under way at once; one more waits until another's reply has been read.
    """

    def __init__(self, most: int) -> None:
        self._trusted: ssl.SSLContext | None = None
        self._turns = anyio.Semaphore(most, fast_acquire=True)
        self._resting: dict[Origin, list[Wire]] = {}
        self._used: set[Wire] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; its connection is in use until the reply has been read or closed.

        Raises:
            TransportError: Nobody is there, or the connection breaks; see the classes of httpx.
        """
        patience: Patience = request.extensions.get("timeout", {})
        origin = Origin.of(request.url)
        await self._turns.acquire()
        wire: Wire | None = None
        try:
            wire = await self._rested(origin) or await Wire.opened(origin, patience, trusted=self._trusted_by(origin))
            self._used.add(wire)
            head = await wire.send(request, patience)
        except BaseException:
            await self._give_back(origin, wire)
            raise
        return httpx.Response(
            head.status,
            headers=head.headers,
            stream=_Body(wire, patience, partial(self._give_back, origin, wire)),
            extensions={"reason_phrase": head.reason},
        )

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection, those in use too."""
        open_now = [*(each for resting in self._resting.values() for each in resting), *self._used]
        self._resting.clear()
        self._used.clear()
        for wire in open_now:
            await wire.close()

    def _trusted_by(self, origin: Origin) -> ssl.SSLContext | None:
        """Return whom to trust, read once, and only where it is asked for: it takes long."""
        if self._trusted is None and origin.secure:
            self._trusted = httpx.create_ssl_context()
        return self._trusted

    async def _rested(self, origin: Origin) -> Wire | None:
        """Return the connection that was used last, if it can be used again; close those that have rested too long."""
        resting = self._resting.get(origin, [])
        soonest = anyio.current_time() - _IDLE_S
        while resting and resting[0].quiet_since < soonest:
            await resting.pop(0).close()
        while resting:
            wire = resting.pop()
            if not wire.gone:
                return wire
            await wire.close()
        return None

    async def _give_back(self, origin: Origin, wire: Wire | None) -> None:
        """Let a connection rest, or close it, and let the next request have its turn."""
        try:
            if wire is None:
                return
            kept = wire in self._used and wire.at_rest
            self._used.discard(wire)
            if kept:
                wire.quiet_since = anyio.current_time()
                self._resting.setdefault(origin, []).append(wire)
            else:
                await wire.close()
        finally:
            self._turns.release()


class _Body(httpx.AsyncByteStream):
    """The bytes of a reply; when they are closed, the connection has done its work.

    Args:
        wire: The connection.
        patience: How long to wait for them.
        done: Called once.
    """

    def __init__(self, wire: Wire, patience: Patience, done: Callable[[], Awaitable[None]]) -> None:
        self._wire = wire
        self._patience = patience
        self._done = done
        self._closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._wire.body(self._patience)

    async def aclose(self) -> None:
        """Close the bytes."""
        if not self._closed:
            self._closed = True
            await self._done()
