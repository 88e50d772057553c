"""The server: HTTP/1.1 on the loopback interface, one task a connection."""

import json
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio
from anyio.abc import SocketAttribute, SocketStream
from attrs import define, field, frozen

from elixirml.runtime.supervision import beside
from elixirml.testing.loopback.formats import Format, format_of
from elixirml.testing.loopback.script import Answer, Fault
from elixirml.testing.loopback.wire import embedding_body

__all__ = ["LoopbackServer", "Received"]

_DIMENSIONS = 8
_END = b"\r\n\r\n"


@frozen
class Received:
    """A request as it came.

    Attributes:
        path: Behind the host.
        headers: By lower-case name.
        body: The JSON body.
    """

    path: str
    headers: dict[str, str] = field(repr=False)
    body: dict[str, Any]

    @property
    def streams(self) -> bool:
        """Whether the reply is to come piece by piece."""
        return bool(self.body.get("stream"))

    @property
    def format(self) -> Format:
        """The format it is to be answered in."""
        return format_of(self.path)


Script = Callable[[Received], "Answer | Fault"]


@define(eq=False)
class LoopbackServer:
    """Answers chat completions, responses, messages and embeddings by a script.

    Attributes:
        script: What to answer in turn (the last one again and again), or a function of the request.
        received: What came, in order.
        under_way: Requests being answered.
        most_under_way: The most there were at once.
        hung_up: How many clients closed the connection before their reply was whole.

    Example:
        >>> async def main():
        ...     async with LoopbackServer([Fault(status=429), Answer("hello")]).running() as server:
        ...         return server.url
    """

    script: "Sequence[Answer | Fault] | Script" = (Answer(),)
    received: list[Received] = field(factory=list[Received], init=False)
    under_way: int = field(default=0, init=False)
    most_under_way: int = field(default=0, init=False)
    hung_up: int = field(default=0, init=False)
    _port: int = field(default=0, init=False)
    _quiet: anyio.Event = field(factory=anyio.Event, init=False)

    @property
    def url(self) -> str:
        """The base URL for clients, such as `http://127.0.0.1:43521/v1`."""
        return f"http://127.0.0.1:{self._port}/v1"

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["LoopbackServer", None]:
        """Serve for the length of a block."""
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1", backlog=2048)
        async with listener, beside() as tasks:
            self._port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - of anyio, not of Django
            tasks.start_soon(listener.serve, self._talk)
            yield self

    async def idle(self) -> None:
        """Wait until nothing is being answered."""
        while self.under_way:
            self._quiet = anyio.Event()
            await self._quiet.wait()

    async def _talk(self, stream: SocketStream) -> None:
        async with stream:
            try:
                rest = b""
                while True:
                    request, rest = await _request(stream, rest)
                    if request is None:
                        return
                    self.received.append(request)
                    if not await self._answered(stream, request):
                        return
            except (anyio.BrokenResourceError, anyio.EndOfStream, anyio.ClosedResourceError):
                self.hung_up += 1

    async def _answered(self, stream: SocketStream, request: Received) -> bool:
        """Answer a request; return whether the connection goes on."""
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            found = self._next(request)
            if isinstance(found, Fault):
                return await self._failed(stream, request, found)
            await anyio.sleep(found.delay)
            await _send(stream, request, found)
        finally:
            self.under_way -= 1
            self._quiet.set()
        return True

    def _next(self, request: Received) -> Answer | Fault:
        if callable(self.script):
            return self.script(request)
        return self.script[min(len(self.received), len(self.script)) - 1]

    async def _failed(self, stream: SocketStream, request: Received, fault: Fault) -> bool:
        match fault.kind:
            case "status":
                text = json.dumps(request.format.error(fault)) if fault.body is None else fault.body
                await stream.send(_whole(text.encode(), status=fault.status, headers=fault.headers.items()))
                return True
            case "hang":
                await anyio.sleep_forever()
            case "garbage":
                kind = "text/event-stream" if request.streams else "application/json"
                await stream.send(_whole(b"data: {broken\n\n", kind=kind))
                return True
            case "split":
                for byte in _bytes_of(request, Answer("ok \u00e9\U0001f600")):
                    await stream.send(bytes([byte]))
                return True
            case "cut" if not request.streams:
                return False
            case _:
                await _interrupted(stream, request, fault)
        return False


async def _interrupted(stream: SocketStream, request: Received, fault: Fault) -> None:
    """Send the first half of a stream, then an error or nothing more."""
    events = list(_events(request, Answer("a reply that never ends")))
    await stream.send(_head("text/event-stream", (), chunked=True))
    for event in events[: len(events) // 2]:
        await stream.send(_chunk(event.encode()))
    if fault.kind == "mid_error":
        await stream.send(_chunk(request.format.broken(fault).encode()) + b"0\r\n\r\n")


async def _send(stream: SocketStream, request: Received, answer: Answer) -> None:
    if not request.streams:
        await stream.send(_bytes_of(request, answer))
        return
    await stream.send(_head("text/event-stream", answer.headers.items(), chunked=True))
    for event in _events(request, answer):
        await anyio.sleep(answer.gap)
        await stream.send(_chunk(event.encode()))
    await stream.send(b"0\r\n\r\n")


def _bytes_of(request: Received, answer: Answer) -> bytes:
    """Return a whole reply, headers included."""
    headers = answer.headers.items()
    if request.streams:
        return _whole("".join(_events(request, answer)).encode(), kind="text/event-stream", headers=headers)
    model = str(request.body.get("model", ""))
    if request.path.endswith("/embeddings"):
        texts = request.body["input"]
        size = int(request.body.get("dimensions", _DIMENSIONS))
        body = embedding_body([texts] if isinstance(texts, str) else texts, model, size)
    else:
        body = request.format.body(answer, model)
    return _whole(json.dumps(body, ensure_ascii=False).encode(), headers=headers)


def _events(request: Received, answer: Answer) -> Iterator[str]:
    model = str(request.body.get("model", ""))
    return request.format.events(answer, model)


def _whole(
    body: bytes,
    *,
    status: int = 200,
    kind: str = "application/json",
    headers: Iterable[tuple[str, str]] = (),
) -> bytes:
    return _head(kind, headers, status=status, length=len(body)) + body


def _head(
    kind: str,
    headers: Iterable[tuple[str, str]],
    *,
    status: int = 200,
    length: int = 0,
    chunked: bool = False,
) -> bytes:
    size = "transfer-encoding: chunked" if chunked else f"content-length: {length}"
    lines = [f"HTTP/1.1 {status} -", f"content-type: {kind}", size, *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join(lines).encode("latin-1") + _END


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


async def _request(stream: SocketStream, rest: bytes) -> tuple[Received | None, bytes]:
    """Read one request with a body of a given length; None when the client is done."""
    while _END not in rest:
        try:
            rest += await stream.receive()
        except anyio.EndOfStream:
            return None, b""
    head, _, rest = rest.partition(_END)
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", "0"))
    while len(rest) < length:
        rest += await stream.receive()
    body = json.loads(rest[:length] or b"{}")
    return Received(first.split(" ")[1], headers, body), rest[length:]
