"""What the parameters of an assertion mean beyond those of a stage, and what a fallback may stand in for."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from elixirml.contracts.schema import Field, FieldDeclaration, Schema
from elixirml.errors import DeclarationError, did_you_mean
from elixirml.programs.compiled import (
    AssertionNode,
    Node,
    PredictNode,
    ProgramNode,
    input_slot,
    stage_slot,
    taken,
)
from elixirml.programs.installed import Installed
from elixirml.programs.stages import Assertion, AssertionKind, Then
from elixirml.programs.wiring import Needs

__all__ = ["early_schema", "field_holders", "lacking", "latest_judged", "unusable"]

_TELLING: Final = frozenset({"string", "number", "integer", "boolean", "array", "object"})
"""Types of JSON that say what the text of a field means, with nothing else that it could be."""


def field_holders(
    name: str, member: Assertion, needs: Needs, *, bound: Iterable[str], outputs: Mapping[str, Schema]
) -> dict[str, str]:
    """Return parameter to the stage of whose output it takes a field.

    A name that is bound means what it is bound to; one that is not, the field of the latest output that has it. What an
    assertion is declared `on` comes before both.

    Raises:
        DeclarationError: It is on something without output fields, or takes none of them.
    """
    if not member.on:
        values = frozenset(bound)
        wanted = [each for each in needs.names if each not in values and each not in needs.optional]
        return {each: stage for each in wanted for stage in _latest_with(outputs, each)}
    if member.on not in outputs:
        raise DeclarationError(
            f"the {member.kind} `{name}` is on `{member.on}`, which is no predict stage or sub-program above it.",
            hint=did_you_mean(member.on, outputs),
            code="name-not-found",
        )
    fields = [each.name for each in outputs[member.on].fields]
    found = {each: member.on for each in needs.names if each in fields}
    if not found:
        raise DeclarationError(
            f"the {member.kind} `{name}` is on `{member.on}`, but takes none of its fields.",
            hint=did_you_mean(next(iter(needs.names), ""), fields),
            code="name-not-found",
        )
    return found


def _latest_with(outputs: Mapping[str, Schema], field: str) -> Iterable[str]:
    """Return the latest stage with a field, alone in a tuple; nothing when there is none."""
    holding = [stage for stage, schema in outputs.items() if any(each.name == field for each in schema.fields)]
    return holding[-1:]


def early_schema(node: AssertionNode, nodes: Sequence[Node], installed: Installed) -> Schema | None:
    """Return the schema of the fields an assertion judges, where it can be judged while their reply arrives.

    Then the rest of what it takes, and of what its fallback takes, is known before the reply: inputs of the program,
    and what the stage itself takes. It asks no model, which would wait for the one that is replying; and a failure
    changes what comes next, else there would be no hurry.
    """
    asked = next((each for each in nodes if each.name == node.retries), None)
    if node.kind is not AssertionKind.ENSURE or node.then is Then.RECORD or not isinstance(asked, PredictNode):
        return None
    own = stage_slot(asked.name)
    judged = [each for each in asked.signature.outputs if each.name in node.fields.values()]
    elsewhere = [slot for name, slot in node.arguments.items() if name not in node.fields]
    if node.fallback is not None:
        elsewhere += node.fallback.arguments.values()
    known = {*asked.arguments.values(), *(slot for slot in taken(node) if slot.startswith(input_slot("")))}
    waits = not known.issuperset(elsewhere) or any(node.arguments[each] != own for each in node.fields)
    if node.calls or waits or not judged or not all(map(_is_telling, judged)):
        return None
    try:
        return installed.record(
            f"{node.name}_judged", [FieldDeclaration(each.name, each.annotation) for each in judged]
        )
    except DeclarationError:  # an engine may read a type in its own records alone
        return None


def _is_telling(field: Field) -> bool:
    return field.schema.get("type") in _TELLING


def latest_judged(nodes: Sequence[Node], slots: Iterable[str]) -> str | None:
    """Return the latest stage among the slots an assertion takes."""
    judged = set(slots)
    return next((each.name for each in reversed(nodes) if stage_slot(each.name) in judged), None)


def unusable(found: Any) -> str:
    """Return why what is declared under a name is no fallback."""
    return {
        "NoneType": "which is nothing of the class",
        "PredictStage": "which runs in any case: declare it with manual=True",
        "FunctionStage": "which runs in any case: write a method without @ml.stage",
        "Assertion": "which is an assertion and has no value",
    }.get(type(found).__name__, "which cannot be called")


def lacking(wanted: Node, given: Node | None) -> list[str]:
    """Return the fields of one stage's output that another's lacks."""
    if not (isinstance(wanted, (PredictNode, ProgramNode)) and isinstance(given, (PredictNode, ProgramNode))):
        return []
    known = {each.name for each in _output_of(given).fields}
    return [each.name for each in _output_of(wanted).fields if each.required and each.name not in known]


def _output_of(node: PredictNode | ProgramNode) -> Schema:
    return node.output if isinstance(node, PredictNode) else node.compiled.output
