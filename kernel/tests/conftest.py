"""What the tests of the kernel share: a kernel with a scripted model, and what it was asked."""

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

import elixirml as ml
from elixirml.contracts import ModelRequest
from elixirml.plugins import PluginManager
from elixirml.programs.compiled import CompiledProgram
from elixirml.testing.models import ScriptedModel, ScriptedProvider

Script = Sequence[str] | Callable[[ModelRequest], Any]


@define
class World:
    """A kernel whose model, `scripted/m`, answers from a script; it is the default model too."""

    home: Path
    model: ScriptedModel = field(factory=lambda: ScriptedModel(name="scripted/m"))
    _kernel: ml.Kernel | None = None

    def answers(self, *script: str, by: Callable[[ModelRequest], Any] | None = None) -> "World":
        """Let the model answer with these texts in turn, or by a function of the request."""
        self.model.script = script if by is None else by
        return self

    def new_kernel(self, **settings: Any) -> ml.Kernel:
        manager = PluginManager.load()
        manager.registry.offer("language_models", "scripted", ScriptedProvider({"m": self.model}))
        return ml.Kernel(**{"plugins": manager, "home": self.home, "model": "scripted/m", **settings})

    @property
    def kernel(self) -> ml.Kernel:
        if self._kernel is None:
            self._kernel = self.new_kernel()
        return self._kernel

    def compile(self, program: Any) -> CompiledProgram:
        return self.kernel.compile(program)

    def run(self, program: Any, inputs: Mapping[str, Any] | Any, **settings: Any) -> ml.Result[Any]:
        with ml.BlockingKernel(self.kernel) as door:
            return door.run(program, inputs, **settings)

    @property
    def prompts(self) -> list[str]:
        """The whole text of every request so far."""
        return [
            (each.text or "") + "\n".join(message.content for message in each.messages) for each in self.model.requests
        ]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "home")


@pytest.fixture
def terminal() -> Iterator[None]:
    """Interrupts are handled as Python does when it is started from a terminal; background jobs ignore them."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Every async test runs on both."""
    return str(request.param)
