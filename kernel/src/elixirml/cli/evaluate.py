"""`elixirml evaluate`: a program on data."""

import sys
from collections.abc import Sequence
from typing import Any

import click

from elixirml.cli.options import (
    budget_option,
    home_option,
    json_option,
    model_option,
    opened,
    program_arguments,
    quiet_option,
    seed_option,
    set_option,
)
from elixirml.cli.output import aside, counted, print_json, score, table, usage_text
from elixirml.cli.progress import RowProgress
from elixirml.cli.references import check_models, prepared, resolved_program
from elixirml.contracts.metric import Example, Metric
from elixirml.doors import BlockingKernel
from elixirml.errors import BudgetExceeded
from elixirml.runtime.budget import Budget
from elixirml.runtime.kernel import Kernel
from elixirml.studies.data import examples_of
from elixirml.studies.evaluation import Evaluation, metrics_of

__all__ = ["evaluate"]


@click.command(epilog="Example: elixirml evaluate qa.py:QA --data test.jsonl --metric f1")
@program_arguments
@click.option("--data", metavar="FILE", required=True, help="JSON lines, JSON or CSV; or NAME:SPLIT of a named set.")
@click.option(
    "--metric", "metrics", metavar="NAME", multiple=True, help="What to score; repeatable [default: exact_match]."
)
@click.option("--repeats", type=click.IntRange(1), default=1, show_default=True, help="Runs of each example.")
@click.option("--limit", type=click.IntRange(1), help="Use no more than this many rows.")
@click.option("--executor", metavar="NAME", help="Where examples run, such as `process` [default: in this process].")
@click.option("--workers", type=click.IntRange(1), help="Workers of the executor [default: one a processor].")
@set_option
@model_option
@budget_option
@seed_option
@home_option
@json_option
@quiet_option
def evaluate(
    *,
    program: str,
    declared: str | None,
    data: str,
    metrics: tuple[str, ...],
    repeats: int,
    limit: int | None,
    executor: str | None,
    workers: int | None,
    values: tuple[str, ...],
    model: str | None,
    budget: Budget | None,
    seed: int,
    home: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Score PROGRAM on data, with intervals; every fault is kept and counted.

    PROGRAM is file.py:Class, package.module:Class, or a saved FILE.json with --program file.py:Class.
    """
    names = tuple(dict.fromkeys(metrics)) or ("exact_match",)
    with aside():
        made = resolved_program(program, declared)
        kernel = opened(home=home, model=model, quiet=quiet)
        made = prepared(kernel, made, values=values, model=model)
        judges = metrics_of(kernel, names)
        if executor is not None:
            kernel.plugins.registry.origin("executors", executor)  # a misspelt one is refused before anything runs
        check_models(kernel, made)
        examples = examples_of(data, kernel.compile(made), kernel.plugins.registry, limit=limit)
        progress = RowProgress(quiet=quiet, total=repeats * len(examples))
        found, stopped = _evaluated(
            kernel,
            made,
            examples,
            progress,
            metrics=names,
            repeats=repeats,
            budget=budget,
            seed=seed,
            executor=executor,
            workers=workers,
        )
    if as_json:
        print_json({**found.to_json(), "stopped": stopped})
    else:
        _print(found, judges)
    if stopped is not None:
        click.echo(
            f"Stopped early: {stopped}\n  The means are of the {counted(len(found.rows), 'row')} finished.", err=True
        )
        sys.exit(1)


def _evaluated(
    kernel: Kernel, program: Any, examples: Sequence[Example], progress: RowProgress, **settings: Any
) -> tuple[Evaluation, str | None]:
    """Return what was found, and why it ended early if it did."""
    with BlockingKernel(kernel) as door:
        try:
            return door.evaluate(program, examples, on_row=progress.row, **settings), None
        except BudgetExceeded as error:
            if not isinstance(error.partial, Evaluation):
                raise
            return error.partial, error.message
        finally:
            progress.close()


def _print(found: Evaluation, metrics: dict[str, Metric]) -> None:
    rows = [[name, score(each, unit=metrics[name].unit), str(each.n)] for name, each in found.metrics.items()]
    click.echo(table(rows, header=["metric", "mean (95 % interval)", "n"]) if rows else "No example was finished.")
    for code, count in found.faults.items():
        first = next(row for row in found.rows if row.fault == code)
        words = (first.message or "no message").splitlines()[0]
        click.echo(f"{counted(count, 'fault')} `{code}`, first in {first.example}: {words}")
    for name, times in found.lapses.items():
        click.echo(f"assertion `{name}` failed {'once' if times == 1 else f'{times} times'}")
    if found.repaired:
        click.echo(f"{found.repaired} {'reply' if found.repaired == 1 else 'replies'} repaired")
    click.echo(usage_text(found.usage, seconds=found.seconds))
