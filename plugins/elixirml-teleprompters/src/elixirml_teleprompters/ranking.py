"""Rankings: what is believed of the candidates at the end, shrunk, those that were seen enough first."""

from collections.abc import Sequence

import numpy as np

from elixirml.contracts import Candidate, Proposal, Ranked
from elixirml.studies.statistics.shrinkage import shrink
from elixirml_teleprompters._arrays import Floats
from elixirml_teleprompters.contest import Contest
from elixirml_teleprompters.effects import scores_of

__all__ = ["ranked", "shrunk_ranking"]


def ranked(
    candidates: Sequence[Candidate], *, means: Floats, deviations: Floats, counts: Floats, enough: int, sign: float
) -> Proposal:
    """Return the proposal: candidates that saw enough examples before the others, each part by belief.

    A candidate that met ten examples can be believed better than one that met fifty, but it is no finalist: its lead
    may be luck that the next ten examples take away.

    Args:
        candidates: The candidates.
        means: What their mean score is believed to be; higher is better.
        deviations: Of these beliefs.
        counts: How many examples each has seen.
        enough: How many a finalist should have seen; as many as the most seen candidate where that is fewer.
        sign: 1 when higher scores are better, else -1; estimates are told in the metric's own unit.
    """
    needed = min(float(enough), float(counts.max(initial=0.0)))
    order = sorted(range(len(candidates)), key=lambda at: (bool(counts[at] < needed), -float(means[at]), at))
    return Proposal(tuple(Ranked(candidates[at], sign * float(means[at]), float(deviations[at])) for at in order))


def shrunk_ranking(contest: Contest, *, enough: int) -> Proposal:
    """Return the ranking of a race by empirical-Bayes shrinkage, without looking at what the candidates are made of."""
    scorers = [entrant for _, entrant in contest.scorers()]
    if not scorers:
        return Proposal(())
    scores = scores_of(np.stack([entrant.scores for entrant in scorers]))
    variances = scores.noise * scores.counts
    shrunk = shrink(
        [float(mean) for mean in scores.means],
        variances=[float(variance) for variance in variances],
        counts=[int(count) for count in scores.counts],
    )
    weights = np.array(shrunk.weights)
    # The posterior variance of a mean under the prior it was shrunk with, tau^2 (1 - weight); where no spread beyond
    # noise was found, what is left is the uncertainty of the common mean.
    common = 1.0 / float((1.0 / np.maximum(scores.noise, 1e-12)).sum())
    variance = np.maximum(shrunk.tau_squared * (1.0 - weights), common)
    return ranked(
        [entrant.candidate for entrant in scorers],
        means=np.array(shrunk.means),
        deviations=np.sqrt(variance),
        counts=scores.counts,
        enough=enough,
        sign=contest.race.sign,
    )
