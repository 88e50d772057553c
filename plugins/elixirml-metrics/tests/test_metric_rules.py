"""Tests of the rules behind the metrics: the case table and the laws."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elixirml_metrics.number import numeric_match, read_number
from elixirml_metrics.overlap import Overlap, list_f1, set_f1
from elixirml_metrics.rouge import rouge_l, rouge_n
from elixirml_metrics.text import exact_match, normalize, squad_em, squad_f1
from elixirml_metrics.values import identity

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[3] / "tests/cases/metrics.jsonl").read_text(encoding="utf-8").splitlines()
]
WORDS = st.lists(st.sampled_from(["the", "cat", "Sat", "mat.", "on", "é"]), max_size=6).map(" ".join)
ITEMS = st.lists(st.sampled_from(["a", "b", 1, 1.0, True, None]), max_size=5)


def _rouge(case: Mapping[str, Any]) -> Overlap:
    pair = case["prediction"], case["gold"]
    return rouge_l(*pair) if case["variant"] == "rougeL" else rouge_n(*pair, n=int(case["variant"][-1]))


RULES: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "normalize": lambda case: normalize(case["text"]),
    "exact_match": lambda case: exact_match(case["prediction"], case["gold"]),
    "squad_em": lambda case: squad_em(case["prediction"], case["gold"]),
    "squad_f1": lambda case: squad_f1(case["prediction"], case["gold"]),
    "numeric_match": lambda case: numeric_match(
        case["prediction"], case["gold"], rel_tol=case["rel_tol"], abs_tol=case["abs_tol"]
    ),
    "set_f1": lambda case: set_f1(case["prediction"], case["gold"]),
    "list_f1": lambda case: list_f1(case["prediction"], case["gold"]),
    "rouge": _rouge,
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(case: dict[str, Any]) -> None:
    """Every row of the case table holds."""
    found = RULES[case["input"]["metric"]](case["input"])
    expected = case["expected"]["value"]
    if isinstance(found, Overlap):
        found = {"precision": found.precision, "recall": found.recall, "f1": found.f1}
    assert found == (expected if isinstance(expected, str) else pytest.approx(expected, rel=1e-9))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("-$3", -3.0),
        ("€ -1,234.5", -1234.5),
        ("+.5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        (7, 7.0),
        ("-$-3", None),
        ("$", None),
        (".", None),
        ("e3", None),
        ("1,23", None),
        ("1,234,5", None),
        ("1e999", None),
        ("inf", None),
        ("nan", None),
        ("5%", None),
        ("$$5", None),
        ("٣", None),
        (True, None),
        (None, None),
        ([1], None),
        (10**400, None),
    ],
)
def test_numbers_are_read_as_a_whole_or_not_at_all(text: object, number: float | None) -> None:
    """A text is a number only when nothing else is in it."""
    assert read_number(text) == number


@given(value=st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**15), 10**15))
def test_numbers_survive_being_written(value: float) -> None:
    """However Python writes a number, with thousands set off or not, it is read back."""
    assert read_number(repr(value)) == value
    assert numeric_match(f"{int(value):,}", int(value)) == 1


@given(one=ITEMS, other=ITEMS)
def test_overlaps_are_fractions_and_swap(one: list[object], other: list[object]) -> None:
    """Precision one way is recall the other way; F1 is the same; equal collections score 1."""
    for rule in (set_f1, list_f1):
        there, back = rule(one, other), rule(other, one)
        assert (there.precision, there.recall, there.f1) == (back.recall, back.precision, back.f1)
        assert 0 <= there.f1 <= 1
        assert rule(one, list(reversed(one))).f1 == 1
    assert set_f1(one + one, other) == set_f1(one, other)


@given(one=WORDS, other=WORDS)
def test_text_metrics_are_symmetric_and_at_most_one(one: str, other: str) -> None:
    """Agreement has no direction, longer runs are shared less often, and normalising twice is normalising once."""
    assert squad_f1(one, [other]) == squad_f1(other, [one])
    assert squad_em(one, [other]) <= squad_f1(one, [other]) <= 1
    assert squad_f1(one, [other, one]) == 1
    assert normalize(normalize(one)) == normalize(one)
    assert rouge_l(one, other).f1 == rouge_l(other, one).f1
    assert rouge_l(one, other).f1 <= rouge_n(one, other, n=1).f1 + 1e-12


def test_values_are_equal_by_value_and_kind() -> None:
    """3 is 3.0, True is not 1, order counts in lists and not in objects."""
    assert identity({"a": [1, 2.0], "b": None}) == identity({"b": None, "a": [1.0, 2]})
    assert identity([1]) != identity([True])
    assert identity([1, 2]) != identity([2, 1])
    assert identity("1") != identity(1)
