"""A language model behind an HTTP endpoint."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, Final

import anyio
import httpx
from attrs import define, evolve, field, frozen

from elixirml.contracts import (
    Capability,
    Embeddings,
    Media,
    ModelDelta,
    ModelEnd,
    ModelRequest,
    ModelResponse,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from elixirml.errors import ConfigError, ModelAccessDenied, ModelError, ModelRequestInvalid
from elixirml_http.connection import Connection
from elixirml_http.faults import Place, broken_off, limits_of, refused, unreachable
from elixirml_http.pieces import Broken, Events, Gathering, Piece
from elixirml_http.prices import Prices
from elixirml_http.protocols import Speech
from elixirml_http.reading import BadJson, ToldFailure, objects, parsed, section, whole
from elixirml_http.sse import EventReader

__all__ = ["HttpModel"]

_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_SHOWN: Final = (TextDelta, ReasoningDelta, ToolCallDelta)
_MEDIA: Final = {Media.IMAGE: Capability.VISION, Media.AUDIO: Capability.AUDIO, Media.FILE: Capability.FILES}


@define(eq=False)
class HttpModel:
    """Asks one model of one endpoint.

    It makes one attempt: retries, limits and caches are middlewares.

    Attributes:
        name: The full name, `provider/model`.
        wire_name: The endpoint's own name of the model.
        connection: The endpoint, shared by its models.
        speech: How to speak to it.
        prices: What it costs.
    """

    name: str
    wire_name: str
    connection: Connection
    speech: Speech
    prices: Prices = field(repr=False)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the protocol can ask for; whether a given model can, its endpoint says when it is asked.

        `REASONING` is not among them: models that do not think take the protocol too, and would give no reasons.
        """
        return self.speech.capabilities

    @property
    def fingerprint(self) -> str:
        """Protocol and address; weights behind them may change without a word, which nobody can know."""
        return f"{self.speech.path}@{self.connection.endpoint.address}"

    @property
    def concurrency(self) -> int:
        """Calls under way at once, as configured."""
        return self.connection.endpoint.concurrency

    def price(self, usage: Usage) -> float | None:
        """Return what amounts cost; None when the price is not known."""
        return self.prices.cost(self.name, usage)

    def key_state(self) -> str:
        """Return where the key is found, in words that do not hold it.

        Raises:
            ModelAccessDenied: It is not there.
        """
        key = self.connection.endpoint.key
        if key is None:
            return "none is configured; open servers need none"
        self._headers()
        return f"{key.reference} is there"

    async def complete(self, request: ModelRequest) -> ModelResponse:
        """Return the reply to one attempt.

        Raises:
            ModelError: See `elixirml.errors`; the narrowest class that fits, with the provider's own words.
        """
        body, started = self._body(request, stream=False), perf_counter()
        reply = await self._sent(self.speech.path, body)
        content = reply.content
        try:
            response = self.speech.response(parsed(content.decode("utf-8", "replace")), request)
        except BadJson as error:
            raise broken_off(self._place, "bad_json", None, partial="") from error
        except ToldFailure as failure:
            raise self._broken(failure.code, failure.message) from None  # its words may hold the key
        return self._finished(response, reply, seconds=perf_counter() - started)

    @asynccontextmanager
    async def stream(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[ModelDelta], None]:
        """Give the reply piece by piece; leaving the block early closes the connection.

        Raises:
            ModelError: No reply came, or it broke off; `partial` holds the text that had arrived.
        """
        body = self._body(request, stream=True)
        gathered, started = Gathering(), perf_counter()
        try:
            async with self.connection.posted(self.speech.path, _encoded(body), self._headers()) as reply:
                if not reply.is_success:
                    raise self._refused(reply, await reply.aread())
                reading = _Reading(self.speech.events(request))
                async with (
                    _chunks(reply) as chunks,
                    aclosing(self._deltas(reply, chunks, reading, gathered, started)) as deltas,
                ):
                    yield deltas
        except httpx.HTTPError as error:
            raise unreachable(self._place, error, partial=gathered.text) from error

    async def embed(self, texts: Sequence[str], *, dimensions: int | None = None) -> Embeddings:
        """Return the vectors of texts.

        Raises:
            ModelError: No answer came, or the endpoint has no embeddings.
        """
        if not self.speech.embeddings:
            raise ModelRequestInvalid(f"{self.name}: this protocol has no embeddings.", hint="Use an openai/... model.")
        body: dict[str, Any] = {"model": self.wire_name, "input": list(texts)}
        if dimensions is not None:
            body["dimensions"] = dimensions
        reply = await self._sent("/embeddings", body)
        try:
            found = parsed(reply.content.decode("utf-8", "replace"))
            rows = sorted(objects(found, "data"), key=lambda row: whole(row, "index"))
            vectors = tuple(tuple(float(each) for each in row["embedding"]) for row in rows)
        except (BadJson, KeyError, TypeError, ValueError) as error:
            raise broken_off(self._place, "bad_json", None, partial="") from error
        if len(vectors) != len(texts):
            raise ModelError(f"{self.name}: {len(texts)} texts were sent and {len(vectors)} vectors came.")
        usage = Usage(calls=1, tokens_in=whole(section(found, "usage"), "prompt_tokens"))
        return Embeddings(vectors, evolve(usage, money=self.price(usage)), str(found.get("model", "")))

    @property
    def _place(self) -> Place:
        endpoint = self.connection.endpoint
        return Place(self.name, endpoint.address, "" if endpoint.key is None else endpoint.key.reference)

    def _body(self, request: ModelRequest, *, stream: bool) -> dict[str, Any]:
        """Return the body, or refuse what the endpoint cannot do, before anything is sent."""
        if request.text is not None or request.labels:
            what = "plain text to continue" if request.text is not None else "labels to score"
            raise ModelRequestInvalid(
                f"{self.name}: a chat endpoint takes no {what}.", hint="Use another adapter or decoding for this model."
            )
        if request.grammar is not None and Capability.GRAMMAR not in self.capabilities:
            raise ModelRequestInvalid(
                f"{self.name}: the endpoint {self.connection.endpoint.address} is not known to take grammars.",
                hint="Write grammar = true under its [plugins.http.endpoints] table if it does.",
            )
        for what, needed in _needed(request):
            if needed not in self.capabilities:
                raise ModelRequestInvalid(
                    f"{self.name}: {what} cannot be sent in this protocol, which has no `{needed}`.",
                    hint="Leave it out, or use a model of another provider.",
                )
        return self.speech.body(request, self.wire_name, stream)

    def _headers(self) -> dict[str, str]:
        secret = self.connection.endpoint.key
        if secret is None:
            return self.speech.headers(None)
        try:
            key = secret.reveal()
        except ConfigError as error:
            raise ModelAccessDenied(f"{self.name}: {error.message}", hint=error.hint) from error
        if not (key.isascii() and key.isprintable()):  # the transport would say so too, and repeat the key
            raise ModelAccessDenied(
                f"{self.name}: the key of {secret.reference} holds a line break, or a sign beyond ASCII.",
                hint="Set it again, without quotation marks and white space around it.",
            )
        return self.speech.headers(key)

    async def _sent(self, path: str, body: dict[str, Any]) -> httpx.Response:
        try:
            async with self.connection.posted(path, _encoded(body), self._headers()) as reply:
                await reply.aread()
        except httpx.HTTPError as error:
            raise unreachable(self._place, error) from error
        if not reply.is_success:
            raise self._refused(reply, reply.content)
        return reply

    def _refused(self, reply: httpx.Response, body: bytes) -> ModelError:
        now = datetime.now(UTC)
        return refused(self._place, reply.status_code, reply.headers, body, now=now, hide=self._hidden)

    def _broken(self, code: str, message: str | None, *, partial: str = "") -> ModelError:
        return broken_off(self._place, self._hidden(code), message and self._hidden(message), partial=partial)

    def _hidden(self, words: str) -> str:
        """Return a provider's words without the key."""
        key = self.connection.endpoint.key
        if key is not None:
            with suppress(ConfigError):  # it was there when the call was made
                return words.replace(key.reveal(), "***")
        return words

    async def _deltas(
        self,
        reply: httpx.Response,
        chunks: AsyncIterator[bytes],
        reading: "_Reading",
        gathered: Gathering,
        started: float,
    ) -> AsyncGenerator[ModelDelta, None]:
        first: float | None = None
        async for chunk in chunks:
            for delta in self._shown(reading.feed(chunk), gathered):
                first = perf_counter() - started if first is None else first
                yield delta
        for delta in self._shown(reading.end(), gathered):
            yield delta
        gathered.model = reading.events.model
        response = evolve(self.speech.finished(gathered.response()), first_token=first)
        yield ModelEnd(self._finished(response, reply, seconds=perf_counter() - started))

    def _shown(self, pieces: Iterable[Piece], gathered: Gathering) -> Iterator[ModelDelta]:
        """Add pieces up, and yield those that users are shown.

        Raises:
            ModelError: A piece tells that the stream is broken.
        """
        for piece in pieces:
            if isinstance(piece, Broken):
                raise self._broken(piece.code, piece.message, partial=gathered.text)
            gathered.take(piece)
            if isinstance(piece, _SHOWN):
                yield piece

    def _finished(self, response: ModelResponse, reply: httpx.Response, *, seconds: float) -> ModelResponse:
        """Return the response with its price and how long it took, and what the headers say is left to use."""
        usage = evolve(response.usage, money=self.price(response.usage), seconds=seconds)
        return evolve(response, usage=usage, limits=limits_of(reply.headers))


@asynccontextmanager
async def _chunks(reply: httpx.Response) -> AsyncGenerator[AsyncIterator[bytes], None]:
    """Give the bytes of a reply; when the block is left early, the connection is closed first.

    The bytes come through generators within generators. Closing the outermost alone would leave the others to the
    garbage collector; reading on from a closed connection ends them all.
    """
    chunks = reply.aiter_bytes()
    try:
        yield chunks
    finally:
        with anyio.CancelScope(shield=True):
            await reply.aclose()
            with suppress(httpx.HTTPError, httpx.StreamError, RuntimeError):
                async for _ in chunks:
                    pass


@frozen
class _Reading:
    """Bytes to pieces; what follows the end of a reply says nothing."""

    events: Events
    _reader: EventReader = field(factory=EventReader)

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        for data in self._reader.feed(chunk):
            yield from self.events.read(data)

    def end(self) -> Iterator[Piece]:
        for data in self._reader.close():
            yield from self.events.read(data)
        yield from self.events.end()


def _needed(request: ModelRequest) -> Iterator[tuple[str, Capability]]:
    """Yield what a request holds that not every protocol has a place for."""
    if request.top_logprobs is not None:
        yield "`top_logprobs`", Capability.LOGPROBS
    for message in request.messages:
        for attachment in message.attachments:
            yield f"an attachment ({attachment.mime or attachment.media})", _MEDIA[attachment.media]


def _encoded(body: dict[str, Any]) -> bytes:
    return _JSON.encode(body).encode("utf-8", "backslashreplace")
