"""Options that several verbs share, and the kernel they are for."""

import os
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from elixirml.contracts.observer import Observer
from elixirml.runtime.budget import Budget
from elixirml.runtime.kernel import Kernel

__all__ = [
    "budget_option",
    "home_option",
    "json_option",
    "model_option",
    "opened",
    "program_arguments",
    "quiet_option",
    "seed_option",
    "set_option",
]

F = TypeVar("F", bound=Callable[..., Any])


def program_arguments(function: F) -> F:
    """Add PROGRAM and what belongs to it."""
    function = click.option(
        "--program", "declared", metavar="PROGRAM", help="The declaration, when PROGRAM is a saved JSON file."
    )(function)
    return click.argument("program", metavar="PROGRAM")(function)


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
quiet_option = click.option("--quiet", is_flag=True, help="Say nothing but the result.")
seed_option = click.option("--seed", type=int, default=0, show_default=True, help="Equal seeds, equal results.")
model_option = click.option("--model", metavar="PROVIDER/MODEL", help="The model of stages that name none.")
set_option = click.option(
    "--set",
    "values",
    metavar="PATH=VALUE",
    multiple=True,
    help="Set a variable; repeatable. See `elixirml show --space`.",
)
home_option = click.option(
    "--home",
    metavar="FOLDER",
    default=lambda: os.environ.get("ELIXIRML_HOME", ".elixirml"),
    help="Where project data is kept [default: .elixirml, or $ELIXIRML_HOME].",
)


def _budget(context: click.Context, parameter: click.Parameter, text: str | None) -> Budget | None:
    _ = context, parameter
    return None if text is None else Budget.parse(text)


budget_option = click.option(
    "--budget",
    metavar="LIMITS",
    callback=_budget,
    help="Limits, for example calls=600,seconds=300 (also tokens, money).",
)


def opened(*, home: str, model: str | None = None, quiet: bool = False, observers: Sequence[Observer] = ()) -> Kernel:
    """Return a kernel with the installed plugins; faulty ones are named on standard error, one line each."""
    kernel = Kernel(home=home, model=model, observers=observers)
    if not quiet:
        for warning in kernel.plugins.warnings():
            click.echo(f"warning: {warning}", err=True)
    return kernel
