"""Conditions and constraints by example."""

import math
from collections.abc import Callable, Mapping

import pytest

from elixirml.errors import DeclarationError
from elixirml.identity import Json
from elixirml.variables import Condition, Constraint, when

VALUES: dict[str, Json] = {"adapter": "choice", "k": 3, "strict": True, "demos": ["a"]}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (when("adapter").equals("choice"), True),
        (when("adapter").equals("json"), False),
        (when("k").equals(3.0), True),
        (when("strict").equals(1), False),
        (when("demos").equals(["a"]), True),
        (when("absent").equals(None), False),
        (when("adapter").one_of("json", "choice"), True),
        (when("adapter").one_of(["json", "choice"]), True),
        (when("adapter").one_of("json"), False),
        (when("k").at_least(3), True),
        (when("k").at_least(3.5), False),
        (when("k").at_most(3), True),
        (when("k").at_most(2), False),
        (when("adapter").at_least(0), False),
        (when("strict").at_least(0), False),
        (~when("absent").equals(1), True),
        (when("k").at_least(1) & when("strict").equals(True), True),
        (when("k").at_least(9) & when("strict").equals(True), False),
        (when("k").at_least(9) | when("strict").equals(True), True),
        (when("k").at_least(9) | when("strict").equals(False), False),
    ],
)
def test_a_condition_is_judged_on_active_values(condition: Condition, *, holds: bool) -> None:
    """Numbers compare by value, all else by canonical JSON; what is absent satisfies no comparison."""
    assert condition.holds(VALUES) is holds
    assert (~condition).holds(VALUES) is not holds


def test_a_condition_is_plain_data() -> None:
    """Conditions compare, hash, describe and move below a prefix."""
    condition = (when("b").one_of(1, 2) | when("a").at_most(3)) & ~when("b").equals("x")

    assert condition.paths == ("a", "b")
    assert condition.mentions == (("b", 1), ("b", 2), ("b", "x"))
    assert condition.describe() == {
        "all": [
            {"any": [{"path": "b", "one_of": [1, 2]}, {"path": "a", "at_most": 3}]},
            {"not": {"path": "b", "equals": "x"}},
        ]
    }
    assert condition.within("reply").paths == ("reply.a", "reply.b")
    assert hash(when("a").equals(1)) == hash(when("a").equals(1))
    assert when("a").equals(1) != when("a").equals(True)


@pytest.mark.parametrize("bound", ["3", True, math.nan, None])
def test_a_bound_is_a_finite_number(bound: float) -> None:
    """Comparing with anything else is a mistake of the declaration."""
    with pytest.raises(DeclarationError, match="finite number"):
        when("k").at_least(bound)


def test_a_condition_that_cannot_hold_is_refused() -> None:
    """No values at all, or values that are not JSON, are refused with a next step."""
    declarations: list[Callable[[], Condition]] = [
        lambda: when("k").one_of(),
        lambda: when("k").one_of([]),
        lambda: when("k").equals({1}),  # type: ignore[arg-type]
    ]
    for declare in declarations:
        with pytest.raises(DeclarationError) as caught:
            declare()
        assert caught.value.hint


def test_a_constraint_sees_its_own_paths_only() -> None:
    """The predicate gets exactly the declared paths, under the names it was written with, below a prefix too."""
    seen: list[dict[str, Json]] = []

    def small(values: Mapping[str, Json]) -> bool:
        seen.append(dict(values))
        return False

    rule = Constraint("small", message="too much", paths=("k",), holds=small)

    assert not rule.satisfied(VALUES)
    assert not rule.within("reply").satisfied({"reply.k": 3, "k": 4})
    assert seen == [{"k": 3}, {"k": 3}]
    assert rule.within("reply").describe() == {"name": "reply.small", "message": "too much", "paths": ["reply.k"]}


def test_a_constraint_that_fails_is_named() -> None:
    """A predicate that raises is an error of the declaration, not of the values."""
    rule = Constraint("odd", message="", paths="k", holds=lambda values: values["other"] == 1)

    with pytest.raises(DeclarationError, match="constraint `odd` raised KeyError") as caught:
        rule.satisfied(VALUES)
    assert caught.value.code == "constraint-failed"
    for name, paths in (("", ("k",)), ("odd", ())):
        with pytest.raises(DeclarationError, match="needs a name and the paths"):
            Constraint(name, message="", paths=paths, holds=bool)
