"""Assignments: immutable mappings known by their canonical JSON."""

import pytest

from elixirml.errors import ValidationError
from elixirml.identity import Json
from elixirml.variables import Assignment


def test_equality_is_by_canonical_json() -> None:
    """Order does not count; True, 1 and 1.0 do; plain mappings compare too."""
    here = Assignment({"a": 1, "b": [2]})

    assert here == Assignment({"b": (2,), "a": 1}) == {"a": 1, "b": [2]}
    assert len({Assignment({"a": value}) for value in (1, 1.0, True)}) == 3
    assert here != {"a": {1}}
    assert here != Assignment({"a": 1.0, "b": [2]})
    assert here != 3


def test_nothing_changes_an_assignment() -> None:
    """Neither the source nor what is handed out is shared with it."""
    values: dict[str, Json] = {"demos": ["a"]}
    here = Assignment(values)
    for shared in (values["demos"], here["demos"], here.to_json()["demos"]):
        assert isinstance(shared, list)
        shared.append("b")

    assert here == {"demos": ["a"]}
    assert here.with_values({"k": 1}) == {"demos": ["a"], "k": 1}
    assert len(here) == 1


def test_an_assignment_is_shown_as_it_is_written() -> None:
    """The representation is short and looks like the call that makes it."""
    assert repr(Assignment({"reply.k": 3, "strict": True})) == 'Assignment({"reply.k": 3, "strict": true})'
    assert len(repr(Assignment({"long": "x" * 500}))) < 120


def test_misfits_are_reported_together() -> None:
    """Every value that is not JSON and every key that is not a path is listed."""
    with pytest.raises(ValidationError) as caught:
        Assignment.from_json({"a": {1}, 3: 1, "b": float("nan"), "c": 1})
    assert [problem.path for problem in caught.value.problems] == [("a",), (), ("b",)]
    with pytest.raises(ValidationError, match="not list"):
        Assignment.from_json([1])
