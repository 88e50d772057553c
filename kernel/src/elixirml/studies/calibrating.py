"""Calibrating a program as it stands: its fitted variables, estimated from labelled rows, without any search."""

from collections.abc import Sequence
from typing import Any

from elixirml.contracts.usage import Usage
from elixirml.programs.program import Program, as_program
from elixirml.runtime.kernel import Kernel
from elixirml.studies.data import examples_of
from elixirml.studies.evaluation import run_evaluation
from elixirml.studies.fitting import fitted, wants_fitting

__all__ = ["calibrated"]


async def calibrated(
    kernel: Kernel,
    program: Any,
    data: Any,
    *,
    metrics: Sequence[str] = ("exact_match",),
    seed: int = 0,
    scope: str | None = None,
) -> tuple[Program[Any, Any], Usage]:
    """Return a program with its fitted variables estimated, and what the replies it took have used.

    Args:
        kernel: Where it runs.
        program: What `as_program` accepts.
        data: Labelled rows; a path, `name:split` of a named set, or examples at hand.
        metrics: Names of metrics; the rows are scored on the way.
        seed: Where sampling seeds come from.
        scope: Evaluations of one scope share replies.

    Raises:
        ModelError: The model gave no reply, three times in a row.
    """
    made = as_program(program)
    runner = kernel.runner(made)
    own = runner.assigned()
    if not wants_fitting(own.space, own.assignment):
        return made, Usage()
    examples = examples_of(data, runner.compiled, kernel.plugins.registry)
    found = await run_evaluation(kernel, made, examples, metrics=metrics, seed=seed, scope=scope)
    assignment = fitted(runner, own.space, own.assignment, found.rows, {each.id: each for each in examples})
    values = {path: assignment[path] for path in wants_fitting(own.space, own.assignment)}
    return made.with_values(values), found.usage
