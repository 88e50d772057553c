"""A local model: a language model whose engine runs in a supervised child process."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
from attrs import Factory, define, field, frozen

from elixirml.contracts import Capability, ModelHost, ModelRequest, ModelResponse, Usage
from elixirml.errors import ConfigError, ContextLengthExceeded, ExecutorError, ModelError, ModelUnavailable
from elixirml.runtime.supervision import ChildProcess, ChildProcessDied

__all__ = ["LocalModel", "ModelFile"]

_MOST_THREADS = 4
_READY_S = 120.0


@frozen
class ModelFile:
    """A GGUF file on disk.

    Attributes:
        name: The full name, `local/model`.
        path: Where it is.
        identity: What its replies depend on: the file's SHA-256.
        context: Tokens of its context.
    """

    name: str
    path: Path
    identity: str
    context: int


def _threads() -> int:
    return max(1, min(_MOST_THREADS, os.cpu_count() or 1))


@define(eq=False)
class LocalModel:
    """Answers one call at a time, so that equal calls have bit-equal replies.

    Attributes:
        file: The model.
        host: Where the child process is supervised.
        threads: Of the engine.
    """

    file: ModelFile
    host: ModelHost
    threads: int = Factory(_threads)
    _child: ChildProcess | None = field(default=None, init=False)
    _starting: anyio.Lock = field(factory=anyio.Lock, init=False)

    @property
    def name(self) -> str:
        """The full name, `local/model`."""
        return self.file.name

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Everything llama.cpp can do but JSON Schema, which wastes tokens on white space; grammars do that better."""
        return frozenset({Capability.TEXT, Capability.GRAMMAR, Capability.LABEL_LOGPROBS})

    @property
    def fingerprint(self) -> str:
        """Weights, engine version, threads and context: together they fix every reply."""
        from importlib.metadata import version

        return f"{self.file.identity}/xllamacpp-{version('xllamacpp')}/t{self.threads}/c{self.file.context}"

    @property
    def concurrency(self) -> int:
        """One: several slots change the shape of sums, and with it the replies."""
        return 1

    async def complete(self, request: ModelRequest) -> ModelResponse:
        """Return the reply.

        Raises:
            ModelUnavailable: The engine could not be started, or died; it is started again.
            ContextLengthExceeded: The prompt does not fit.
        """
        child = await self._running()
        try:
            answer = await child.ask({"do": "complete", "request": request.to_json()})
        except ChildProcessDied as error:
            raise ModelUnavailable(f"The engine of {self.name} died: {error.message}") from error
        return self._read(answer)

    async def _running(self) -> ChildProcess:
        async with self._starting:
            if self._child is None:
                child = self._made()
                try:
                    await self.host.supervise(self.name, child.run)
                except ExecutorError as error:
                    raise ModelUnavailable(f"{self.name} could not be started: {error.message}") from error
                self._child = child
        with anyio.move_on_after(_READY_S) as waiting:
            await self._child.ready()
        if waiting.cancelled_caught:
            raise ModelUnavailable(f"The engine of {self.name} did not start again within {_READY_S:.0f} s.")
        return self._child

    def _made(self) -> ChildProcess:
        lock = self.host.cache_dir / "engine.lock"
        if not self.file.path.is_file():
            raise ConfigError(
                f"The model file {self.file.path} is gone.", hint="Fetch it again: elixirml models get ..."
            )
        return ChildProcess(
            [sys.executable, "-m", "elixirml_local.worker"],
            # Waiting threads of the engine must sleep: spinning ones stall everything else on a small machine.
            env={"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"},
            hello={
                "do": "load",
                "path": str(self.file.path),
                "context": self.file.context,
                "threads": self.threads,
                "lock": str(lock),
            },
            name=f"the engine of {self.name}",
        )

    def _read(self, answer: Mapping[str, Any]) -> ModelResponse:
        if "error" in answer:
            message = f"{self.name}: {answer['error']}"
            if answer.get("code") == "context-length":
                raise ContextLengthExceeded(message, hint="Use fewer or shorter demos, or a model with more context.")
            raise ModelError(message)
        usage = Usage(
            calls=1,
            tokens_in=int(answer["tokens_in"]),
            tokens_cached=int(answer["tokens_cached"]),
            tokens_out=int(answer["tokens_out"]),
        )
        return ModelResponse(str(answer["text"]), str(answer["finish"]), usage, dict(answer["label_logprobs"]))
