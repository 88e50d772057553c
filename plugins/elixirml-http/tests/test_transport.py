"""The transport against servers that behave and servers that do not, over real sockets on both event loops."""

import socket
import ssl
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import trustme
from anyio import TypedAttributeProvider
from anyio.abc import ByteStream, SocketAttribute, TaskStatus
from anyio.streams.tls import TLSListener
from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as st

from elixirml_http import transport as transport_module
from elixirml_http.transport import PooledTransport

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

Answering = Callable[["Server", ByteStream, bytes], Awaitable[bool]]


async def ok(server: "Server", stream: ByteStream, request: bytes) -> bool:
    """Answer, and keep the connection."""
    _ = server, request
    await stream.send(OK)
    return True


@define
class Server:
    """Takes requests and answers each by a function, which says whether the connection is kept.

    Attributes:
        answer: The function.
        connections: How many were opened.
        open: How many are.
        requests: What was asked, headers and body.
    """

    answer: Answering = ok
    connections: int = 0
    open: int = 0
    requests: list[bytes] = field(factory=list[bytes])
    url: str = ""

    @asynccontextmanager
    async def running(self, secure: ssl.SSLContext | None = None) -> AsyncGenerator["Server"]:
        async with anyio.create_task_group() as tasks:
            self.url = await tasks.start(self._serve, secure)
            yield self
            tasks.cancel_scope.cancel()

    async def _serve(self, secure: ssl.SSLContext | None, *, task_status: TaskStatus[str]) -> None:
        async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
            task_status.started(url_of(listener).replace("http", "https" if secure else "http"))
            await (TLSListener(listener, secure, standard_compatible=False) if secure else listener).serve(self._speak)

    async def _speak(self, stream: ByteStream) -> None:
        self.connections += 1
        self.open += 1
        try:
            async with stream:
                while request := await _request(stream):
                    self.requests.append(request)
                    if not await self.answer(self, stream, request):
                        return
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, ssl.SSLError):
            pass
        finally:
            self.open -= 1


def url_of(listener: TypedAttributeProvider) -> str:
    """Return the address of a server."""
    port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - it is no database
    return f"http://127.0.0.1:{port}/v1"


@asynccontextmanager
async def serving(speak: Callable[[ByteStream], Awaitable[None]]) -> AsyncGenerator[str]:
    """Give the address of a server that does as it likes with each connection."""
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, speak)
        yield url_of(listener)
        tasks.cancel_scope.cancel()


async def _request(stream: ByteStream) -> bytes:
    """Return one request, or nothing when there is none any more."""
    received = b""
    while True:
        head, end, body = received.partition(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        if end and len(body) >= size:
            return received
        try:
            received += await stream.receive()
        except anyio.EndOfStream:
            return b""


def saying(*parts: bytes, kept: bool = True, pause: float = 0.0) -> Answering:
    """Answer by sending some bytes, part by part."""

    async def answer(server: Server, stream: ByteStream, request: bytes) -> bool:
        _ = server, request
        for number, part in enumerate(parts):
            if number:
                await anyio.sleep(pause)
            await stream.send(part)
        return kept

    return answer


def asked(url: str, *, body: bytes = b"{}", **patience: float) -> httpx.Request:
    """Return a request; what is not said of its patience is endless."""
    waits = {"connect": None, "read": None, "write": None, "pool": None, **patience}
    return httpx.Request("POST", url, content=body, extensions={"timeout": waits})


async def told(transport: httpx.AsyncBaseTransport, request: httpx.Request) -> tuple[int, bytes]:
    """Return the status and the whole body of a reply."""
    reply = await transport.handle_async_request(request)
    async with aclosing(reply):
        return reply.status_code, await reply.aread()


async def until(reached: Callable[[], bool]) -> None:
    """Wait until something is so."""
    with anyio.fail_after(5):
        while not reached():  # noqa: ASYNC110 - it is a server's state, which tells nobody
            await anyio.sleep(0.005)


async def test_one_connection_serves_calls_that_follow_each_other() -> None:
    """A connection is used again, also after an error of the application."""
    refused = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
    async with Server(saying(refused)).running() as server, PooledTransport(8) as transport:
        for _ in range(3):
            assert await told(transport, asked(server.url)) == (404, b"")
        server.answer = ok
        assert await told(transport, asked(server.url, body=b'{"a": 1}')) == (200, b"ok")
    assert server.connections == 1
    assert server.requests[-1].endswith(b'\r\n\r\n{"a": 1}')


async def test_calls_at_once_have_a_connection_each_and_no_more_than_allowed() -> None:
    """Of five calls two are under way at a time; the others wait, and all are answered."""
    under_way: list[int] = []

    async def slowly(server: Server, stream: ByteStream, request: bytes) -> bool:
        under_way.append(len(server.requests) - len(done))
        await anyio.sleep(0.02)
        done.append(request)
        return await ok(server, stream, request)

    done: list[bytes] = []
    async with (
        Server(slowly).running() as server,
        PooledTransport(2) as transport,
        anyio.create_task_group() as tasks,
    ):
        for _ in range(5):
            tasks.start_soon(told, transport, asked(server.url))
    assert max(under_way) == 2
    assert len(done) == 5
    assert server.connections == 2


async def test_a_connection_that_the_server_closed_is_not_used_again() -> None:
    """Whether it says so beforehand or not, the next call finds another connection."""
    said = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok"
    for answer in (saying(said, kept=False), saying(OK, kept=False), saying(b"HTTP/1.0 200 OK\r\n\r\nok", kept=False)):
        async with Server(answer).running() as server, PooledTransport(8) as transport:
            for _ in range(3):
                assert await told(transport, asked(server.url)) == (200, b"ok")
                await until(lambda: server.open == 0)
                await anyio.sleep(0.01)
        assert server.connections == 3


async def test_a_connection_that_rested_long_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers forget connections that are quiet; so do we, all of them and not only the one that is needed."""
    monkeypatch.setattr(transport_module, "_IDLE_S", 0.05)
    async with Server().running() as server, PooledTransport(8) as transport:
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(told, transport, asked(server.url))
        before = server.connections
        await anyio.sleep(0.1)
        assert await told(transport, asked(server.url)) == (200, b"ok")
        await until(lambda: server.open == 1)
    assert server.connections == before + 1


async def test_pieces_come_as_they_are_sent() -> None:
    """A reply in chunks is given piece by piece, before its end is known."""
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    parts = (head, b"3\r\nabc\r\n", b"2\r\nde\r\n", b"0\r\n\r\n")
    async with Server(saying(*parts, pause=0.03)).running() as server, PooledTransport(1) as transport:
        for _ in range(2):
            reply = await transport.handle_async_request(asked(server.url))
            assert [part async for part in reply.aiter_bytes()] == [b"abc", b"de"]
            await reply.aclose()
    assert server.connections == 1


async def test_hints_before_the_reply_are_passed_over() -> None:
    """`100 Continue` and `103 Early Hints` are no replies."""
    hints = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"
    async with Server(saying(hints, OK, pause=0.01)).running() as server, PooledTransport(1) as transport:
        assert await told(transport, asked(server.url)) == (200, b"ok")


async def test_a_reply_left_early_costs_its_connection_and_nobody_elses_turn() -> None:
    """Closing a reply before its end closes the connection, and the next call has its turn."""
    endless = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nbegun"
    async with Server(saying(endless)).running() as server, PooledTransport(1) as transport:
        reply = await transport.handle_async_request(asked(server.url))
        await reply.aclose()
        await reply.aclose()
        await until(lambda: server.open == 0)
        server.answer = ok
        with anyio.fail_after(5):
            assert await told(transport, asked(server.url)) == (200, b"ok")


async def test_a_cancelled_call_closes_its_connection() -> None:
    """Nothing is left of it, and the next call has its turn."""

    async def silent(server: Server, stream: ByteStream, request: bytes) -> bool:
        _ = server, request
        with suppress(anyio.EndOfStream):
            await stream.receive()
        return False

    async with Server(silent).running() as server, PooledTransport(1) as transport:
        with anyio.move_on_after(0.05):
            await told(transport, asked(server.url))
        await until(lambda: server.open == 0)
        server.answer = ok
        with anyio.fail_after(5):
            assert await told(transport, asked(server.url)) == (200, b"ok")


async def test_a_refusal_that_comes_before_the_body_was_sent_is_read() -> None:
    """A server that will not take a large body says why and hangs up; the words arrive."""
    large = b"x" * 30_000_000

    async def refusing(stream: ByteStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(b"HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 3\r\n\r\nbig")
            with anyio.move_on_after(0.2), suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                while True:
                    await stream.receive()

    async with serving(refusing) as url, PooledTransport(1) as transport:
        with anyio.fail_after(20):
            assert await told(transport, asked(url, body=large)) == (413, b"big")


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (saying(kept=False), httpx.RemoteProtocolError, "disconnected without sending"),
        (saying(b"HTTP/1.1 200 OK\r\ncontent-le", kept=False), httpx.RemoteProtocolError, "disconnected"),
        (saying(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok", kept=False), httpx.RemoteProtocolError, "complete"),
        (saying(b"220 mail.example ESMTP\r\n\r\n"), httpx.RemoteProtocolError, "illegal"),
        (saying(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 40_000), httpx.RemoteProtocolError, "too long"),
    ],
)
async def test_a_reply_that_is_none_is_an_error_of_httpx(answer: Answering, error: type[Exception], words: str) -> None:
    """Whatever comes, the error has the class that httpx has for it; the call after it is not touched."""
    async with Server(answer).running() as server, PooledTransport(1) as transport:
        with pytest.raises(error, match=words):
            await told(transport, asked(server.url))
        server.answer = ok
        assert await told(transport, asked(server.url)) == (200, b"ok")


async def test_a_broken_connection_is_an_error_while_reading() -> None:
    """A connection that is reset in the middle of a reply tells so."""

    async def resetting(server: Server, stream: ByteStream, request: bytes) -> bool:
        _ = server, request
        await stream.send(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok")
        raw = stream.extra(SocketAttribute.raw_socket)  # noqa: S610 - it is no database
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset instead of an end
        return False

    async with Server(resetting).running() as server, PooledTransport(1) as transport:
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            await told(transport, asked(server.url))


@pytest.mark.parametrize("way", ["read", "write"])
async def test_patience_ends(way: str) -> None:
    """A server that says nothing, or takes nothing, is waited for as long as was asked and no longer."""
    error = httpx.ReadTimeout if way == "read" else httpx.WriteTimeout
    body = b"x" * 50_000_000 if way == "write" else b"{}"
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # it lets connect, and never reads
        async with PooledTransport(1) as transport:
            with pytest.raises(error):
                await told(transport, asked(f"http://127.0.0.1:{deaf.getsockname()[1]}/", body=body, **{way: 0.1}))


async def test_nobody_there_is_an_error_of_connecting(free_tcp_port: int) -> None:
    """A port without a server, and one whose queue is never served, are told apart."""
    async with PooledTransport(1) as transport:
        with pytest.raises(httpx.ConnectError):
            await told(transport, asked(f"http://127.0.0.1:{free_tcp_port}/"))
        with pytest.raises(httpx.UnsupportedProtocol, match="ftp"):
            await told(transport, asked("ftp://127.0.0.1/"))


async def test_a_request_that_is_none_is_not_sent() -> None:
    """It is refused before anything is written, and the next call has its turn; bodies may come from a generator."""

    async def parts() -> AsyncGenerator[bytes]:
        yield b"[1,"
        yield b"2]"

    async with Server().running() as server, PooledTransport(1) as transport:
        with pytest.raises(httpx.LocalProtocolError):
            await told(transport, httpx.Request("POST", server.url, headers={"content-length": "x"}))
        assert await told(transport, httpx.Request("POST", server.url, content=parts())) == (200, b"ok")
    assert b"[1,2]" in server.requests[0].replace(b"\r\n", b"")


async def test_connecting_takes_no_longer_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit counts from the look-up of the name to the end of the handshake."""

    async def for_ever(*_: Any, **__: Any) -> None:
        await anyio.sleep_forever()

    monkeypatch.setattr(anyio, "connect_tcp", for_ever)
    async with PooledTransport(1) as transport:
        with pytest.raises(httpx.ConnectTimeout):
            await told(transport, asked("http://127.0.0.1/", connect=0.02))


async def test_secure_connections_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server is spoken to when its certificate is trusted and of its name, and otherwise refused."""
    authority = trustme.CA()
    secure = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(secure)
    trusted = tmp_path / "trusted.pem"
    authority.cert_pem.write_to_path(str(trusted))
    async with Server().running(secure) as server:
        async with PooledTransport(1) as transport:
            with pytest.raises(httpx.ConnectError, match="certificate"):
                await told(transport, asked(server.url))
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        async with PooledTransport(1) as transport:
            for _ in range(3):
                assert await told(transport, asked(server.url, body=b"x" * 200_000)) == (200, b"ok")
        assert server.connections == 1
        async with PooledTransport(1) as transport:
            with pytest.raises(httpx.ConnectError, match=r"match|mismatch"):
                await told(transport, asked(server.url.replace("127.0.0.1", "localhost")))


async def test_a_closed_transport_leaves_no_connection() -> None:
    """Neither those at rest nor those in use, which are told; giving one back afterwards does not keep it."""
    begun = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok"
    async with Server().running() as server:
        async with PooledTransport(8) as transport:
            await told(transport, asked(server.url))
            server.answer = saying(begun)
            reply = await transport.handle_async_request(asked(server.url))
            server.answer = ok
            await told(transport, asked(server.url))
        with pytest.raises(httpx.ReadError):
            await reply.aread()
        await until(lambda: server.open == 0)


@settings(max_examples=25, deadline=None)
@given(
    body=st.binary(max_size=300),
    cuts=st.lists(st.integers(0, 400), max_size=6),
    chunked=st.booleans(),
    sent=st.binary(max_size=200_000),
)
def test_any_body_arrives_however_it_is_cut(*, body: bytes, cuts: list[int], chunked: bool, sent: bytes) -> None:
    """What is sent arrives and what is answered is read, whatever its size and wherever the packets end."""
    head = b"HTTP/1.1 200 OK\r\n"
    if chunked:
        pieces = [body[number : number + 50] for number in range(0, len(body), 50)]
        coded = b"".join(f"{len(each):x}\r\n".encode() + each + b"\r\n" for each in pieces) + b"0\r\n\r\n"
        whole = head + b"transfer-encoding: chunked\r\n\r\n" + coded
    else:
        whole = head + f"content-length: {len(body)}\r\n\r\n".encode() + body
    places = sorted({0, len(whole), *(min(cut, len(whole)) for cut in cuts)})
    parts = [whole[begin:end] for begin, end in pairwise(places)]

    async def once() -> None:
        async with Server(saying(*parts)).running() as server, PooledTransport(1) as transport:
            for _ in range(2):
                assert await told(transport, asked(server.url, body=sent)) == (200, body)
            assert server.connections == 1
            assert server.requests[0].partition(b"\r\n\r\n")[2] == sent

    anyio.run(once)
