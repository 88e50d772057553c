"""A scripted language model: replies at hand, so that programs run without a model, at no cost.

A product feature for tests of programs and plugins, not a patch: register it like any provider.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import anyio
from anyio.lowlevel import checkpoint
from attrs import define, field, frozen

from elixirml.contracts.language_model import Capability, ModelHost, ModelInfo, ModelRequest, ModelResponse
from elixirml.contracts.stream import ModelDelta, ModelEnd, ReasoningDelta, TextDelta, ToolCallDelta
from elixirml.contracts.usage import Usage
from elixirml.errors import ModelDisconnected, ModelError, ModelUnavailable

__all__ = ["ScriptedModel", "ScriptedProvider"]

Script = Callable[[ModelRequest], "str | Mapping[str, float] | ModelResponse"]


def _words(request: ModelRequest) -> int:
    return sum(len(each.content.split()) for each in request.messages) + len((request.text or "").split())


@define
class ScriptedModel:
    """Answers from a script.

    Attributes:
        name: The full name, `provider/model`.
        script: Texts to reply with in turn (the last one again and again), or a function of the request that returns a
            text, label log-probabilities, or a whole response.
        capabilities: What it claims to be able to do.
        concurrency: How many calls it answers at once.
        latency: Seconds each call takes.
        failures: How many calls fail first, as an infrastructure would.
        pieces: How a streamed reply is cut: into pieces of so many signs, or by a function of its text.
        breaks_after: After how many pieces every streamed reply breaks off; None lets them come whole.
        requests: Everything it was asked, in order.
        closed_early: How many streamed replies were left before their end.
    """

    name: str = "scripted/model"
    script: "Sequence[str] | Script" = ("",)
    capabilities: frozenset[Capability] = frozenset(Capability)
    concurrency: int = 8
    latency: float = 0.0
    failures: int = 0
    fingerprint: str = "scripted"
    pieces: int | Callable[[str], Sequence[str]] = 4
    breaks_after: int | None = None
    requests: list[ModelRequest] = field(factory=list[ModelRequest])
    closed_early: int = field(default=0, init=False)

    def price(self, usage: Usage) -> float | None:
        """Return what amounts cost: nothing."""
        _ = usage
        return 0.0

    async def complete(self, request: ModelRequest) -> ModelResponse:
        """Return the next reply of the script."""
        self.requests.append(request)
        if self.latency:
            await anyio.sleep(self.latency)
        if len(self.requests) <= self.failures:
            raise ModelError("the scripted model was told to fail")
        reply: Any = self._reply(request)
        if isinstance(reply, ModelResponse):
            return reply
        usage = Usage(calls=1, tokens_in=_words(request), tokens_out=1)
        if isinstance(reply, Mapping):
            given = cast("Mapping[str, float]", reply)
            scores = {label: float(score) for label, score in given.items()}
            return ModelResponse(max(scores, key=lambda label: scores[label]), "stop", usage, scores)
        return ModelResponse(reply, "stop", usage)

    @asynccontextmanager
    async def stream(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[ModelDelta]]:
        """Give the next reply of the script piece by piece.

        Raises:
            ModelDisconnected: It breaks off, as `breaks_after` says.
        """
        over = False

        async def told() -> AsyncGenerator[ModelDelta]:
            nonlocal over
            try:
                response = await self.complete(request)
                for delta in self._until_it_breaks(response):
                    await checkpoint()
                    over = isinstance(delta, ModelEnd)
                    yield delta
            except Exception:
                over = True
                raise

        deltas = told()
        try:
            yield deltas
        finally:
            self.closed_early += not over
            await deltas.aclose()

    def _until_it_breaks(self, response: ModelResponse) -> Iterator[ModelDelta]:
        said = ""
        for number, delta in enumerate(self._deltas(response)):
            if number == self.breaks_after:
                raise ModelDisconnected("the scripted model was told to break off", partial=said)
            said += delta.text if isinstance(delta, TextDelta) else ""
            yield delta

    def _deltas(self, response: ModelResponse) -> list[ModelDelta]:
        calls = enumerate(response.tool_calls)
        return [
            *([ReasoningDelta(response.reasoning)] if response.reasoning else []),
            *(TextDelta(each) for each in self._cut(response.text)),
            *(ToolCallDelta(at, each.id, each.name, each.arguments) for at, each in calls),
            ModelEnd(response),
        ]

    def _cut(self, text: str) -> Sequence[str]:
        if callable(self.pieces):
            return self.pieces(text)
        return [text[at : at + self.pieces] for at in range(0, len(text), self.pieces)]

    def _reply(self, request: ModelRequest) -> Any:
        if callable(self.script):
            return self.script(request)
        return self.script[min(len(self.requests), len(self.script)) - 1]


@frozen(eq=False)
class ScriptedProvider:
    """Opens scripted models by name; register it under any prefix.

    Example:
        >>> manager.registry.offer("language_models", "scripted", ScriptedProvider({"model": ScriptedModel()}))
    """

    known: Mapping[str, ScriptedModel]

    def models(self) -> tuple[ModelInfo, ...]:
        """Return the scripted models."""
        return tuple(ModelInfo(name, "answers from a script", installed=True) for name in self.known)

    def open(self, model: str, host: ModelHost) -> ScriptedModel:
        """Return a scripted model by name."""
        _ = host
        if model not in self.known:
            raise ModelUnavailable(f"There is no scripted model `{model}`.", hint=f"Known: {', '.join(self.known)}.")
        return self.known[model]
