"""What a language model is: a request in, a response out.

Providers are contributed through `elixirml.hookspecs.register_language_models` under the prefix users write before the
slash: `local` in `local/smollm2`. Wrapping a model with another (journal, cache, retry) is how everything else is done.
"""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from attrs import field, frozen

from elixirml.contracts.usage import Usage
from elixirml.identity import Json

__all__ = [
    "Capability",
    "LanguageModel",
    "LanguageModelProvider",
    "Message",
    "ModelHost",
    "ModelInfo",
    "ModelRequest",
    "ModelResponse",
    "Role",
]


class Role(StrEnum):
    """Who says a message."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class Capability(StrEnum):
    """What a model can do beyond a chat; adapters choose their means by it."""

    TEXT = "text"  #: continues plain text (`ModelRequest.text`)
    GRAMMAR = "grammar"  #: keeps to a GBNF grammar
    JSON_SCHEMA = "json_schema"  #: keeps to a JSON Schema
    LABEL_LOGPROBS = "label_logprobs"  #: scores given continuations


@frozen
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@frozen
class ModelRequest:
    """What is asked of a language model, once; the whole of it identifies the call.

    Attributes:
        messages: The conversation so far; empty when `text` is given.
        text: Plain text to continue, for models with `Capability.TEXT`.
        stable: How much of the front is the same for every example: leading messages, or characters of `text`. A
            hint for prefix caches: it never changes what is asked, but a provider may tokenize front and rest apart.
        labels: Continuations to score instead of writing, for models with `Capability.LABEL_LOGPROBS`.
        probes: More continuations to score in the same call, by their first token alone; evidence for calibration.
        grammar: A GBNF grammar the reply keeps to.
        json_schema: A JSON Schema the reply keeps to.
        max_tokens: The most tokens to write.
        temperature: 0 takes the likeliest token each time.
        stop: Texts that end the reply; they are not part of it.
        seed: Drives sampling above temperature 0.
    """

    messages: tuple[Message, ...] = ()
    text: str | None = None
    stable: int = 0
    labels: tuple[str, ...] = ()
    probes: tuple[str, ...] = ()
    grammar: str | None = None
    json_schema: Mapping[str, Any] | None = field(default=None, hash=False)
    max_tokens: int = 256
    temperature: float = 0.0
    stop: tuple[str, ...] = ()
    seed: int | None = None

    def to_json(self) -> dict[str, Json]:
        """Return the request as plain data."""
        return {
            "messages": [{"role": str(each.role), "content": each.content} for each in self.messages],
            "text": self.text,
            "stable": self.stable,
            "labels": list(self.labels),
            "probes": list(self.probes),
            "grammar": self.grammar,
            "json_schema": None if self.json_schema is None else dict(self.json_schema),
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "stop": list(self.stop),
            "seed": self.seed,
        }


@frozen
class ModelResponse:
    """What a language model replied.

    Attributes:
        text: The reply; for scored labels, the likeliest one.
        finish: `stop`, `length`, or the provider's own word.
        usage: What the call used.
        label_logprobs: Natural-log probability of each label and probe, relative to all of them; else empty.
    """

    text: str
    finish: str = "stop"
    usage: Usage = field(factory=Usage)
    label_logprobs: Mapping[str, float] = field(factory=dict[str, float], hash=False)


class LanguageModel(Protocol):
    """Turns a request into a response."""

    @property
    def name(self) -> str:
        """The full name, `provider/model`."""
        ...

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it can do beyond a chat."""
        ...

    @property
    def fingerprint(self) -> str:
        """What replies depend on beside the request: weights, engine version, endpoint. Journals are keyed by it."""
        ...

    @property
    def concurrency(self) -> int:
        """How many calls it can usefully answer at once."""
        ...

    async def complete(self, request: ModelRequest) -> ModelResponse:
        """Return the reply.

        Raises:
            ModelError: No reply came; a fault of the infrastructure, never of the candidate.
        """
        ...


class ModelHost(Protocol):
    """What the kernel offers a provider: a place for long-lived things."""

    @property
    def cache_dir(self) -> Path:
        """Where downloaded models are kept; may not exist yet."""
        ...

    async def supervise(self, name: str, run: Callable[..., Awaitable[None]]) -> None:
        """Start a long-lived service under the kernel's supervisor and return when it is ready.

        Args:
            name: Unique among the kernel's services; starting it twice is one service.
            run: Called with `task_status=`; restarted when it fails.
        """
        ...


@frozen
class ModelInfo:
    """One model a provider knows.

    Attributes:
        name: Without the provider's prefix.
        summary: One line for listings.
        installed: Whether it can be used at once.
        size: Bytes on disk, or None when not known.
    """

    name: str
    summary: str
    installed: bool
    size: int | None = None


class LanguageModelProvider(Protocol):
    """Opens the models behind one prefix."""

    def models(self) -> tuple[ModelInfo, ...]:
        """Return the models known by name; a provider may accept others."""
        ...

    def open(self, model: str, host: ModelHost) -> LanguageModel:
        """Return the model of that name (without prefix); cheap, heavy work waits for the first call.

        Raises:
            ModelUnavailable: Not known or not installed, with the command that mends it.
        """
        ...
