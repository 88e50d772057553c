"""Comparing texts, as the SQuAD evaluation does (Rajpurkar et al. 2016), with Unicode composed first."""

import re
import string
import unicodedata
from collections.abc import Sequence
from typing import Final

from elixirml_metrics.overlap import list_f1

__all__ = ["exact_match", "normalize", "squad_em", "squad_f1"]

_NO_PUNCTUATION: Final = str.maketrans("", "", string.punctuation)
_ARTICLES: Final = re.compile(r"\b(?:a|an|the)\b")


def normalize(text: str) -> str:
    """Return a text in NFC and lower case, without ASCII punctuation and English articles, blanks joined.

    Example:
        >>> normalize("The,  Quiet  Harbour!")
        'quiet harbour'
    """
    plain = unicodedata.normalize("NFC", text).lower().translate(_NO_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", plain).split())


def exact_match(prediction: str, gold: str) -> float:
    """Return 1 when the texts are the same, to the sign."""
    return float(prediction == gold)


def squad_em(prediction: str, gold: Sequence[str]) -> float:
    """Return 1 when the normalised prediction is one of the normalised gold texts."""
    return float(normalize(prediction) in {normalize(each) for each in gold})


def squad_f1(prediction: str, gold: Sequence[str]) -> float:
    """Return the best F1 of word counts over the gold texts; 1 when both are empty, 0 when one is.

    Example:
        >>> squad_f1("Oslo is in Norway", ["Oslo"])
        0.4
    """
    words = normalize(prediction).split()
    return max((list_f1(words, normalize(each).split()).f1 for each in gold), default=0.0)
