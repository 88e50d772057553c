"""The order in which a space's variables are decided: whatever is depended on comes first."""

import heapq
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from elixirml.errors import DeclarationError, did_you_mean
from elixirml.variables.base import Variable
from elixirml.variables.constraints import Constraint
from elixirml.variables.derived import Computed

__all__ = ["arranged", "dependencies"]


def dependencies(variable: Variable) -> tuple[str, ...]:
    """Return the paths that must be decided before `variable`: those of its condition and its inputs."""
    conditional = variable.active_if.paths if variable.active_if else ()
    return (*conditional, *(variable.inputs if isinstance(variable, Computed) else ()))


def arranged(variables: Sequence[Variable], constraints: Sequence[Constraint]) -> tuple[Variable, ...]:
    """Return the variables so that each comes after those it depends on, and otherwise as they were declared.

    Raises:
        DeclarationError: A variable or constraint has no name or a name that is taken, or speaks of a path that is not
            in the space; or variables depend on each other in a circle.
    """
    for variable in variables:
        if not variable.name:
            raise DeclarationError(
                f"{variable.where} cannot enter a space.", hint='Give it its path: variable.bound("reply.temperature").'
            )
    _refuse_repeats("variable", [variable.name for variable in variables])
    _refuse_repeats("constraint", [constraint.name for constraint in constraints])
    needs = {variable.name: dependencies(variable) for variable in variables}
    for name, paths in needs.items():
        _refuse_strangers(paths, f"variable `{name}` depends on", needs)
    for constraint in constraints:
        _refuse_strangers(constraint.paths, f"constraint `{constraint.name}` speaks of", needs)
    return _sorted({variable.name: variable for variable in variables}, needs)


def _refuse_repeats(what: str, names: Sequence[str]) -> None:
    if len(set(names)) == len(names):
        return
    twice = min(name for name, times in Counter(names).items() if times > 1)
    raise DeclarationError(
        f"the space has more than one {what} `{twice}`.", hint="Rename one of them.", code="name-taken"
    )


def _refuse_strangers(paths: Iterable[str], who: str, known: Collection[str]) -> None:
    for path in paths:
        if path not in known:
            raise DeclarationError(
                f"{who} `{path}`, which is not in the space.", hint=did_you_mean(path, known), code="name-not-found"
            )


def _sorted(variables: Mapping[str, Variable], needs: Mapping[str, Sequence[str]]) -> tuple[Variable, ...]:
    place = {path: at for at, path in enumerate(variables)}
    if all(place[path] < place[name] for name, paths in needs.items() for path in paths):
        return tuple(variables.values())  # as they were declared
    sorter = TopologicalSorter(needs)
    try:
        sorter.prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        raise DeclarationError(
            f"these variables depend on each other in a circle: {' -> '.join(reversed(circle))}.",
            hint="Remove one of these conditions or inputs.",
            code="cycle",
        ) from error
    waiting = [(place[path], path) for path in sorter.get_ready()]
    heapq.heapify(waiting)
    result: list[Variable] = []
    while waiting:
        _, name = heapq.heappop(waiting)
        result.append(variables[name])
        sorter.done(name)
        for path in sorter.get_ready():
            heapq.heappush(waiting, (place[path], path))
    return tuple(result)
