"""One endpoint's connections: opened with the first call, kept by the kernel, closed with it."""

import anyio
import httpx
from anyio.abc import TaskStatus
from attrs import define, field

from elixirml.contracts import ModelHost
from elixirml_http.config import EndpointConfig
from elixirml_http.transport import ShardedTransport

__all__ = ["Connection"]


@define(eq=False)
class Connection:
    """The client of one endpoint.

    Attributes:
        name: What the kernel calls the service.
        endpoint: Where it goes.
        host: Who keeps it.
        transport: Carries the requests; any transport with the interface of httpx, a sharded one when not given.
    """

    name: str
    endpoint: EndpointConfig
    host: ModelHost
    transport: httpx.AsyncBaseTransport | None = None
    _client: httpx.AsyncClient | None = field(default=None, init=False)

    async def client(self) -> httpx.AsyncClient:
        """Return the client, opened at the first call."""
        if self._client is None:
            await self.host.supervise(self.name, self._kept)
        assert self._client is not None  # noqa: S101 - set before the service says that it has started
        return self._client

    async def _kept(self, *, task_status: TaskStatus[None]) -> None:
        endpoint = self.endpoint
        transport = self.transport or ShardedTransport(endpoint.concurrency)
        timeout = httpx.Timeout(endpoint.timeout, connect=endpoint.connect_timeout, pool=None)
        async with httpx.AsyncClient(
            base_url=endpoint.url.rstrip("/"), transport=transport, timeout=timeout, trust_env=False
        ) as client:
            self._client = client
            task_status.started()
            try:
                await anyio.sleep_forever()
            finally:
                self._client = None
