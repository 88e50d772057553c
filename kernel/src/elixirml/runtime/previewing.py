"""The requests a run would send, as far as they are known before any reply: for people who want to see the prompt."""

from collections.abc import Iterator, Mapping
from inspect import isawaitable, iscoroutine
from typing import Any, NoReturn

from elixirml.contracts.capabilities import Capabilities
from elixirml.contracts.language_model import ModelRequest
from elixirml.contracts.predictor_base import PredictorBase
from elixirml.errors import DeclarationError
from elixirml.programs.compiled import CompiledProgram, FunctionNode, PredictNode, ProgramNode, input_slot, stage_slot
from elixirml.programs.program import Program
from elixirml.runtime.bound import BoundProgram
from elixirml.runtime.context import RunContext
from elixirml.runtime.equipping import equipped
from elixirml.runtime.plain import field_of, plain
from elixirml.runtime.predicting import prepared

__all__ = ["previewed"]


def previewed(
    compiled: CompiledProgram,
    program: Program[Any, Any],
    inputs: Mapping[str, Any],
    *,
    context: RunContext,
    capabilities: Capabilities,
) -> list[tuple[PredictNode, ModelRequest]]:
    """Return the request of every predict stage that waits for no reply; asks nothing.

    Python stages that call no model run, where they are not async; sub-programs are looked into.

    Args:
        compiled: What would run.
        program: The instance it was compiled from.
        inputs: Typed values by field.
        context: Where the values of variables come from.
        capabilities: What is installed.
    """

    def call(name: str) -> NoReturn:
        raise DeclarationError(f"`{name}` cannot be called in a preview: no model is asked.")

    def value_of(name: str) -> Any:
        return context.value(compiled.path(name))

    slots = {input_slot(name): value for name, value in inputs.items()}
    shown: list[tuple[PredictNode, ModelRequest]] = []
    for node in compiled.nodes:
        if not all(slot in slots for slot in node.arguments.values()):
            continue
        given = {name: slots[slot] for name, slot in node.arguments.items()}
        match node:
            case PredictNode(manual=False):
                shown += [(node, each) for each in _requests(node, given, context, capabilities)]
            case ProgramNode(manual=False):
                member: Program[Any, Any] = compiled.declaration.members[node.name]
                typed = node.compiled.inputs.validate(
                    {name: plain(value, capabilities.dump) for name, value in given.items()}
                )
                fields = {each.name: field_of(typed, each.name, each.default) for each in node.compiled.inputs.fields}
                shown += previewed(node.compiled, member, fields, context=context, capabilities=capabilities)
            case FunctionNode(calls=()):
                for value in _run(node, given, BoundProgram(program, call=call, value=value_of)):
                    slots[stage_slot(node.name)] = value
            case _:
                pass
    return shown


def _requests(
    node: PredictNode, given: Mapping[str, Any], context: RunContext, capabilities: Capabilities
) -> Iterator[ModelRequest]:
    """Yield what the strategy of a stage asks first, if it asks a model."""
    equipment = equipped(node, context.value, capabilities)
    if not equipment.needs.model:
        return
    values = {name: plain(value, capabilities.dump) for name, value in given.items()}
    call = prepared(node, values, equipment, context=context, capabilities=capabilities)
    predictor = equipment.predictor
    if isinstance(predictor, PredictorBase):
        yield predictor.first_request(call)
    else:
        yield call.request(predictor.extend(call.signature))


def _run(node: FunctionNode, given: Mapping[str, Any], bound: BoundProgram) -> Iterator[Any]:
    """Yield the value of a Python stage, if it can be run here."""
    value = node.function(bound, **given)
    if not isawaitable(value):
        yield value
    elif iscoroutine(value):
        value.close()  # it is not run, and says nothing of that
