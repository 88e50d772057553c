"""One connection: HTTP/1.1 spoken by h11 over a stream of anyio.

httpx itself sends through httpcore, which uses the same h11 over the same anyio. What it does around them to serve
everybody (locks, hooks, a scope of cancellation for every step) costs two thirds of a call. Here a connection has one
user at a time and does nothing else: a request goes out as one write, and its reply comes in as few reads.
"""

import select
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

import anyio
import h11
import httpx
from anyio.abc import ByteStream, SocketAttribute
from attrs import define, field, frozen

__all__ = ["Head", "Origin", "Patience", "Wire"]

_CHUNK: Final = 1 << 16
"""Bytes of a request that are written together, and of a reply that are read together."""
_HEAD_SIZE: Final = 100 * 1024
"""Bytes that the head of a reply may have; as in httpx."""

_BROKEN: Final = (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError)
"""What a stream raises whose connection is gone; errors of TLS are among them."""

Patience: TypeAlias = Mapping[str, float | None]
"""Seconds to wait at most, by what is waited for: `connect`, `write`, `read`; the extension `timeout` of httpx."""


@frozen
class Origin:
    """Where connections go.

    Attributes:
        secure: Whether by TLS, as `https` says.
        host: Name or address, as it is looked up.
        port: The port.
    """

    secure: bool
    host: str
    port: int

    @classmethod
    def of(cls, url: httpx.URL) -> "Origin":
        """Return the origin of an address.

        Raises:
            UnsupportedProtocol: It is no address of HTTP.
        """
        if url.scheme not in {"http", "https"}:
            raise httpx.UnsupportedProtocol(f"Request URL has an unsupported protocol '{url.scheme}://'.")
        secure = url.scheme == "https"
        return cls(secure, url.raw_host.decode("ascii"), url.port or (443 if secure else 80))


@frozen
class Head:
    """The beginning of a reply.

    Attributes:
        status: The status code.
        reason: Its words.
        headers: Names and values, as they came.
    """

    status: int
    reason: bytes
    headers: Sequence[tuple[bytes, bytes]]


@define(eq=False)
class Wire:
    """An open connection.

    Attributes:
        quiet_since: When its last reply had been read, on the clock of the event loop.
    """

    quiet_since: float = field(init=False, default=0.0)
    _stream: ByteStream
    _socket: Any
    _speech: h11.Connection = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._speech = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_SIZE)

    @classmethod
    async def opened(cls, origin: Origin, patience: Patience, *, trusted: ssl.SSLContext | None) -> "Wire":
        """Open a connection; a secure one to whom is trusted.

        Raises:
            ConnectTimeout: It takes too long.
            ConnectError: Nobody is there, or it is not who it should be.
        """
        connect: Callable[..., Awaitable[ByteStream]] = anyio.connect_tcp
        if origin.secure:
            connect = partial(connect, tls_hostname=origin.host, ssl_context=trusted, tls_standard_compatible=False)
        try:
            with anyio.fail_after(patience.get("connect")):
                stream = await connect(origin.host, origin.port)
        except TimeoutError as error:
            raise httpx.ConnectTimeout(str(error)) from error
        except (*_BROKEN, anyio.EndOfStream) as error:
            raise httpx.ConnectError(str(error)) from error
        below = stream.extra(SocketAttribute.raw_socket)  # noqa: S610 - it is no database
        below.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # nothing comes after a request to wait for
        return cls(stream, below)

    @property
    def gone(self) -> bool:
        """Whether a connection that is at rest cannot be used any more: an end, or what nobody asked for, has come."""
        number: int = self._socket.fileno()
        return number < 0 or _readable(number)

    @property
    def at_rest(self) -> bool:
        """Whether a reply has been read to its end and another request may follow."""
        return self._speech.our_state is h11.IDLE

    async def send(self, request: httpx.Request, patience: Patience) -> Head:
        """Send a request and return the head of the reply.

        Raises:
            TransportError: The connection breaks, takes too long, or speaks something else.
        """
        await self._write(self._written(request, await request.aread()), patience)
        while True:
            event = await self._next(patience)
            if isinstance(event, h11.Response):
                return Head(event.status_code, event.reason, event.headers.raw_items())
            if not isinstance(event, h11.InformationalResponse):
                raise httpx.RemoteProtocolError("The reply has no beginning.")

    async def body(self, patience: Patience) -> AsyncGenerator[bytes]:
        """Yield the bytes of the reply; when all have been, the connection is at rest.

        Raises:
            TransportError: The connection breaks, takes too long, or speaks something else.
        """
        while not isinstance(event := await self._next(patience), h11.EndOfMessage):
            if isinstance(event, h11.Data):
                yield bytes(event.data)
        if self._speech.our_state is h11.DONE and self._speech.their_state is h11.DONE:
            self._speech.start_next_cycle()

    async def close(self) -> None:
        """Close the connection, whatever is under way."""
        with anyio.CancelScope(shield=True):
            await anyio.aclose_forcefully(self._stream)

    def _written(self, request: httpx.Request, content: bytes) -> bytes:
        """Return a request as it is sent."""
        try:
            asked = h11.Request(
                method=request.method.encode(), target=request.url.raw_path, headers=request.headers.raw
            )
            parts = [self._speech.send(each) for each in (asked, h11.Data(data=content), h11.EndOfMessage())]
        except h11.LocalProtocolError as error:
            raise httpx.LocalProtocolError(str(error)) from error
        return b"".join(part for part in parts if part)

    async def _write(self, data: bytes, patience: Patience) -> None:
        try:
            for begin in range(0, len(data), _CHUNK):
                with anyio.fail_after(patience.get("write")):
                    await self._stream.send(data[begin : begin + _CHUNK])
        except TimeoutError as error:
            raise httpx.WriteTimeout(str(error)) from error
        except _BROKEN:
            pass  # a server that does not want the rest may have said why: reading tells

    async def _next(self, patience: Patience) -> Any:
        """Return what comes next of the reply."""
        while True:
            try:
                event = self._speech.next_event()
            except h11.RemoteProtocolError as error:
                raise httpx.RemoteProtocolError(str(error)) from error
            if event is not h11.NEED_DATA:
                return event
            data = await self._read(patience)
            if not data and self._speech.their_state is h11.SEND_RESPONSE:
                raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
            self._speech.receive_data(data)

    async def _read(self, patience: Patience) -> bytes:
        try:
            with anyio.fail_after(patience.get("read")):
                return await self._stream.receive(_CHUNK)
        except anyio.EndOfStream:
            return b""
        except TimeoutError as error:
            raise httpx.ReadTimeout(str(error)) from error
        except _BROKEN as error:
            raise httpx.ReadError(str(error)) from error


def _readable(number: int) -> bool:
    """Return whether something can be read from a socket, by its number in this process."""
    if not hasattr(select, "poll"):  # Windows, whose `select` takes every number
        return bool(select.select([number], [], [], 0)[0])
    poll = select.poll()
    poll.register(number, select.POLLIN)
    return bool(poll.poll(0))
