"""The banks of a space: those it is given, and those that its variables begin themselves."""

from collections.abc import Mapping, Sequence

from elixirml.errors import DeclarationError, did_you_mean
from elixirml.variables.bank import Bank
from elixirml.variables.banked import Banked
from elixirml.variables.base import Variable

__all__ = ["gathered"]


def gathered(variables: Sequence[Variable], given: Mapping[str, Bank]) -> dict[str, Bank]:
    """Return every bank the variables draw from: the given ones, then the entries that variables begin with.

    Raises:
        DeclarationError: A given bank is used by no variable, or a named bank is neither given nor begun.
    """
    banked = [variable for variable in variables if isinstance(variable, Banked)]
    used = {variable.bank_name for variable in banked}
    for name, bank in given.items():
        if name not in used or bank.name != name:
            raise DeclarationError(
                f"bank `{name}` (which calls itself `{bank.name}`) is used by no variable of the space.",
                hint=did_you_mean(name, used),
                code="name-not-found",
            )
    banks = dict(given)
    for variable in banked:
        name = variable.bank_name
        if variable.entries or name == variable.name:
            known = banks[name] if name in banks else Bank(name)
            banks[name] = known.extended(variable.entries) if variable.entries else known
    for variable in banked:
        if variable.bank_name not in banks:
            raise DeclarationError(
                f"variable `{variable.name}` draws from bank `{variable.bank_name}`, which the space does not have.",
                hint=did_you_mean(variable.bank_name, banks),
                code="name-not-found",
            )
    return {name: banks[name] for name in sorted(banks)}
