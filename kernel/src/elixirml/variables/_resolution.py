"""Settling an assignment: which variables are active, what their values are, and all that is wrong.

An inactive variable has no say: conditions see active values only, constraints are judged only where all their paths
are active, and a computed value sees the default of an input that is inactive.
"""

from collections.abc import Mapping, Sequence

from attrs import Factory, field, frozen

from elixirml.errors import Problem, did_you_mean
from elixirml.identity import Json
from elixirml.variables._json import same, show
from elixirml.variables.bank import Bank
from elixirml.variables.banked import Banked
from elixirml.variables.base import Variable
from elixirml.variables.constraints import Constraint
from elixirml.variables.derived import Computed

__all__ = ["Settled", "bank_of", "settle"]


@frozen(kw_only=True)
class Settled:
    """What became of an assignment.

    Attributes:
        active: The canonical values of the active variables, as far as they are known.
        problems: Everything that is wrong.
        violated: The constraints that do not hold; each has its problem too.
    """

    active: dict[str, Json] = field(default=Factory(dict[str, Json]))
    problems: tuple[Problem, ...]
    violated: tuple[Constraint, ...]


def bank_of(variable: Variable, banks: Mapping[str, Bank]) -> Bank | None:
    """Return the bank a variable draws from, if it draws from one."""
    return banks[variable.bank_name] if isinstance(variable, Banked) else None


def settle(
    given: Mapping[str, Json],
    *,
    variables: Sequence[Variable],
    constraints: Sequence[Constraint],
    banks: Mapping[str, Bank],
) -> Settled:
    """Decide the variables of a space one after the other.

    Args:
        given: Values by path; need not be complete or right.
        variables: All variables, each after those it depends on.
        constraints: The rules across them.
        banks: Every bank they draw from.
    """
    work = _Settling(given, {variable.name: variable for variable in variables}, banks)
    work.refuse_strangers()
    for variable in variables:
        work.decide(variable)
    violated = tuple(
        rule
        for rule in constraints
        if all(path in work.active for path in rule.paths) and not rule.satisfied(work.active)
    )
    problems = [*work.problems, *(_violation(rule, work.active) for rule in violated)]
    return Settled(active=work.active, problems=tuple(problems), violated=violated)


def _violation(rule: Constraint, active: Mapping[str, Json]) -> Problem:
    found = ", ".join(f"{path} = {show(active[path])}" for path in rule.paths)
    return Problem((), "constraint", f"{rule.message} (constraint `{rule.name}`; {found})")


@frozen
class _Settling:
    """The work under way. A path is `unsure` when its value, or whether it is active, cannot be told."""

    given: Mapping[str, Json]
    known: Mapping[str, Variable]
    banks: Mapping[str, Bank]
    active: dict[str, Json] = field(factory=dict[str, Json])
    unsure: set[str] = field(factory=set[str])
    problems: list[Problem] = field(factory=list[Problem])

    def refuse_strangers(self) -> None:
        for path in self.given:
            if path not in self.known:
                message = f"there is no such variable. {did_you_mean(path, self.known)}"
                self.problems.append(Problem((path,), "unknown", message))

    def decide(self, variable: Variable) -> None:
        """Check the value of `variable` where one is given, and take it over if the variable is active."""
        path, condition = variable.name, variable.active_if
        computed = variable if isinstance(variable, Computed) else None
        wrong = () if computed is not None or path not in self.given else self._wrong(variable)
        self.problems.extend(wrong)
        if wrong or (condition and self.unsure and not self.unsure.isdisjoint(condition.paths)):
            self.unsure.add(path)
        elif condition and not condition.holds(self.active):
            return
        elif computed is not None:
            self._compute(computed)
        elif path in self.given:
            self.active[path] = variable.canonical(self.given[path])
        else:
            self.unsure.add(path)
            self.problems.append(Problem((path,), "missing", "a value is needed; Space.complete fills in defaults"))

    def _wrong(self, variable: Variable) -> tuple[Problem, ...]:
        return variable.problems(self.given[variable.name], bank=bank_of(variable, self.banks))

    def _compute(self, variable: Computed) -> None:
        path = variable.name
        if not self.unsure.isdisjoint(variable.inputs):
            self.unsure.add(path)
            return
        value = variable.compute_from(self.active.get(name, self.known[name].default) for name in variable.inputs)
        self.active[path] = value
        if path in self.given and not same(self.given[path], value):
            message = f"follows from {', '.join(variable.inputs)} as {show(value)}, got {show(self.given[path])}"
            self.problems.append(Problem((path,), "computed", message))
