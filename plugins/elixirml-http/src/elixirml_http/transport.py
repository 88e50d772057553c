"""A transport that does not collapse: many small connection pools instead of one large one.

The pool of httpx looks at every connection for every request, so its work grows with the square of what is under way:
beyond some thirty connections it stalls. A handful of connections a pool, and the pool that has the fewest requests,
keep the work of each request the same.
"""

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

import httpx

__all__ = ["ShardedTransport"]

_CONNECTIONS = 4


class ShardedTransport(httpx.AsyncBaseTransport):
    """Spreads requests over pools of a few connections.

    Args:
        most: Requests under way at once; there are as many connections.
        connections: Connections a pool.
    """

    def __init__(self, most: int, *, connections: int = _CONNECTIONS) -> None:
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        count = max(1, -(-most // connections))
        trusted = httpx.create_ssl_context()  # reading the certificates takes long: once, not once a pool
        self._pools = [httpx.AsyncHTTPTransport(limits=limits, verify=trusted) for _ in range(count)]
        self._under_way = [0] * count

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request through the pool that has the fewest; it counts there until its reply has been read."""
        chosen = min(range(len(self._pools)), key=self._under_way.__getitem__)
        self._under_way[chosen] += 1
        try:
            response = await self._pools[chosen].handle_async_request(request)
        except BaseException:
            self._under_way[chosen] -= 1
            raise
        stream = response.stream
        assert isinstance(stream, httpx.AsyncByteStream)  # noqa: S101 - what an async transport gives
        response.stream = _Counted(stream, self._under_way, chosen)
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


class _Counted(httpx.AsyncByteStream):
    """The bytes of a reply; when they are closed, their pool has one request less."""

    def __init__(self, stream: httpx.AsyncByteStream, under_way: list[int], pool: int) -> None:
        self._stream = stream
        self._under_way = under_way
        self._pool = pool
        self._open = True

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._stream.__aiter__()

    async def aclose(self) -> None:
        """Close the bytes."""
        if self._open:
            self._open = False
            self._under_way[self._pool] -= 1
        await self._stream.aclose()
