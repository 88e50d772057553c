"""The pool: points a search may send into the race next, and the spread of the first ones."""

from collections.abc import Collection, Iterable, Sequence

from attrs import frozen

from elixirml_teleprompters.features import Point, distinct
from elixirml_teleprompters.rows import likeness, stacked

__all__ = ["Pool", "spread_out"]

NEWEST = 100


@frozen(eq=False)
class Pool:
    """Points nobody has evaluated.

    Attributes:
        scattered: Drawn by chance once, zero-shot ones among them; they stay.
        near: Steps from and crosses of the best; the newest are kept.
    """

    scattered: tuple[Point, ...] = ()
    near: tuple[Point, ...] = ()

    def with_near(self, points: Iterable[Point]) -> "Pool":
        """Return the pool with these points near the best, newest last."""
        merged = {point.key: point for point in (*self.near, *points)}
        return Pool(self.scattered, tuple(merged.values())[-NEWEST:])

    def strangers(self, known: Collection[str], *, most: int | None = None) -> tuple[Point, ...]:
        """Return distinct points whose keys are not among `known`.

        Args:
            known: Keys of points to leave out.
            most: How many at most: then three fifths of them are the newest of those near the best.
        """
        near = [point for point in self.near if point.key not in known]
        if most is not None:
            near = near[-(3 * most // 5) :]
        return distinct((*near, *(point for point in self.scattered if point.key not in known)))[:most]


def spread_out(points: Sequence[Point], *, count: int, after: Sequence[Point]) -> tuple[Point, ...]:
    """Return `count` of the points that, with those in `after`, cover every dimension evenly.

    A greedy stand-in for a Latin hypercube that also works with conditions, constraints and subsets: each point taken
    is the one least like all taken before it, summed over the dimensions.
    """
    everyone = (*after, *points)
    if not points:
        return ()
    alike = likeness(stacked([point.row for point in everyone])).total
    crowding = alike[:, : len(after)].sum(axis=1)
    chosen: list[int] = []
    open_ = set(range(len(after), len(everyone)))
    while open_ and len(chosen) < count:
        best = min(open_, key=lambda at: (crowding[at], at))
        open_.remove(best)
        chosen.append(best)
        crowding = crowding + alike[:, best]
    return tuple(everyone[at] for at in chosen)
