"""A transport that does not collapse: a pool for each connection instead of one pool for all of them.

The pool of httpx looks at every connection for every request, so its work grows with the square of what is under way:
beyond some thirty connections it stalls. Where each pool has one connection, and requests go to a pool that is free,
the work of each request stays the same. The pools are those of httpcore, which httpx itself uses, so that the head of a
request and its body can be sent as one: asking the system costs more than all else that is done for a request.
"""

import ssl
from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Final, Protocol, Self

import httpcore
import httpx

__all__ = ["ShardedTransport"]

_IDLE_S: Final = 5.0
"""Seconds after which a connection that nobody uses is not used again; servers close theirs at some time, unasked."""
_MOST_HELD: Final = 1 << 16
"""Bytes of a request that are held back to be sent together."""


class ShardedTransport(httpx.AsyncBaseTransport):
    """Spreads requests over pools of one connection.

    Args:
        most: Connections; what is under way beside that waits for one of them.
    """

    def __init__(self, most: int) -> None:
        trusted = httpx.create_ssl_context()  # reading the certificates takes long: once, not once a pool
        self._pools = [_pool(trusted) for _ in range(most)]
        self._load = _Load(most)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request through a free pool; it counts there until its reply has been read."""
        chosen = self._load.taken()
        try:
            with _told_by_httpx():
                response: Any = await self._pools[chosen].handle_async_request(_plain(request))
        except BaseException:
            self._load.give_back(chosen)
            raise
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Counted(response.stream, self._load, chosen),
            extensions=response.extensions,
        )

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
        with _told_by_httpx():
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


class _Bytes(AsyncIterable[bytes], Protocol):
    """The bytes of a reply as httpcore gives them."""

    async def aclose(self) -> None: ...


class _Counted(httpx.AsyncByteStream):
    """The bytes of a reply; when they are closed, their pool has one request less."""

    def __init__(self, stream: _Bytes, load: _Load, pool: int) -> None:
        self._stream = stream
        self._load = load
        self._pool = pool
        self._open = True

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        with _told_by_httpx():
            async for part in self._stream:
                yield part

    async def aclose(self) -> None:
        """Close the bytes."""
        if self._open:
            self._open = False
            try:
                with _told_by_httpx():
                    await self._stream.aclose()
            finally:
                self._load.give_back(self._pool)


def _plain(request: httpx.Request) -> httpcore.Request:
    """Return a request as httpcore takes it."""
    url = request.url
    return httpcore.Request(
        request.method,
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=request.stream,
        extensions=dict[str, Any](request.extensions),
    )


@contextmanager
def _told_by_httpx() -> Generator[None]:
    """Have errors told as httpx tells them: its classes have the names of those of httpcore."""
    try:
        yield
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
        kind: type[httpx.TransportError] = getattr(httpx, type(error).__name__)
        raise kind(str(error)) from error
    except httpcore.UnsupportedProtocol as error:
        raise httpx.UnsupportedProtocol(str(error)) from error


def _pool(trusted: ssl.SSLContext) -> httpcore.AsyncConnectionPool:
    """Return a pool of one connection."""
    return httpcore.AsyncConnectionPool(
        ssl_context=trusted,
        max_connections=1,
        max_keepalive_connections=1,
        keepalive_expiry=_IDLE_S,
        network_backend=_Network(),
    )


class _Network(httpcore.AsyncNetworkBackend):
    """The network, over connections that hold writes back."""

    def __init__(self) -> None:
        self._inner: Any = httpcore.AnyIOBackend()  # for either event loop

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Return a connection."""
        return _Held(await self._inner.connect_tcp(host, port, timeout, local_address, socket_options))


class _Held(httpcore.AsyncNetworkStream):
    """A connection that sends what was written when an answer is waited for.

    Args:
        inner: The connection.
    """

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner
        self._held = bytearray()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Send what is held back, and return what comes."""
        if self._held:
            with suppress(httpcore.WriteError):  # a server that does not want the rest may have said why
                await self._send(timeout)
        return await self._inner.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Hold bytes back, unless they are many."""
        self._held += buffer
        if len(self._held) > _MOST_HELD:
            await self._send(timeout)

    async def aclose(self) -> None:
        """Close the connection; what is held back is not wanted any more."""
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        """Return the connection with encryption, which holds writes back in its place."""
        return _Held(await self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """Return what the connection tells of itself."""
        return self._inner.get_extra_info(info)

    async def _send(self, timeout: float | None) -> None:  # noqa: ASYNC109
        held, self._held = bytes(self._held), bytearray()
        await self._inner.write(held, timeout)
