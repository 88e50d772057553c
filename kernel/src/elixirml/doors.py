"""The synchronous doors: the same code as `async with Kernel()`, for scripts, prompts and notebooks.

Each door runs a kernel on an event loop of its own thread, so it also works where a loop runs already.
"""

import inspect
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from threading import get_ident
from types import TracebackType
from typing import Any, Self, TypedDict, TypeVar, Unpack, overload

from anyio.from_thread import BlockingPortal, start_blocking_portal

from elixirml.errors import ConfigError
from elixirml.interrupts import carried_out, interrupts_later
from elixirml.programs.program import Runnable
from elixirml.runtime.budget import Budget
from elixirml.runtime.kernel import Kernel
from elixirml.runtime.listening import RunDelta
from elixirml.runtime.result import Result
from elixirml.runtime.streaming import RunEnd
from elixirml.studies.evaluation import Evaluation, run_evaluation
from elixirml.studies.ledger import Row
from elixirml.studies.optimization import run_optimization
from elixirml.studies.report import StudyReport

__all__ = [
    "BatchOptions",
    "BlockingKernel",
    "EvaluationOptions",
    "OptimizationOptions",
    "RunOptions",
    "batch",
    "evaluate",
    "optimize",
    "run",
    "stream",
]

OutT = TypeVar("OutT")
T = TypeVar("T")
DoorT = TypeVar("DoorT", bound=Callable[..., Any])


class RunOptions(TypedDict, total=False):
    """What a run may be given; see `elixirml.runtime.kernel.Kernel.run`."""

    budget: Budget | None
    seed: int
    strategy: str


class BatchOptions(RunOptions, total=False):
    """What a batch may be given; see `elixirml.runtime.kernel.Kernel.batch`."""

    width: int


class EvaluationOptions(TypedDict, total=False):
    """What an evaluation may be given; see `elixirml.studies.evaluation.run_evaluation`."""

    metrics: Sequence[str]
    repeats: int
    budget: Budget | None
    seed: int
    limit: int | None
    on_row: Callable[[Row], None] | None
    executor: str | None
    workers: int | None


class OptimizationOptions(TypedDict, total=False):
    """What an optimization may be given; see `elixirml.studies.optimization.run_optimization`."""

    metric: str
    teleprompter: str
    budget: Budget | None
    seed: int
    options: Mapping[str, Any] | None
    free: Sequence[str]
    freeze: Sequence[str]
    resume: bool


def _taking(options: type, *, of: Callable[..., Any]) -> Callable[[DoorT], DoorT]:
    """Show the options of a door one by one in `help()`, with the defaults of the function they are handed to."""
    offered = inspect.signature(of).parameters

    def shown(door: DoorT) -> DoorT:
        signature = inspect.signature(door)
        own = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
        handed = [offered[name] for name in options.__annotations__]
        by_kind = sorted([*handed, *own], key=lambda each: each.kind)
        door.__signature__ = signature.replace(parameters=by_kind)  # type: ignore[attr-defined]
        return door

    return shown


class BlockingKernel:
    """A kernel behind synchronous methods; keeps models loaded from call to call.

    Args:
        kernel: The kernel to run; a new one with the installed plugins when not given.

    Example:
        >>> with BlockingKernel() as kernel:
        ...     kernel.run(QA, {"question": "Where is it?"}).output.answer
    """

    def __init__(self, kernel: Kernel | None = None) -> None:
        self.kernel = kernel if kernel is not None else Kernel()
        self._stack = ExitStack()
        self._portal: BlockingPortal | None = None
        self._thread = 0
        self._streams: set[ExitStack] = set()

    def __enter__(self) -> Self:
        opened = ExitStack()
        try:
            with interrupts_later():
                portal = opened.enter_context(start_blocking_portal())
                opened.callback(_stop, portal)
                opened.enter_context(portal.wrap_async_context_manager(self.kernel))
                self._thread = portal.call(get_ident)
                self._portal, self._stack = portal, opened
        except BaseException:  # an interrupt, too, leaves no kernel open
            self._close(opened)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close(self._stack)

    def _close(self, opened: ExitStack) -> None:
        """Close what was opened in good order, whatever the reason: the loop is not told of the caller's errors."""
        with interrupts_later():
            if opened is self._stack:
                for stream in tuple(self._streams):
                    stream.close()  # a traceback may hold the generator, and the kernel would wait for its run
                self._portal = None
            opened.close()

    def call(self, function: Callable[..., Awaitable[T]], *args: Any) -> T:
        """Run an async function on the kernel's loop and return what it returns.

        Raises:
            ConfigError: The kernel does not run, or the caller is one of its own runs.
            KeyboardInterrupt: Once the function has been cancelled and has put things in order.
        """
        return carried_out(self._entrance(), function, *args)

    def _entrance(self) -> BlockingPortal:
        if self._portal is None:
            raise ConfigError("The kernel does not run.", hint="Use it as `with ml.BlockingKernel() as kernel:`.")
        if get_ident() == self._thread:
            raise ConfigError(
                "A blocking kernel is asked from inside one of its own runs, which would wait for itself for ever.",
                hint="Declare what is called as a stage or a sub-program, and await it: `await self.<name>(...)`.",
                code="door-inside",
            )
        return self._portal

    @overload
    def run(self, program: Runnable[OutT], inputs: Any, **options: Unpack[RunOptions]) -> Result[OutT]: ...
    @overload
    def run(self, program: Callable[..., OutT], inputs: Any, **options: Unpack[RunOptions]) -> Result[OutT]: ...
    @overload
    def run(self, program: str, inputs: Any, **options: Unpack[RunOptions]) -> Result[Any]: ...
    @_taking(RunOptions, of=Kernel.run)
    def run(self, program: Any, inputs: Any, **options: Unpack[RunOptions]) -> Result[Any]:
        """Run a program once; see `elixirml.runtime.kernel.Kernel.run`."""
        return self.call(partial(self.kernel.run, program, inputs, **options))

    @overload
    def batch(
        self, program: Runnable[OutT], inputs: Iterable[Any], **options: Unpack[BatchOptions]
    ) -> list[Result[OutT] | Exception]: ...
    @overload
    def batch(
        self, program: Callable[..., OutT], inputs: Iterable[Any], **options: Unpack[BatchOptions]
    ) -> list[Result[OutT] | Exception]: ...
    @overload
    def batch(
        self, program: str, inputs: Iterable[Any], **options: Unpack[BatchOptions]
    ) -> list[Result[Any] | Exception]: ...
    @_taking(BatchOptions, of=Kernel.batch)
    def batch(
        self, program: Any, inputs: Iterable[Any], **options: Unpack[BatchOptions]
    ) -> list[Result[Any] | Exception]:
        """Run a program on many inputs, several at once; see `elixirml.runtime.kernel.Kernel.batch`."""
        return self.call(partial(self.kernel.batch, program, inputs, **options))

    @overload
    def stream(
        self, program: Runnable[OutT], inputs: Any, **options: Unpack[RunOptions]
    ) -> Generator[RunDelta | RunEnd[OutT]]: ...
    @overload
    def stream(
        self, program: Callable[..., OutT], inputs: Any, **options: Unpack[RunOptions]
    ) -> Generator[RunDelta | RunEnd[OutT]]: ...
    @overload
    def stream(self, program: str, inputs: Any, **options: Unpack[RunOptions]) -> Generator[RunDelta | RunEnd[Any]]: ...
    @_taking(RunOptions, of=Kernel.stream)
    def stream(self, program: Any, inputs: Any, **options: Unpack[RunOptions]) -> Generator[RunDelta | RunEnd[Any]]:
        """Run a program once, and yield what it answers as it arrives; see `elixirml.runtime.kernel.Kernel.stream`.

        Leaving the loop, or closing the generator, stops the run.
        """
        entrance, left = self._entrance(), ExitStack()
        streamed = self.kernel.stream(program, inputs, **options)
        self._streams.add(left)
        try:
            with interrupts_later():
                told = left.enter_context(entrance.wrap_async_context_manager(streamed))

            async def following() -> RunDelta | RunEnd[Any] | None:
                return await anext(told, None)

            while (delta := self.call(following)) is not None:
                yield delta
        finally:
            self._streams.discard(left)
            left.close()

    @_taking(EvaluationOptions, of=run_evaluation)
    def evaluate(self, program: Any, data: Any, **options: Unpack[EvaluationOptions]) -> Evaluation:
        """Evaluate a program on data; see `elixirml.studies.evaluation.run_evaluation`."""
        return self.call(partial(run_evaluation, self.kernel, program, data, **options))

    @_taking(OptimizationOptions, of=run_optimization)
    def optimize(self, program: Any, train: Any, **options: Unpack[OptimizationOptions]) -> StudyReport:
        """Tune a program on data; see `elixirml.studies.optimization.run_optimization`."""
        return self.call(partial(run_optimization, self.kernel, program, train, **options))


def _stop(portal: BlockingPortal) -> None:
    """Cancel what is still under way on a portal."""
    with suppress(RuntimeError):  # it has stopped of itself
        portal.call(portal.stop, True)


@overload
def run(
    program: Runnable[OutT], inputs: Any, *, kernel: Kernel | None = ..., **options: Unpack[RunOptions]
) -> Result[OutT]: ...
@overload
def run(
    program: Callable[..., OutT], inputs: Any, *, kernel: Kernel | None = ..., **options: Unpack[RunOptions]
) -> Result[OutT]: ...
@overload
def run(program: str, inputs: Any, *, kernel: Kernel | None = ..., **options: Unpack[RunOptions]) -> Result[Any]: ...
@_taking(RunOptions, of=Kernel.run)
def run(program: Any, inputs: Any, *, kernel: Kernel | None = None, **options: Unpack[RunOptions]) -> Result[Any]:
    """Run a program once, in a kernel of its own; see `Kernel.run`."""
    with BlockingKernel(kernel) as door:
        return door.run(program, inputs, **options)


@overload
def batch(
    program: Runnable[OutT], inputs: Iterable[Any], *, kernel: Kernel | None = ..., **options: Unpack[BatchOptions]
) -> list[Result[OutT] | Exception]: ...
@overload
def batch(
    program: Callable[..., OutT], inputs: Iterable[Any], *, kernel: Kernel | None = ..., **options: Unpack[BatchOptions]
) -> list[Result[OutT] | Exception]: ...
@overload
def batch(
    program: str, inputs: Iterable[Any], *, kernel: Kernel | None = ..., **options: Unpack[BatchOptions]
) -> list[Result[Any] | Exception]: ...
@_taking(BatchOptions, of=Kernel.batch)
def batch(
    program: Any, inputs: Iterable[Any], *, kernel: Kernel | None = None, **options: Unpack[BatchOptions]
) -> list[Result[Any] | Exception]:
    """Run a program on many inputs, in a kernel of its own; see `Kernel.batch`.

    .. versionadded:: 0.1
    """
    with BlockingKernel(kernel) as door:
        return door.batch(program, inputs, **options)


@overload
def stream(
    program: Runnable[OutT], inputs: Any, *, kernel: Kernel | None = ..., **options: Unpack[RunOptions]
) -> Generator[RunDelta | RunEnd[OutT]]: ...
@overload
def stream(
    program: Callable[..., OutT], inputs: Any, *, kernel: Kernel | None = ..., **options: Unpack[RunOptions]
) -> Generator[RunDelta | RunEnd[OutT]]: ...
@overload
def stream(
    program: str, inputs: Any, *, kernel: Kernel | None = ..., **options: Unpack[RunOptions]
) -> Generator[RunDelta | RunEnd[Any]]: ...
@_taking(RunOptions, of=Kernel.stream)
def stream(
    program: Any, inputs: Any, *, kernel: Kernel | None = None, **options: Unpack[RunOptions]
) -> Generator[RunDelta | RunEnd[Any]]:
    """Run a program once, in a kernel of its own, and yield what it answers as it arrives; see `Kernel.stream`.

    Leaving the loop, or closing the generator, stops the run and the kernel.

    Example:
        >>> for delta in ml.stream(QA, {"question": "Where is it?"}):
        ...     match delta:
        ...         case ml.RunDelta(field="answer"):
        ...             print(delta.text, end="", flush=True)
        ...         case ml.RunEnd(result):
        ...             print(result.usage)

    .. versionadded:: 0.1
    """
    left = ExitStack()
    try:
        yield from left.enter_context(BlockingKernel(kernel)).stream(program, inputs, **options)
    finally:
        left.close()  # not told why: that a generator is closed is no error of the kernel


@_taking(EvaluationOptions, of=run_evaluation)
def evaluate(
    program: Any, data: Any, *, kernel: Kernel | None = None, **options: Unpack[EvaluationOptions]
) -> Evaluation:
    """Evaluate a program on data, in a kernel of its own; see `run_evaluation`."""
    with BlockingKernel(kernel) as door:
        return door.evaluate(program, data, **options)


@_taking(OptimizationOptions, of=run_optimization)
def optimize(
    program: Any, train: Any, *, kernel: Kernel | None = None, **options: Unpack[OptimizationOptions]
) -> StudyReport:
    """Tune a program on data, in a kernel of its own; see `run_optimization`."""
    with BlockingKernel(kernel) as door:
        return door.optimize(program, train, **options)
