"""The one-line door: which kind follows from what is said."""

from collections.abc import Callable

import pytest

from elixirml.errors import DeclarationError
from elixirml.variables import (
    Boolean,
    Capability,
    Choice,
    Computed,
    Entry,
    Float,
    Integer,
    Subset,
    Text,
    Variable,
    variable,
    when,
)

A, B = Entry.of("a"), Entry.of("b")


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        (variable(True), Boolean(default=True)),
        (variable(1, low=0, high=3), Integer(default=1, low=0, high=3)),
        (variable(1, low=0.0, high=3.0), Float(default=1, low=0, high=3)),
        (variable(1, low=0, high=3, step=0.5), Float(default=1, low=0, high=3, step=0.5)),
        (variable(0.1, low=0.01, high=1, scale="log"), Float(default=0.1, low=0.01, high=1, scale="log")),
        (variable("a", choices=["a", "b"]), Choice(default="a", options=("a", "b"))),
        (variable(1, choices=[1, 2], ordered=True), Choice(default=1, options=(1, 2), ordered=True)),
        (variable("json", kind="adapter"), Capability(default="json", capability="adapter")),
        (
            variable("m", kind="model", choices=["m", "n"]),
            Capability(default="m", capability="model", options=("m", "n")),
        ),
        (variable("a", bank=["b", "a"]), Text(default=A.id, entries=(A, B))),
        (variable("a", bank="shared"), Text(default=A.id, entries=(A,), bank="shared")),
        (variable(["b"], bank=["a", "b"]), Subset(default=[B.id], entries=(B, A), maximum=2)),
        (
            variable([], bank="shared", minimum=0, maximum=4, ordered=True),
            Subset(bank="shared", maximum=4, ordered=True),
        ),
        (variable(compute=len, inputs=["a"]), Computed(compute=len, inputs=("a",))),
        (
            variable(False, name="x", active_if=when("a").equals(1), frozen=True, hint="h"),
            Boolean("x", default=False, active_if=when("a").equals(1), frozen=True, hint="h"),
        ),
    ],
)
def test_the_kind_follows_from_what_is_said(declared: Variable, expected: Variable) -> None:
    """One line says the same as the class of the kind with all its arguments."""
    assert declared == expected


@pytest.mark.parametrize(
    ("declare", "match"),
    [
        (lambda: variable(0.7), r"without low and high[\s\S]*variable\(0.7, low=..., high=...\)"),
        (lambda: variable(3, low=0, name="k"), "variable `k` is the number 3 without high"),
        (lambda: variable("text"), r"kind of this variable cannot be told[\s\S]*choices"),
        (variable, "cannot be told from its default null"),
        (lambda: variable(True, low=0), r"does not take low[\s\S]*takes none"),
        (lambda: variable("a", choices=["a"], low=0, high=1), r"does not take high, low[\s\S]*choices, ordered"),
        (lambda: variable(1, low=0, high=2, inputs=["a"]), "a number does not take inputs"),
        (lambda: variable("json", kind="adapter", bank=[]), "names a adapter does not take bank"),
        (lambda: variable(compute=len, inputs=["a"], scale="log"), "does not take scale"),
        (lambda: variable("a", bank=["b"], maximum=3), "a text variable does not take maximum"),
        (lambda: variable([], bank=["b"], step=1), "a subset variable does not take step"),
        (lambda: variable([], bank="shared"), "maximum=..."),
        (lambda: variable(3, bank=["b"]), "neither text nor list"),
        (lambda: variable("c", choices=["a", "b"]), "outside its domain"),
        (lambda: variable([1], choices=["a", "b"]), "outside its domain"),
    ],
)
def test_what_does_not_fit_together_is_refused(declare: Callable[[], Variable], match: str) -> None:
    """An argument without effect, or too little said, is an error that says what to add or leave out."""
    with pytest.raises(DeclarationError, match=match) as caught:
        declare()
    assert caught.value.hint
