"""What the tests of models over HTTP share: kernels whose endpoints are on this machine."""

from collections.abc import Callable
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
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", CANARY)

    def made(url: str, **config: Any) -> ml.Kernel:
        talking = {"url": url, "key": "env:OPENAI_API_KEY", "protocol": "responses", "timeout": 5.0}
        endpoints = {"talks": talking, **config.pop("endpoints", {})}
        prices = {"http/talks/large": {"input": 1.0, "output": 2.0, "cached": 0.5}, **config.pop("prices", {})}
        places = {"openai_url": url, "anthropic_url": url, "endpoints": endpoints, "prices": prices}
        http = {**places, "timeout": 5.0, **config}
        return ml.Kernel(plugins=PluginManager.load(), home=tmp_path, config={"http": http})

    return made
