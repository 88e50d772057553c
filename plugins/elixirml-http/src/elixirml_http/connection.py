"""One endpoint's connections: opened with the first call, kept by the kernel, closed with it."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Final

import anyio
import httpx
from anyio.abc import TaskStatus
from attrs import define, field

from elixirml.contracts import ModelHost
from elixirml_http.config import EndpointConfig
from elixirml_http.transport import PooledTransport

__all__ = ["Connection"]

_USUAL: Final = {
    "accept": "*/*",
    "accept-encoding": "gzip, deflate",
    "content-type": "application/json",
    "user-agent": "elixirml-http",
}


@define(eq=False, slots=False)
class Connection:
    """What carries the requests to one endpoint.

    Requests go straight to the transport: what the client of httpx does beside that (cookies, redirects, joining of
    addresses) no endpoint of models needs, and it costs more than all the rest of a call.

    Attributes:
        name: What the kernel calls the service.
        endpoint: Where it goes.
        host: Who keeps it.
        transport: Carries the requests; any transport with the interface of httpx, our own when not given.
    """

    name: str
    endpoint: EndpointConfig
    host: ModelHost
    transport: httpx.AsyncBaseTransport | None = None
    _opened: httpx.AsyncBaseTransport | None = field(default=None, init=False)
    _addresses: dict[str, httpx.URL] = field(factory=dict[str, httpx.URL], init=False)
    _last_headers: tuple[Mapping[str, str], httpx.Headers] | None = field(default=None, init=False, repr=False)

    @asynccontextmanager
    async def posted(
        self, path: str, content: bytes, headers: Mapping[str, str]
    ) -> AsyncGenerator[httpx.Response, None]:
        """Send a JSON body and give the reply, which has not been read; it is closed when the block is left.

        Raises:
            HTTPError: There was no reply, or reading it failed.
        """
        transport = await self._open()
        reply = await transport.handle_async_request(self._request(path, content, headers))
        try:
            yield reply
        finally:
            if not reply.is_closed:
                with anyio.CancelScope(shield=True):
                    await reply.aclose()

    def _request(self, path: str, content: bytes, headers: Mapping[str, str]) -> httpx.Request:
        address = self._addresses.get(path)
        if address is None:
            address = self._addresses[path] = httpx.URL(self.endpoint.url.rstrip("/") + path)
        told = self._headers(address, headers)
        return httpx.Request("POST", address, headers=told, content=content, extensions=self._patience)

    def _headers(self, address: httpx.URL, own: Mapping[str, str]) -> httpx.Headers:
        """Return all headers; they are the same call after call, and costly to make."""
        known = self._last_headers
        if known is None or known[0] != own:
            made = httpx.Headers({"host": address.netloc.decode("ascii"), **self._standing, **own})
            known = self._last_headers = (own, made)
        return known[1]

    @cached_property
    def _standing(self) -> dict[str, str]:
        """Headers that are the same with every request."""
        return _USUAL | {name.lower(): value for name, value in self.endpoint.headers.items()}

    @cached_property
    def _patience(self) -> dict[str, dict[str, float | None]]:
        limits = httpx.Timeout(self.endpoint.timeout, connect=self.endpoint.connect_timeout, pool=None)
        return {"timeout": limits.as_dict()}

    async def _open(self) -> httpx.AsyncBaseTransport:
        if self._opened is None:
            await self.host.supervise(self.name, self._kept)
        assert self._opened is not None  # noqa: S101 - set before the service says that it has started
        return self._opened

    async def _kept(self, *, task_status: TaskStatus[None]) -> None:
        async with self.transport or PooledTransport(self.endpoint.concurrency) as opened:
            self._opened = opened
            task_status.started()
            try:
                await anyio.sleep_forever()
            finally:
                self._opened = None
