"""Growing banks of demos: from labelled rows as they are, or from the traces of runs that scored well."""

from collections.abc import Mapping, Sequence

from elixirml.contracts.metric import Direction, Example
from elixirml.errors import ConfigError, did_you_mean
from elixirml.identity import Json
from elixirml.programs.compiled import PredictNode
from elixirml.runtime.result import StageRecord
from elixirml.runtime.runner import Runner
from elixirml.variables import Entry

__all__ = ["SOURCES", "bootstrapped_demos", "demo_stage", "labelled_demos"]

SOURCES = ("labelled", "bootstrapped")


def demo_stage(runner: Runner, variable: str) -> PredictNode:
    """Return the predict stage whose demos a variable holds.

    Raises:
        ConfigError: No stage takes its demos from that variable.
    """
    stages = {node.settings["demos"]: node for node in runner.compiled.predict_nodes()}
    if variable not in stages:
        raise ConfigError(f"`{variable}` holds no demos.", hint=did_you_mean(variable, stages))
    return stages[variable]


def labelled_demos(node: PredictNode, examples: Sequence[Example], n: int) -> tuple[Entry, ...]:
    """Return demos made of labelled rows: those that hold all the stage's inputs and outputs.

    A stage in the middle of a program has outputs no row is labelled with; it yields none.
    """
    inputs = [each.name for each in node.signature.inputs]
    outputs = [each.name for each in node.signature.outputs if each.required]
    entries: list[Entry] = []
    for example in examples:
        known = {**example.inputs, **example.expected}
        if all(name in known for name in (*inputs, *outputs)):
            shown = [each.name for each in node.signature.outputs if each.name in known]
            entries.append(
                _entry({name: known[name] for name in inputs}, {name: known[name] for name in shown}, "labelled")
            )
    return _distinct(entries)[:n]


def bootstrapped_demos(
    node: PredictNode,
    runs: Sequence[tuple[float, Sequence[StageRecord]]],
    *,
    direction: Direction,
    threshold: float,
    n: int,
) -> tuple[Entry, ...]:
    """Return demos made of the traces of runs whose score reaches the threshold.

    Source: Khattab et al., "DSPy: Compiling Declarative Language Model Calls into Self-Improving Pipelines", 2023.
    """
    good = [
        record
        for score, records in runs
        if (score >= threshold if direction is Direction.MAXIMIZE else score <= threshold)
        for record in records
        if record.path == node.path
    ]
    return _distinct([_entry(each.inputs, each.outputs, "bootstrapped") for each in good])[:n]


def _entry(inputs: Mapping[str, Json], outputs: Mapping[str, Json], origin: str) -> Entry:
    return Entry.of({"inputs": dict(inputs), "outputs": dict(outputs)}, origin=origin)


def _distinct(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    return tuple({entry.id: entry for entry in entries}.values())
