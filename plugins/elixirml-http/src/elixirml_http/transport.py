"""A transport that does not collapse: a pool for each connection instead of one pool for all of them.

The pool of httpx looks at every connection for every request, so its work grows with the square of what is under way:
beyond some thirty connections it stalls. Where each pool has one connection, and requests go to a pool that is free,
the work of each request stays the same.
"""

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Final, Self

import httpx

__all__ = ["ShardedTransport"]

_ONE: Final = httpx.Limits(max_connections=1, max_keepalive_connections=1)


class ShardedTransport(httpx.AsyncBaseTransport):
    """Spreads requests over pools of one connection.

    Args:
        most: Connections; what is under way beside that waits for one of them.
    """

    def __init__(self, most: int) -> None:
        trusted = httpx.create_ssl_context()  # reading the certificates takes long: once, not once a pool
        self._pools = [httpx.AsyncHTTPTransport(limits=_ONE, verify=trusted) for _ in range(most)]
        self._load = _Load(most)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request through a free pool; it counts there until its reply has been read."""
        chosen = self._load.taken()
        try:
            response = await self._pools[chosen].handle_async_request(request)
        except BaseException:
            self._load.give_back(chosen)
            raise
        stream = response.stream
        assert isinstance(stream, httpx.AsyncByteStream)  # noqa: S101 - what an async transport gives
        response.stream = _Counted(stream, self._load, chosen)
        return response

    async def __aenter__(self) -> Self:
        for pool in self._pools:
            await pool.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        for pool in self._pools:
            await pool.__aexit__(exc_type, exc_value, traceback)

    async def aclose(self) -> None:
        """Close every pool."""
        for pool in self._pools:
            await pool.aclose()


class _Load:
    """Which pools are free; the one that became free last is taken first, for its connection is likely open still.

    Args:
        pools: How many there are.
    """

    def __init__(self, pools: int) -> None:
        self._under_way = [0] * pools
        self._free = list(reversed(range(pools)))

    def taken(self) -> int:
        """Return a free pool, or the one with the fewest requests, which now has one more."""
        chosen = self._free.pop() if self._free else min(range(len(self._under_way)), key=self._under_way.__getitem__)
        self._under_way[chosen] += 1
        return chosen

    def give_back(self, pool: int) -> None:
        """Take note that a pool has one request less."""
        self._under_way[pool] -= 1
        if not self._under_way[pool]:
            self._free.append(pool)


class _Counted(httpx.AsyncByteStream):
    """The bytes of a reply; when they are closed, their pool has one request less."""

    def __init__(self, stream: httpx.AsyncByteStream, load: _Load, pool: int) -> None:
        self._stream = stream
        self._load = load
        self._pool = pool
        self._open = True

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._stream.__aiter__()

    async def aclose(self) -> None:
        """Close the bytes."""
        if self._open:
            self._open = False
            try:
                await self._stream.aclose()
            finally:
                self._load.give_back(self._pool)
