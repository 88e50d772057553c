"""`elixirml optimize`: a program's variables, tuned on data."""

import json
import os
from pathlib import Path
from typing import Any

import click

from elixirml.cli.interrupts import resumable
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
from elixirml.cli.output import aside, counted, print_json, score, table
from elixirml.cli.progress import StudyProgress
from elixirml.cli.references import check_models, prepared, resolved_program
from elixirml.contracts.metric import Direction
from elixirml.doors import BlockingKernel
from elixirml.errors import ConfigError
from elixirml.files import write_atomically
from elixirml.runtime.budget import Budget
from elixirml.runtime.kernel import Kernel
from elixirml.studies.evaluation import metrics_of
from elixirml.studies.page import study_page
from elixirml.studies.report import StudyReport, Verdict

__all__ = ["optimize", "print_report"]


@click.command(epilog="Example: elixirml optimize qa.py:QA --train train.jsonl --out qa.json")
@program_arguments
@click.option("--train", metavar="FILE", required=True, help="Labelled rows; split into demos, race and confirmation.")
@click.option("--metric", metavar="NAME", default="exact_match", show_default=True, help="What to optimize.")
@click.option(
    "--teleprompter",
    metavar="NAME",
    default="auto",
    show_default=True,
    help="Who searches; see `elixirml plugins list`.",
)
@click.option("--option", "options", metavar="NAME=VALUE", multiple=True, help="A setting of the teleprompter.")
@click.option("--free", multiple=True, metavar="PATH", help="Search this variable too (patterns: `reply.*`).")
@click.option("--freeze", multiple=True, metavar="PATH", help="Keep this variable as declared.")
@click.option("--out", metavar="FILE", type=click.Path(dir_okay=False), help="Where to save the best program (JSON).")
@click.option("--report", metavar="FILE", type=click.Path(dir_okay=False), help="Where to write a report (HTML).")
@click.option("--resume", is_flag=True, help="Go on with the latest study of the same question.")
@set_option
@model_option
@budget_option
@seed_option
@home_option
@json_option
@quiet_option
def optimize(
    *,
    program: str,
    declared: str | None,
    train: str,
    metric: str,
    teleprompter: str,
    options: tuple[str, ...],
    free: tuple[str, ...],
    freeze: tuple[str, ...],
    out: str | None,
    report: str | None,
    resume: bool,
    values: tuple[str, ...],
    model: str | None,
    budget: Budget | None,
    seed: int,
    home: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Tune PROGRAM's variables on labelled rows, and confirm the winner on rows nobody has seen.

    PROGRAM is file.py:Class, package.module:Class, or a saved FILE.json with --program file.py:Class.
    Without --budget, 600 model calls are the limit.
    """
    with aside():
        made = resolved_program(program, declared)
        for path in filter(None, (out, report)):
            _check_writable(Path(path))
        settings = _settings(options)
        kernel = opened(home=home, model=model, quiet=quiet)
        made = prepared(kernel, made, values=values, model=model)
        check_models(kernel, made)
        minimize = metrics_of(kernel, [metric])[metric].direction is Direction.MINIMIZE
        progress = StudyProgress(quiet=quiet, minimize=minimize)
        kernel.events.add(progress)
        with resumable(progress), BlockingKernel(kernel) as door:
            found = door.optimize(
                made,
                train,
                metric=metric,
                teleprompter=teleprompter,
                budget=budget,
                seed=seed,
                options=settings,
                free=free,
                freeze=freeze,
                resume=resume,
            )
    saved = None if out is None else str(found.best.save(out))
    if report is not None:
        write_atomically(Path(report), study_page(found))
    if as_json:
        print_json({**found.to_json(), "saved": saved, "report": report})
    else:
        print_report(found, kernel, saved=saved, page=report)


def _check_writable(path: Path) -> None:
    """Refuse a place that nothing can be written to now rather than after the search."""
    folder = path.absolute().parent
    if not folder.is_dir():
        raise ConfigError(f"There is no folder {folder} to write {path.name} in.", hint=f"mkdir -p {folder}")
    if not os.access(folder, os.W_OK):
        raise ConfigError(f"The folder {folder} cannot be written, so {path.name} cannot be kept in it.")


def _settings(options: tuple[str, ...]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for each in options:
        name, equals, text = each.partition("=")
        if not equals:
            raise ConfigError(f"`--option {each}` has no value.", hint="Write --option name=value.")
        try:
            settings[name] = json.loads(text)
        except ValueError:
            settings[name] = text
    return settings


def print_report(found: StudyReport, kernel: Kernel, *, saved: str | None = None, page: str | None = None) -> None:
    """Print what a study found: scores, verdict, which variables mattered, what changed."""
    unit = metrics_of(kernel, [found.metric])[found.metric].unit
    seen = f"{found.metric}, 95 % interval"
    rows = [["as declared", score(found.baseline, unit=unit), str(found.baseline.n)]]
    if found.verdict is not Verdict.BASELINE_KEPT:
        rows.append(["tuned", score(found.tuned, unit=unit), str(found.tuned.n)])
    click.echo(table(rows, header=["program", seen, "examples"]))
    compared = found.comparison
    reason = "" if compared is None else f" (p = {compared.p_value:.2g}, {compared.wins} won, {compared.losses} lost)"
    click.echo(f"verdict: {click.style(str(found.verdict), bold=True)}{reason}")
    click.echo(
        f"{counted(found.search_calls, 'call')} in search, {found.confirm_calls} in confirmation"
        f"{f', {found.reused_calls} of them from the ledger' if found.reused_calls else ''}; "
        f"{counted(len(found.candidates), 'candidate')}; {found.seconds:.0f} s; ended: {found.stop}"
    )
    if found.effects:
        click.echo("\nwhich variables mattered")
        click.echo(
            table(
                [[each.variable, f"{100 * each.share:.0f} %", each.best] for each in found.effects[:8]],
                header=["variable", "share of the spread", "best value"],
            )
        )
    if found.verdict is Verdict.CONFIRMED:
        click.echo("\nvalues of the tuned program")
        click.echo(table(list(found.best.readable().items()), header=["variable", "value"]))
    for note in found.notes:
        click.echo(f"note: {note}")
    if saved is not None:
        what = "the tuned program" if found.verdict is Verdict.CONFIRMED else "the program as declared"
        click.echo(f"saved: {saved} ({what})")
    if page is not None:
        click.echo(f"report: {page}")
