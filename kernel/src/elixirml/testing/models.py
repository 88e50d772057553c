"""A scripted language model: replies at hand, so that programs run without a model, at no cost.

A product feature for tests of programs and plugins, not a patch: register it like any provider.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import anyio
from attrs import define, field, frozen

from elixirml.contracts.language_model import Capability, ModelHost, ModelInfo, ModelRequest, ModelResponse
from elixirml.contracts.usage import Usage
from elixirml.errors import ModelError, ModelUnavailable

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
        requests: Everything it was asked, in order.
    """

    name: str = "scripted/model"
    script: "Sequence[str] | Script" = ("",)
    capabilities: frozenset[Capability] = frozenset(Capability)
    concurrency: int = 8
    latency: float = 0.0
    failures: int = 0
    fingerprint: str = "scripted"
    requests: list[ModelRequest] = field(factory=list[ModelRequest])

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
