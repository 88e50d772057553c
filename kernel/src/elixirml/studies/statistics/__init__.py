"""Statistics of scores: what a mean is worth, and whether one candidate really beats another.

Pure functions on sequences of numbers. Whatever draws at random takes a `seed` and gives the same answer each time.
Scores of 0 and 1 (booleans too) get the exact binary methods, all others the graded ones.
"""

from elixirml.studies.statistics.bootstrap import bootstrap_percentile, paired_bca
from elixirml.studies.statistics.intervals import Interval, interval, t_interval, wilson
from elixirml.studies.statistics.paired import (
    Alternative,
    Comparison,
    McNemar,
    Permutation,
    mcnemar_exact,
    paired_permutation,
    paired_test,
)
from elixirml.studies.statistics.samples import Summary, is_binary, summary
from elixirml.studies.statistics.shrinkage import Shrinkage, minimum_detectable_difference, shrink

__all__ = [
    "Alternative",
    "Comparison",
    "Interval",
    "McNemar",
    "Permutation",
    "Shrinkage",
    "Summary",
    "bootstrap_percentile",
    "interval",
    "is_binary",
    "mcnemar_exact",
    "minimum_detectable_difference",
    "paired_bca",
    "paired_permutation",
    "paired_test",
    "shrink",
    "summary",
    "t_interval",
    "wilson",
]
