"""Rows: candidates as numbers, the form in which a surrogate compares them."""

from collections.abc import Iterator, Sequence

import numpy as np
from attrs import field, frozen

from elixirml_teleprompters._arrays import Booleans, Floats, Integers

__all__ = ["Likeness", "Rows", "likeness", "stacked"]

LENGTH = 0.5
"""Length scale of every numeric dimension, each scaled to 0..1."""


@frozen(eq=False)
class Rows:
    """One row a candidate, in three blocks.

    Attributes:
        codes: Index of the choice of each categorical dimension; -1 where it is inactive. Shape (n, categories).
        numbers: Numeric dimensions scaled to 0..1; NaN where inactive. Shape (n, numbers).
        members: For each subset dimension, which bank entries are in. Shape (n, bank).
        present: Whether each subset dimension is active. Shape (n, subsets).
    """

    codes: Integers
    numbers: Floats
    members: tuple[Floats, ...] = ()
    present: Booleans = field(factory=lambda: np.zeros((0, 0), dtype=np.bool_))

    def __len__(self) -> int:
        return int(self.codes.shape[0])

    def take(self, index: Integers) -> "Rows":
        """Return the rows at these positions."""
        return Rows(
            self.codes[index],
            self.numbers[index],
            tuple(block[index] for block in self.members),
            self.present[index],
        )

    def with_columns_of(self, other: "Rows", *, codes: Integers, numbers: Integers) -> "Rows":
        """Return the rows with some columns as in the one row `other`, wherever both are active."""
        new_codes, new_numbers = self.codes.copy(), self.numbers.copy()
        for column in codes:
            if other.codes[0, column] >= 0:
                new_codes[:, column] = np.where(self.codes[:, column] >= 0, other.codes[0, column], -1)
        for column in numbers:
            if np.isfinite(other.numbers[0, column]):
                new_numbers[:, column] = np.where(
                    np.isfinite(self.numbers[:, column]), other.numbers[0, column], np.nan
                )
        return Rows(new_codes, new_numbers, self.members, self.present)


def stacked(parts: Sequence[Rows]) -> Rows:
    """Return the rows of all parts, one after the other; all must come from one space."""
    return Rows(
        np.concatenate([part.codes for part in parts]),
        np.concatenate([part.numbers for part in parts]),
        tuple(np.concatenate(blocks) for blocks in zip(*(part.members for part in parts), strict=True)),
        np.concatenate([part.present for part in parts]),
    )


@frozen(eq=False)
class Likeness:
    """How alike rows are, summed over the dimensions; each dimension says 0 to 1 for a pair.

    Attributes:
        total: Sum over the dimensions. Shape (n, n).
        squares: Sum of the squares. Shape (n, n).
        dimensions: How many there are.
    """

    total: Floats
    squares: Floats
    dimensions: int


def likeness(rows: Rows) -> Likeness:
    """Return how alike the rows are.

    Categories are alike when equal; numbers by a squared exponential; subsets by the share of common members (cosine
    of their membership). A dimension that is inactive in either of two rows says nothing about the pair: 0.
    """
    total = _equal_categories(rows.codes)
    squares = total.copy()  # for categories likeness is 0 or 1, so its square is itself
    for alike in (*_near_numbers(rows), *_common_members(rows)):
        total += alike
        squares += alike * alike
    return Likeness(total, squares, rows.codes.shape[1] + rows.numbers.shape[1] + len(rows.members))


def _equal_categories(codes: Integers) -> Floats:
    """Return in how many categorical dimensions each pair has the same active value."""
    if not codes.size:
        return np.zeros((codes.shape[0], codes.shape[0]))
    hot: list[Floats] = []
    for column in codes.T:
        values = np.arange(int(column.max(initial=0)) + 1)
        hot.append((column[:, None] == values).astype(np.float64))
    flat = np.concatenate(hot, axis=1)
    return flat @ flat.T


def _near_numbers(rows: Rows) -> Iterator[Floats]:
    for values in rows.numbers.T:
        apart = (values[:, None] - values[None, :]) / LENGTH
        yield np.nan_to_num(np.exp(-0.5 * apart * apart), nan=0.0)


def _common_members(rows: Rows) -> Iterator[Floats]:
    for position, block in enumerate(rows.members):
        sizes = np.sqrt(block.sum(axis=1))
        alike = (block @ block.T) / np.maximum(sizes[:, None] * sizes[None, :], 1.0)
        empty, active = sizes == 0, rows.present[:, position]
        alike[np.ix_(empty, empty)] = 1.0  # two empty sets are the same set
        yield alike * (active[:, None] & active[None, :])
