"""From a program instance to a full assignment: declared defaults, then saved values, then values set by hand."""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import evolve, field, frozen

from elixirml.contracts.capabilities import Capabilities
from elixirml.contracts.predictor import Needs, needs_of
from elixirml.contracts.repair import POLICIES
from elixirml.errors import DeclarationError, StateError, ValidationError, did_you_mean
from elixirml.identity import Json
from elixirml.programs.compiled import CompiledProgram, PredictNode, ProgramNode
from elixirml.programs.program import Program
from elixirml.programs.state import SavedProgram
from elixirml.variables import Assignment, Bank, Banked, Computed, Entry, Space

__all__ = ["Assigned", "assigned", "saved_program"]


@frozen
class Assigned:
    """The space of a program with all its banks, and the values it has there."""

    space: Space
    assignment: Assignment


def assigned(
    program: Program[Any, Any], compiled: CompiledProgram, *, around: Callable[[], Space] | None = None
) -> Assigned:
    """Return the space and the full assignment of a program instance.

    Args:
        program: The instance.
        compiled: Its checked form.
        around: Returns the space of the kernel's own variables; asked where the program has values for others than its
            own. Those it has values for become part of its space.

    Raises:
        StateError: Saved state is of another declaration, or does not fit what is installed.
        DeclarationError: A value is set for a variable the program does not have.
        ValidationError: Values set by hand do not fit the space; lists every problem.
    """
    found = _Values()
    found.collect(program, compiled, "")
    space = _widened(compiled.space, found.values, around)
    unknown = [path for path in found.values if path not in space]
    strange = found.loaded.intersection(unknown) | (found.banks.keys() - space.banks.keys())
    for path in sorted(strange):
        _refuse_missing(program, path)
    if strange:
        raise _unfit(program, f"there is no variable {', '.join(f'`{path}`' for path in sorted(strange))}.")
    if unknown:
        raise DeclarationError(
            f"The program {program.name} has no variable {', '.join(f'`{path}`' for path in unknown)}.",
            hint=did_you_mean(unknown[0], (*space.paths, *(() if around is None else around().paths))),
            code="name-not-found",
        )
    if found.banks:
        space = space.with_banks({path: space.banks[path].extended(entries) for path, entries in found.banks.items()})
    # What was worked out when it was saved is worked out anew: a value set by hand may have changed its inputs.
    derived = {path for path in found.loaded if isinstance(space[path], Computed)}
    assignment = space.complete({path: value for path, value in found.values.items() if path not in derived})
    try:
        space.validate(assignment)
    except ValidationError as error:
        if found.loaded.isdisjoint(problem.path[0] for problem in error.problems if problem.path):
            raise
        raise _unfit(program, str(error)) from error
    return Assigned(space, assignment)


def _widened(space: Space, values: Mapping[str, Json], around: Callable[[], Space] | None) -> Space:
    """Return the space with those of the kernel's own variables that there are values for."""
    others = [path for path in values if path not in space]
    if not others or around is None:
        return space
    outer = around()
    return evolve(space, variables=(*space.variables, *(outer[path] for path in others if path in outer)))


def _refuse_missing(program: Program[Any, Any], path: str) -> None:
    """Refuse a saved value of a middleware or a setting that this kernel does not have, with what to do.

    Raises:
        StateError: The path is that of one.
    """
    head, _, rest = path.partition(".")
    name = rest.partition(".")[0]
    hints = {
        "middlewares": f'Use the middleware: middlewares = ["{name}"] under [kernel] in elixirml.toml, or '
        f'ml.Kernel(middlewares=["{name}"]).',
        "plugins": f"See `elixirml config show {name}`, and `elixirml plugins list` for what is installed.",
    }
    if head in hints:
        raise StateError(
            f"The saved state of `{program.name}` sets `{path}`, which this kernel does not have.",
            hint=f"{hints[head]} Or tune the program again here.",
            code="state-unfit",
        )


def _unfit(program: Program[Any, Any], why: str) -> StateError:
    requires = program.saved.requires.items() if program.saved is not None else ()
    needed = ", ".join(f"{name} {version}" for name, version in requires) or "the kernel alone"
    return StateError(
        f"The saved state of `{program.name}` does not fit what is installed here: {why}",
        hint=f"It was saved with {needed}; see `elixirml plugins list`, or tune it again.",
        code="state-unfit",
    )


@frozen
class _Values:
    """What a program and its sub-programs set, by path; what comes later wins.

    Attributes:
        values: Values by path.
        loaded: The paths whose values are of saved state.
        banks: Saved bank entries.
    """

    values: dict[str, Json] = field(factory=dict[str, Json])
    loaded: set[str] = field(factory=set[str])
    banks: dict[str, list[Entry]] = field(factory=dict[str, "list[Entry]"])

    def collect(self, program: Program[Any, Any], compiled: CompiledProgram, prefix: str) -> None:
        """Add sub-programs first, then what is saved, then what is set by hand: the outer program knows best."""
        for node in compiled.nodes:
            if isinstance(node, ProgramNode):
                self.collect(compiled.declaration.members[node.name], node.compiled, f"{prefix}{node.name}.")
        saved = program.saved
        if saved is not None:
            saved.check(name=program.name, digest=compiled.digest, structure=compiled.structure)
            for path, bank in saved.banks.items():
                self.banks.setdefault(prefix + path, []).extend(bank.entries)
            self.values.update({prefix + path: value for path, value in saved.assignment.items()})
            self.loaded.update(prefix + path for path in saved.assignment)
        self.values.update({prefix + path: value for path, value in program.values.items()})
        self.loaded.difference_update(prefix + path for path in program.values)


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
    named: dict[str, set[str]] = {}
    for variable in space.variables:
        if isinstance(variable, Banked) and variable.name in active:
            named.setdefault(variable.bank_name, set()).update(_entry_ids(active[variable.name]))
    banks = {
        path: Bank(path, tuple(entry for entry in bank.entries if entry.id in named.get(path, ())))
        for path, bank in space.banks.items()
    }
    return SavedProgram(
        program=compiled.name,
        digest=compiled.digest,
        structure=compiled.structure,
        space=space.digest,
        assignment=Assignment(active),
        banks={path: bank for path, bank in banks.items() if bank.entries},
        requires=capabilities.requires(
            {**_used(compiled, space, active, capabilities), **_used_around(compiled, active, capabilities)}
        ),
        about=dict(about or {}),
    )


def _entry_ids(value: Json) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


_KINDS = {"adapter": "adapters", "predictor": "predictors", "model": "language_models", "repair": "adapters"}


def _used(
    compiled: CompiledProgram, space: Space, active: Mapping[str, Json], capabilities: Capabilities
) -> dict[str, list[str]]:
    """Return the capability names in use, by kind; models are known by their provider."""
    used: dict[str, dict[str, None]] = {}
    for node in compiled.predict_nodes():
        names = {each: str(active.get(path, space[path].default)) for each, path in node.settings.items()}
        needs = needs_of(capabilities.predictor(names["predictor"]))
        for setting, kind in _KINDS.items():
            of_use = needs.model or setting == "predictor"
            if of_use and not (setting == "repair" and names[setting] in POLICIES):
                used.setdefault(kind, {})[names[setting].partition("/")[0]] = None
        used.setdefault("tools", {}).update(dict.fromkeys(_tools(node, needs, capabilities)))
    return {kind: list(names) for kind, names in used.items()}


def _tools(node: PredictNode, needs: Needs, capabilities: Capabilities) -> list[str]:
    """Return the installed tools of a stage; those at hand are in no distribution."""
    at_hand = {each for each, tool in node.tools.items() if tool is not None}
    return [each for each in capabilities.names("tools") if each in {*node.tools, *needs.tools} - at_hand]


_OUTER = {"middlewares": "middlewares", "plugins": "configurations"}
"""What paths of the kernel's own variables begin with, and the kind of what is named next."""


def _used_around(
    compiled: CompiledProgram, active: Mapping[str, Json], capabilities: Capabilities
) -> dict[str, tuple[str, ...]]:
    """Return the installed middlewares and sections of the configuration that values are for, by kind."""
    parts = [path.split(".") for path in active if path not in compiled.space]
    named = {kind: {name for first, name, *_ in parts if first == head} for head, kind in _OUTER.items()}
    # A middleware that an application brought itself is in no distribution.
    return {kind: tuple(sorted(names.intersection(capabilities.names(kind)))) for kind, names in named.items()}
