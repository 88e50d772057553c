"""The section `[plugins.http]`: where models are, with which keys, how long to wait, what they cost."""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeAlias

from attrs import frozen

from elixirml.config import Secret, option
from elixirml.contracts import Pattern

__all__ = ["KNOWN", "EndpointConfig", "HttpConfig", "PriceConfig", "Protocol"]

Protocol: TypeAlias = Literal["openai", "responses", "anthropic"]
"""A wire format: OpenAI's chat completions, its responses, or Anthropic's messages."""

Address: TypeAlias = Annotated[str, Pattern(r"^https?://[^/\s]")]
"""A base URL."""

_PASSWORD: Final = re.compile(r"//[^/@]*@")


@frozen
class EndpointConfig:
    """One place where models are."""

    url: Address = option(help="Base URL, up to what the protocol adds: `https://host/v1`.")
    key: Secret | None = option(None, help="The key, as `env:NAME` or `file:PATH`; none for open servers.")
    protocol: Protocol = option("openai", help="What is spoken there: OpenAI's chat or responses, or Anthropic's.")
    timeout: float = option(120.0, help="Seconds to wait for the next bytes of a reply.", low=0.1, high=3600.0)
    connect_timeout: float = option(10.0, help="Seconds to wait for a connection.", low=0.1, high=300.0)
    concurrency: int = option(64, help="Calls under way at once.", low=1, high=4096)
    tokens_name: str = option("max_tokens", help="What the limit on written tokens is called there.")
    headers: Mapping[str, str] = option({}, help="Further headers, without secrets.")
    grammar: bool = option(default=False, help="Whether it takes GBNF grammars, as the llama.cpp server does.")

    @property
    def address(self) -> str:
        """The URL as messages and journals may show it: without a password that stands in it."""
        return _PASSWORD.sub("//***@", self.url)


@frozen
class PriceConfig:
    """What a model costs, in US dollars a million tokens."""

    input: float = option(help="Tokens read.", low=0.0)
    output: float = option(help="Tokens written.", low=0.0)
    cached: float | None = option(None, help="Tokens read from the provider's cache; as `input` when not given.")


@frozen
class HttpConfig:
    """What users say about models over HTTP."""

    openai_url: Address = option("https://api.openai.com/v1", help="Where openai/... is.", env="OPENAI_BASE_URL")
    openai_key: Secret = option(Secret("env:OPENAI_API_KEY"), help="The key of openai/...")
    openai_protocol: Literal["openai", "responses"] = option(
        "openai", help="What openai/... speaks: chat completions, or `responses`."
    )
    anthropic_url: Address = option(
        "https://api.anthropic.com/v1", help="Where anthropic/... is.", env="ANTHROPIC_BASE_URL"
    )
    anthropic_key: Secret = option(Secret("env:ANTHROPIC_API_KEY"), help="The key of anthropic/...")
    timeout: float = option(120.0, help="Seconds to wait for the next bytes of a reply.", low=0.1, high=3600.0)
    connect_timeout: float = option(10.0, help="Seconds to wait for a connection.", low=0.1, high=300.0)
    concurrency: int = option(64, help="Calls under way at once, for each endpoint.", low=1, high=4096)
    endpoints: Mapping[str, EndpointConfig] = option({}, help="Further endpoints, used as http/NAME/MODEL.")
    prices: Mapping[str, PriceConfig] = option({}, help="Prices of models that are not known, by provider/model.")


KNOWN: Final[Mapping[str, str]] = {
    "ollama": "http://127.0.0.1:11434/v1",
    "vllm": "http://127.0.0.1:8000/v1",
    "llamacpp": "http://127.0.0.1:8080/v1",
}
"""Servers on this machine that are found without being configured."""
