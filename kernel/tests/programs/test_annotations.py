"""Types written as text: what is read, and what is refused in which words."""

import datetime as dt
from typing import Any, Literal, Optional, Union

import pytest

from elixirml.errors import DeclarationError
from elixirml.programs.annotations import parse_annotation


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("str", str),
        (" text ", str),
        ("Any", Any),
        ("None", type(None)),
        ("date", dt.date),
        ("list[int]", list[int]),
        ("dict[str, list[float]]", dict[str, list[float]]),
        ("tuple[int, str]", tuple[int, str]),
        ("tuple[int, ...]", tuple[int, ...]),
        ("int | None", Optional[int]),  # noqa: UP045 - how it is built
        ("Optional[int]", Optional[int]),  # noqa: UP045
        ("Union[int, str, None]", Union[int, str, None]),  # noqa: UP007
        ("Literal['a', 'b']", Literal["a", "b"]),
        ("Literal[1, -1, True, None]", Literal[1, -1, True, None]),  # noqa: PYI061 - as it is written
    ],
)
def test_a_type_is_read_as_python_reads_it(text: str, found: object) -> None:
    """The text of a type means the type."""
    assert parse_annotation(text) == found


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "is not a type", "Write for example"),
        ("list[", "is not a type", "Write for example"),
        ("\0", "is not a type", "Write for example"),
        ("strr", "`strr` in `strr` is not a type known here", "Did you mean `str`?"),
        ("list[itn]", "`itn` in `list[itn]`", "Did you mean `int`?"),
        ("tuple", "`tuple` in `tuple` is not a type known here", "tuple[int, ...]"),
        ("Literal", "`Literal`", "Literal['a', 'b']"),
        ("list[int, str]", "takes 1 type, not 2", "list[str]"),
        ("dict[str]", "takes 2 types, not 1", "dict[str, int]"),
        ("Optional[int, str]", "takes 1 type, not 2", "Optional[str]"),
        ("tuple[()]", "`()` in `tuple[()]`", "Known here"),
        ("list[...]", "`...` in `list[...]`", "Known here"),
        ("Literal[1.5]", "`1.5` in `Literal[1.5]` must be a text or a whole number", ""),
        ("Literal[{[]: 1}]", "must be a text or a whole number", ""),
        ("print('x')", "is not a type known here", "Known here"),
        ("set[int]", "is not a type known here", "Known here"),
        ("int + str", "is not a type known here", "Known here"),
    ],
)
def test_what_is_no_type_is_refused_with_the_part_that_is_wrong(text: str, message: str, hint: str) -> None:
    """Nothing of a text is evaluated; the message names the part and what to write."""
    with pytest.raises(DeclarationError) as caught:
        parse_annotation(text)

    assert message in caught.value.message
    assert hint in (caught.value.hint or "")
    assert caught.value.code == "type-unknown"
