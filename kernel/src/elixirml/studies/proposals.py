"""Growing banks of demos: from labelled rows as they are, or from the traces of runs that scored well."""

from collections.abc import Mapping, Sequence

from elixirml.contracts.metric import Example
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
    """Return demos made of labelled rows: those that hold all the stage's required inputs and outputs.

    A stage in the middle of a program has outputs no row is labelled with; it yields none.
    """
    fields = {"inputs": node.signature.inputs, "outputs": node.signature.outputs}
    required = [each.name for part in fields.values() for each in part if each.required]
    entries: list[Entry] = []
    for example in examples:
        known = {**example.inputs, **example.expected}
        if all(name in known for name in required):
            shown = {
                part: {each.name: known[each.name] for each in of if each.name in known} for part, of in fields.items()
            }
            entries.append(_entry(shown["inputs"], shown["outputs"], "labelled"))
    return _distinct(entries)[:n]


def bootstrapped_demos(node: PredictNode, runs: Sequence[Sequence[StageRecord]], n: int) -> tuple[Entry, ...]:
    """Return demos made of the stage records of runs that scored well.

    What an assertion has refused is not shown; nor is, of a stage that ran several times, any record but the last.

    Source: Khattab et al., "DSPy: Compiling Declarative Language Model Calls into Self-Improving Pipelines", 2023.
    """
    good: list[StageRecord] = []
    for records in runs:
        own = [each for each in records if each.path == node.path and not each.refused]
        good.extend(own if node.manual else own[-1:])
    return _distinct([_entry(each.inputs, each.outputs, "bootstrapped") for each in good])[:n]


def _entry(inputs: Mapping[str, Json], outputs: Mapping[str, Json], origin: str) -> Entry:
    return Entry.of({"inputs": dict(inputs), "outputs": dict(outputs)}, origin=origin)


def _distinct(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    return tuple({entry.id: entry for entry in entries}.values())
