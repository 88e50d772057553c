"""`elixirml run`: a program, once."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import click

from elixirml.cli.attaching import attach_option, attached
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
from elixirml.cli.output import aside, print_json, usage_text
from elixirml.cli.references import check_models, prepared, resolved_program
from elixirml.cli.results import JsonLines, Typewriter, followed, print_fields, result_json
from elixirml.doors import BlockingKernel
from elixirml.errors import ConfigError
from elixirml.runtime.budget import Budget
from elixirml.runtime.ordering import Strategy

__all__ = ["given_inputs", "read_input", "run"]


@click.command(epilog="Example: elixirml run qa.py:QA --input question.json --set temperature=0.2")
@program_arguments
@click.option("--input", "source", metavar="FILE", help="A JSON object of inputs; - for standard input.")
@attach_option
@set_option
@model_option
@budget_option
@seed_option
@home_option
@click.option("--stream", is_flag=True, help="Print fields as they arrive; with --json, one JSON object a line.")
@click.option(
    "--strategy",
    type=click.Choice([str(each) for each in Strategy]),
    default=str(Strategy.SEQUENTIAL),
    show_default=True,
    help="Whether stages that do not wait for each other run at once; the output is the same.",
)
@json_option
@quiet_option
def run(
    *,
    program: str,
    declared: str | None,
    source: str | None,
    attachments: tuple[str, ...],
    values: tuple[str, ...],
    model: str | None,
    budget: Budget | None,
    seed: int,
    home: str,
    stream: bool,
    strategy: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run PROGRAM once and print its output.

    PROGRAM is file.py:Class, package.module:Class, or a saved FILE.json with --program file.py:Class.
    """
    out = sys.stdout
    with aside():
        made = resolved_program(program, declared)
        inputs = given_inputs(source, attachments)
        kernel = opened(home=home, model=model, quiet=quiet)
        made = prepared(kernel, made, values=values, model=model)
        inputs = attached(inputs, attachments, kernel.compile(made).inputs.fields)
        check_models(kernel, made)
        with BlockingKernel(kernel) as door:
            if stream:
                shown = JsonLines(out) if as_json else Typewriter(out, kernel.compile(made))
                result = followed(door.stream(made, inputs, budget=budget, seed=seed, strategy=strategy), shown)
            else:
                result = door.run(made, inputs, budget=budget, seed=seed, strategy=strategy)
    if as_json and not stream:
        print_json(result_json(result))
    elif not stream:
        print_fields(result.fields, out=out)
    if not (quiet or as_json):
        for lapse in result.trace.lapses:
            click.echo(f"note: {lapse}", err=True)
        for repair in result.trace.repairs:
            click.echo(f"note: {repair}", err=True)
        click.echo(usage_text(result.usage, seconds=result.usage.seconds), err=True)


def given_inputs(source: str | None, attachments: Sequence[str]) -> dict[str, Any]:
    """Return the inputs of a file; none where files alone are given.

    Raises:
        UsageError: Nothing is given at all.
        ConfigError: There is no such file, or it holds no JSON object.
    """
    if source is None and not attachments:
        raise click.UsageError("Missing option '--input'.")
    return {} if source is None else read_input(source)


def read_input(source: str) -> dict[str, Any]:
    """Return the JSON object of a file or of standard input.

    Raises:
        ConfigError: There is no such file, or it holds no JSON object.
    """
    name = "standard input" if source == "-" else source
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{source} cannot be read: {error.strerror}.", hint="Name a JSON file, or - for standard input."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name} is not UTF-8 text: {error.reason}.", hint="Save it as UTF-8.") from error
    try:
        data: object = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{name} is not JSON: {error}.", hint='Write for example {"question": "Where?"}.') from error
    if not isinstance(data, dict):
        raise ConfigError(f"{name} holds no JSON object.", hint='Write for example {"question": "Where?"}.')
    return cast("dict[str, Any]", data)
