"""The readout: a label read off what the model would say next, not off the labels' own words alone.

A label's word is one of many a model may have in mind: before "Source:" it may expect "newspaper" where the label says
"news". The call that scores the labels also scores a fixed list of common English words, at no cost. A linear model of
these log-probabilities, on top of the batch-calibrated scores of the labels, is fitted to the answered rows. It is a
supervised probe of the model's own expectation (compare "linear probing"), with a ridge penalty that leaves the labels'
scores alone until there are rows enough to say better.

The words are the same for every task: frequent nouns and words for common kinds of things, chosen before any data.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from attrs import field, frozen

from elixirml.identity import Json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]

__all__ = ["PROBES", "Readout", "ReadoutRow", "fit_readout"]

PROBES: Final = tuple(
    """
    time year people way day man thing woman life child world school state family student group country problem hand
    part place case week company system program question work government number night point home water room mother
    area money story fact month lot right study book eye job word business issue side kind head house service friend
    father power hour game line end member law car city community name president team minute idea body information
    back parent face others level office door health person art war history party result change morning reason
    research girl guy moment air teacher force education music movie food news sport science politics religion love
    review product price phone computer internet camera message letter article report opinion fiction poetry advice
    help order date location animal color sound disease event language weather travel nature future past
    """.split()  # noqa: SIM905 - read as a text, it is a list of words
)
"""The words whose log-probabilities are read, the same for every task."""

_PENALTY: Final = 10.0
"""Ridge penalty, for features of unit spread: the scale at which some twenty rows begin to be heard."""

_CONSTANT: Final = math.sqrt(10.0)
"""Value of the constant feature; it makes the penalty on a label's offset a tenth of that on a weight."""

_MOST_STEPS: Final = 200
_SMALL_STEP: Final = 1e-7
_DIGITS: Final = 5
_FEWEST_ROWS: Final = 8


@frozen
class ReadoutRow:
    """One answered reply.

    Attributes:
        scores: Natural-log probability by label.
        probes: Natural-log probability by probe word.
        expected: The right label.
    """

    scores: Mapping[str, float] = field(hash=False)
    probes: Mapping[str, float] = field(hash=False)
    expected: str


@frozen
class Readout:
    """A fitted linear model.

    Attributes:
        offsets: Added to a label's log-probability.
        weights: Label to probe word to weight; weights meet log-probabilities centred over all words of the reply.
    """

    offsets: Mapping[str, float] = field(hash=False)
    weights: Mapping[str, Mapping[str, float]] = field(hash=False)

    def to_json(self) -> dict[str, Json]:
        """Return the model as plain data."""
        return {
            "offsets": dict(self.offsets),
            "weights": {label: dict(weights) for label, weights in self.weights.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Readout":
        """Read plain data; the opposite of `to_json`."""
        return cls(data["offsets"], data["weights"])

    def score(self, label: str, scores: Mapping[str, float], probes: Mapping[str, float]) -> float:
        """Return a label's corrected score."""
        words = self.weights[label]
        centre = math.fsum(probes[word] for word in words) / len(words)
        seen = math.fsum(weight * (probes[word] - centre) for word, weight in words.items())
        return scores[label] + self.offsets[label] + seen


def fit_readout(rows: Sequence[ReadoutRow], labels: Sequence[str], *, penalty: float = _PENALTY) -> Readout | None:
    """Return the readout under which the expected labels are likeliest, or None with fewer than eight rows.

    Penalised multinomial logistic regression in its dual form, by the fixed curvature bound of Böhning, "Multinomial
    logistic regression algorithm", Ann. Inst. Stat. Math. 44 (1992): every step is a solve with one matrix.

    Args:
        rows: Answered replies; their order does not matter.
        labels: All labels, in declared order.
        penalty: Ridge penalty for features of unit spread.
    """
    import numpy as np

    words = [word for word in PROBES if all(word in row.probes for row in rows)]
    if len(rows) < _FEWEST_ROWS or not words:
        return None
    ordered = sorted(rows, key=lambda row: ([row.scores[label] for label in labels], row.expected))
    probes = np.array([[row.probes[word] for word in words] for row in ordered])
    scores = np.array([[row.scores[label] for label in labels] for row in ordered])
    answers = np.array([[float(row.expected == label) for label in labels] for row in ordered])
    centred = probes - probes.mean(axis=1, keepdims=True)
    means = centred.mean(axis=0)
    spread = float((centred - means).std()) or 1.0
    features = np.hstack([(centred - means) / spread, np.full((len(ordered), 1), _CONSTANT)])
    batch = scores.mean() - scores.mean(axis=0)
    primal = -features.T @ _dual(features @ features.T, scores + batch, answers, penalty)
    weights = primal[:-1] / spread
    offsets = batch + primal[-1] * _CONSTANT - means @ weights
    return Readout(
        {label: round(float(offset), _DIGITS) for label, offset in zip(labels, offsets, strict=True)},
        {
            label: {word: round(float(weight), _DIGITS) for word, weight in zip(words, column, strict=True)}
            for label, column in zip(labels, weights.T, strict=True)
        },
    )


def _dual(gram: "Array", start: "Array", answers: "Array", penalty: float) -> "Array":
    """Return the dual solution, a row for each reply and a column for each label; weights are minus its sums."""
    import numpy as np

    solve = np.linalg.inv(0.5 * gram + penalty * np.eye(len(gram)))
    dual = np.zeros_like(answers)
    for _ in range(_MOST_STEPS):
        logits = start - gram @ dual
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        step = solve @ (shares - answers - penalty * dual)
        dual = dual + step
        if np.abs(step).max() < _SMALL_STEP:
            break
    return dual
