"""`elixirml evaluate`: a program on data."""

import sys

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
from elixirml.cli.output import print_json, score, table
from elixirml.cli.progress import RowProgress
from elixirml.cli.references import resolved_program, with_set_values
from elixirml.contracts.metric import Metric
from elixirml.doors import BlockingKernel
from elixirml.errors import BudgetExceeded
from elixirml.runtime.budget import Budget
from elixirml.studies.evaluation import Evaluation, metrics_of

__all__ = ["evaluate"]


@click.command(epilog="Example: elixirml evaluate qa.py:QA --data test.jsonl --metric exact_match --metric latency")
@program_arguments
@click.option("--data", metavar="FILE", required=True, help="JSON lines, JSON or CSV; or NAME:SPLIT of a named set.")
@click.option("--metric", "metrics", multiple=True, help="What to score; repeatable [default: exact_match].")
@click.option("--repeats", type=click.IntRange(1), default=1, show_default=True, help="Runs of each example.")
@click.option("--limit", type=click.IntRange(1), help="Use no more than this many rows.")
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
    values: tuple[str, ...],
    model: str | None,
    budget: Budget | None,
    seed: int,
    home: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Score PROGRAM on data, with intervals; every fault is kept and counted."""
    made = resolved_program(program, declared)
    kernel = opened(home=home, model=model, quiet=quiet)
    made = with_set_values(kernel, made, values)
    names = metrics or ("exact_match",)
    progress = RowProgress(quiet=quiet)
    stopped: BudgetExceeded | None = None
    with BlockingKernel(kernel) as door:
        try:
            found = door.evaluate(
                made,
                data,
                metrics=names,
                repeats=repeats,
                budget=budget,
                seed=seed,
                limit=limit,
                on_row=progress.row,
            )
        except BudgetExceeded as error:
            if not isinstance(error.partial, Evaluation):
                raise
            stopped, found = error, error.partial
        finally:
            progress.close()
    if as_json:
        print_json(found.to_json())
    else:
        _print(found, metrics_of(kernel, names))
    if stopped is not None:
        click.echo(f"stopped early: {stopped.message} The table is of the {len(found.rows)} rows finished.", err=True)
        sys.exit(1)


def _print(found: Evaluation, metrics: dict[str, Metric]) -> None:
    rows = [[name, score(each, unit=metrics[name].unit), str(each.n)] for name, each in found.metrics.items()]
    click.echo(table(rows, header=["metric", "mean (95 % interval)", "n"]))
    for code, count in found.faults.items():
        example = next(row for row in found.rows if row.fault == code)
        click.echo(f"{count} x fault `{code}`, first in {example.example}: {(example.message or '').splitlines()[0]}")
    usage = found.usage
    click.echo(f"{usage.calls} calls, {usage.tokens_in} + {usage.tokens_out} tokens, {found.seconds:.1f} s")
