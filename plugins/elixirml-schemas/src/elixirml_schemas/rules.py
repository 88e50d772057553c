"""What a schema demands of a whole record, beyond the types of its fields."""

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any, Final, TypeAlias, cast

from attrs import frozen

from elixirml.errors import Problem
from elixirml_schemas.shape import Path, shown

__all__ = ["NO_RULES", "Prepared", "Rules", "Transform"]

Transform: TypeAlias = Callable[[Any], Any]
_REFUSALS: Final = (ValueError, TypeError, AssertionError, LookupError, ArithmeticError, AttributeError)


class Prepared(dict[object, object]):
    """Plain data that has been through the transforms before validation."""


@frozen
class Rules:
    """Transforms and checks of one record, in the order in which they are carried out.

    Attributes:
        before: Each takes the plain data and returns other plain data.
        checks: Each takes the typed value and returns None or True when it is fine; else False, what is wrong as a
            text, a `Problem`, or several of both. Raising a ValueError or an assertion says the same.
        after: Each takes the typed value and returns another one of the same class. Done twice, they must change
            nothing more, or what is written could not be read back.
        computed: The names of attributes that are made of the fields.
    """

    before: tuple[Transform, ...] = ()
    checks: tuple[Transform, ...] = ()
    after: tuple[Transform, ...] = ()
    computed: tuple[tuple[str, Transform], ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is done or demanded."""
        return not (self.before or self.checks or self.after or self.computed)

    def prepared(self, data: Mapping[object, object], path: Path, problems: list[Problem]) -> Mapping[object, object]:
        """Return plain data as the transforms before validation leave it."""
        if isinstance(data, Prepared):
            return data
        for each in self.before:
            changed = _tried(each, dict(data), path, problems)
            if not isinstance(changed, Mapping):
                if not problems:
                    _complain(each, path, problems, f"returned {shown(changed)} instead of an object")
                return {}
            data = cast("Mapping[object, object]", changed)
        return Prepared(data)

    def completed(self, value: Any, path: Path, problems: list[Problem]) -> Any:
        """Return a new typed value as the checks and the transforms after them leave it."""
        self.judge(value, path, problems)
        for each in self.after if not problems else ():
            changed = _tried(each, value, path, problems)
            if not isinstance(changed, type(value)):
                if not problems:
                    _complain(each, path, problems, f"returned {shown(changed)} instead of a {type(value).__name__}")
                return None
            value = changed
        return value

    def judge(self, value: Any, path: Path, problems: list[Problem]) -> None:
        """Add what the checks find wrong with a typed value, and what cannot be computed of it."""
        for each in self.checks:
            _report(each, _tried(each, value, path, problems), path, problems)
        for name, _ in self.computed:
            _tried(attrgetter(name), value, (*path, name), problems)


NO_RULES: Final = Rules()
"""What most records have."""


def _tried(rule: Transform, value: Any, path: Path, problems: list[Problem]) -> Any:
    try:
        return rule(value)
    except _REFUSALS as error:
        return problems.append(Problem(path, "invalid", str(error) or f"refused by {_named(rule)}"))


def _report(rule: Transform, verdict: object, path: Path, problems: list[Problem]) -> None:
    if verdict is None or verdict is True:
        return
    if isinstance(verdict, Problem):
        problems.append(verdict.within(*path))
    elif isinstance(verdict, str):
        problems.append(Problem(path, "invalid", verdict))
    elif isinstance(verdict, Iterable):
        for each in cast("Iterable[object]", verdict):
            _report(rule, each, path, problems)
    else:
        _complain(rule, path, problems, "refuses it")


def _complain(rule: Transform, path: Path, problems: list[Problem], words: str) -> None:
    problems.append(Problem(path, "invalid", f"{_named(rule)} {words}"))


def _named(rule: Transform) -> str:
    return getattr(rule, "__name__", type(rule).__name__)
