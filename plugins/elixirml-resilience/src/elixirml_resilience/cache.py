"""The middleware `cache`: a reply that was given once is given again, in this process or another, now or next week."""

from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
from anyio import to_thread
from anyio.abc import TaskStatus
from attrs import define, field, frozen

from elixirml.contracts import ORDERS, LanguageModel, ModelHost, ModelRequest, ModelResponse, WrappedModel, streamed
from elixirml.variables import Variable, variable
from elixirml_resilience.identifying import Call, Caller, is_repeatable
from elixirml_resilience.keeping import Kept
from elixirml_resilience.response_file import ResponseFile
from elixirml_resilience.settings import configured, section, settled
from elixirml_resilience.streaming import Deltas, replayed, watched

__all__ = ["Cache"]


@define(eq=False)
class Cache:
    """Puts models behind a file of replies."""

    _files: Kept[ResponseFile] = field(factory=Kept[ResponseFile], init=False)

    @property
    def order(self) -> int:
        """Outside of what costs time or money."""
        return ORDERS["cache"]

    def variables(self) -> tuple[Variable, ...]:
        """Return what may be tuned."""
        return (variable(False, name="sampled", hint="also keep replies that were sampled without a seed"),)

    def configured(self, host: ModelHost) -> Mapping[str, Any]:
        """Return what is configured of that."""
        return configured(section(host).cache, self.variables())

    def wrap(self, model: LanguageModel, *, options: Mapping[str, Any], host: ModelHost) -> LanguageModel:
        """Return a model that looks into the file first."""
        config = settled(section(host).cache, options)
        path = host.cache_dir / "responses" / "responses.sqlite3"
        file = self._files.get(host, path, lambda: ResponseFile(path, config.ttl, config.max_bytes))
        caller = Caller.of(model, fingerprint=model.fingerprint, tenant=config.tenant)
        substitutes = frozenset(section(host).fallback.models) - {model.name}
        return _Cached(model, host, file, caller, config.sampled, substitutes)


@frozen(eq=False)
class _Cached(WrappedModel):
    """Attributes besides the model's: where replies are kept, and which may be."""

    host: ModelHost = field(repr=False)
    file: ResponseFile
    caller: Caller = field(repr=False)
    sampled: bool
    substitutes: Collection[str]

    async def complete(self, request: ModelRequest) -> ModelResponse:
        """Return the reply that is kept, else the model's.

        Raises:
            ConfigError: Replies cannot be kept in the cache folder.
            ModelError: No reply came.
        """
        call = self._call(request)
        if call is None:
            return await self.model.complete(request)
        found = await self._found(call)
        return found if found is not None else await self._kept(call, await self.model.complete(request))

    @asynccontextmanager
    async def stream(self, request: ModelRequest) -> AsyncGenerator[Deltas]:
        """Give the reply that is kept as pieces, else the model's as they come.

        Raises:
            ConfigError: Replies cannot be kept in the cache folder.
            ModelError: No reply came, or it broke off.
        """
        call = self._call(request)
        found = None if call is None else await self._found(call)

        async def ended(response: ModelResponse) -> ModelResponse:
            return response if call is None else await self._kept(call, response)

        source = replayed(found) if found is not None else watched(streamed(self.model, request), ended=ended)
        async with source as deltas:
            yield deltas

    def _call(self, request: ModelRequest) -> Call | None:
        return self.caller.call(request) if self.sampled or is_repeatable(request) else None

    async def _found(self, call: Call) -> ModelResponse | None:
        if not self.file.is_open:
            await to_thread.run_sync(self.file.open)
            await self.host.supervise(f"replies in {self.file.path}", self._closing)
        # Reading takes microseconds and waits for nobody: a thread would cost ten times that.
        found = self.file.find(call)
        if self.file.is_due:
            await to_thread.run_sync(self.file.flush)
        return found

    async def _closing(self, *, task_status: TaskStatus[None]) -> None:
        """Close the file when the kernel ends."""
        task_status.started()
        try:
            await anyio.sleep_forever()
        finally:
            self.file.close()

    async def _kept(self, call: Call, response: ModelResponse) -> ModelResponse:
        """Return the reply, and keep it unless it is kept already or stands in for this model's."""
        if not response.cached and response.model not in self.substitutes:
            await to_thread.run_sync(self.file.keep, call, response)
        return response
