"""What a study searches beyond what the program leaves free: variables it keeps fixed, and the kernel's own."""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from attrs import evolve

from elixirml.variables import Space

__all__ = ["freed"]


def freed(space: Space, patterns: Sequence[str], *, around: Callable[[], Space]) -> Space:
    """Return the space with variables freed, and joined by those of the kernel that are freed.

    The kernel is asked only for what the program does not have: a study that frees nothing of it searches as if it
    had no variables.

    Args:
        space: The program's.
        patterns: Paths, or patterns such as `reply.*`.
        around: Returns the space of the kernel's own variables, all of them frozen.

    Raises:
        DeclarationError: A pattern fits no variable of either.
    """
    own = [each for each in patterns if any(fnmatchcase(path, each) for path in space.paths)]
    others = [each for each in patterns if each not in own]
    if own:
        space = space.free(own)
    if not others:
        return space
    outer = [each for each in around().variables if each.name not in space]
    whole = evolve(space, variables=(*space.variables, *outer)).free(others)
    kept = [each for each in whole.variables if each.name in space or not each.frozen]
    return evolve(space, variables=kept)
