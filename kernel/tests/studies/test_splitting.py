"""Tests of `elixirml.studies.splitting`: an honest split, whatever the data looks like."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elixirml.contracts import Example
from elixirml.identity import digest
from elixirml.studies.splitting import Split, split


def balanced(count: int, *, labels: int = 2) -> list[Example]:
    return [Example(f"e{at}", {"text": f"text {at}"}, {"label": f"l{at % labels}"}) for at in range(count)]


def parts(found: Split) -> list[tuple[Example, ...]]:
    return [found.train, found.race, found.confirm]


SETS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), max_size=200).map(
    lambda pairs: [Example(f"e{at}", {"text": text}, {"label": label}) for at, (text, label) in enumerate(pairs)]
)


@settings(deadline=None)
@given(examples=SETS, seed=st.integers(0, 9), most=st.none() | st.integers(0, 30))
def test_every_example_is_in_one_part_and_equal_inputs_stay_together(
    examples: list[Example], seed: int, most: int | None
) -> None:
    """Nothing is lost or doubled; an input seen in one part is in no other; no part but the race outgrows its share."""
    found = split(examples, seed=seed, most_confirmation=most)

    assert sorted(each.id for part in parts(found) for each in part) == sorted(each.id for each in examples)
    inputs = [{digest(dict(each.inputs)) for each in part} for part in parts(found)]
    assert not inputs[0] & inputs[1]
    assert not inputs[0] & inputs[2]
    assert not inputs[1] & inputs[2]
    assert len(found.confirm) <= (len(examples) * 0.4 + 1 if most is None else most)
    assert len(found.train) <= len(examples) * 0.4 + 1


@settings(deadline=None)
@given(texts=st.lists(st.integers(0, 40), max_size=200), seed=st.integers(0, 9), order=st.randoms())
def test_a_split_depends_on_the_rows_and_the_seed_alone(texts: list[int], seed: int, order: Random) -> None:
    """The order of the rows in the file changes nothing, so a sorted file splits as well as a shuffled one."""
    mixed = list(texts)
    order.shuffle(mixed)

    def seen(numbers: list[int]) -> list[list[int]]:
        examples = [Example(f"e{at}", {"text": each}, {"label": each % 3}) for at, each in enumerate(numbers)]
        return [[each.inputs["text"] for each in part] for part in parts(split(examples, seed=seed))]

    assert seen(texts) == seen(mixed)


@pytest.mark.parametrize(
    ("count", "sizes"),
    [
        (10, (4, 6, 0)),
        (39, (16, 23, 0)),
        (40, (10, 20, 10)),
        (79, (20, 39, 20)),
        (80, (16, 36, 28)),
        (149, (30, 67, 52)),
        (150, (30, 60, 60)),
        (300, (60, 120, 120)),
    ],
)
def test_the_sizes_are_as_documented(count: int, sizes: tuple[int, int, int]) -> None:
    """Under 40 rows none are kept to confirm on; from 40 a quarter, from 80 35 %, from 150 40 %."""
    assert tuple(len(part) for part in parts(split(balanced(count), seed=0))) == sizes


def test_a_budget_limits_the_confirmation_and_the_race_gets_the_rest() -> None:
    """Rows that cannot be paid for at the end are raced on instead."""
    found = split(balanced(150), seed=0, most_confirmation=12)

    assert tuple(len(part) for part in parts(found)) == (30, 108, 12)


def test_another_seed_splits_otherwise() -> None:
    """The seed draws the parts and the order in which race rows are pulled."""
    one, other = split(balanced(100), seed=0), split(balanced(100), seed=1)

    assert one == split(balanced(100), seed=0)
    assert {each.id for each in one.confirm} != {each.id for each in other.confirm}
    assert [each.id for each in one.race] != [each.id for each in other.race]


@pytest.mark.parametrize("count", [45, 100, 200])
def test_labels_are_spread_evenly_over_parts_and_stretches(count: int) -> None:
    """Each part, and each stretch of the race, holds the labels in the proportions of the whole."""
    rare = [Example(f"r{at}", {"text": f"rare {at}"}, {"label": "rare"}) for at in range(count // 4)]
    found = split([*balanced(count - len(rare), labels=1), *rare], seed=3)

    for part in (*parts(found), found.race[: len(found.race) // 2], found.race[len(found.race) // 2 :]):
        share = sum(each.expected["label"] == "rare" for each in part) / len(part)
        assert abs(share - len(rare) / count) <= 1.5 / len(part)


def test_labels_that_are_nearly_all_different_are_left_to_chance() -> None:
    """Free texts are no labels: dealing them out would sort the rows, so they are drawn at random."""
    examples = [Example(f"e{at}", {"text": at}, {"answer": f"answer {at}"}) for at in range(100)]
    found = split(examples, seed=0)

    assert [each.id for each in found.race] != sorted((each.id for each in found.race), key=lambda name: int(name[1:]))


def test_one_input_over_and_over_is_all_raced_on() -> None:
    """A group that fits no share goes to the race whole: never into two parts, never into the confirmation."""
    examples = [Example(f"e{at}", {"text": "same"}, {"label": "l"}) for at in range(60)]

    assert tuple(len(part) for part in parts(split(examples, seed=0))) == (0, 60, 0)


def test_nothing_splits_into_nothing() -> None:
    """No examples are no error here; whoever needs some says so."""
    assert split([], seed=0) == Split((), (), ())
