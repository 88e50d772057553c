"""A local model: a language model whose engine runs in a supervised child process."""

import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import anyio
from attrs import Factory, define, field, frozen

from elixirml.contracts import Capability, ModelDelta, ModelHost, ModelRequest, ModelResponse, Usage
from elixirml.errors import ContextLengthExceeded, ExecutorError, ModelError, ModelUnavailable
from elixirml.runtime.supervision import ChildProcess, ChildProcessDied
from elixirml_local.reply import Reply

__all__ = ["LocalModel", "ModelFile"]

_MOST_THREADS: Final = 4
_READY_S: Final = 120.0


@frozen
class ModelFile:
    """A GGUF file on disk.

    Attributes:
        name: The full name, `local/model`.
        path: Where it is.
        identity: What its replies depend on beside the engine, such as its SHA-256.
        context: Tokens of its context.
        remedy: The command or edit to try when it cannot be loaded.
    """

    name: str
    path: Path
    identity: str
    context: int
    remedy: str = "Check the file."


def _threads() -> int:
    """Return how many threads the engine gets: one for each processor this process may use, up to a few."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(_MOST_THREADS, usable or 1))


def _engine_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"xllamacpp-{version('xllamacpp')}"
    except PackageNotFoundError as error:
        raise ModelUnavailable("Local models need the package xllamacpp.", hint="pip install xllamacpp") from error


@define(eq=False)
class LocalModel:
    """Answers one call at a time, so that equal calls have bit-equal replies.

    The child process starts with the first call and loads the model with its first question, also after a restart.

    Attributes:
        file: The model.
        host: Where the child process is supervised.
        threads: Of the engine.

    Raises:
        ModelUnavailable: The engine's package is not installed.
    """

    file: ModelFile
    host: ModelHost
    threads: int = Factory(_threads)
    _engine: str = field(factory=_engine_version, init=False)
    _child: ChildProcess | None = field(default=None, init=False)
    _starting: anyio.Lock = field(factory=anyio.Lock, init=False)
    _turn: anyio.Lock = field(factory=anyio.Lock, init=False)

    @property
    def name(self) -> str:
        """The full name, `local/model`."""
        return self.file.name

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Everything llama.cpp can do but JSON Schema, which wastes tokens on white space; grammars do that better."""
        return frozenset({Capability.TEXT, Capability.GRAMMAR, Capability.LABEL_LOGPROBS, Capability.STREAM})

    @property
    def fingerprint(self) -> str:
        """Weights, engine version, threads and context: together they fix every reply."""
        return f"{self.file.identity}/{self._engine}/t{self.threads}/c{self.file.context}"

    @property
    def concurrency(self) -> int:
        """One: several slots change the shape of sums, and with it the replies."""
        return 1

    def price(self, usage: Usage) -> float | None:
        """Return what amounts cost: nothing."""
        _ = usage
        return 0.0

    def key_state(self) -> str:
        """Return that nothing needs to be unlocked."""
        return "none is needed"

    async def complete(self, request: ModelRequest) -> ModelResponse:
        """Return the reply.

        Raises:
            ModelUnavailable: The model cannot be loaded, or its process died; the next call starts it again.
            ContextLengthExceeded: The prompt does not fit.
            ModelError: The engine refused the request, for instance a grammar it cannot read.
        """
        async with self._turn:
            started = perf_counter()
            return self._read(await self._asked(self._question(request)), started=started)

    @asynccontextmanager
    async def stream(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[ModelDelta]]:
        """Give the reply as it is written, to the bit the one that `complete` returns; leaving it stops the engine.

        Raises:
            ModelError: As from `complete`; `partial` holds what had been written.
        """
        async with self._turn:
            read = partial(self._read, started=perf_counter())
            reply = Reply(self._asked, read, {**self._question(request), "stream": True})
            try:
                yield reply
            finally:
                await reply.close()

    async def _asked(self, question: Mapping[str, object]) -> dict[str, Any]:
        child = await self._running()
        try:
            return await child.ask(question)
        except ChildProcessDied as error:
            raise ModelUnavailable(
                f"The engine of {self.name} died during a call: {error.message}",
                hint="It is started again; try again.",
            ) from error

    def _question(self, request: ModelRequest) -> dict[str, object]:
        return {"model": self._model, "request": request.to_json()}

    @property
    def _model(self) -> dict[str, object]:
        """What the child process loads; sent with every question, so that any process can answer any question."""
        return {
            "path": str(self.file.path.absolute()),
            "context": self.file.context,
            "threads": self.threads,
            "lock": str(self.host.cache_dir.absolute() / "engine.lock"),
        }

    async def _running(self) -> ChildProcess:
        async with self._starting:
            if self._child is None:
                child = self._made()
                try:
                    await self.host.supervise(self.name, child.run)
                except ExecutorError as error:
                    raise ModelUnavailable(
                        f"The engine of {self.name} could not be started: {error.message}"
                    ) from error
                self._child = child
        with anyio.move_on_after(_READY_S) as waiting:
            await self._child.ready()
        if waiting.cancelled_caught:
            raise ModelUnavailable(f"The engine of {self.name} did not start again within {_READY_S:.0f} s.")
        return self._child

    def _made(self) -> ChildProcess:
        return ChildProcess(
            # -P: a file of the user's working folder must not be taken for a module of the worker.
            [sys.executable, "-P", "-m", "elixirml_local.worker"],
            # Waiting threads of the engine must sleep: spinning ones stall everything else on a small machine.
            env={"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"},
            name=f"the engine of {self.name}",
        )

    def _read(self, answer: Mapping[str, Any], *, started: float) -> ModelResponse:
        if "error" in answer:
            raise self._failure(answer)
        usage = Usage(
            calls=1,
            tokens_in=int(answer["tokens_in"]),
            tokens_cached=int(answer["tokens_cached"]),
            tokens_out=int(answer["tokens_out"]),
            seconds=perf_counter() - started,
        )
        return ModelResponse(str(answer["text"]), str(answer["finish"]), usage, dict(answer["label_logprobs"]))

    def _failure(self, answer: Mapping[str, Any]) -> ModelError:
        message, hint = f"{self.name}: {answer['error']}", answer["hint"]
        match answer["code"]:
            case "context-length":
                return ContextLengthExceeded(message, hint="Use fewer or shorter demos, or a model with more context.")
            case "file":
                return ModelUnavailable(message, hint=self.file.remedy)
            case "unavailable":
                return ModelUnavailable(message, hint=hint)
            case _:
                return ModelError(message, hint=hint)
