"""What a compiled program is: nodes in the order they run, wired to slots, and one space."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, TypeAlias

from attrs import define, field, frozen

from elixirml.contracts.schema import Schema
from elixirml.contracts.signature import Signature
from elixirml.identity import Json, digest
from elixirml.programs.program import Declaration
from elixirml.programs.source import source_of
from elixirml.programs.stages import AssertionKind, Then
from elixirml.variables import Space, Variable

__all__ = [
    "AssertionNode",
    "CompiledProgram",
    "FunctionNode",
    "Node",
    "OutputRule",
    "PredictNode",
    "ProgramNode",
    "input_slot",
    "stage_slot",
]


def input_slot(name: str) -> str:
    """Return the slot that holds an input field's value."""
    return f"input.{name}"


def stage_slot(name: str) -> str:
    """Return the slot that holds a stage's value."""
    return f"stage.{name}"


@frozen(eq=False)
class FunctionNode:
    """A Python stage: calls `function(self, **arguments)`.

    Attributes:
        name: The stage's name; its value goes to `stage_slot(name)`.
        arguments: Parameter name to slot.
        function: The function as written.
    """

    name: str
    arguments: Mapping[str, str]
    function: Callable[..., Any]


@frozen(eq=False)
class PredictNode:
    """A predict stage.

    Attributes:
        name: The stage's name.
        arguments: Input field to slot; empty for a manual stage.
        path: The prefix of its variables.
        signature: The task as declared; its instruction is the declared one.
        output: The schema of its value.
        settings: Setting name (`instruction`, `predictor`, `adapter`, `model`, `temperature`, `max_tokens`, `demos`) to
            the path of its variable.
        manual: Whether it only runs when another stage calls it.
        options: Capability name to short variable name to path, for the predictors and adapters it may use.
    """

    name: str
    arguments: Mapping[str, str]
    path: str
    signature: Signature
    output: Schema
    settings: Mapping[str, str]
    manual: bool
    options: Mapping[str, Mapping[str, str]]


@frozen(eq=False)
class ProgramNode:
    """A sub-program; its value is a value of the sub-program's output type."""

    name: str
    arguments: Mapping[str, str]
    compiled: "CompiledProgram"


@frozen(eq=False)
class AssertionNode:
    """An assertion over slots.

    Attributes:
        name: Its name in the program.
        arguments: Parameter name to slot.
        function: Returns whether it holds.
        kind: How strict it is.
        message: Said to people and models when it fails.
        then: What follows a failure.
        attempts: How often the value may be produced in all.
        retries: The predict stage to run again; None when there is none.
    """

    name: str
    arguments: Mapping[str, str]
    function: Callable[..., Any]
    kind: AssertionKind
    message: str
    then: Then
    attempts: int
    retries: str | None


Node: TypeAlias = FunctionNode | PredictNode | ProgramNode | AssertionNode


@frozen
class OutputRule:
    """Where the program's output comes from.

    Attributes:
        whole: The slot whose value is the output, or None when it is gathered.
        fields: Output field to (slot, attribute of its value or None), when gathered.
        bare: The only field, when callers want its value rather than the record.
    """

    whole: str | None = None
    fields: Mapping[str, tuple[str, str | None]] = field(factory=dict[str, "tuple[str, str | None]"], hash=False)
    bare: str | None = None


@define(eq=False, slots=False)
class CompiledProgram:
    """A checked program, ready to run.

    Attributes:
        declaration: What was compiled.
        inputs: The schema of its inputs.
        output: The schema of its output.
        nodes: In the order they run; checks come as early as they can.
        rule: Where the output comes from.
        space: All variables of the program and of what it uses, at its own paths.
        warnings: What is declared but leads nowhere.
        prefix: The path of this program inside another; empty at the top.
    """

    declaration: Declaration
    inputs: Schema
    output: Schema
    nodes: tuple[Node, ...]
    rule: OutputRule
    space: Space
    warnings: tuple[str, ...] = ()
    prefix: str = ""

    @property
    def name(self) -> str:
        """The program's name."""
        return self.declaration.name

    def predict_nodes(self) -> tuple[PredictNode, ...]:
        """Return every predict stage, those of sub-programs included."""
        found: list[PredictNode] = []
        for node in self.nodes:
            if isinstance(node, PredictNode):
                found.append(node)
            elif isinstance(node, ProgramNode):
                found.extend(node.compiled.predict_nodes())
        return tuple(found)

    def graph(self) -> dict[str, Json]:
        """Return the wiring as plain data: node to its kind and what it takes."""
        return {node.name: _outline(node) for node in self.nodes}

    @cached_property
    def structure(self) -> str:
        """Digest of fields, wiring and declared variables; plugins installed beside it take no part."""
        declared = {name: each for name, each in self.declaration.members.items() if isinstance(each, Variable)}
        return digest(
            {
                "name": self.name,
                "inputs": [each.to_json() for each in self.inputs.fields],
                "output": [each.to_json() for each in self.output.fields],
                "graph": self.graph(),
                "variables": {name: each.describe() for name, each in declared.items()},
            }
        )

    @cached_property
    def digest(self) -> str:
        """Digest of the structure and of the source of every Python stage: what results are keyed by."""
        return digest({"structure": self.structure, "source": self._sources()})

    def _sources(self) -> dict[str, Json]:
        sources: dict[str, Json] = {}
        for node in self.nodes:
            if isinstance(node, ProgramNode):
                sources[node.name] = node.compiled.digest
            elif not isinstance(node, PredictNode):
                sources[node.name] = source_of(node.function)
        return sources


def _outline(node: Node) -> Json:
    takes: dict[str, Json] = dict(node.arguments)
    match node:
        case PredictNode():
            return {"kind": "predict", "takes": takes, "signature": node.signature.to_json(), "manual": node.manual}
        case ProgramNode():
            return {"kind": "program", "takes": takes, "program": node.compiled.structure}
        case AssertionNode():
            return {"kind": str(node.kind), "takes": takes, "then": str(node.then), "message": node.message}
        case FunctionNode():
            return {"kind": "stage", "takes": takes}
