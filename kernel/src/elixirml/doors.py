"""The synchronous doors: the same code as `async with Kernel()`, for scripts, prompts and notebooks.

Each door runs a kernel on an event loop of its own thread, so it also works where a loop runs already.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from threading import get_ident
from types import TracebackType
from typing import Any, Self, TypeVar, overload

from anyio.from_thread import BlockingPortal, start_blocking_portal

from elixirml.errors import ConfigError
from elixirml.programs.program import Runnable
from elixirml.runtime.budget import Budget
from elixirml.runtime.kernel import Kernel
from elixirml.runtime.result import Result
from elixirml.studies.evaluation import Evaluation, run_evaluation
from elixirml.studies.ledger import Row
from elixirml.studies.optimization import run_optimization
from elixirml.studies.report import StudyReport

__all__ = ["BlockingKernel", "evaluate", "optimize", "run"]

OutT = TypeVar("OutT")
T = TypeVar("T")


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

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            portal = stack.enter_context(start_blocking_portal())
            stack.enter_context(portal.wrap_async_context_manager(self.kernel))
            self._thread = portal.call(get_ident)
            self._portal, self._stack = portal, stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._portal = None
        self._stack.__exit__(kind, error, trace)

    def call(self, function: Callable[..., Awaitable[T]], *args: Any) -> T:
        """Run an async function on the kernel's loop and return what it returns."""
        if self._portal is None:
            raise ConfigError("The kernel does not run.", hint="Use it as `with ml.BlockingKernel() as kernel:`.")
        if get_ident() == self._thread:
            raise ConfigError(
                "A blocking kernel is asked from inside one of its own runs, which would wait for itself for ever.",
                hint="Declare what is called as a stage or a sub-program, and await it: `await self.<name>(...)`.",
                code="door-inside",
            )
        future = self._portal.start_task_soon(function, *args)
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()
            raise

    @overload
    def run(
        self, program: Runnable[OutT], inputs: Any, *, budget: Budget | None = ..., seed: int = ...
    ) -> Result[OutT]: ...
    @overload
    def run(
        self, program: Callable[..., OutT], inputs: Any, *, budget: Budget | None = ..., seed: int = ...
    ) -> Result[OutT]: ...
    @overload
    def run(self, program: str, inputs: Any, *, budget: Budget | None = ..., seed: int = ...) -> Result[Any]: ...
    def run(self, program: Any, inputs: Any, *, budget: Budget | None = None, seed: int = 0) -> Result[Any]:
        """Run a program once; see `elixirml.runtime.kernel.Kernel.run`."""

        async def call() -> Result[Any]:
            return await self.kernel.run(program, inputs, budget=budget, seed=seed)

        return self.call(call)

    def evaluate(
        self,
        program: Any,
        data: Any,
        *,
        metrics: Sequence[str] = ("exact_match",),
        repeats: int = 1,
        budget: Budget | None = None,
        seed: int = 0,
        limit: int | None = None,
        on_row: Callable[[Row], None] | None = None,
        executor: str | None = None,
        workers: int | None = None,
    ) -> Evaluation:
        """Evaluate a program on data; see `elixirml.studies.evaluation.run_evaluation`."""

        async def call() -> Evaluation:
            return await run_evaluation(
                self.kernel,
                program,
                data,
                metrics=metrics,
                repeats=repeats,
                budget=budget,
                seed=seed,
                limit=limit,
                on_row=on_row,
                executor=executor,
                workers=workers,
            )

        return self.call(call)

    def optimize(
        self,
        program: Any,
        train: Any,
        *,
        metric: str = "exact_match",
        teleprompter: str = "auto",
        budget: Budget | None = None,
        seed: int = 0,
        options: Mapping[str, Any] | None = None,
        free: Sequence[str] = (),
        freeze: Sequence[str] = (),
        resume: bool = False,
    ) -> StudyReport:
        """Tune a program on data; see `elixirml.studies.optimization.run_optimization`."""

        async def call() -> StudyReport:
            return await run_optimization(
                self.kernel,
                program,
                train,
                metric=metric,
                teleprompter=teleprompter,
                budget=budget,
                seed=seed,
                options=options,
                free=free,
                freeze=freeze,
                resume=resume,
            )

        return self.call(call)


@overload
def run(
    program: Runnable[OutT], inputs: Any, *, budget: Budget | None = ..., seed: int = ..., kernel: Kernel | None = ...
) -> Result[OutT]: ...
@overload
def run(
    program: Callable[..., OutT],
    inputs: Any,
    *,
    budget: Budget | None = ...,
    seed: int = ...,
    kernel: Kernel | None = ...,
) -> Result[OutT]: ...
@overload
def run(
    program: str, inputs: Any, *, budget: Budget | None = ..., seed: int = ..., kernel: Kernel | None = ...
) -> Result[Any]: ...
def run(
    program: Any, inputs: Any, *, budget: Budget | None = None, seed: int = 0, kernel: Kernel | None = None
) -> Result[Any]:
    """Run a program once, in a kernel of its own; see `Kernel.run`."""
    with BlockingKernel(kernel) as door:
        return door.run(program, inputs, budget=budget, seed=seed)


def evaluate(
    program: Any,
    data: Any,
    *,
    metrics: Sequence[str] = ("exact_match",),
    repeats: int = 1,
    budget: Budget | None = None,
    seed: int = 0,
    executor: str | None = None,
    workers: int | None = None,
    kernel: Kernel | None = None,
) -> Evaluation:
    """Evaluate a program on data, in a kernel of its own; see `run_evaluation`."""
    with BlockingKernel(kernel) as door:
        return door.evaluate(
            program,
            data,
            metrics=metrics,
            repeats=repeats,
            budget=budget,
            seed=seed,
            executor=executor,
            workers=workers,
        )


def optimize(
    program: Any,
    train: Any,
    *,
    metric: str = "exact_match",
    teleprompter: str = "auto",
    budget: Budget | None = None,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
    free: Sequence[str] = (),
    freeze: Sequence[str] = (),
    resume: bool = False,
    kernel: Kernel | None = None,
) -> StudyReport:
    """Tune a program on data, in a kernel of its own; see `run_optimization`."""
    with BlockingKernel(kernel) as door:
        return door.optimize(
            program,
            train,
            metric=metric,
            teleprompter=teleprompter,
            budget=budget,
            seed=seed,
            options=options,
            free=free,
            freeze=freeze,
            resume=resume,
        )
