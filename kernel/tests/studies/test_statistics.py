"""Tests of `elixirml.studies.statistics`: the case table, the laws and the refusals."""

import json
import math
import random
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elixirml.errors import ValidationError
from elixirml.studies.statistics import (
    bootstrap_percentile,
    interval,
    mcnemar_exact,
    minimum_detectable_difference,
    paired_bca,
    paired_permutation,
    paired_test,
    shrink,
    summary,
    t_interval,
    wilson,
)

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[3] / "tests/cases/stats.jsonl").read_text(encoding="utf-8").splitlines()
]
BITS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=24)
GRADES = st.lists(st.floats(-3, 3, allow_nan=False).map(lambda value: round(value, 2)), min_size=1, max_size=12)


def ends(found: Any) -> dict[str, Any]:
    return {"mean": found.mean, "low": found.low, "high": found.high}


def answer(group: str, given: dict[str, Any]) -> dict[str, Any]:
    match group:
        case "wilson":
            return ends(wilson(given["successes"], given["n"], confidence=given["confidence"]))
        case "mean":
            found = summary(given["scores"])
            return {"mean": found.mean, "sd": found.sd, "se": found.se}
        case "t_interval":
            return ends(t_interval(given["scores"], confidence=given["confidence"]))
        case "mcnemar_exact":
            tested = mcnemar_exact(given["a"], given["b"])
            return {"only_a": tested.only_a, "only_b": tested.only_b, "p": tested.p_value}
        case "paired_permutation":
            flipped = paired_permutation(given["a"], given["b"])
            return {"mean_difference": flipped.difference, "p": flipped.p_value}
        case "bootstrap_percentile":
            return ends(bootstrap_percentile(**given))
        case _:
            raise AssertionError(group)


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_the_case_table_holds(case: dict[str, Any]) -> None:
    """Every statistic equals the reference implementation's to 1e-6, resampled ones to their tolerance."""
    expected = dict(case["expected"])
    tolerance = expected.pop("tolerance", 1e-6)

    assert answer(case["group"], case["input"]) == pytest.approx(expected, rel=1e-6, abs=tolerance)


@pytest.mark.parametrize(
    ("confidence", "n", "critical"),
    [(0.95, 2, 12.706204736), (0.9, 6, 2.015048373), (0.99, 31, 2.749995654), (0.95, 1001, 1.962339081)],
)
def test_the_t_quantile_agrees_with_published_tables(confidence: float, n: int, critical: float) -> None:
    """Half the width of a t interval is the tabulated critical value times the standard error."""
    scores = [0.0, 3.0] * (n // 2) + [1.0] * (n % 2)
    found = t_interval(scores, confidence=confidence)

    assert found.high is not None
    assert (found.high - found.mean) / (summary(scores).se or 0) == pytest.approx(critical, rel=1e-8)


def test_one_score_has_a_mean_but_no_spread() -> None:
    """A single graded score is reported without pretending to know its spread."""
    assert (summary([0.4]).sd, summary([0.4]).se) == (None, None)
    for found in (interval([0.4]), bootstrap_percentile([0.4]), paired_bca([0.4])):
        assert (found.mean, found.low, found.high) == (0.4, None, None)
    assert str(interval([0.4])) == "0.4 (no interval from one score, n=1)"
    assert str(interval([1, 0, 1, 1])) == "0.75 (0.3006 to 0.9544, n=4)"


def test_interval_chooses_by_the_scores() -> None:
    """Scores of 0 and 1, booleans too, get Wilson's interval; one fraction among them changes to Student's."""
    assert interval([True, False, True]) == wilson(2, 3)
    assert interval([1, 0, 0.5]) == t_interval([1, 0, 0.5])


@given(st.integers(1, 400), st.data())
def test_wilson_holds_its_mean_and_mirrors(n: int, data: st.DataObject) -> None:
    """The interval lies in [0, 1] around the share, and failures have the mirrored interval of successes."""
    successes = data.draw(st.integers(0, n))
    found, mirrored = wilson(successes, n), wilson(n - successes, n)

    assert found.low is not None
    assert found.high is not None
    assert mirrored.high is not None
    assert 0 <= found.low <= found.mean <= found.high <= 1
    assert mirrored.high == pytest.approx(1 - found.low)


@given(BITS)
def test_mcnemar_is_the_sign_flip_test_of_binary_scores(pairs: list[tuple[int, int]]) -> None:
    """On 0 and 1 the permutation test and the binomial test are one test, on every side."""
    a, b = [left for left, _ in pairs], [right for _, right in pairs]

    for side in ("two-sided", "greater", "less"):
        flipped = paired_permutation(a, b, alternative=side)
        assert flipped.exact
        assert flipped.p_value == pytest.approx(mcnemar_exact(a, b, alternative=side).p_value, rel=1e-12)


@given(GRADES, st.randoms(use_true_random=False))
def test_the_permutation_test_counts_every_sign_choice(gaps: list[float], rng: random.Random) -> None:
    """Meeting in the middle gives the p value of plain enumeration, swaps of the sides included."""
    base = [rng.randint(0, 4) for _ in gaps]
    above = [low + gap for low, gap in zip(base, gaps, strict=True)]
    cents = [round(100 * gap) for gap in gaps]
    sums = [0]
    for cent in cents:
        sums = [total + sign * cent for total in sums for sign in (1, -1)]
    at_least = sum(total >= sum(cents) for total in sums) / len(sums)

    assert paired_permutation(above, base, alternative="greater").p_value == pytest.approx(at_least)
    assert paired_permutation(base, above, alternative="less").p_value == pytest.approx(at_least)


def test_many_pairs_are_sampled_close_to_the_exact_answer() -> None:
    """Beyond the exact range the seeded Monte Carlo p value agrees with the binomial one, and repeats."""
    rng = random.Random(7)
    a = [rng.random() < 0.6 for _ in range(150)]
    b = [rng.random() < 0.5 for _ in range(150)]

    sampled = paired_permutation(a, b, seed=3)

    assert not sampled.exact
    assert sampled.p_value == pytest.approx(mcnemar_exact(a, b).p_value, abs=0.015)
    assert paired_permutation(a, b, seed=3) == sampled
    assert paired_permutation(a, b, seed=4).p_value != sampled.p_value
    assert paired_permutation([1.5] * 200, [0] * 200, resamples=99).p_value == pytest.approx(0.02)


def test_bca_agrees_with_the_reference_on_a_skewed_sample() -> None:
    """A skewed sample moves the BCa ends to the right of the percentile ends, as in the reference implementation."""
    sample = [0.0, 0.0, 0.1, 0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.4, 0.5, 0.6, 0.9, 1.4, 2.8, 4.0]
    found = paired_bca(sample, resamples=20_000, seed=1)
    plain = bootstrap_percentile(sample, resamples=20_000, seed=1)

    assert (found.low, found.high) == pytest.approx((0.356, 1.544), abs=0.05)
    assert plain.low is not None
    assert plain.high is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low > plain.low
    assert found.high > plain.high


def test_bca_corrects_its_bias() -> None:
    """One outlier among ten makes the resampled means lopsided; both ends agree with the reference implementation."""
    sample = [0.1, 0.3, 0.2, 0.25, 0.15, 0.2, 0.3, 6.0, 0.22, 0.18]
    found = paired_bca(sample, resamples=20_000, seed=1)

    assert found.low == pytest.approx(0.197, abs=0.004)
    assert found.high == pytest.approx(3.09, abs=0.1)


def test_bca_covers_the_truth_about_as_often_as_it_says() -> None:
    """Over 200 samples of normal differences the 90 % interval misses the true mean about 20 times."""
    rng = random.Random(11)
    samples = [[rng.gauss(0.1, 1) for _ in range(40)] for _ in range(200)]
    intervals = [paired_bca(sample, confidence=0.9, resamples=300, seed=seed) for seed, sample in enumerate(samples)]

    missed = sum(not ((found.low or 0) <= 0.1 <= (found.high or 0)) for found in intervals)

    assert 8 <= missed <= 36


@given(GRADES, st.integers(0, 5))
def test_resampling_is_deterministic_and_stays_in_range(scores: list[float], seed: int) -> None:
    """The same seed gives the same interval, and its ends never leave the range of the scores."""
    for method in (bootstrap_percentile, paired_bca):
        found = method(scores, resamples=50, seed=seed)
        assert found == method(scores, resamples=50, seed=seed)
        if found.low is not None and found.high is not None:
            assert min(scores) - 1e-9 <= found.low <= found.high <= max(scores) + 1e-9


@pytest.mark.parametrize("differences", [[0, 0, 0], [0.0, 1e-200], [0.0] * 30 + [1.0]])
def test_bca_stands_degenerate_differences(differences: list[float]) -> None:
    """Equal, tiny and lonely differences give finite ends in order, not a division by zero."""
    found = paired_bca(differences, confidence=0.999, resamples=200)

    assert found.low is not None
    assert found.high is not None
    assert min(differences) <= found.low <= found.high <= max(differences)


def test_paired_test_picks_the_test_and_counts_wins() -> None:
    """Binary scores get one-sided McNemar, graded ones the permutation test; ties are neither won nor lost."""
    binary = paired_test([0, 0, 0, 1, 1, 0], [1, 1, 1, 1, 0, 0])
    graded = paired_test([0.1, 0.2, 0.3], [0.2, 0.4, 0.3])

    assert (binary.test, binary.wins, binary.losses, binary.n) == ("mcnemar_exact", 3, 1, 6)
    assert binary.p_value == pytest.approx(5 / 16)
    assert binary.difference == binary.interval.mean == pytest.approx(1 / 3)
    assert (graded.test, graded.wins, graded.losses) == ("paired_permutation", 2, 0)
    assert graded.p_value == pytest.approx(1 / 4)
    assert paired_test([0.0] * 40, [0.1] * 40).test == "paired_permutation_sampled"


def test_less_is_better_for_latency() -> None:
    """With `alternative="less"` a smaller score is a win and lowers the p value."""
    found = paired_test([2.0, 3.0, 4.0, 2.5, 2.6], [1.0, 1.5, 2.0, 1.2, 1.3], alternative="less")

    assert (found.wins, found.losses) == (5, 0)
    assert found.p_value == pytest.approx(1 / 32)
    assert found.difference < 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.integers(1, 200), st.floats(0, 1))
def test_shrinkage_pulls_towards_the_common_mean_and_keeps_the_order(
    means: list[float], count: int, variance: float
) -> None:
    """With equal counts each mean moves towards the common one, never past it, and ranks stay."""
    found = shrink(means, variances=[variance] * len(means), counts=[count] * len(means))

    assert all(0 <= weight <= 1 for weight in found.weights)
    for before, after in zip(means, found.means, strict=True):
        assert abs(after - found.common_mean) <= abs(before - found.common_mean) + 1e-12
    ranked = sorted(range(len(means)), key=means.__getitem__)
    assert all(found.means[low] <= found.means[high] + 1e-12 for low, high in pairwise(ranked))


def test_shrinkage_keeps_the_share_that_is_not_noise() -> None:
    """Means that spread by .01 with noise .005 keep half of their distance, by the formula."""
    found = shrink([0.4, 0.5, 0.6], variances=[0.1] * 3, counts=[20] * 3)

    assert found.tau_squared == pytest.approx(0.005)
    assert found.weights == pytest.approx((0.5, 0.5, 0.5))
    assert found.means == pytest.approx((0.45, 0.5, 0.55))


def test_shrinkage_removes_the_flattery_of_the_best() -> None:
    """Among equal candidates the best mean is far too good, and the shrunk one is about the truth."""
    rng = random.Random(5)
    raw: list[float] = []
    shrunk: list[float] = []
    for _ in range(60):
        means = [math.fsum(rng.random() < 0.5 for _ in range(50)) / 50 for _ in range(20)]
        raw.append(max(means) - 0.5)
        best = shrink(means, variances=[0.25] * 20, counts=[50] * 20).means
        shrunk.append(max(best) - 0.5)

    assert sum(raw) / 60 > 0.1
    assert abs(sum(shrunk) / 60) < 0.03


def test_noisier_candidates_shrink_more() -> None:
    """Of two candidates with the same mean, the one with fewer scores keeps less of it."""
    found = shrink([0.2, 0.5, 0.9, 0.9], variances=[0.2] * 4, counts=[100, 100, 100, 10])

    assert found.tau_squared > 0
    assert found.weights[3] < found.weights[2]
    assert found.means[3] < found.means[2] < 0.9


def test_certain_means_are_left_alone() -> None:
    """Without noise there is nothing to shrink."""
    assert shrink([0.1, 0.7], variances=[0, 0], counts=[5, 5]).means == pytest.approx((0.1, 0.7))
    assert shrink([0.7], variances=[0.2], counts=[5]).means == (0.7,)
    assert shrink([0.5, 0.5], variances=[1e-311, 1e-311], counts=[1, 1]).means == pytest.approx((0.5, 0.5))


def test_the_detectable_difference_falls_with_the_root_of_n() -> None:
    """22 points at 50 pairs and 9 at 300 with an sd of .62; four times the pairs halve it."""
    assert minimum_detectable_difference(50, 0.62) == pytest.approx(0.22, abs=0.005)
    assert minimum_detectable_difference(300, 0.62) == pytest.approx(0.09, abs=0.005)
    assert minimum_detectable_difference(200, 1) == pytest.approx(minimum_detectable_difference(50, 1) / 2)
    assert minimum_detectable_difference(50, 1, power=0.9) > minimum_detectable_difference(50, 1)


@pytest.mark.parametrize(
    "call",
    [
        lambda: summary([]),
        lambda: summary([0.5, math.nan]),
        lambda: interval([math.inf]),
        lambda: wilson(3, 2),
        lambda: wilson(0, 0),
        lambda: t_interval([1, 2], confidence=95),
        lambda: mcnemar_exact([1, 0.5], [0, 0]),
        lambda: paired_permutation([1], [1, 2]),
        lambda: paired_permutation([1], [2], alternative=cast("Any", "better")),
        lambda: paired_test([], []),
        lambda: shrink([0.5], variances=[-1], counts=[3]),
        lambda: shrink([0.5], variances=[1], counts=[]),
        lambda: minimum_detectable_difference(0, 1),
    ],
)
def test_numbers_without_a_statistic_are_refused(call: Any) -> None:
    """Empty, unpaired or unbounded input is an error that says what was expected, never a silent NaN."""
    with pytest.raises(ValidationError, match=r"expected|needed|finite|must be") as caught:
        call()

    assert caught.value.problems
