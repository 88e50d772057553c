"""The order in which a space's variables are decided: whatever is depended on comes first."""

import heapq
from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from elixirml.errors import DeclarationError, did_you_mean
from elixirml.variables.base import Variable, check_path
from elixirml.variables.constraints import Constraint
from elixirml.variables.derived import Computed

__all__ = ["dependencies", "ordered", "refuse_unknown"]


def dependencies(variable: Variable) -> tuple[str, ...]:
    """Return the paths that must be decided before `variable`: those of its condition and its inputs."""
    conditional = variable.active_if.paths if variable.active_if else ()
    return (*conditional, *(variable.inputs if isinstance(variable, Computed) else ()))


def refuse_unknown(variables: Sequence[Variable], constraints: Sequence[Constraint]) -> None:
    """Refuse unnamed and repeated variables and constraints, and references to paths that are not in the space."""
    for variable in variables:
        if not variable.name:
            raise DeclarationError(
                f"{variable.where} cannot enter a space.", hint='Give it its path: variable.bound("reply.temperature").'
            )
        check_path(variable.name)
    known = [variable.name for variable in variables]
    _refuse_repeats("variable", known)
    _refuse_repeats("constraint", [constraint.name for constraint in constraints])
    for variable in variables:
        for path in dependencies(variable):
            _refuse_stranger(path, f"variable `{variable.name}` depends on", known)
    for constraint in constraints:
        for path in constraint.paths:
            _refuse_stranger(path, f"constraint `{constraint.name}` speaks of", known)


def _refuse_repeats(what: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DeclarationError(
            f"the space has more than one {what} `{twice[0]}`.", hint="Rename one of them.", code="name-taken"
        )


def _refuse_stranger(path: str, who: str, known: list[str]) -> None:
    if path not in known:
        raise DeclarationError(
            f"{who} `{path}`, which is not in the space.", hint=did_you_mean(path, known), code="name-not-found"
        )


def ordered(variables: Sequence[Variable]) -> tuple[Variable, ...]:
    """Return the variables so that each comes after those it depends on, and otherwise as they were declared.

    Raises:
        DeclarationError: They depend on each other in a circle.
    """
    place = {variable.name: at for at, variable in enumerate(variables)}
    sorter = TopologicalSorter({variable.name: dependencies(variable) for variable in variables})
    try:
        sorter.prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        raise DeclarationError(
            f"these variables depend on each other in a circle: {' -> '.join(reversed(circle))}.",
            hint="Remove one of these conditions or inputs.",
            code="cycle",
        ) from error
    waiting = [place[path] for path in sorter.get_ready()]
    heapq.heapify(waiting)
    result: list[Variable] = []
    while waiting:
        variable = variables[heapq.heappop(waiting)]
        result.append(variable)
        sorter.done(variable.name)
        for path in sorter.get_ready():
            heapq.heappush(waiting, place[path])
    return tuple(result)
