"""The hook module, the configuration and the provider keep what the kernel's suites ask of all of their kind."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.from_thread import start_blocking_portal

from elixirml.config import Secret
from elixirml.contracts import LanguageModel, LanguageModelProvider, ModelHost
from elixirml.testing.conformance import ConfigurationConformance, LanguageModelConformance, PluginConformance
from elixirml.testing.conformance.language_model import PlainHost
from elixirml.testing.loopback import Answer, LoopbackServer
from elixirml_litellm.config import LiteLlmConfig
from elixirml_litellm.provider import LiteLlm


class TestPlugin(PluginConformance):
    """The hook module."""

    def subject(self) -> str:
        return "elixirml_litellm.plugin"


class TestConfiguration(ConfigurationConformance):
    """The section `[plugins.litellm]`."""

    def subject(self) -> type[Any]:
        return LiteLlmConfig


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Serve on a thread of its own."""
    if find_spec("litellm") is None:
        pytest.skip("pip install 'elixirml-litellm[litellm]' to run these")
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(LoopbackServer([Answer("hello", "let me think")]).running()) as server,
    ):
        yield server.url


def section(url: str, key: str) -> dict[str, Any]:
    """Return the configuration of the one provider that is asked."""
    return {"litellm": LiteLlmConfig(keys={"openai": Secret(f"env:{key}")}, addresses={"openai": url})}


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # litellm's own warnings are not ours to mend
class TestLiteLlm(LanguageModelConformance):
    """`litellm/openai/...`, at a server on this machine."""

    prefix = "litellm"

    @pytest.fixture(autouse=True)
    def place(self, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Set the key, and keep the address."""
        monkeypatch.setenv("A_KEY", "sk-canary-4711")
        self.url = address

    def subject(self) -> LanguageModelProvider:
        return LiteLlm()

    def model(self) -> str:
        return "openai/small"

    def failing(self) -> LanguageModel:
        return self.subject().open(self.model(), PlainHost(Path(), None, section(self.url, "NOT_SET")))

    @asynccontextmanager
    async def host(self) -> AsyncGenerator[ModelHost]:
        async with anyio.create_task_group() as services:
            try:
                yield PlainHost(Path(), services, section(self.url, "A_KEY"))
            finally:
                services.cancel_scope.cancel()
