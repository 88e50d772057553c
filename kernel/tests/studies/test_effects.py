"""Tests of `elixirml.studies.effects`: the variable that matters is named first."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from elixirml.contracts import Direction
from elixirml.identity import Json
from elixirml.studies.effects import effects
from elixirml.variables import Assignment, Bank, Boolean, Choice, Entry, Float, Space, Subset, Text, when

Scored = list[tuple[dict[str, Json], float, float]]

PLAIN, CLEVER = Entry.of("Be plain."), Entry.of("Be clever.")
DEMOS = tuple(Entry.of({"row": at}) for at in range(16))
SPACE = Space(
    [
        Choice("matters", default="a", options=("a", "b", "c")),
        Choice("idle", default="x", options=("x", "y")),
        Boolean("switch", default=False),
        Text("instruction", default=PLAIN.id, entries=(PLAIN, CLEVER)),
        Subset("demos", maximum=16, entries=DEMOS),
        Float("share", default=0.5, low=0.0, high=1.0, active_if=when("switch").equals(True)),
        Choice("single", default="only", options=("only",)),
    ]
)


def sampled(count: int, worth: dict[str, float], *, noise: float = 0.05) -> Scored:
    """Candidates at random; `matters` has a worth, everything else none."""
    rng, found = Random(1), []
    for _ in range(count):
        values = SPACE.canonical(SPACE.sample(rng))
        found.append((values, worth[str(values["matters"])] + rng.gauss(0, noise), 10.0))
    return found


def test_the_variable_that_matters_comes_first_with_its_best_value() -> None:
    """Its share is most of the spread; variables that do nothing have next to none."""
    found = effects(SPACE, sampled(60, {"a": 0.2, "b": 0.9, "c": 0.5}))

    assert (found[0].variable, found[0].best) == ("matters", "b")
    assert found[0].share > 0.8
    assert all(each.share < 0.15 for each in found[1:])
    assert [each.share for each in found] == sorted((each.share for each in found), reverse=True)


def test_where_less_is_better_the_best_value_has_the_lowest_scores() -> None:
    """The share knows no direction, the best value does."""
    found = effects(SPACE, sampled(60, {"a": 0.2, "b": 0.9, "c": 0.5}), direction=Direction.MINIMIZE)

    assert (found[0].variable, found[0].best) == ("matters", "a")


def test_values_are_named_as_people_read_them() -> None:
    """Texts by what they say, subsets by their size, all others as they are written in JSON."""
    by_variable: dict[str, Scored] = {"instruction": [], "demos": [], "switch": [], "share": []}
    base = dict(SPACE.canonical(SPACE.defaults()))
    for at in range(12):
        good = at % 2 == 1
        score = (0.8 if good else 0.2) + 0.01 * (at // 2)
        ids: list[Json] = [each.id for each in DEMOS]
        sizes = [0, 3, 6, 12]
        by_variable["instruction"].append(({**base, "instruction": CLEVER.id if good else PLAIN.id}, score, 1.0))
        by_variable["switch"].append(({**base, "switch": good}, score, 1.0))
        by_variable["demos"].append(({**base, "demos": ids[: sizes[at % 4]]}, (at % 4) / 4 + 0.01 * at, 1.0))
        by_variable["share"].append(({**base, "switch": True, "share": 0.5 if good else 0.1}, score, 1.0))

    best = {name: {each.variable: each.best for each in effects(SPACE, scored)} for name, scored in by_variable.items()}
    assert best["instruction"]["instruction"] == "Be clever."
    assert best["switch"]["switch"] == "true"
    assert best["demos"]["demos"] == "9 and more"
    assert best["share"]["share"] == "0.5"


def test_sizes_of_subsets_are_told_in_classes() -> None:
    """None, a few, some, many: single sizes would be too many values to tell anything about."""
    base = dict(SPACE.canonical(SPACE.defaults()))
    ids: list[Json] = [each.id for each in DEMOS]
    for size, name in ((0, "none"), (4, "1-4"), (8, "5-8"), (9, "9 and more")):
        other: list[Json] = ids[:1] if size == 0 else []
        scored: Scored = [({**base, "demos": ids[:size]}, 0.9 + at / 100, 1.0) for at in range(3)]
        scored += [({**base, "demos": other}, 0.1 + at / 100, 1.0) for at in range(3)]
        assert [each.best for each in effects(SPACE, scored) if each.variable == "demos"] == [name]


def test_a_variable_active_in_a_few_explains_no_more_than_their_spread() -> None:
    """A sub-variable of two candidates that differ a little is no explanation of all the rest."""
    base = dict(SPACE.canonical(SPACE.defaults()))
    scored: Scored = [({**base, "matters": each}, 0.1 * at, 5.0) for at, each in enumerate("abcabcabc")]
    few: Scored = [({**base, "switch": True, "share": share}, 0.4 + share / 50, 5.0) for share in (0.1, 0.1, 0.9, 0.9)]
    found = {each.variable: each.share for each in effects(SPACE, [*scored, *few])}

    assert found["share"] < 0.05


def test_nothing_is_said_of_too_few_candidates_or_values_or_of_no_spread() -> None:
    """Under four candidates, with one value, with a value each, or with equal scores there is nothing to tell."""
    base = dict(SPACE.canonical(SPACE.defaults()))
    one_value: Scored = [(base, at / 10, 1.0) for at in range(6)]
    one_each: Scored = [({**base, "switch": True, "share": at / 10}, at / 10, 1.0) for at in range(6)]
    no_spread: Scored = [({**base, "matters": each}, 0.5, 1.0) for each in "abcabc"]

    assert effects(SPACE, sampled(3, {"a": 0.0, "b": 1.0, "c": 0.5})) == ()
    assert effects(SPACE, one_value) == ()
    assert "share" not in {each.variable for each in effects(SPACE, one_each)}
    assert effects(SPACE, no_spread) == ()


@settings(deadline=None)
@given(scores=st.lists(st.floats(0, 1), min_size=4, max_size=20), weights=st.lists(st.integers(1, 50), min_size=20))
def test_shares_are_between_0_and_1(scores: list[float], weights: list[int]) -> None:
    """Whatever the scores and weights, a share is a share."""
    rng = Random(0)
    values = [SPACE.canonical(SPACE.sample(rng)) for _ in scores]
    found = effects(SPACE, list(zip(values, scores, map(float, weights), strict=False)))

    assert all(0 <= each.share <= 1 for each in found)


def test_a_grown_bank_is_read_with_its_new_entries() -> None:
    """Texts proposed during the search are named by what they say, too."""
    new = Entry.of("Be brief.")
    space = SPACE.with_banks({"instruction": Bank("instruction", (PLAIN, CLEVER, new))})
    base = dict(space.canonical(Assignment(space.defaults())))
    scored: Scored = [
        ({**base, "instruction": new.id if at % 2 else PLAIN.id}, (at % 2) + at / 100, 1.0) for at in range(6)
    ]

    assert effects(space, scored)[0].best == "Be brief."
