"""The options of `optuna`."""

from typing import Final

from attrs import field, frozen

from elixirml.studies.options import share, whole, word

__all__ = ["SAMPLERS", "SOURCES", "Options"]

SAMPLERS: Final = ("tpe", "random")
SOURCES: Final = ("auto", "labelled", "bootstrapped", "none")


@frozen(kw_only=True)
class Options:
    """Options of `optuna`.

    Attributes:
        sampler: What suggests candidates.
        pull: How many examples a candidate takes at a time.
        initial: How many candidates start, the baseline included.
        batch: How many candidates are pulled at once.
        finalist: How many examples the winner should have seen.
        reserve: Share of the calls kept for that.
        pulls: The most pulls after the start.
        orders: How many random orders of a bank its subsets are cut from.
        demos: How to fill demo banks that are empty.
        bank: The most entries of such a bank.
    """

    sampler: str = field(default="tpe", validator=word(*SAMPLERS))
    pull: int = field(default=10, validator=whole(low=1))
    initial: int = field(default=10, validator=whole(low=1))
    batch: int = field(default=1, validator=whole(low=1))
    finalist: int = field(default=40, validator=whole(low=1))
    reserve: float = field(default=0.2, validator=share())
    pulls: int = field(default=200, validator=whole(low=1))
    orders: int = field(default=4, validator=whole(low=1))
    demos: str = field(default="auto", validator=word(*SOURCES))
    bank: int = field(default=60, validator=whole(low=1))
