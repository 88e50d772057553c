"""What a language model is: a request in, a response out.

Providers are contributed through `elixirml.hookspecs.register_language_models` under the prefix users write before the
slash: `local` in `local/smollm2`. Wrapping a model with another (journal, cache, retry) is how everything else is done.
"""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, cast

from attrs import field, frozen

from elixirml.contracts.messages import Message, ToolCall
from elixirml.contracts.tool import ToolSpec
from elixirml.contracts.usage import Usage
from elixirml.identity import Json

__all__ = [
    "Capability",
    "LanguageModel",
    "LanguageModelProvider",
    "ModelHost",
    "ModelInfo",
    "ModelRequest",
    "ModelResponse",
    "RateLimits",
    "TokenLogprob",
]


class Capability(StrEnum):
    """What a model can do beyond a chat; adapters choose their means by it."""

    TEXT = "text"  #: continues plain text (`ModelRequest.text`)
    GRAMMAR = "grammar"  #: keeps to a GBNF grammar
    JSON_SCHEMA = "json_schema"  #: keeps to a JSON Schema
    LABEL_LOGPROBS = "label_logprobs"  #: scores given continuations
    STREAM = "stream"  #: replies piece by piece; see `elixirml.contracts.stream`
    TOOLS = "tools"  #: calls tools in the provider's own format
    JSON_MODE = "json_mode"  #: keeps to some JSON object
    REASONING = "reasoning"  #: thinks before it replies, and can be told how much
    LOGPROBS = "logprobs"  #: tells the log-probability of each token it wrote
    VISION = "vision"  #: takes images
    AUDIO = "audio"  #: takes sound
    FILES = "files"  #: takes documents


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
        json_mode: Ask for some JSON object, for models with `Capability.JSON_MODE`.
        tools: What the model may call, for models with `Capability.TOOLS`.
        tool_choice: `auto`, `none`, `required`, or the name of the one tool to call.
        top_p: Sample among the likeliest tokens of this joint probability; 1 takes all.
        top_logprobs: How many alternatives to tell for each token, for models with `Capability.LOGPROBS`.
        reasoning_effort: How much to think, in the provider's words (`low`, `high`); None leaves it to the model.
        extra: Parameters of one provider, sent as they are.
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
    json_mode: bool = False
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: str = "auto"
    top_p: float = 1.0
    top_logprobs: int | None = None
    reasoning_effort: str | None = None
    extra: Mapping[str, Json] = field(factory=dict[str, Json], hash=False)

    def to_json(self) -> dict[str, Json]:
        """Return the request as plain data.

        The newer fields are left out where they say nothing, so that what was journalled before they came is found.
        """
        return {**self._asked(), **self._options()}

    def _asked(self) -> dict[str, Json]:
        return {
            "messages": [each.to_json() for each in self.messages],
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

    def _options(self) -> dict[str, Json]:
        told: dict[str, tuple[bool, Json]] = {
            "json_mode": (self.json_mode, True),
            "tools": (bool(self.tools), [each.to_json() for each in self.tools]),
            "tool_choice": (self.tool_choice != "auto", self.tool_choice),
            "top_p": (self.top_p != 1.0, self.top_p),
            "top_logprobs": (self.top_logprobs is not None, self.top_logprobs),
            "reasoning_effort": (self.reasoning_effort is not None, self.reasoning_effort),
            "extra": (bool(self.extra), dict(self.extra)),
        }
        return {name: value for name, (says, value) in told.items() if says}


@frozen
class TokenLogprob:
    """One written token, with its natural-log probability and those of the likeliest alternatives."""

    token: str
    logprob: float
    alternatives: Mapping[str, float] = field(factory=dict[str, float], hash=False)


@frozen
class RateLimits:
    """What a provider says is left to use, as it said it with a reply.

    Attributes:
        requests_left: Requests until the limit; None when not told.
        requests_reset: Seconds until the requests are there again.
        tokens_left: Tokens until the limit.
        tokens_reset: Seconds until the tokens are there again.
    """

    requests_left: int | None = None
    requests_reset: float | None = None
    tokens_left: int | None = None
    tokens_reset: float | None = None


@frozen
class ModelResponse:
    """What a language model replied.

    Attributes:
        text: The reply; for scored labels, the likeliest one.
        finish: `stop`, `length`, `tool_calls`, or the provider's own word.
        usage: What the call used; `usage.calls` is 0 for a reply that nobody was asked for.
        label_logprobs: Natural-log probability of each label and probe, relative to all of them; else empty.
        reasoning: What the model thought, where the provider tells it.
        tool_calls: What it wants to be called.
        logprobs: Of the written tokens, where they were asked for.
        model: The model that replied, in the provider's words; empty when not told.
        attempts: How often the provider was asked until the reply came.
        cached: Whether the reply was at hand and the provider was not asked.
        first_token: Seconds until the first piece of a streamed reply; None when it was not streamed.
        limits: What the provider says is left to use.
    """

    text: str
    finish: str = "stop"
    usage: Usage = field(factory=Usage)
    label_logprobs: Mapping[str, float] = field(factory=dict[str, float], hash=False)
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    logprobs: tuple[TokenLogprob, ...] = ()
    model: str = ""
    attempts: int = 1
    cached: bool = False
    first_token: float | None = None
    limits: RateLimits | None = None

    def to_json(self) -> dict[str, Json]:
        """Return the reply as plain data: what a journal or a cache keeps."""
        return {
            "text": self.text,
            "finish": self.finish,
            "usage": cast("Json", self.usage.to_json()),
            "label_logprobs": dict(self.label_logprobs),
            "reasoning": self.reasoning,
            "tool_calls": [each.to_json() for each in self.tool_calls],
            "logprobs": [[each.token, each.logprob, dict(each.alternatives)] for each in self.logprobs],
            "model": self.model,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ModelResponse":
        """Return the reply that `to_json` gave.

        Raises:
            KeyError: Something is missing.
            TypeError: Something has another type.
            ValueError: Something has another form.
        """
        return cls(
            text=str(data["text"]),
            finish=str(data["finish"]),
            usage=Usage(**data["usage"]),
            label_logprobs={str(label): float(value) for label, value in data["label_logprobs"].items()},
            reasoning=str(data.get("reasoning", "")),
            tool_calls=tuple(ToolCall.from_json(each) for each in data.get("tool_calls", ())),
            logprobs=tuple(TokenLogprob(token, value, others) for token, value, others in data.get("logprobs", ())),
            model=str(data.get("model", "")),
        )


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

    def configuration(self, section: str) -> Any:
        """Return the checked configuration of a section; see `elixirml.hookspecs.register_configurations`.

        Raises:
            ConfigError: There is no such section, or what the user wrote does not fit.
        """
        ...

    def language_model(self, name: str) -> LanguageModel:
        """Return another model of the kernel by its full name, as its programs use it.

        Raises:
            ModelUnavailable: The name has no provider, or the provider does not know it or has not installed it.
        """
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
