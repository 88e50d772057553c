"""Signatures written as text."""

import string
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elixirml.errors import DeclarationError
from elixirml.programs.signature_text import parse_fields, parse_signature


def test_both_sides_are_read_with_their_types() -> None:
    """Commas inside brackets and quotes do not part fields; a field without a type is a text."""
    sides = parse_signature("context, n: dict[str, int] -> label: Literal['a, b', \"c->d\"], why: str | None,")

    assert [(each.name, each.annotation) for each in sides.inputs] == [("context", str), ("n", dict[str, int])]
    assert [(each.name, each.annotation) for each in sides.outputs] == [
        ("label", Literal["a, b", "c->d"]),
        ("why", str | None),
    ]


@pytest.mark.parametrize(
    ("text", "message", "code"),
    [
        ("question", "has no arrow", "declaration"),
        ("-> answer", "at least one field on each side", "declaration"),
        ("question -> ", "at least one field on each side", "declaration"),
        ("a -> b -> c", "`b -> c` in the signature", "name-invalid"),
        ("class -> answer", "`class` in the signature", "name-invalid"),
        ("2nd -> answer", "`2nd` in the signature", "name-invalid"),
        ("a b -> answer", "`a b` in the signature", "name-invalid"),
        ("question -> question", "names `question` twice", "name-twice"),
        ("question -> answer: strr", "`strr` in `strr` is not a type", "type-unknown"),
    ],
)
def test_a_wrong_signature_is_refused_in_words(text: str, message: str, code: str) -> None:
    """Each way to get it wrong has a message, a code and a hint."""
    with pytest.raises(DeclarationError) as caught:
        parse_signature(text)

    assert message in str(caught.value)
    assert caught.value.code == code
    assert caught.value.hint


def test_one_side_alone_may_have_any_names() -> None:
    """`output` is an ordinary name for an input."""
    assert [each.name for each in parse_fields("output, n: int")] == ["output", "n"]
    with pytest.raises(DeclarationError, match="twice"):
        parse_fields("a, a")


@given(st.lists(st.text(string.ascii_lowercase, min_size=1, max_size=6).map("x{}".format), min_size=2, unique=True))
def test_what_is_written_is_what_is_read(names: list[str]) -> None:
    """Reading a signature written from names gives the names, in order."""
    inputs, outputs = names[:1], names[1:]

    sides = parse_signature(f"{', '.join(inputs)} -> {', '.join(f'{each}: int' for each in outputs)}")

    assert [each.name for each in sides.inputs] == inputs
    assert [(each.name, each.annotation) for each in sides.outputs] == [(each, int) for each in outputs]
