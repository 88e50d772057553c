"""What every contract asks of the variables that a capability declares."""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any, Final

from elixirml.errors import ElixirError
from elixirml.testing.conformance.suite import expect
from elixirml.variables import Space, Variable

__all__ = ["check_variables", "default_options", "sampled_options"]

_SAMPLES: Final = 12


def check_variables(variables: Sequence[Variable]) -> None:
    """Expect short, unique names and a space whose defaults are valid."""
    expect(
        isinstance(variables, tuple) and all(isinstance(each, Variable) for each in variables),
        f"`variables` returned {variables!r}: return a tuple of `elixirml.variables.Variable`s.",
    )
    names = [each.name for each in variables]
    expect(all(names), "A variable has no name: give each one, such as `variable(..., name='wording')`.")
    long = [each for each in names if "." in each]
    expect(not long, f"{', '.join(long)}: use short names without dots; the kernel puts stage and capability before.")
    twice = sorted({each for each in names if names.count(each) > 1})
    expect(not twice, f"Two variables are named {', '.join(twice)}: name each once.")
    try:
        space = Space(variables)
        space.validate(space.defaults())
    except ElixirError as error:
        raise AssertionError(f"The variables make no space, or their defaults do not fit it: {error}") from error


def default_options(variables: Sequence[Variable]) -> dict[str, Any]:
    """Return the values a kernel passes when nothing was tuned: the defaults of active variables."""
    space = Space(variables)
    return dict(space.canonical(space.defaults()))


def sampled_options(variables: Sequence[Variable]) -> Iterator[Mapping[str, Any]]:
    """Yield assignments that an optimizer may try: each value of every short list once, and some at random."""
    space = Space(variables)
    rng = Random(0)
    defaults = space.defaults()
    yield dict(space.canonical(defaults))
    if not space.searchable:
        return
    for each in space.neighbours(defaults, rng, n=_SAMPLES):
        yield dict(space.canonical(each))
    for _ in range(_SAMPLES):
        yield dict(space.canonical(space.sample(rng)))
