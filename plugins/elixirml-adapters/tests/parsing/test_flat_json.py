"""What is read at once reads as it does sign by sign."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from elixirml_adapters.parsing.flat_json import read_flat, read_items
from elixirml_adapters.parsing.lenient_json import Reader, UnreadableError

PIECES = [
    "{", "}", "[", "]", ",", ":", '"', "'", "a", "k: 1", "true", " ", "\n", "\r\n", "\\", "-", "1", "x y",
    "\u201d", "#", "\u2028",
]  # fmt: skip
words = st.sampled_from(["a", "1", "-2.5", "None", '"x"', "'y z'", "a b", "`", "10:30", '"null"', "Oslo"])
gaps = st.sampled_from(["", " ", "\n", "\t \r\n "])
keys = st.sampled_from(["k", "$a-b", '"k"', "'the k'", "K\u00e9"])


def by_sign(text: str) -> Any:
    """Return what the reader makes of a bracket that a comment keeps from being read at once."""
    try:
        read = Reader(f"{text[0]}/**/{text[1:]}", strict_first=False).read(0)
    except UnreadableError as error:
        return error.problem
    return None if read is None else (read[0], read[1] - len("/**/"))


@given(st.sampled_from("{["), st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
@settings(max_examples=600, deadline=None)
def test_what_is_read_at_once_is_what_is_read_sign_by_sign(opener: str, rest: str) -> None:
    """A bracket that is read at once gives the same value and ends at the same place as without that short cut."""
    text = opener + rest
    found = read_flat(text, 0)
    assert found is None or found == by_sign(text)


@given(st.lists(st.tuples(keys, gaps, words, st.sampled_from([",", "\n", ", ", ",\n"])), min_size=1, max_size=5))
def test_plain_objects_are_read_at_once(members: list[tuple[str, str, str, str]]) -> None:
    """Objects of plain members are what the short cut is for: it is taken, and right."""
    text = "{" + "".join(f"{key}:{gap}{word}{end}" for key, gap, word, end in members) + "}"
    assert read_flat(text, 0) is not None
    assert read_flat(text, 0) == by_sign(text)


@given(st.lists(st.tuples(words | st.just("{k: 1}"), st.sampled_from([",", "\n", " , ", "\n, "])), max_size=6))
def test_plain_items_are_read_at_once(items: list[tuple[str, str]]) -> None:
    """The items of a list are the same, one by one or together."""
    text = "[" + "".join(f"{word}{end}" for word, end in items) + "]"
    found = read_items(text, 1)
    assert ([] if found is None else found[0]) == by_sign(text)[0]


def test_nothing_that_needs_care_is_read_at_once() -> None:
    """Escapes, comments, typographic quotes and inner brackets are left to the reader that goes sign by sign."""
    for text in ('{"a": "\\n"}', "{a: 1 // b\n}", "{a: \u201cb\u201d}", "{a: [1]}", "{a: it's}", '{"a": "b" c}'):
        assert read_flat(text, 0) is None
