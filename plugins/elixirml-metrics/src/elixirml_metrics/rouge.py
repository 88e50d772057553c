"""ROUGE without stemming (Lin 2004), with the tokens of the rouge-score package, version 0.1.2."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from elixirml_metrics.overlap import Overlap

__all__ = ["rouge_l", "rouge_n", "tokens"]

_TOKEN: Final = re.compile(r"[a-z0-9]+")


def tokens(text: str) -> list[str]:
    """Return the runs of ASCII letters and digits of a text in lower case.

    Example:
        >>> tokens("It's 3.5 km")
        ['it', 's', '3', '5', 'km']
    """
    return _TOKEN.findall(text.lower())


def rouge_n(prediction: str, gold: str, *, n: int) -> Overlap:
    """Return the overlap of runs of `n` tokens, each counted as often as it occurs; 0 when one text has none."""
    found, wanted = (_grams(tokens(each), n) for each in (prediction, gold))
    return Overlap.of((found & wanted).total(), found.total(), wanted.total())


def rouge_l(prediction: str, gold: str) -> Overlap:
    """Return the overlap by the longest common subsequence of tokens; 0 when one text has none."""
    found, wanted = tokens(prediction), tokens(gold)
    return Overlap.of(_longest_common(found, wanted), len(found), len(wanted))


def _grams(words: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[start : start + n]) for start in range(len(words) - n + 1))


def _longest_common(one: Sequence[str], other: Sequence[str]) -> int:
    """Return the length of the longest common subsequence, in memory of one row of the table."""
    row = [0] * (len(other) + 1)
    for word in one:
        corner = 0
        for place, each in enumerate(other, 1):
            above = row[place]
            row[place] = corner + 1 if word == each else max(above, row[place - 1])
            corner = above
    return row[-1]
