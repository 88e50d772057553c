"""Splitting data honestly: rows for demos, rows to race on, rows nobody sees before the verdict.

The shares follow what a paired test needs; examples with equal inputs stay together, and each label is spread evenly.
"""

import hashlib
from collections.abc import Sequence

from attrs import frozen

from elixirml.contracts.metric import Example
from elixirml.identity import canonical_json, digest

__all__ = ["Split", "split"]

_FEWEST_TO_CONFIRM = 40


@frozen
class Split:
    """Three disjoint parts of a dataset.

    Attributes:
        train: Rows demos are made of.
        race: Rows candidates are compared on, in the order they are pulled.
        confirm: Rows opened once, for the verdict; empty when there are too few examples for one.
    """

    train: tuple[Example, ...]
    race: tuple[Example, ...]
    confirm: tuple[Example, ...]


def split(examples: Sequence[Example], *, seed: int, most_confirmation: int | None = None) -> Split:
    """Return the parts of a dataset; the same examples and seed give the same parts.

    With fewer than 40 examples nothing is kept for confirmation, and the verdict will be "unconfirmed". No part but the
    race grows beyond its share: a group of equal inputs that does not fit goes to the race.

    Args:
        examples: All of them.
        seed: Draws the order.
        most_confirmation: The most rows a budget allows to be confirmed on.
    """
    groups = _shuffled(examples, seed)
    n = len(examples)
    train_share, confirm_share = _shares(n)
    wanted = {"train": round(n * train_share), "confirm": round(n * confirm_share)}
    if most_confirmation is not None:
        wanted["confirm"] = min(wanted["confirm"], most_confirmation)
    parts: dict[str, list[Example]] = {"train": [], "confirm": [], "race": []}
    for group in groups:
        part = next((name for name, most in wanted.items() if len(parts[name]) + len(group) <= most), "race")
        parts[part].extend(group)
    return Split(tuple(parts["train"]), tuple(parts["race"]), tuple(parts["confirm"]))


def _shares(n: int) -> tuple[float, float]:
    if n < _FEWEST_TO_CONFIRM:
        return 0.4, 0.0
    if n < 2 * _FEWEST_TO_CONFIRM:
        return 0.25, 0.25
    return 0.2, 0.4 if n >= 150 else 0.35


def _shuffled(examples: Sequence[Example], seed: int) -> list[list[Example]]:
    """Return groups of examples with equal inputs, in a seeded order that deals the labels out in turn."""
    groups: dict[str, list[Example]] = {}
    for example in examples:
        groups.setdefault(digest(dict(example.inputs)), []).append(example)
    by_label: dict[str, list[tuple[str, list[Example]]]] = {}
    for key, group in groups.items():
        order = hashlib.sha256(f"{seed}/{key}".encode()).hexdigest()
        by_label.setdefault(canonical_json(dict(group[0].expected)), []).append((order, group))
    if len(by_label) > len(groups) // 2:
        flat = [pair for pairs in by_label.values() for pair in pairs]
        return [group for _, group in sorted(flat, key=lambda pair: pair[0])]
    # Deal: position of a group within its label, as a share, so that every stretch holds the labels' proportions.
    dealt = [
        ((rank + 0.5) / len(pairs), order, group)
        for pairs in by_label.values()
        for rank, (order, group) in enumerate(sorted(pairs, key=lambda pair: pair[0]))
    ]
    return [group for _, _, group in sorted(dealt, key=lambda item: (item[0], item[1]))]
