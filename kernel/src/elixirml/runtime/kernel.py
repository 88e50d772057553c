"""The kernel: finds capabilities, supervises what is long-lived, runs programs, and tells observers.

Two kernels share nothing: each has its own plugins, models, supervisor and observers.
"""

import os
import uuid
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, overload

import anyio

from elixirml.contracts.language_model import LanguageModel
from elixirml.contracts.observer import Observer
from elixirml.errors import ConfigError, ModelUnavailable
from elixirml.plugins import PluginManager
from elixirml.programs.compiled import CompiledProgram
from elixirml.programs.compiler import compile_program
from elixirml.programs.program import Program, Runnable, as_program
from elixirml.runtime.budget import Budget, Meter
from elixirml.runtime.capabilities import InstalledCapabilities
from elixirml.runtime.events import EventBus, Span
from elixirml.runtime.recent import Recent
from elixirml.runtime.result import Result
from elixirml.runtime.runner import Runner
from elixirml.runtime.supervision import ChildSpec, ChildStatus, Supervisor

__all__ = ["Kernel", "cache_folder"]

OutT = TypeVar("OutT")

_KEPT = 256
"""Programs kept compiled; enough for any application, and no leak where programs are made on the fly."""


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return where downloads are kept: `ELIXIRML_CACHE`, else the user's cache folder."""
    if environ.get("ELIXIRML_CACHE"):
        return Path(environ["ELIXIRML_CACHE"])
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "elixirml"


class Kernel:
    """An async context in which programs run.

    Args:
        plugins: The plugins to use; all installed ones that the user's configuration allows when not given.
        model: The model of stages that name none, as `provider/model`.
        home: Where project data is kept.
        cache: Where downloads are kept; see `cache_folder`.
        observers: Who is told what happens.

    Example:
        >>> async def main():
        ...     async with Kernel() as kernel:
        ...         return (await kernel.run(QA, {"question": "Where is it?"})).output
    """

    def __init__(
        self,
        *,
        plugins: PluginManager | None = None,
        model: str | None = None,
        home: Path | str = ".elixirml",
        cache: Path | None = None,
        observers: Sequence[Observer] = (),
    ) -> None:
        self.plugins = plugins if plugins is not None else _installed()
        self.capabilities = InstalledCapabilities(self.plugins.registry, model=model)
        self.home = Path(home)
        self.events = EventBus(observers)
        self._cache = cache
        self._supervisor: Supervisor | None = None
        self._stack: AsyncExitStack | None = None
        self._models: dict[str, tuple[LanguageModel, anyio.CapacityLimiter]] = {}
        self._services: dict[str, anyio.Lock] = {}
        self._ready: set[str] = set()
        self._programs: Recent[Program[Any, Any]] = Recent(_KEPT)
        self._compiled: Recent[CompiledProgram] = Recent(_KEPT)
        self._runners: Recent[Runner] = Recent(_KEPT)

    async def __aenter__(self) -> Self:
        if self._stack is not None:
            raise ConfigError("This kernel runs already.", hint="Make one kernel for each `async with`.")
        self._stack, self._supervisor = AsyncExitStack(), Supervisor("kernel", on_transition=self._moved)
        await self._stack.enter_async_context(self._supervisor.running())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stack, self._stack = self._stack or AsyncExitStack(), None
        self._models.clear()
        self._ready.clear()
        self._services.clear()
        try:
            await stack.__aexit__(kind, error, trace)
        finally:
            self._supervisor = None

    @property
    def cache_dir(self) -> Path:
        """Where downloads are kept."""
        return self._cache if self._cache is not None else cache_folder(os.environ)

    def tree(self) -> ChildStatus | None:
        """Return the supervision tree, or None while the kernel does not run."""
        return None if self._supervisor is None else self._supervisor.tree()

    async def supervise(self, name: str, run: Callable[..., Awaitable[None]]) -> None:
        """Start a long-lived service under the kernel's supervisor and return when it is ready.

        Args:
            name: Unique among the kernel's services; asking for a running one does nothing.
            run: Called with `task_status=`; restarted when it fails.
        """
        if self._supervisor is None or self._stack is None:
            raise ConfigError("The kernel does not run.", hint="Use it as `async with ml.Kernel() as kernel:`.")
        async with self._services.setdefault(name, anyio.Lock()):
            if name not in self._ready:
                await self._supervisor.start_child(ChildSpec(name, run))
                self._ready.add(name)

    def compile(self, program: object) -> CompiledProgram:
        """Return the checked form of a program; compiled once for each declaration.

        Raises:
            DeclarationError: Something is declared wrongly; every mistake is listed.
        """
        return self._compile(self._program(program))

    def _compile(self, program: Program[Any, Any]) -> CompiledProgram:
        declaration = program.declaration
        # What is kept holds the declaration, so that its identity is not given to another object.
        return self._compiled.get(id(declaration), lambda: compile_program(declaration, self.capabilities))

    def _program(self, declared: object) -> Program[Any, Any]:
        """Return the program something stands for; the same one each time, so that it is compiled once."""
        if isinstance(declared, Program) or not isinstance(declared, Hashable):
            return as_program(declared)
        return self._programs.get(declared, lambda: as_program(declared))

    def model(self, name: str) -> tuple[LanguageModel, anyio.CapacityLimiter]:
        """Return the model of a name and the limiter of its concurrency; opened once.

        Raises:
            ModelUnavailable: The name has no provider, or the provider does not know it or has not installed it.
        """
        if name not in self._models:
            prefix, slash, rest = name.partition("/")
            if not slash or not rest:
                raise ModelUnavailable(
                    f"`{name}` is not the name of a model.", hint="Write provider/model, as in local/smollm2."
                )
            opened = self.capabilities.provider(prefix).open(rest, self)
            self._models[name] = (opened, anyio.CapacityLimiter(max(1, opened.concurrency)))
        return self._models[name]

    def runner(self, program: Any) -> Runner:
        """Return what runs one program many times, with different values.

        Raises:
            DeclarationError: The program is declared wrongly, or a value is set for a variable it does not have.
            StateError: It carries saved state of another declaration.
        """
        made = self._program(program)
        return self._runners.get(id(made), lambda: self._runner(made))

    def _runner(self, made: Program[Any, Any]) -> Runner:
        return Runner(made, self._compile(made), capabilities=self.capabilities, open_model=self.model)

    @overload
    async def run(
        self, program: Runnable[OutT], inputs: Any, *, budget: Budget | None = ..., seed: int = ...
    ) -> Result[OutT]: ...
    @overload
    async def run(
        self, program: Callable[..., OutT], inputs: Any, *, budget: Budget | None = ..., seed: int = ...
    ) -> Result[OutT]: ...
    @overload
    async def run(self, program: str, inputs: Any, *, budget: Budget | None = ..., seed: int = ...) -> Result[Any]: ...
    async def run(self, program: object, inputs: Any, *, budget: Budget | None = None, seed: int = 0) -> Result[Any]:
        """Run a program once.

        Args:
            program: A program, its class, or what `as_program` accepts: a predict stage, a typed function, a signature.
            inputs: A value of its input type, or a mapping.
            budget: Limits of this run.
            seed: Where sampling seeds come from.

        Raises:
            BudgetExceeded: A limit was reached; `partial` is the trace of what was done.
            ElixirError: See `elixirml.errors`; nothing is returned half done.
        """
        runner = self.runner(program)
        run_id = uuid.uuid4().hex[:12]
        span = Span(self.events, run_id)
        with span.inside("run", program=runner.compiled.name) as inner:
            result = await runner.run(inputs, meter=Meter(budget or Budget()), seed=str(seed), span=inner)
            inner.outcome["usage"] = result.usage
        return result

    def _moved(self, transition: object) -> None:
        Span(self.events, "kernel", self.events.number()).tell("service.moved", transition=transition)


def _installed() -> PluginManager:
    from elixirml.plugins import current_selection

    return PluginManager.load(current_selection())
