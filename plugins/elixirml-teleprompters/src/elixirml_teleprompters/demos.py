"""Demo banks: which are empty, and how to ask for their first entries."""

from collections.abc import Iterable, Sequence
from typing import Final

from elixirml.contracts import Context, Propose, Proposed, StudyEvent
from elixirml.variables import Space, Subset

__all__ = ["SOURCES", "empty_banks", "grown", "proposals"]

SOURCES: Final = ("auto", "labelled", "bootstrapped", "none")
"""Where the first entries of a demo bank may come from."""


def empty_banks(space: Space) -> tuple[str, ...]:
    """Return the path of the first free subset variable of each bank that holds nothing."""
    first: dict[str, str] = {}
    for variable in space.variables:
        if isinstance(variable, Subset) and not variable.frozen and variable.maximum > 0:
            first.setdefault(variable.bank_name, variable.name)
    return tuple(path for bank, path in first.items() if not len(space.banks[bank]))


def proposals(context: Context, paths: Iterable[str], *, source: str, count: int) -> tuple[Propose, ...]:
    """Return what to ask for so that the banks of these variables are no longer empty.

    Args:
        context: The study's context; nothing is asked for where there are no training rows.
        paths: The variables.
        source: `labelled`, `bootstrapped`, `none`, or `auto`: labelled where the program has one predict stage, whose
            outputs the rows hold, and bootstrapped where there are more.
        count: The most entries of a bank.
    """
    if source == "none" or context.training < 1:
        return ()
    chosen = ("labelled" if context.calls_per_example <= 1 else "bootstrapped") if source == "auto" else source
    most = min(count, context.training)
    if chosen == "bootstrapped" and context.calls is not None:
        # Every entry costs at least one run of the program: spend no more than a fifth of the calls on them.
        most = min(most, context.calls // (5 * max(1, context.calls_per_example)))
    return tuple(Propose(path, chosen, most) for path in paths) if most > 0 else ()


def grown(space: Space, events: Sequence[StudyEvent]) -> Space:
    """Return the space after the banks that the study has grown; the same space where there were none."""
    spaces = [event.space for event in events if isinstance(event, Proposed)]
    return spaces[-1] if spaces else space
