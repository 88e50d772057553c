"""The hook module, the configuration and every provider keep what the kernel's suites ask of all of their kind."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import anyio
import pytest
from anyio.from_thread import start_blocking_portal

from elixirml.config import Secret
from elixirml.contracts import LanguageModel, LanguageModelProvider, ModelHost
from elixirml.testing.conformance import ConfigurationConformance, LanguageModelConformance, PluginConformance
from elixirml.testing.conformance.language_model import PlainHost
from elixirml.testing.loopback import Answer, Fault, LoopbackServer, Received
from elixirml_http.config import EndpointConfig, HttpConfig
from elixirml_http.providers import Anthropic, Endpoints, OpenAI


class TestPlugin(PluginConformance):
    """The hook module."""

    def subject(self) -> str:
        return "elixirml_http.plugin"


class TestConfiguration(ConfigurationConformance):
    """The section `[plugins.http]`."""

    def subject(self) -> type[Any]:
        return HttpConfig


def answer(request: Received) -> Answer | Fault:
    """Answer as a provider does that knows one model."""
    if "no-such" in request.body["model"]:
        return Fault(status=404, code="model_not_found", message="no such model")
    return Answer("hello", "let me think")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Serve on a thread of its own."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(LoopbackServer(answer).running()) as server,
    ):
        yield server.url


class Talking(LanguageModelConformance):
    """What the suites of the providers share: a server on this machine, and a key."""

    config: ClassVar[dict[str, Any]] = {}

    @pytest.fixture(autouse=True)
    def place(self, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Set the key they are configured with, and keep the address."""
        monkeypatch.setenv("A_KEY", "sk-canary-4711")
        self.url = address

    def model(self) -> str:
        return "small"

    def failing(self) -> LanguageModel:
        return self.subject().open(self.model(), PlainHost(Path(), None, section("http://127.0.0.1:9/v1", "NOT_SET")))

    @asynccontextmanager
    async def host(self) -> AsyncGenerator[ModelHost]:
        async with anyio.create_task_group() as services:
            try:
                yield PlainHost(Path(), services, section(self.url, **self.config))
            finally:
                services.cancel_scope.cancel()


def section(url: str, key: str = "A_KEY", **config: Any) -> dict[str, Any]:
    """Return the configuration of every provider, at one address and with one key."""
    secret = Secret(f"env:{key}")
    places = {"openai_url": url, "openai_key": secret, "anthropic_url": url, "anthropic_key": secret}
    return {"http": HttpConfig(**places, endpoints={"lab": EndpointConfig(url, secret)}, **config)}


class TestOpenAi(Talking):
    """`openai/...`, by chat completions."""

    prefix = "openai"

    def subject(self) -> LanguageModelProvider:
        return OpenAI()


class TestOpenAiResponses(TestOpenAi):
    """`openai/...`, by responses."""

    config: ClassVar[dict[str, Any]] = {"openai_protocol": "responses"}


class TestAnthropic(Talking):
    """`anthropic/...`, by messages."""

    prefix = "anthropic"

    def subject(self) -> LanguageModelProvider:
        return Anthropic()


class TestEndpoints(Talking):
    """`http/ENDPOINT/...`, at an endpoint of the configuration."""

    prefix = "http"

    def subject(self) -> LanguageModelProvider:
        return Endpoints()

    def model(self) -> str:
        return "lab/small"
