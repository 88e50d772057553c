"""The local model keeps what the kernel's suites ask of every model, and the hook module that of every plugin."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from elixirml.contracts import LanguageModelProvider, Message, ModelHost, ModelRequest, Role
from elixirml.testing.conformance import LanguageModelConformance, PluginConformance
from elixirml.testing.conformance.language_model import PlainHost
from elixirml_local.provider import LocalProvider


@pytest.mark.model
class TestLocal(LanguageModelConformance):
    """The provider `local`, with its small model."""

    prefix = "local"
    patience = 120.0

    @pytest.fixture(autouse=True)
    def cache(self, model_path: Path) -> None:
        """Use the fetched model."""
        self.folder = model_path.parent.parent

    def subject(self) -> LanguageModelProvider:
        return LocalProvider()

    def model(self) -> str:
        return "smollm2"

    def request(self) -> ModelRequest:
        return ModelRequest((Message(Role.USER, "Say hello."),), max_tokens=4)

    @asynccontextmanager
    async def host(self) -> AsyncGenerator[ModelHost]:
        async with anyio.create_task_group() as services:
            try:
                yield PlainHost(self.folder, services)
            finally:
                services.cancel_scope.cancel()


class TestPlugin(PluginConformance):
    """The hook module."""

    def subject(self) -> str:
        return "elixirml_local.plugin"
