"""`elixirml show`: what a program will send, how it is wired, what may be tuned."""

from typing import Any

import click

from elixirml.cli.attaching import attach_option, attached
from elixirml.cli.drawing import drawn
from elixirml.cli.options import (
    home_option,
    json_option,
    model_option,
    opened,
    program_arguments,
    quiet_option,
    set_option,
)
from elixirml.cli.output import aside, print_json, request_text, table, value_text
from elixirml.cli.references import check_models, prepared, resolved_program
from elixirml.cli.run import given_inputs
from elixirml.contracts.adapter import FollowingAdapter
from elixirml.doors import BlockingKernel
from elixirml.identity import Json
from elixirml.programs.compiled import PredictNode
from elixirml.runtime.kernel import Kernel
from elixirml.runtime.runner import Runner
from elixirml.variables import Assignment, Banked, Space, Variable

__all__ = ["show"]


@click.command(epilog="Example: elixirml show qa.json --program qa.py:QA --input question.json")
@program_arguments
@click.option("--input", "source", metavar="FILE", help="Inputs to show the prompt for; - for standard input.")
@attach_option
@click.option("--graph", is_flag=True, help="Draw how values flow from stage to stage.")
@click.option("--space", "with_space", is_flag=True, help="Show the variables and their values.")
@set_option
@model_option
@home_option
@json_option
@quiet_option
def show(
    *,
    program: str,
    declared: str | None,
    source: str | None,
    attachments: tuple[str, ...],
    graph: bool,
    with_space: bool,
    values: tuple[str, ...],
    model: str | None,
    home: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Show PROGRAM: the exact messages for an input, its graph, its variables. Asks no model.

    PROGRAM is file.py:Class, package.module:Class, or a saved FILE.json with --program file.py:Class.
    """
    with aside():
        made = resolved_program(program, declared)
        inputs = given_inputs(source, attachments) if source or attachments else None
        kernel = opened(home=home, model=model, quiet=quiet)
        made = prepared(kernel, made, values=values, model=model)
        runner = kernel.runner(made)
        inputs = None if inputs is None else attached(inputs, attachments, runner.compiled.inputs.fields)
        own = runner.assigned()
        shown = {} if inputs is None else _shown(kernel, runner, inputs)
    everything = not (graph or with_space or inputs is not None)
    if as_json:
        print_json(_json(runner, own.space, own.assignment, shown))
        return
    parts: list[str] = []
    if graph or everything:
        parts.append(drawn(runner.compiled))
    if with_space or everything:
        parts.append(_space(own.space, own.assignment))
    parts += [f"{click.style(f'stage {stage}', bold=True)}\n\n{text}" for stage, (text, _) in shown.items()]
    click.echo("\n\n".join(parts))
    if not quiet:
        for warning in runner.compiled.warnings:
            click.echo(f"warning: {warning}", err=True)


def _shown(kernel: Kernel, runner: Runner, inputs: Any) -> dict[str, tuple[str, Json]]:
    check_models(kernel, runner.program)
    with BlockingKernel(kernel) as door:
        return door.call(_previewed, runner, inputs)


async def _previewed(runner: Runner, inputs: Any) -> dict[str, tuple[str, Json]]:
    return {
        node.path: (f"{request_text(request)}{_rest(runner, node)}", request.to_json())
        for node, request in runner.preview(inputs)
    }


def _rest(runner: Runner, node: PredictNode) -> str:
    """Return a note where the request that is shown is the first of two."""
    own, path = runner.assigned(), node.settings["adapter"]
    adapter = runner.capabilities.adapter(str(own.space.canonical(own.assignment).get(path, own.space[path].default)))
    return "\n\n[then]\na second request, made of the reply" if isinstance(adapter, FollowingAdapter) else ""


def _space(space: Space, assignment: Assignment) -> str:
    active = space.canonical(assignment)
    searched = {each.name for each in space.searchable}
    rows = [
        [
            each.name,
            each.kind,
            _value(space, each, active[each.name]) if each.name in active else "(inactive)",
            "free" if each.name in searched else "fixed",
            each.hint or "",
        ]
        for each in space
    ]
    return table(rows, header=["variable", "kind", "value", "search", "hint"])


def _value(space: Space, variable: Variable, value: Json) -> str:
    if isinstance(variable, Banked):
        bank = space.banks[variable.bank_name]
        if isinstance(value, str):
            return value_text(bank[value].value)
        return f"{len(value)} of {len(bank)}" if isinstance(value, list) else value_text(value)
    return value_text(value)


def _json(runner: Runner, space: Space, assignment: Assignment, shown: dict[str, tuple[str, Json]]) -> dict[str, Json]:
    return {
        "program": runner.compiled.name,
        "digest": runner.compiled.digest,
        "graph": runner.compiled.graph(),
        "space": space.describe(),
        "assignment": space.canonical(assignment),
        "messages": {stage: request for stage, (_, request) in shown.items()},
    }
