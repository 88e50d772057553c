"""What a compiled program is: nodes in the order they run, wired to slots, and one space."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from types import FunctionType
from typing import Any, TypeAlias

from attrs import define, field, frozen

from elixirml.contracts.attached import holds_attachment
from elixirml.contracts.history import is_history
from elixirml.contracts.schema import Schema
from elixirml.contracts.signature import Signature
from elixirml.contracts.text_kinds import is_reasoning
from elixirml.contracts.tool import Tool
from elixirml.identity import Json, digest
from elixirml.programs.program import Declaration
from elixirml.programs.source import is_constant, meaning_of
from elixirml.programs.stages import AssertionKind, Then
from elixirml.variables import Space, Variable

__all__ = [
    "AssertionNode",
    "CompiledProgram",
    "Fallback",
    "FunctionNode",
    "Node",
    "OutputRule",
    "PredictNode",
    "ProgramNode",
    "called",
    "input_slot",
    "stage_slot",
    "taken",
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
        calls: Predict stages and sub-programs it may call.
    """

    name: str
    arguments: Mapping[str, str]
    function: Callable[..., Any]
    calls: tuple[str, ...] = ()


@frozen(eq=False)
class PredictNode:
    """A predict stage.

    Attributes:
        name: The stage's name.
        arguments: Input field to slot; empty for a manual stage.
        path: The prefix of its variables.
        signature: The task as declared; its instruction is the declared one.
        output: The schema of its value.
        settings: Setting name (`instruction`, `predictor`, `adapter`, `model`, `temperature`, `max_tokens`, `demos`,
            `repair`) to the path of its variable.
        manual: Whether it only runs when another stage calls it.
        options: Capability name to short variable name to path, for the predictors and adapters it may use.
        tools: What its model may call, by name: an installed tool as None, or a tool at hand.
    """

    name: str
    arguments: Mapping[str, str]
    path: str
    signature: Signature
    output: Schema
    settings: Mapping[str, str]
    manual: bool
    options: Mapping[str, Mapping[str, str]]
    tools: Mapping[str, Tool | None] = field(factory=dict[str, "Tool | None"])

    @cached_property
    def sets_aside(self) -> bool:
        """Whether inputs hold attachments or a history, which go beside the text of a prompt."""
        return any(is_history(each.annotation) or holds_attachment(each.schema) for each in self.signature.inputs)

    @cached_property
    def thoughts(self) -> tuple[str, ...]:
        """The outputs that hold the reasoning of the model itself."""
        return tuple(each.name for each in self.signature.outputs if is_reasoning(each.annotation))


@frozen(eq=False)
class ProgramNode:
    """A sub-program; its value is a value of the sub-program's output type.

    Attributes:
        name: The stage's name.
        arguments: Input field to slot; empty for a manual one.
        compiled: Its checked form.
        manual: Whether it only runs when it is called: it is the fallback of an assertion.
    """

    name: str
    arguments: Mapping[str, str]
    compiled: "CompiledProgram"
    manual: bool = False


@frozen(eq=False)
class Fallback:
    """What gives a value in place of one that an assertion has refused.

    Attributes:
        name: Of a manual predict stage, a manual sub-program, or a method of the class.
        replaces: The stage whose value is replaced: the latest that the assertion judges.
        arguments: Parameter or input field to slot.
        function: The method; None for a stage or a sub-program.
        calls: Predict stages and sub-programs it may call.
    """

    name: str
    replaces: str
    arguments: Mapping[str, str]
    function: Callable[..., Any] | None = None
    calls: tuple[str, ...] = ()


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
        retries: The stage to run again: the latest that asks a model for what is judged; None when there is none.
        fields: Parameter to the field that it takes of its slot's value; other parameters take the value itself.
        fallback: What replaces the value in the end; None for nothing.
        calls: Predict stages and sub-programs it may call.
        early: The schema of the fields it judges, where they are all it waits for and all are of the stage that is run
            again: then it is judged while the reply arrives. None where it is not.
    """

    name: str
    arguments: Mapping[str, str]
    function: Callable[..., Any]
    kind: AssertionKind
    message: str
    then: Then
    attempts: int
    retries: str | None
    fields: Mapping[str, str] = field(factory=dict[str, str])
    fallback: Fallback | None = None
    calls: tuple[str, ...] = ()
    early: Schema | None = None


Node: TypeAlias = FunctionNode | PredictNode | ProgramNode | AssertionNode


def taken(node: Node) -> tuple[str, ...]:
    """Return every slot a node takes, those of a fallback included."""
    fallback = node.fallback if isinstance(node, AssertionNode) else None
    return (*node.arguments.values(), *(() if fallback is None else fallback.arguments.values()))


def called(node: Node) -> tuple[str, ...]:
    """Return the predict stages and sub-programs a node may call, those of a fallback and itself included."""
    match node:
        case FunctionNode():
            return node.calls
        case AssertionNode(fallback=Fallback(function=None) as fallback):
            return (*node.calls, fallback.name)
        case AssertionNode(fallback=Fallback() as fallback):
            return (*node.calls, *fallback.calls)
        case AssertionNode():
            return node.calls
        case _:
            return ()


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

    def slots(self) -> tuple[str, ...]:
        """Return every slot the output is made of."""
        return (*(() if self.whole is None else (self.whole,)), *(slot for slot, _ in self.fields.values()))


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
        answers: The latest stage that asks a model for the output; None when there is none.
    """

    declaration: Declaration
    inputs: Schema
    output: Schema
    nodes: tuple[Node, ...]
    rule: OutputRule
    space: Space
    warnings: tuple[str, ...] = ()
    prefix: str = ""
    answers: str | None = None

    @property
    def name(self) -> str:
        """The program's name."""
        return self.declaration.name

    def path(self, name: str) -> str:
        """Return the path of something declared here."""
        return f"{self.prefix}.{name}" if self.prefix else name

    def predict_nodes(self) -> tuple[PredictNode, ...]:
        """Return every predict stage, those of sub-programs included."""
        return self._predict_nodes

    @cached_property
    def _predict_nodes(self) -> tuple[PredictNode, ...]:
        found: list[PredictNode] = []
        for node in self.nodes:
            if isinstance(node, PredictNode):
                found.append(node)
            elif isinstance(node, ProgramNode):
                found.extend(node.compiled.predict_nodes())
        return tuple(found)

    @cached_property
    def positions(self) -> Mapping[str, int]:
        """Node name to its place in the order."""
        return {node.name: at for at, node in enumerate(self.nodes)}

    @cached_property
    def early(self) -> Mapping[str, tuple[AssertionNode, ...]]:
        """Predict stage to the assertions that are judged while its reply arrives."""
        early = [each for each in self.nodes if isinstance(each, AssertionNode) and each.early is not None]
        stages = dict.fromkeys(each.retries for each in early if each.retries is not None)
        return {stage: tuple(each for each in early if each.retries == stage) for stage in stages}

    def downstream(self, name: str) -> frozenset[str]:
        """Return a stage and every node that depends on its value."""
        found, stale = {name}, {stage_slot(name)}
        for node in self.nodes[self.positions[name] + 1 :]:
            if not stale.isdisjoint(node.arguments.values()):
                found.add(node.name)
                if not isinstance(node, AssertionNode):
                    stale.add(stage_slot(node.name))
        return frozenset(found)

    @cached_property
    def waits(self) -> Mapping[str, frozenset[str]]:
        """Node name to the earlier nodes that must be done before it may start; see `_waiting`."""
        return {node.name: frozenset(_waiting(self, at)) for at, node in enumerate(self.nodes)}

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
                "variables": {name: _domain(each) for name, each in declared.items()},
            }
        )

    @cached_property
    def digest(self) -> str:
        """Digest of the structure and of what every Python stage means: what results are keyed by."""
        return digest({"structure": self.structure, "source": self._sources()})

    def _sources(self) -> dict[str, Json]:
        sources: dict[str, Json] = {}
        for node in self.nodes:
            if isinstance(node, ProgramNode):
                sources[node.name] = node.compiled.digest
            elif not isinstance(node, PredictNode):
                sources[node.name] = meaning_of(node.function)
        helpers = self.declaration.helpers.items()
        return sources | {f"self.{name}": found for name, each in helpers for found in _meaning(each)}


def _waiting(compiled: CompiledProgram, position: int) -> Iterator[str]:
    """Yield what a node waits for where nodes may run at once, so that the outcome is that of running them in order.

    These are the nodes whose values it takes; the checks before it, if it asks a model; nodes that call what it calls;
    and what has to do with assertions: a value is not used before it has been judged, and nothing runs that a failed
    assertion would make run again.
    """
    node = compiled.nodes[position]
    takes = set(taken(node))
    for earlier in compiled.nodes[:position]:
        if (
            stage_slot(earlier.name) in takes
            or not _called(compiled, earlier).isdisjoint(_called(compiled, node))
            or (isinstance(earlier, AssertionNode) and _judged_first(compiled, earlier, node, takes))
            or (isinstance(node, AssertionNode) and _touched(compiled, node, earlier))
        ):
            yield earlier.name


def _touched(compiled: CompiledProgram, assertion: AssertionNode, node: Node) -> bool:
    """Return whether a node runs again when an assertion fails, or calls what is called again then."""
    redone = _redone(compiled, assertion)
    again = (_called(compiled, each) for each in compiled.nodes if each.name in redone)
    return node.name in redone or not _called(compiled, node).isdisjoint(frozenset[str]().union(*again))


def _called(compiled: CompiledProgram, node: Node) -> frozenset[str]:
    if isinstance(node, (FunctionNode, AssertionNode)):
        return frozenset(called(node))
    return frozenset({node.name, *(each for early in compiled.early.get(node.name, ()) for each in called(early))})


def _judged_first(compiled: CompiledProgram, assertion: AssertionNode, node: Node, takes: set[str]) -> bool:
    """Return whether an assertion comes before a node that is placed after it."""
    if assertion.kind is AssertionKind.CHECK and not isinstance(node, AssertionNode):
        return not isinstance(node, FunctionNode) or bool(node.calls)
    redone = _redone(compiled, assertion)
    if isinstance(node, AssertionNode) and not redone.isdisjoint(_redone(compiled, node)):
        return True
    return _touched(compiled, assertion, node) or not takes.isdisjoint(assertion.arguments.values())


def _redone(compiled: CompiledProgram, assertion: AssertionNode) -> frozenset[str]:
    """Return what runs again when an assertion fails, the stage that a fallback replaces included."""
    replaced = None if assertion.fallback is None else assertion.fallback.replaces
    again = [compiled.downstream(each) for each in (assertion.retries, replaced) if each is not None]
    return frozenset[str]().union(*again)


def _domain(variable: Variable) -> dict[str, Json]:
    return {key: value for key, value in variable.describe().items() if key != "hint"}


def _meaning(helper: Any) -> tuple[Json, ...]:
    """Return what identifies a method or a constant of the class; nothing for what may change."""
    if isinstance(helper, FunctionType):
        return (meaning_of(helper),)
    return (helper,) if is_constant(helper) else ()


def _tool(tool: Tool | None) -> Json:
    """Return what identifies a tool at hand; an installed one is known by its name."""
    return None if tool is None else {"description": tool.description, "parameters": dict(tool.parameters)}


def _outline(node: Node) -> Json:
    takes: dict[str, Json] = dict(node.arguments)
    match node:
        case PredictNode():
            asks: dict[str, Json] = {"signature": node.signature.to_json(), "manual": node.manual}
            if node.tools:
                asks["tools"] = {name: _tool(each) for name, each in node.tools.items()}
            return {"kind": "predict", "takes": takes, **asks}
        case ProgramNode():
            manual: dict[str, Json] = {"manual": True} if node.manual else {}
            return {"kind": "program", "takes": takes, "program": node.compiled.structure, **manual}
        case AssertionNode():
            return {
                "kind": str(node.kind),
                "takes": takes,
                "message": node.message,
                "then": str(node.then),
                "attempts": node.attempts,
                **({"fields": dict(node.fields)} if node.fields else {}),
                **({"fallback": _substitute(node.fallback)} if node.fallback is not None else {}),
            }
        case _:
            return {"kind": "stage", "takes": takes}


def _substitute(fallback: Fallback) -> dict[str, Json]:
    return {"name": fallback.name, "takes": dict(fallback.arguments)}
