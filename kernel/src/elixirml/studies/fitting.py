"""Fitted variables: values estimated from a candidate's own replies, at no call."""

from collections.abc import Mapping, Sequence
from typing import Any

from elixirml.contracts.adapter import Observation
from elixirml.contracts.metric import Example
from elixirml.identity import Json
from elixirml.programs.compiled import CompiledProgram, PredictNode
from elixirml.runtime.runner import Runner
from elixirml.studies.ledger import Row
from elixirml.variables import Assignment, Fitted, Space

__all__ = ["fitted", "wants_fitting"]


def wants_fitting(space: Space, assignment: Assignment) -> tuple[str, ...]:
    """Return the paths of the active variables that are fitted rather than searched, and have no value yet."""
    active = space.canonical(assignment)
    return tuple(
        each.name for each in space.variables if isinstance(each, Fitted) and active.get(each.name, ...) is None
    )


def fitted(
    runner: Runner, space: Space, assignment: Assignment, rows: Sequence[Row], examples: Mapping[str, Example]
) -> Assignment:
    """Return the assignment with its fitted variables estimated from scored rows.

    Args:
        runner: The program.
        space: The space of the assignment.
        assignment: The values the rows were scored with, unfitted.
        rows: What was replied.
        examples: The examples by id; their expected values are known.
    """
    wanted = set(wants_fitting(space, assignment))
    values: dict[str, Json] = {}
    resolved = space.resolve(assignment)
    for node in runner.compiled.predict_nodes():
        name = str(resolved[node.settings["adapter"]])
        paths = {short: path for short, path in node.options.get(name, {}).items() if path in wanted}
        if paths:
            options = {short: resolved[path] for short, path in node.options[name].items() if path in resolved}
            found = runner.capabilities.adapter(name).fit(
                node.signature, _observations(node, runner.compiled, rows, examples), options=options
            )
            values.update({paths[short]: value for short, value in found.items() if short in paths})
    return assignment.with_values(values)


def _observations(
    node: PredictNode, compiled: CompiledProgram, rows: Sequence[Row], examples: Mapping[str, Example]
) -> list[Observation]:
    names = {each.name for each in node.signature.outputs}
    known = names <= {each.name for each in compiled.output.fields}
    return [
        Observation(evidence.response(), _expected(examples[row.example], names) if known else None)
        for row in rows
        for evidence in row.evidence
        if evidence.stage == node.path
    ]


def _expected(example: Example, names: set[str]) -> dict[str, Any] | None:
    expected = {name: value for name, value in example.expected.items() if name in names}
    return expected if len(expected) == len(names) else None
