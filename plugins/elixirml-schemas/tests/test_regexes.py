"""Patterns: those of ECMA-262, in bounded time."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elixirml.errors import DeclarationError
from elixirml_schemas.regexes.automaton import Automaton
from elixirml_schemas.regexes.pattern import TextPattern
from elixirml_schemas.regexes.syntax import parse


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        ("^a+$", ["a", "aa"], ["a\n", "b", ""]),
        (r"^\d$", ["1"], ["\N{BENGALI DIGIT FOUR}"]),
        (r"^\w$", ["a", "_"], ["é"]),
        (r"^\s$", [" ", "\u00a0", "\ufeff", "\u2029"], ["\x85", "\x1c"]),
        (r"^\S$", ["a", "\x1c"], ["\u00a0"]),
        (r"^[\s\S]$", ["a", "\n", "\u00a0"], [""]),
        (r"^[^\S]$", ["\u00a0"], ["a"]),
        (r"^.$", ["a", "\N{ROCKET}"], ["\n", "\r", "\u2028"]),
        (r"^\p{L}+$", ["Äö", "ж"], ["a1"]),
        (r"^\P{Lu}$", ["a"], ["A"]),
        (r"^[\p{L}\d-]+$", ["a-1"], ["a_1"]),
        (r"^\u{1F680}$", ["\N{ROCKET}"], ["a"]),
        (r"^\ud83d\ude80$", ["\N{ROCKET}"], ["a"]),
        (r"^[\u0041-\x5a]$", ["B"], ["b"]),
        (r"^\cJ\0$", ["\n\0"], ["J0"]),
        (r"^(?<y>\d)-\k<y>$", ["1-1"], ["1-2"]),
        (r"^(a|b)\1$", ["aa"], ["ab"]),
        (r"^(?=.*\d)(?!.*x).{2,}$", ["a1"], ["ab", "x1"]),
        (r"^(?<=a)b|ab$", ["ab"], ["cb"]),
        (r"[^]", ["\n"], [""]),
        (r"[]", [], ["a", ""]),
        (r"^[[&&|~-]+$", ["[&|~-"], ["a"]),
        (r"^[+--]$", ["+", ",", "-"], ["."]),
        (r"^[a\-z]$", ["-"], ["b"]),
        (r"^[\w-.]$", ["-", ".", "a"], [","]),
        (r"^a{2}b{1,}c{0,1}$", ["aab", "aabbc"], ["ab", "aabcc"]),
        (r"^a{,2}$", ["a{,2}"], ["a"]),
        (r"\bb\B", ["a bc"], ["b", "ab"]),
        (r"^(?:ab|cd){2}?$", ["abcd"], ["ab"]),
        (r"^\/\-\.$", ["/-."], ["/-a"]),
    ],
)
def test_patterns_mean_what_javascript_means(pattern: str, good: list[str], bad: list[str]) -> None:
    """Schemas come from a world with other expressions than Python's: ends, classes and escapes are theirs."""
    compiled = TextPattern(pattern)
    assert [each for each in good if not compiled.found_in(each)] == []
    assert [each for each in bad if compiled.found_in(each)] == []


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        ")",
        "[a",
        "*a",
        "a**",
        "a{3,1}",
        "[z-a]",
        r"\p{Nonsense}",
        "(?<1>a)",
        "\\",
        r"\u{110000}",
        "(" * 40,
        "^*",
        r"a\Z",
        r"\a",
        r"[\u12]",
        r"\1",
    ],
)
def test_what_is_no_expression_is_refused(pattern: str) -> None:
    """A broken pattern is found when the schema is read, with the place where it breaks."""
    with pytest.raises(DeclarationError, match="pattern"):
        TextPattern(pattern)


@pytest.mark.parametrize(
    "pattern", [r"^(a+)+$", r"^(a|a)*$", r"^(a|aa)+$", r"(a*)*b", r"^(a?){40}a{40}b", r"a*a*a*a*a*b", r"^([a-z]+\.?)*$"]
)
def test_no_text_makes_a_pattern_run_away(pattern: str) -> None:
    """Expressions that take Python's `re` longer than the world has existed are decided at once."""
    assert not TextPattern(pattern).found_in("a" * 2000 + "!")


EXPRESSIONS = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "^", "$", r"\b", r"\w", ""]),
    lambda inner: (
        st.tuples(inner, inner).map("".join)
        | st.tuples(inner, inner).map("|".join)
        | st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "*?"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        )
    ),
    max_leaves=6,
)


@given(EXPRESSIONS, st.text("ab\n ", max_size=6))
def test_the_automaton_finds_what_backtracking_finds(expression: str, text: str) -> None:
    """Both ways of searching give the same answer, so which one is asked is only a matter of time."""
    automaton = Automaton.of(parse(expression))
    assert automaton is not None
    same = expression.replace("$", r"\Z").replace(".", r"[^\n\r]")
    assert automaton.found_in(text) is (re.search(same, text, re.ASCII) is not None)
    assert TextPattern(expression).found_in(text) is automaton.found_in(text)


def test_expressions_without_an_automaton_fall_back() -> None:
    """References and looks around have no automaton; they are searched for all the same."""
    assert Automaton.of(parse(r"(a)\1")) is None
    assert Automaton.of(parse(r"(?:a{1000}){1000}")) is None
    assert TextPattern(r"(?:(a)\1)+").found_in("b" * 20 + "aa")
