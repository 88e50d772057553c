"""Spaces: all variables of a program, and what may be said, asked and drawn of them together."""

import random
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cached_property

from attrs import evolve, field, frozen

from elixirml.errors import DeclarationError, Problem, ValidationError, did_you_mean
from elixirml.identity import Json, canonical_json, digest
from elixirml.variables._banks import gathered
from elixirml.variables._json import plain, show
from elixirml.variables._order import arranged
from elixirml.variables._resolution import Settled, bank_of, settle
from elixirml.variables._search import encoded, laid_out, neighbouring, sampled
from elixirml.variables.assignment import Assignment
from elixirml.variables.bank import Bank
from elixirml.variables.banked import Banked
from elixirml.variables.base import Variable
from elixirml.variables.constraints import Constraint
from elixirml.variables.derived import Computed

__all__ = ["Space"]


@frozen
class Space:
    """All tunables of a program, with the rules across them and the banks they draw from.

    The digest covers what is declared: variables (frozen or not, without their hints), conditions, and the names and
    paths of constraints. It covers neither the contents of banks nor the order of declaration.

    Attributes:
        variables: Each after the variables its condition and inputs speak of, otherwise as declared.
        constraints: Rules across variables.
        banks: Every bank a variable draws from, by name. A variable's own bank and its first entries are added to
            what is given.

    Raises:
        DeclarationError: A name is missing, taken or unknown; variables depend on each other in a circle; a condition
            can never hold; or the defaults together are not valid.

    Example:
        >>> from elixirml.variables import variable
        >>> space = Space([variable(0.7, low=0.0, high=2.0, name="temperature")])
        >>> space.defaults()
        Assignment({"temperature": 0.7})
    """

    variables: tuple[Variable, ...] = field(converter=tuple[Variable, ...])
    constraints: tuple[Constraint, ...] = field(default=(), converter=tuple[Constraint, ...], kw_only=True)
    banks: Mapping[str, Bank] = field(factory=dict[str, Bank], kw_only=True, hash=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "variables", arranged(self.variables, self.constraints))
        object.__setattr__(self, "banks", gathered(self.variables, self.banks))
        for variable in self.variables:
            self._refuse_idle_condition(variable)
        defaults = {each.name: each.default for each in self.variables if not isinstance(each, Computed)}
        problems = self.settled(defaults).problems
        if problems:
            listed = "".join(f"\n  - {problem}" for problem in problems)
            raise DeclarationError(
                f"the defaults of the space are not valid together:{listed}", hint="Change a default or the rule."
            )

    def _refuse_idle_condition(self, variable: Variable) -> None:
        """Refuse a condition that compares a variable with a value it can never have."""
        for path, value in variable.active_if.mentions if variable.active_if else ():
            other = self[path]
            problems = other.problems(value) if other.closed else ()
            if problems:
                raise DeclarationError(
                    f"the condition of {variable.where} can never hold as it stands: {problems[0]}.",
                    hint=f"Compare `{path}` with a value of its domain.",
                )

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The path of every variable, in the order of `variables`."""
        return tuple(variable.name for variable in self.variables)

    @cached_property
    def _by_path(self) -> dict[str, Variable]:
        return {variable.name: variable for variable in self.variables}

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of what is declared; see the class."""
        variables: list[Json] = [
            {key: value for key, value in variable.describe().items() if key != "hint"}
            for variable in sorted(self.variables, key=lambda variable: variable.name)
        ]
        rules: list[Json] = [
            {"name": rule.name, "paths": list(rule.paths)}
            for rule in sorted(self.constraints, key=lambda rule: rule.name)
        ]
        return digest({"variables": variables, "constraints": rules})

    @property
    def searchable(self) -> tuple[Variable, ...]:
        """The variables that search may choose, in the order of their paths: not frozen, derived or single-valued."""
        return self._searchable

    @cached_property
    def _searchable(self) -> tuple[Variable, ...]:
        free = [variable for variable in self.variables if variable.varies(bank=bank_of(variable, self.banks))]
        return tuple(sorted(free, key=lambda variable: variable.name))

    def __getitem__(self, path: str) -> Variable:
        if path not in self._by_path:
            raise DeclarationError(
                f"the space has no variable `{path}`.", hint=did_you_mean(path, self.paths), code="name-not-found"
            )
        return self._by_path[path]

    def __contains__(self, path: object) -> bool:
        return path in self._by_path

    def __iter__(self) -> Iterator[Variable]:
        return iter(self.variables)

    def __len__(self) -> int:
        return len(self.variables)

    def defaults(self) -> Assignment:
        """Return the assignment of every default; it is valid."""
        return self.complete({})

    def settled(self, assignment: Mapping[str, Json]) -> Settled:
        """Return the active values of any assignment, complete or not, with everything that is wrong with it."""
        return settle(assignment, variables=self.variables, constraints=self.constraints, banks=self.banks)

    def problems(
        self, assignment: Mapping[str, Json], *, base: Mapping[str, Json] | None = None
    ) -> tuple[Problem, ...]:
        """Return everything that is wrong with an assignment: of inactive variables too, if they are given a value.

        Args:
            assignment: Values by path. Inactive and computed variables may be left out.
            base: If given, active frozen variables must have the values they have here.
        """
        problems = self.settled(assignment).problems
        return problems if base is None else (*problems, *self._moved(assignment, base))

    def _moved(self, assignment: Mapping[str, Json], base: Mapping[str, Json]) -> Iterator[Problem]:
        fixed = self.complete(base)
        for path, value in self.settled(assignment).active.items():
            variable = self[path]
            if not variable.frozen or isinstance(variable, Computed):
                continue
            kept = variable.canonical(fixed[path])
            if canonical_json(value) != canonical_json(kept):
                yield Problem((path,), "frozen", f"is frozen at {show(kept)}, got {show(value)}")

    def validate(self, assignment: Mapping[str, Json], *, base: Mapping[str, Json] | None = None) -> None:
        """Refuse an assignment that is not valid; see `problems` for the arguments.

        Raises:
            ValidationError: With every problem, never only the first.
        """
        problems = self.problems(assignment, base=base)
        if problems:
            raise ValidationError("the assignment does not fit the space.", problems=problems)

    def complete(self, partial: Mapping[str, Json]) -> Assignment:
        """Return `partial` with defaults for what it lacks and with computed values worked out.

        What is given stays as it is, right or wrong: `validate` judges it.
        """
        values = {
            variable.name: partial.get(variable.name, variable.default)
            for variable in self.variables
            if variable.name in partial or not isinstance(variable, Computed)
        }
        ready = {**self.settled(values).active, **values}
        strangers = {path: value for path, value in partial.items() if path not in self}
        return Assignment({**{path: ready[path] for path in self.paths if path in ready}, **strangers})

    def updated(self, assignment: Mapping[str, Json], values: Mapping[str, Json]) -> Assignment:
        """Return a completed copy with these values; computed values are worked out anew unless they are among them."""
        kept = {path: value for path, value in assignment.items() if not self._is_computed(path)}
        return self.complete({**kept, **values})

    def _is_computed(self, path: str) -> bool:
        return path in self and isinstance(self[path], Computed)

    def canonical(self, assignment: Mapping[str, Json]) -> dict[str, Json]:
        """Return the canonical values of the active variables only.

        Raises:
            ValidationError: The assignment is not valid.
        """
        settled = self.settled(assignment)
        if settled.problems:
            raise ValidationError("the assignment does not fit the space.", problems=settled.problems)
        return settled.active

    def identity(self, assignment: Mapping[str, Json]) -> str:
        """Return the SHA-256 of the canonical values: equal for assignments that differ in inactive values only."""
        return digest(self.canonical(assignment))

    def resolve(self, assignment: Mapping[str, Json]) -> dict[str, Json]:
        """Return the active values ready for use: the values of bank entries in place of their ids.

        Raises:
            ValidationError: The assignment is not valid.
        """
        return {path: self._content(self[path], value) for path, value in self.canonical(assignment).items()}

    def _content(self, variable: Variable, value: Json) -> Json:
        if not isinstance(variable, Banked):
            return value
        bank = self.banks[variable.bank_name]
        return (
            [plain(bank[str(item)].value) for item in value]
            if isinstance(value, list)
            else plain(bank[str(value)].value)
        )

    def parse(self, texts: Mapping[str, str]) -> dict[str, Json]:
        """Read values that a user typed, by path, for example of `--set temperature=0.3`.

        Raises:
            ValidationError: A path is unknown or a text is no value of its variable; every problem is listed.
        """
        values: dict[str, Json] = {}
        problems: list[Problem] = []
        for path, text in texts.items():
            if path not in self:
                problems.append(Problem((path,), "unknown", did_you_mean(path, self.paths)))
                continue
            try:
                values[path] = self[path].parse(text, bank=bank_of(self[path], self.banks))
            except ValidationError as error:
                problems.extend(error.problems)
        if problems:
            raise ValidationError("these settings do not fit the space.", problems=problems)
        return values

    def sample(self, rng: random.Random, *, attempts: int = 1000, base: Mapping[str, Json] | None = None) -> Assignment:
        """Return a random valid assignment.

        Args:
            rng: Where randomness comes from; the same state gives the same assignment.
            attempts: How many points to try when constraints refuse them.
            base: What the variables outside search keep; their defaults where it says nothing.

        Raises:
            DeclarationError: No attempt satisfied every constraint; they are named with their counts.
            ValidationError: `base` fixes values that are not valid.
        """
        return sampled(self, rng, attempts=attempts, base=base or {})

    def neighbours(self, assignment: Mapping[str, Json], rng: random.Random, n: int = 8) -> tuple[Assignment, ...]:
        """Return up to `n` distinct valid assignments, each one small step in one active searchable variable away.

        Fewer come back, possibly none, where constraints or narrow domains leave no more.

        Raises:
            ValidationError: The assignment is not valid.
        """
        return neighbouring(self, assignment, rng, n=n)

    def encode(self, assignment: Mapping[str, Json]) -> tuple[float, ...]:
        """Return an assignment as numbers in [0, 1], by searchable variable in the order of paths.

        The length is the same for every assignment of the space and grows only when a bank grows. An inactive
        variable is encoded as its default, so assignments of equal identity have equal numbers.

        Raises:
            ValidationError: The assignment is not valid.
        """
        return encoded(self, assignment)

    @cached_property
    def layout(self) -> Mapping[str, slice]:
        """Which numbers of an encoding belong to which path."""
        return laid_out(self)

    def frozen(self, paths: Iterable[str], *, at: Mapping[str, Json] | None = None) -> "Space":
        """Return the space with these variables frozen; computed ones follow their inputs as before.

        Args:
            paths: Paths or glob patterns such as `reply.*`.
            at: The values to freeze them at; their defaults where it says nothing.

        Raises:
            DeclarationError: A path or pattern fits no variable.
        """
        values = at or {}
        chosen = self._matching(paths)
        variables = [
            (variable.with_default(values[variable.name]) if variable.name in values else variable).freeze()
            if variable.name in chosen and not isinstance(variable, Computed)
            else variable
            for variable in self.variables
        ]
        return evolve(self, variables=variables)

    def free(self, paths: Iterable[str]) -> "Space":
        """Return the space with these variables free again; the opposite of `frozen`.

        Raises:
            DeclarationError: A path or pattern fits no variable.
        """
        chosen = self._matching(paths)
        variables = [variable.thaw() if variable.name in chosen else variable for variable in self.variables]
        return evolve(self, variables=variables)

    def _matching(self, paths: Iterable[str]) -> set[str]:
        chosen: set[str] = set()
        for pattern in [paths] if isinstance(paths, str) else paths:
            hits = [path for path in self.paths if path == pattern or fnmatchcase(path, pattern)]
            if not hits:
                raise DeclarationError(
                    f"`{pattern}` fits no variable of the space.",
                    hint=did_you_mean(pattern, self.paths),
                    code="name-not-found",
                )
            chosen.update(hits)
        return chosen

    def with_banks(self, banks: Mapping[str, Bank]) -> "Space":
        """Return the space with these banks in place of those of the same name; the digest stays.

        Raises:
            DeclarationError: No variable draws from a bank of that name, or a default is not in the new bank.
        """
        return evolve(self, banks={**self.banks, **banks})

    def within(self, prefix: str) -> "Space":
        """Return the space below `prefix`: every path, condition, input, constraint and bank of it."""
        return Space(
            [variable.within(prefix) for variable in self.variables],
            constraints=[constraint.within(prefix) for constraint in self.constraints],
            banks={f"{prefix}.{name}": bank.renamed(f"{prefix}.{name}") for name, bank in self.banks.items()},
        )

    def describe(self) -> dict[str, Json]:
        """Return everything about the space as JSON, for display; banks with their entries."""
        return {
            "digest": self.digest,
            "variables": [variable.describe() for variable in self.variables],
            "constraints": [constraint.describe() for constraint in self.constraints],
            "banks": {name: bank.to_json() for name, bank in self.banks.items()},
        }
