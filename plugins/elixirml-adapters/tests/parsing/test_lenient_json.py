"""Reading lenient JSON out of a text, from any of its brackets."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elixirml_adapters.parsing.landmarks import Landmarks
from elixirml_adapters.parsing.lenient_json import Reader, UnreadableError, read_whole
from elixirml_adapters.parsing.values import Members, Number, Value, describe, same

SIGNS = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "a",
    "1",
    '"',
    "'",
    "\u201c",
    "\u201d",
    "\\",
    "#",
    "//",
    "/*",
    "*/",
    "\n",
    " ",
    ";",
]


def reading(reader: Reader, start: int) -> Any:
    try:
        return reader.read(start)
    except UnreadableError as error:
        return error.problem


def plain(value: Value) -> Any:
    match value:
        case Members():
            return {key: plain(inner) for key, inner in value.pairs}
        case list():
            return [plain(inner) for inner in value]
        case Number():
            return json.loads(value.source)
        case _:
            return value


@given(st.lists(st.sampled_from(SIGNS), max_size=60).map("".join))
@settings(max_examples=500, deadline=None)
def test_what_a_reader_remembers_changes_nothing(text: str) -> None:
    """A reader that has failed at earlier brackets reads later ones as a fresh reader does."""
    reader = Reader(text)
    for start, sign in enumerate(text):
        if sign in "{[":
            assert reading(reader, start) == reading(Reader(text), start)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    ).map(lambda value: [value]),
    st.sampled_from([None, 1]),
    st.booleans(),
)
@settings(deadline=None)
def test_json_is_read_as_json(value: Any, indent: int | None, ascii_only: bool) -> None:  # noqa: FBT001
    """Whatever is JSON means what JSON says."""
    assert same(plain(read_whole(json.dumps(value, indent=indent, ensure_ascii=ascii_only))), value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "malformed"),
        ("5", "malformed"),
        ("[1] 2", "malformed"),
        ("[1}", "malformed"),
        ("[1", "truncated"),
        ("[1, /* 2", "truncated"),
        ("[" * 201, "too_deep"),
    ],
)
def test_what_is_no_whole_json(text: str, problem: str) -> None:
    """A whole text is one bracket and nothing else, complete and not too deep."""
    with pytest.raises(UnreadableError) as caught:
        read_whole(text)
    assert caught.value.problem == problem


def test_comments_may_follow_the_whole() -> None:
    """Blanks and comments around a whole text are no part of it."""
    assert read_whole(" [1] // one\n # two\n /* three */ ") == [Number("1")]


@given(
    st.lists(st.sampled_from(["a" * 50, "aa", "b"]), max_size=12).map("".join),
    st.lists(st.integers(0, 99), max_size=30),
)
def test_landmarks_are_where_a_plain_search_finds_them(text: str, hundredths: list[int]) -> None:
    """Remembered ways lead to the same place as a search from each position."""
    landmarks = Landmarks(text, re.compile("b"))
    for position in (len(text) * each // 100 for each in hundredths):
        found = text.find("b", position)
        assert landmarks.after(position) == (len(text) if found < 0 else found)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "null"),
        (True, "true"),
        (Number("1.50"), "the number 1.50"),
        ("x" * 100, f"the text '{'x' * 57}...'"),
        (Members(()), "an object"),
        ([None], "a list of 1"),
    ],
)
def test_values_are_described_in_few_words(value: Value, words: str) -> None:
    """Messages name what was found, never at length."""
    assert describe(value) == words
