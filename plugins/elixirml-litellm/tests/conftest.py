"""What the tests of models through litellm share: kernels whose providers are on this machine."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import elixirml as ml
from elixirml.plugins import PluginManager

CANARY = "sk-canary-4711"


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ml.Kernel]:
    """Makes a kernel whose providers are at a URL; the key is a canary that must show up nowhere."""
    if find_spec("litellm") is None:
        pytest.skip("pip install 'elixirml-litellm[litellm]' to run these")
    monkeypatch.setenv("A_KEY", CANARY)

    def made(url: str, **config: Any) -> ml.Kernel:
        keys = {"openai": "env:A_KEY", "anthropic": "env:A_KEY"}
        addresses = {"openai": url, "anthropic": url.removesuffix("/v1")}
        section = {"keys": keys, "addresses": addresses, "timeout": 20.0, **config}
        return ml.Kernel(plugins=PluginManager.load(), home=tmp_path, config={"litellm": section})

    return made
