"""The error tree: drawn as it is, with stable codes, natural built-ins, and messages that say how to go on."""

import inspect
import re

import pytest

from elixirml import errors
from elixirml.errors import (
    AssertionFailed,
    BudgetExceeded,
    DeclarationError,
    ElixirError,
    ParseError,
    PluginMissing,
    Problem,
    ValidationError,
    closest,
    did_you_mean,
    located,
)

CLASSES = [
    found
    for found in vars(errors).values()
    if isinstance(found, type) and issubclass(found, ElixirError) and found is not ElixirError
]


def test_the_drawing_shows_the_tree() -> None:
    """Every class stands in the module's drawing, below its base, and nothing else does."""
    drawing = inspect.getdoc(errors) or ""
    lines = [line for line in drawing.splitlines() if re.search(r"[├└]──", line)]
    drawn = {match[1]: line for line in lines if (match := re.search(r"── (\w+)", line))}

    assert drawn.keys() == {each.__name__ for each in CLASSES}
    for each in CLASSES:
        nested = drawn[each.__name__].startswith(("│", "    │"))
        assert nested is (each.__mro__[1] is not ElixirError), each


@pytest.mark.parametrize("found", CLASSES, ids=lambda each: each.__name__)
def test_every_error_has_a_code_and_a_natural_built_in(found: type[ElixirError]) -> None:
    """So that code written without ElixirML in mind catches it too."""
    built_in = {base for base in found.__mro__ if base.__module__ == "builtins"} - {object, BaseException, Exception}

    assert built_in
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", found.default_code)


def test_codes_are_told_apart() -> None:
    """One code, one class."""
    codes = [each.default_code for each in CLASSES]

    assert len(set(codes)) == len(codes)
    assert set(errors.__all__) >= {each.__name__ for each in CLASSES}


def test_a_message_and_its_hint_are_two_lines() -> None:
    """A code may be narrowed for one occurrence."""
    error = DeclarationError("It is wrong.", hint="Mend it.", code="name-not-found")

    assert str(error) == "It is wrong.\n  Mend it."
    assert (error.message, error.hint, error.code) == ("It is wrong.", "Mend it.", "name-not-found")
    assert str(PluginMissing("No.")) == "No."
    assert PluginMissing("No.").code == "plugin-missing"


def test_a_validation_error_lists_every_problem() -> None:
    """With its path, from the outside in."""
    problems = [Problem(("rows", 2, "name"), "missing", "is needed"), Problem((), "type", "expected an object")]
    error = ValidationError("The data does not fit:", problems=problems, hint="Mend it.")

    assert str(error) == ("The data does not fit:\n  - rows.2.name: is needed\n  - expected an object\n  Mend it.")
    assert error.problems == tuple(problems)


def test_errors_carry_what_is_needed_to_go_on() -> None:
    """The reply, the value, the limit and what was finished."""
    parse = ParseError("No answer.", failure="missing_field", path=("answer",), reply="hm")
    refused = AssertionFailed("No.", assertion="sure", value=3, attempts=2)
    budget = BudgetExceeded("Used up.", limit="calls", partial=[1], hint="Allow more.")

    assert (parse.failure, parse.path, parse.reply) == ("missing_field", ("answer",), "hm")
    assert (refused.assertion, refused.value, refused.attempts) == ("sure", 3, 2)
    assert (budget.limit, budget.partial, budget.hint) == ("calls", [1], "Allow more.")


def test_the_nearest_name_is_suggested() -> None:
    """Where there is a near one; what is known is listed in any case."""
    assert closest("replay", ["reply", "question"]) == "reply"
    assert closest("x", ["reply"]) is None
    assert did_you_mean("replay", ["reply", "question"]) == "Known here: question, reply. Did you mean `reply`?"
    assert did_you_mean("x", {"b": 1, "a": 2}) == "Known here: a, b."
    assert did_you_mean("x", []) == "Nothing is known here."


def test_a_place_stands_on_its_own_line() -> None:
    """With or without a hint before it."""
    assert located("Mend it.", "qa.py:3") == "Mend it.\n  at qa.py:3"
    assert located(None, "qa.py:3") == "at qa.py:3"


def test_a_problem_says_what_was_expected_and_what_was_got() -> None:
    """Together in words for people, apart for programs."""
    problem = Problem.unlike(("n",), "type", expected="a whole number", got="'x' (str)").within("rows", 2)

    assert str(problem) == "rows.2.n: expected a whole number, got 'x' (str)"
    assert problem.to_json() == {
        "path": ["rows", 2, "n"],
        "code": "type",
        "message": "expected a whole number, got 'x' (str)",
        "expected": "a whole number",
        "got": "'x' (str)",
    }
    assert Problem((), "invalid", "is odd").to_json() == {"path": [], "code": "invalid", "message": "is odd"}
