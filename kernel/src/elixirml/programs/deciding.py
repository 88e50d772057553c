"""Deciding assertions that only involve a declaration: they hold for every run or for none, so no run is waited for."""

from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any

from elixirml.errors import DeclarationError
from elixirml.programs.program import Declaration
from elixirml.programs.stages import AssertionKind
from elixirml.variables import Banked, Variable

__all__ = ["decided", "verdict_of"]


def decided(declaration: Declaration, function: Callable[..., Any]) -> Any:
    """Return what an assertion that takes nothing but `self` says of a declaration; None where only a run can tell.

    Its variables have their declared values; a run, whose values may differ, judges anew. One that looks at nothing
    declared looks at the surroundings of a run, if at anything.
    """
    if iscoroutinefunction(function):
        return None
    declared = _Declared(declaration)
    try:
        said = function(declared)
    except Exception:  # noqa: BLE001 - a run, which has everything, raises it again or does not
        return None
    return said if vars(declared)["_looked_at"] else None


def verdict_of(said: Any, *, kind: AssertionKind, name: str) -> bool:
    """Return whether an assertion holds.

    Raises:
        DeclarationError: It returned None.
    """
    if said is None:
        raise DeclarationError(
            f"The {kind} `{name}` returned None, so it says neither that it holds nor that it fails.",
            hint="Return True or False.",
            code="assertion-none",
        )
    return bool(said)


class _Declared:
    """The `self` of an assertion before any run: variables as their declared values, and the constants of the class."""

    def __init__(self, declaration: Declaration) -> None:
        self._declaration = declaration
        self._looked_at = 0

    def __getattr__(self, name: str) -> Any:
        self._looked_at += 1
        member = self._declaration.members.get(name, self._declaration.helpers.get(name))
        if isinstance(member, Variable) and not isinstance(member, Banked):
            return member.default
        if name in self._declaration.helpers and not callable(member):
            return member
        raise AttributeError(name)
