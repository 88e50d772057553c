"""The rows that scikit-optimize is told: not more than it can take."""

from collections.abc import Sequence
from random import Random
from typing import Final

from elixirml.contracts import Candidate
from elixirml.studies.standings import Standings

__all__ = ["told_rows"]

_MOST: Final = 300
"""A Gaussian process takes time with the cube of its rows."""


def told_rows(standings: Standings, rng: Random) -> list[tuple[Candidate, float]]:
    """Return one row a candidate: its mean, freed of how hard its examples were.

    Of more than 300 the best hundred, the newest hundred and a random hundred are kept, in their order.
    """
    rows = standings.rows()
    return [rows[at] for at in _kept([mean for _, mean in rows], rng)]


def _kept(means: Sequence[float], rng: Random) -> list[int]:
    if len(means) <= _MOST:
        return list(range(len(means)))
    share = _MOST // 3
    best = sorted(range(len(means)), key=lambda at: -means[at])[:share]
    newest = [at for at in reversed(range(len(means))) if at not in best][:share]
    rest = [at for at in range(len(means)) if at not in best and at not in newest]
    return sorted({*best, *newest, *rng.sample(rest, share)})
