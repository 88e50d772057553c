"""Rich values as fields: what is read, what is written, what is refused."""

from typing import Annotated, Any

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

import elixirml as ml
from elixirml.errors import DeclarationError, ValidationError
from elixirml_schemas import PythonSchemas

PNG = b"\x89PNG\r\n\x1a\n"
CAT = ml.Image.of(PNG, name="cat.png")
SAID = ml.History().said("user", "Hello").said("assistant", "Good day")


@frozen
class Rich:
    photo: ml.Image
    sound: ml.Audio | None
    files: list[ml.File]
    said: ml.History
    code: ml.Code
    query: Annotated[str, ml.CodeBlock("SQL"), ml.Length(1, 20)]
    why: ml.Reasoning


FULL = Rich(CAT, ml.Audio.of(b"OggS"), [ml.File.of(b"%PDF-1")], SAID, "print(1)", "select 1", "so")


def test_what_is_dumped_is_read_again() -> None:
    """Attachments as data URIs, turns as objects."""
    read = PythonSchemas().schema(Rich)
    plain = read.dump(FULL)

    assert read.validate(plain) == FULL
    assert read.validate({**plain, "photo": CAT, "said": SAID}) == FULL
    assert plain["photo"] == "data:image/png;name=cat.png;base64,iVBORw0KGgo="
    assert plain["said"] == [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good day"}]


@given(
    st.lists(st.tuples(st.sampled_from(["user", "assistant"]), st.text()), max_size=4),
    st.binary(max_size=20),
    st.text(st.characters(codec="utf-8"), max_size=9),
)
def test_whatever_they_hold_they_come_back(turns: list[Any], data: bytes, name: str) -> None:
    """For any turns, bytes and names."""
    said = ml.History([ml.Turn(*each) for each in turns])
    value = Rich(ml.Image.of(data, mime="image/x-test", name=name), None, [], said, "", "q", "")

    assert PythonSchemas().schema(Rich).validate(PythonSchemas().schema(Rich).dump(value)) == value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("photo", "cat.png"),
        ("photo", "file:///etc/passwd"),
        ("photo", 3),
        ("photo", ml.Audio.of(b"OggS")),
        ("files", ["notes.txt"]),
        ("said", "Hello"),
        ("said", [{"role": "system", "content": "x"}]),
        ("said", [{"role": "user", "content": 3}]),
        ("said", [{"role": "user", "content": "x", "name": "y"}]),
        ("code", 3),
        ("query", "```\n\n```"),
    ],
)
def test_what_is_none_is_a_problem_of_its_field(field: str, value: object) -> None:
    """Like any other value of the wrong type."""
    read = PythonSchemas().schema(Rich)
    with pytest.raises(ValidationError) as caught:
        read.validate({**read.dump(FULL), field: value})
    assert [each.path[0] for each in caught.value.problems] == [field]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("```python\nprint(1)\n```", "print(1)"),
        ("```\na\n\nb\n```\n", "a\n\nb"),
        ("~~~~ sql\nselect 1\n~~~~", "select 1"),
        ("````md\n```\ninner\n```\n````", "```\ninner\n```"),
        ("print('```')", "print('```')"),
        ("```not closed\nx", "```not closed\nx"),
        ("x = 1\n", "x = 1\n"),
        ("", ""),
    ],
)
def test_code_comes_without_its_fence(written: str, code: str) -> None:
    """A fence around all of it, and nothing else, is taken off."""
    read = PythonSchemas().schema(Rich)
    assert read.validate({**read.dump(FULL), "code": written}).code == code


def test_code_is_described_by_its_language() -> None:
    """A model is told what to write."""
    described = {each.name: each.description for each in PythonSchemas().schema(Rich).fields}
    assert (described["code"], described["query"]) == ("code", "SQL code")


def test_an_attachment_and_a_text_cannot_be_told_apart() -> None:
    """In data both are texts."""

    @frozen
    class Either:
        either: ml.Image | str

    with pytest.raises(DeclarationError, match="JSON cannot tell apart"):
        PythonSchemas().schema(Either)
