"""Reading JSON by the letter with the standard library: faster, and never another result."""

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from elixirml_adapters.parsing.lenient_json import Reader, UnreadableError
from elixirml_adapters.parsing.strict_json import StrictReader
from elixirml_adapters.parsing.values import Value

values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
signs = st.lists(
    st.sampled_from(
        ["{", "}", "[", "]", ":", ",", '"', '"a"', "'", "\\", "\\n", "\\u00e9", "\\ud83d", "\\ude80", "\n", "\t", " ",
         "1", "-0", "1.5e3", "01", "NaN", "Infinity", "true", "null", "a", "#", "//", "\u201c", "\x1c", "/"]
    ),
    max_size=25,
).map("".join)  # fmt: skip


def read(text: str, *, strict_first: bool) -> list[tuple[Value, int] | str | None]:
    """Return what stands at each opening bracket, read in turn by one reader."""
    reader = Reader(text, strict_first=strict_first)
    found: list[tuple[Value, int] | str | None] = []
    for position, sign in enumerate(text):
        if sign in "{[":
            try:
                found.append(reader.read(position))
            except UnreadableError as error:
                found.append(error.problem)
    return found


@settings(max_examples=300, deadline=None)
@given(signs)
@example('{"a": "\\ud83d"}')
@example('{"a": "\\ud83d\\ude80"}')
@example('{"a": NaN, "b": [1]}')
@example("[" * 201 + "]" * 201)
@example("[" * 5000 + "]" * 5000)
@example("[[" * 100 + "]]" * 100 + ",[1]")
@example('[{"a": "x"} {"a": 1, "a": 2.50}]')
def test_any_text_is_read_alike(text: str) -> None:
    """Whatever stands there, the fast reader changes no result."""
    assert read(text, strict_first=True) == read(text, strict_first=False)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.text(), values, max_size=4), st.sampled_from(["%s", "so: %s.", "%s%s", "[%s]", '{"a": %s']))
def test_json_is_read_alike(record: dict[str, Any], around: str) -> None:
    """JSON gives the same wherever it stands, numbers that JSON does not know included."""
    for written in (json.dumps(record), json.dumps(record, ensure_ascii=False, indent=1)):
        text = around.replace("%s", written)
        assert read(text, strict_first=True) == read(text, strict_first=False)


def test_json_by_the_letter_is_read_by_the_fast_reader() -> None:
    """Else it would be of no use."""
    assert StrictReader('x {"n": [1.50]}').read(2) is not None


def test_after_one_failure_nothing_is_tried_again() -> None:
    """A text is walked through in vain once at most."""
    reader = StrictReader("[x] [1]")

    assert reader.read(0) is None
    assert reader.read(4) is None
