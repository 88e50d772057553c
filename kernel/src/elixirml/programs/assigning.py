"""From a program instance to a full assignment: declared defaults, then saved values, then values set by hand."""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from elixirml.contracts.capabilities import Capabilities
from elixirml.errors import DeclarationError, did_you_mean
from elixirml.identity import Json
from elixirml.programs.compiled import CompiledProgram, ProgramNode
from elixirml.programs.program import Program
from elixirml.programs.state import SavedProgram
from elixirml.variables import Assignment, Bank, Capability, Choice, Space

__all__ = ["Assigned", "assigned", "saved_program"]


@frozen
class Assigned:
    """The space of a program with all its banks, and the values it has there."""

    space: Space
    assignment: Assignment


def assigned(program: Program[Any, Any], compiled: CompiledProgram) -> Assigned:
    """Return the space and the full assignment of a program instance.

    Raises:
        StateError: Saved state is of another declaration.
        DeclarationError: A value is set for a variable the program does not have.
        ValidationError: Values do not fit the space; lists every problem.
    """
    values: dict[str, Json] = {}
    banks: dict[str, Bank] = dict(compiled.space.banks)
    _collect(program, compiled, "", values, banks)
    space = compiled.space.with_banks(banks)
    known = [each.name for each in space.variables]
    for path in values:
        if path not in known:
            raise DeclarationError(
                f"The program {program.name} has no variable `{path}`.",
                hint=did_you_mean(path, known),
                code="name-not-found",
            )
    assignment = space.complete(values)
    space.validate(assignment)
    return Assigned(space, assignment)


def _collect(
    program: Program[Any, Any],
    compiled: CompiledProgram,
    prefix: str,
    values: dict[str, Json],
    banks: dict[str, Bank],
) -> None:
    for node in compiled.nodes:
        if isinstance(node, ProgramNode):
            member: Program[Any, Any] = compiled.declaration.members[node.name]
            _collect(member, node.compiled, f"{prefix}{node.name}.", values, banks)
    saved = program.saved
    if saved is not None:
        saved.check(name=program.name, digest=compiled.digest, structure=compiled.structure)
        for path, bank in saved.banks.items():
            full = prefix + path
            banks[full] = banks.get(full, Bank(full)).extended(
                entry for entry in bank.entries if entry.id not in banks.get(full, Bank(full))
            )
        values.update({prefix + path: value for path, value in saved.assignment.items()})
    values.update({prefix + path: value for path, value in program.values.items()})


def saved_program(
    compiled: CompiledProgram,
    space: Space,
    assignment: Assignment,
    *,
    capabilities: Capabilities,
    about: Mapping[str, Json] | None = None,
) -> SavedProgram:
    """Return what to write to disk for a program with these values: active values and the bank entries they name."""
    active = space.canonical(assignment)
    named = {entry for value in active.values() for entry in _entry_ids(value)}
    banks = {
        path: Bank(path, tuple(entry for entry in bank.entries if entry.id in named))
        for path, bank in space.banks.items()
    }
    return SavedProgram(
        program=compiled.name,
        digest=compiled.digest,
        structure=compiled.structure,
        space=space.digest,
        assignment=Assignment(active),
        banks={path: bank for path, bank in banks.items() if bank.entries},
        requires=capabilities.requires(_used(space, active)),
        about=dict(about or {}),
    )


def _entry_ids(value: Json) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


_KINDS = {"adapter": "adapters", "predictor": "predictors", "model": "language_models"}


def _used(space: Space, active: Mapping[str, Json]) -> dict[str, list[str]]:
    """Return the capability names the active values use, by kind; models are known by their provider."""
    used: dict[str, list[str]] = {}
    for variable in space.variables:
        setting = variable.capability if isinstance(variable, Capability) else variable.name.rpartition(".")[2]
        kind = _KINDS.get(setting)
        value = active.get(variable.name)
        if kind is not None and isinstance(variable, Choice) and isinstance(value, str):
            used.setdefault(kind, []).append(value.partition("/")[0])
    return used
