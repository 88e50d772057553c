"""The kernel: finds capabilities, supervises what is long-lived, runs programs, and tells observers.

Two kernels share nothing: each has its own plugins, models, supervisor and observers.
"""

import os
import uuid
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

import anyio

from elixirml.contracts.language_model import LanguageModel
from elixirml.contracts.middleware import Middleware
from elixirml.contracts.observer import Observer
from elixirml.errors import ConfigError, ExecutorError
from elixirml.identity import Json
from elixirml.plugins import PluginManager, Registry
from elixirml.programs.compiled import CompiledProgram
from elixirml.programs.compiler import compile_program
from elixirml.programs.program import Declaration, Program, Runnable, as_program
from elixirml.runtime.batches import each_at_once
from elixirml.runtime.budget import Budget, Meter
from elixirml.runtime.capabilities import InstalledCapabilities
from elixirml.runtime.events import EventBus, Span
from elixirml.runtime.extensions import Extensions
from elixirml.runtime.listening import Listener
from elixirml.runtime.middlewares import Middlewares
from elixirml.runtime.models import Models
from elixirml.runtime.ordering import Strategy
from elixirml.runtime.recent import Recent
from elixirml.runtime.result import Result, StageRecord
from elixirml.runtime.runner import Runner
from elixirml.runtime.streaming import RunStream, streaming
from elixirml.runtime.supervision import ChildSpec, ChildStatus, Supervisor
from elixirml.variables import Space

if TYPE_CHECKING:
    from elixirml.config import ConfigurationStore

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
        observers: Who else is told what happens: observers at hand, or names of installed ones.
        middlewares: What stands between programs and models: middlewares at hand, or names of installed ones.
        config: Values by section and key; they lie over what users say in files and in the environment. What is not
            given above comes from the section `kernel`.

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
        home: Path | str | None = None,
        cache: Path | None = None,
        observers: Sequence[Observer | str] = (),
        middlewares: Sequence[Middleware | str] | None = None,
        config: Mapping[str, Mapping[str, object]] | None = None,
    ) -> None:
        self.plugins = plugins if plugins is not None else _installed()
        registry = self.plugins.registry
        self.config = _configuration(registry, config or {})
        own = self.config.current.kernel
        self.capabilities = InstalledCapabilities(registry, model=own.model if model is None else model)
        self.home = own.home if home is None else Path(home)
        self.events = EventBus([_observer(registry, each) for each in (*own.observers, *observers)])
        self.middlewares = Middlewares(own.middlewares if middlewares is None else middlewares, registry)
        self.extensions = Extensions(registry, self, {})
        self._cache = own.cache if cache is None else cache
        self._supervisor: Supervisor | None = None
        self._stack: AsyncExitStack | None = None
        self._models = Models(self, registry=registry, middlewares=self.middlewares, configuration=self.config)
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
        await self._extend()
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
            self.extensions = Extensions(self.plugins.registry, self, {})

    async def _extend(self) -> None:
        """Start the extensions of the installed plugins, and what they keep running."""
        self.extensions = Extensions.started(self.plugins.registry, self)
        for name, service in self.extensions.services():
            try:
                await self.supervise(service.name, service.run)
            except ExecutorError as error:
                self.extensions.drop(name, "could not start a service", error)

    @property
    def cache_dir(self) -> Path:
        """Where downloads are kept."""
        return self._cache if self._cache is not None else cache_folder(os.environ)

    def configuration(self, section: str) -> Any:
        """Return the checked configuration of a section, as it is now.

        Raises:
            ConfigError: There is no such section.
        """
        return self.config.current[section]

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
        return self._compiled.get(id(declaration), lambda: self._newly_compiled(declaration))

    def _newly_compiled(self, declaration: Declaration) -> CompiledProgram:
        self.extensions.tell("before_compile", declaration.name)
        compiled = compile_program(declaration, self.capabilities)
        if self.extensions.running:  # a digest costs more than many a compilation
            self.extensions.tell("after_compile", declaration.name, compiled.digest)
        return compiled

    def _program(self, declared: object) -> Program[Any, Any]:
        """Return the program something stands for; the same one each time, so that it is compiled once."""
        if isinstance(declared, Program) or not isinstance(declared, Hashable):
            return as_program(declared)
        return self._programs.get(declared, lambda: as_program(declared))

    def space(self) -> Space:
        """Return what may be tuned of the kernel itself, frozen at what is in force.

        Paths are `middlewares.<name>.<variable>` and `plugins.<plugin>.<key>`. A program may be given values for them
        like for its own variables, and a study searches those that it is told to free.

        Example:
            >>> async with Kernel(middlewares=["retry"]) as kernel:
            ...     patient = QA().with_values({"middlewares.retry.max_retries": 5})
            ...     await kernel.run(patient, {"question": "Where is it?"})

        .. versionadded:: 0.1
        """
        return self._models.space()

    def model(
        self, name: str, *, values: Mapping[str, Json] | None = None
    ) -> tuple[LanguageModel, anyio.CapacityLimiter]:
        """Return the model of a name and the limiter of its concurrency; opened once.

        Args:
            name: As `provider/model`.
            values: Values of variables of `space` to use it with; the kernel itself stays as it is.

        Raises:
            ModelUnavailable: The name has no provider, or the provider does not know it or has not installed it.
        """
        return self._models.open(name, values=values)

    def language_model(self, name: str) -> LanguageModel:
        """Return the model of a name, inside this kernel's middlewares.

        Raises:
            ModelUnavailable: The name has no provider, or the provider does not know it or has not installed it.
        """
        return self.model(name)[0]

    def runner(self, program: Any) -> Runner:
        """Return what runs one program many times, with different values.

        Raises:
            DeclarationError: The program is declared wrongly, or a value is set for a variable it does not have.
            StateError: It carries saved state of another declaration.
        """
        made = self._program(program)
        return self._runners.get(id(made), lambda: self._runner(made))

    def _runner(self, made: Program[Any, Any]) -> Runner:
        return Runner(made, self._compile(made), capabilities=self.capabilities, models=self._models)

    @overload
    async def run(
        self, program: Runnable[OutT], inputs: Any, *, budget: Budget | None = ..., seed: int = ..., strategy: str = ...
    ) -> Result[OutT]: ...
    @overload
    async def run(
        self,
        program: Callable[..., OutT],
        inputs: Any,
        *,
        budget: Budget | None = ...,
        seed: int = ...,
        strategy: str = ...,
    ) -> Result[OutT]: ...
    @overload
    async def run(
        self, program: str, inputs: Any, *, budget: Budget | None = ..., seed: int = ..., strategy: str = ...
    ) -> Result[Any]: ...
    async def run(
        self,
        program: object,
        inputs: Any,
        *,
        budget: Budget | None = None,
        seed: int = 0,
        strategy: str = Strategy.SEQUENTIAL,
    ) -> Result[Any]:
        """Run a program once.

        Args:
            program: A program, its class, or what `as_program` accepts: a predict stage, a typed function, a signature.
            inputs: A value of its input type, or a mapping.
            budget: Limits of this run.
            seed: Where sampling seeds come from.
            strategy: `sequential`, or `parallel`: stages that do not wait for each other run at once.

        Raises:
            BudgetExceeded: A limit was reached; `partial` is the trace of what was done.
            ElixirError: See `elixirml.errors`; nothing is returned half done.
        """
        meter = Meter(budget or Budget(), counts_failures=True)
        return await self._run(program, inputs, meter=meter, seed=seed, strategy=Strategy(strategy))

    @overload
    async def batch(
        self,
        program: Runnable[OutT],
        inputs: Iterable[Any],
        *,
        width: int = ...,
        budget: Budget | None = ...,
        seed: int = ...,
        strategy: str = ...,
    ) -> list[Result[OutT] | Exception]: ...
    @overload
    async def batch(
        self,
        program: Callable[..., OutT],
        inputs: Iterable[Any],
        *,
        width: int = ...,
        budget: Budget | None = ...,
        seed: int = ...,
        strategy: str = ...,
    ) -> list[Result[OutT] | Exception]: ...
    @overload
    async def batch(
        self,
        program: str,
        inputs: Iterable[Any],
        *,
        width: int = ...,
        budget: Budget | None = ...,
        seed: int = ...,
        strategy: str = ...,
    ) -> list[Result[Any] | Exception]: ...
    async def batch(
        self,
        program: object,
        inputs: Iterable[Any],
        *,
        width: int = 32,
        budget: Budget | None = None,
        seed: int = 0,
        strategy: str = Strategy.SEQUENTIAL,
    ) -> list[Result[Any] | Exception]:
        """Run a program on many inputs, several at once, and return what came of each, in their order.

        An input whose run fails costs the others nothing: its error stands in its place.

        Args:
            program: As for `run`.
            inputs: Values of its input type, or mappings; read as they are needed.
            width: Runs under way at once.
            budget: Limits of all runs together.
            seed: Where sampling seeds come from; each result is that of `run` with this seed.
            strategy: As for `run`.

        Raises:
            DeclarationError: The program is declared wrongly.
            ConfigError: The width or the strategy makes no sense.

        Example:
            >>> async def main(kernel):
            ...     for found in await kernel.batch(QA, [{"question": "Where?"}, {"question": "When?"}]):
            ...         print(found if isinstance(found, Exception) else found.output.answer)

        .. versionadded:: 0.1
        """
        self.runner(program)
        meter, chosen = Meter(budget or Budget(), counts_failures=True), Strategy(strategy)

        async def run(each: Any) -> Result[Any]:
            return await self._run(program, each, meter=meter, seed=seed, strategy=chosen)

        return await each_at_once(run, inputs, width=width)

    @overload
    def stream(
        self, program: Runnable[OutT], inputs: Any, *, budget: Budget | None = ..., seed: int = ..., strategy: str = ...
    ) -> AbstractAsyncContextManager[RunStream[OutT]]: ...
    @overload
    def stream(
        self,
        program: Callable[..., OutT],
        inputs: Any,
        *,
        budget: Budget | None = ...,
        seed: int = ...,
        strategy: str = ...,
    ) -> AbstractAsyncContextManager[RunStream[OutT]]: ...
    @overload
    def stream(
        self, program: str, inputs: Any, *, budget: Budget | None = ..., seed: int = ..., strategy: str = ...
    ) -> AbstractAsyncContextManager[RunStream[Any]]: ...
    def stream(
        self,
        program: object,
        inputs: Any,
        *,
        budget: Budget | None = None,
        seed: int = 0,
        strategy: str = Strategy.SEQUENTIAL,
    ) -> AbstractAsyncContextManager[RunStream[Any]]:
        """Run a program once, and tell what its predict stages answer as it arrives.

        The last thing told is a `RunEnd` with what `run` would have returned. A slow reader holds the model back;
        leaving the context early cancels the run and waits until nothing of it is left.

        Args:
            program: As for `run`.
            inputs: A value of its input type, or a mapping.
            budget: Limits of this run.
            seed: Where sampling seeds come from.
            strategy: As for `run`; pieces of stages that run at once come interleaved.

        Raises:
            ElixirError: As from `run`; it comes out of the iterator.

        Example:
            >>> async def main(kernel):
            ...     async with kernel.stream(QA, {"question": "Where is it?"}) as deltas:
            ...         async for delta in deltas:
            ...             match delta:
            ...                 case ml.RunDelta(field="answer"):
            ...                     print(delta.text, end="", flush=True)
            ...                 case ml.RunEnd(result):
            ...                     return result.output

        .. versionadded:: 0.1
        """
        meter, chosen = Meter(budget or Budget(), counts_failures=True), Strategy(strategy)

        async def run(listener: Listener) -> Result[Any]:
            return await self._run(program, inputs, meter=meter, seed=seed, strategy=chosen, listener=listener)

        return streaming(run)

    async def _run(
        self,
        program: object,
        inputs: Any,
        *,
        meter: Meter,
        seed: int,
        strategy: Strategy,
        listener: Listener | None = None,
    ) -> Result[Any]:
        runner = self.runner(program)
        name, tell = runner.compiled.name, self.extensions.tell

        def predicted(record: StageRecord) -> None:
            tell("after_prediction", name, record.path, record.outputs)

        tell("before_run", name, inputs)
        with Span(self.events, uuid.uuid4().hex[:12]).inside("run", program=name) as span:
            result = await runner.run(
                inputs,
                meter=meter,
                seed=str(seed),
                span=span,
                listener=listener,
                strategy=strategy,
                predicted=predicted,
            )
            span.outcome["usage"] = result.usage
        tell("after_run", name, result)
        return result

    def _moved(self, transition: object) -> None:
        Span(self.events, "kernel", self.events.number()).tell("service.moved", transition=transition)


def _observer(registry: Registry, chosen: Observer | str) -> Observer:
    return registry.resolve("observers", chosen) if isinstance(chosen, str) else chosen


def _configuration(registry: Registry, config: Mapping[str, Mapping[str, object]]) -> "ConfigurationStore":
    from elixirml.config import ConfigurationStore, Sources, load_configuration
    from elixirml.plugins.configuration import declared_sections

    sections, _ = declared_sections(registry)
    return ConfigurationStore(lambda: load_configuration(sections, sources=Sources(values=config)))


def _installed() -> PluginManager:
    from elixirml.plugins import current_selection

    return PluginManager.load(current_selection())
