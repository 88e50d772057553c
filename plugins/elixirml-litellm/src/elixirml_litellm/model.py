"""A language model that litellm asks."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from time import perf_counter
from typing import Any

import anyio
import anyio.to_thread
from attrs import define, evolve, field

from elixirml.contracts import Capability, ModelDelta, ModelEnd, ModelRequest, ModelResponse, Usage
from elixirml.errors import ModelAccessDenied, ModelDisconnected, ModelRequestInvalid
from elixirml_litellm.asking import Gathering, arguments, chunk_deltas, response_of
from elixirml_litellm.faults import told
from elixirml_litellm.library import Library
from elixirml_litellm.loop import AsyncioThread
from elixirml_litellm.place import Place
from elixirml_litellm.prices import ModelFacts

__all__ = ["LiteLlmModel"]


@define(eq=False)
class LiteLlmModel:
    """Asks one model through litellm; one call is one attempt, and nothing is kept.

    Attributes:
        place: Where it is.
        library: litellm, not imported yet.
        facts: What it costs and can do.
        loop: Where litellm runs.
    """

    place: Place
    library: Library = field(repr=False)
    facts: ModelFacts = field(repr=False)
    loop: AsyncioThread = field(repr=False)

    @property
    def name(self) -> str:
        """The full name, `litellm/provider/model`."""
        return self.place.model

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What litellm's table says it can do."""
        return self.facts.capabilities

    @property
    def fingerprint(self) -> str:
        """The version of litellm and the address; weights behind them may change without a word."""
        return f"litellm-{self.library.version}@{self.place.address}"

    @property
    def concurrency(self) -> int:
        """Calls under way at once, as configured."""
        return self.place.concurrency

    def key_state(self) -> str:
        """Return where the key is found, in words that do not hold it; this imports litellm.

        Raises:
            ModelAccessDenied: It is not there.
            ModelUnavailable: litellm cannot be imported.
        """
        if self.place.key is not None:
            self.place.revealed()
            return f"{self.place.key.reference} is there"
        self._look_for_key()
        return "none is configured; litellm looks for one in its own variables"

    async def complete(self, request: ModelRequest) -> ModelResponse:
        """Return the reply to one attempt.

        Raises:
            ModelError: See `elixirml.errors`; the narrowest class that fits, with the provider's own words.
        """
        module, asked = await self._asked(request)
        started = perf_counter()
        try:
            data = await self.loop.call(_completed, module, asked)
        except Exception as error:  # noqa: BLE001 - litellm lets through whatever happens in what it stands on
            raise told(self.place, error) from None  # its own words may hold the key
        return self._priced(response_of(data), seconds=perf_counter() - started)

    @asynccontextmanager
    async def stream(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[ModelDelta], None]:
        """Give the reply piece by piece; leaving the block early ends the call.

        Raises:
            ModelError: No reply came, or it broke off; `partial` holds the text that had arrived.
        """
        module, asked = await self._asked(request)
        asked |= {"stream": True, "stream_options": {"include_usage": True}}
        try:
            chunks = await self.loop.call(_begun, module, asked)
        except Exception as error:  # noqa: BLE001 - as above
            raise told(self.place, error) from None
        try:
            async with aclosing(self._deltas(chunks)) as deltas:
                yield deltas
        finally:
            with anyio.CancelScope(shield=True):
                await self.loop.call(_closed, chunks)

    async def _deltas(self, chunks: Any) -> AsyncGenerator[ModelDelta, None]:
        gathered, begun, first = Gathering(), perf_counter(), None
        while True:
            try:
                data = await self.loop.call(_next, chunks)
            except Exception as error:  # noqa: BLE001 - as above
                raise told(self.place, error, partial=gathered.text) from None
            if data is None:
                break
            gathered.note(data)
            for delta in chunk_deltas(data):
                first = perf_counter() - begun if first is None else first
                gathered.take(delta)
                yield delta
        if not gathered.finish:
            raise ModelDisconnected(
                f"{self.name}: the stream ended before it was whole.",
                hint="Try again; what had arrived is in `partial`.",
                code="stream-broken",
                partial=gathered.text,
            )
        whole = evolve(gathered.response(), first_token=first)
        yield ModelEnd(self._priced(whole, seconds=perf_counter() - begun))

    async def _asked(self, request: ModelRequest) -> tuple[Any, dict[str, Any]]:
        """Return litellm and the arguments of the call; what cannot be asked is refused before anything is sent."""
        lacking = [what for what, asked in _never(request) if asked]
        if lacking:
            raise ModelRequestInvalid(
                f"{self.name}: litellm takes no {' and no '.join(lacking)}.",
                hint="Use another adapter or decoding for this model.",
            )
        told_apart = {"api_base": self.place.url, "api_key": self.place.revealed()}
        module = await anyio.to_thread.run_sync(self.library.module)
        if self.place.key is None:
            self._look_for_key()
        asked = {**arguments(request), "model": self.place.wire_name, "timeout": self.place.timeout}
        if "seed" in asked and not self._seeded(module):
            del asked["seed"]
        return module, asked | {name: value for name, value in told_apart.items() if value is not None}

    def _look_for_key(self) -> None:
        """Refuse a call that has no key; at an address of the user's own none may be needed."""
        missing = () if self.place.url is not None else self.library.missing_keys(self.place.wire_name)
        if missing:
            raise ModelAccessDenied(
                f"{self.name}: no key; litellm looks for {' or '.join(missing)}, and no such variable is set.",
                hint=f"export {missing[-1]}=...",
            )

    def _seeded(self, module: Any) -> bool:
        """Whether the provider knows seeds: litellm refuses them otherwise, and every call of a study has one."""
        known: object = module.get_supported_openai_params(self.place.wire_name)
        return not isinstance(known, list) or "seed" in known

    def price(self, usage: Usage) -> float | None:
        """Return what amounts cost; None when the price is not known."""
        return self.facts.cost(usage)

    def _priced(self, response: ModelResponse, *, seconds: float) -> ModelResponse:
        return evolve(response, usage=evolve(response.usage, money=self.price(response.usage), seconds=seconds))


def _never(request: ModelRequest) -> tuple[tuple[str, bool], ...]:
    """Return what litellm has no place for, and whether a request holds it."""
    return (
        ("plain text to continue", request.text is not None),
        ("labels to score", bool(request.labels)),
        ("grammars", request.grammar is not None),
        ("`top_logprobs`", request.top_logprobs is not None),
    )


async def _completed(module: Any, asked: dict[str, Any]) -> dict[str, Any]:
    return _plain(await module.acompletion(**asked))


async def _begun(module: Any, asked: dict[str, Any]) -> Any:
    return await module.acompletion(**asked)


async def _next(chunks: Any) -> dict[str, Any] | None:
    """Return the next chunk; None after the last."""
    try:
        return _plain(await anext(chunks))
    except StopAsyncIteration:
        return None


async def _closed(chunks: Any) -> None:
    close = getattr(chunks, "aclose", None)
    if close is not None:
        await close()


def _plain(reply: Any) -> dict[str, Any]:
    found: dict[str, Any] = reply.model_dump()
    return found
