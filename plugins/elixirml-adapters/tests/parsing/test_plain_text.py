"""Fitting plain text to the schema of one field."""

from typing import Any

import pytest

from elixirml_adapters.parsing import ParseFailure, fit_text

INTEGERS = {"type": "array", "items": {"type": "integer"}}
STRINGS = {"type": "array", "items": {"type": "string"}}
RECORD = {"type": "object", "properties": {"k": {"type": "integer"}}, "required": ["k"]}


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        (" a ", {"type": "string"}, " a "),
        ('"null"', {"type": "string"}, '"null"'),
        (" 1,000 ", {"type": "integer"}, 1000),
        ("Yes", {"type": "boolean"}, True),
        ("**Dark blue**.", {"enum": ["dark_blue", "red"]}, "dark_blue"),
        ("None", {"enum": ["none", None]}, None),
        ("none", {"enum": ["none", None]}, "none"),
        ("NULL", {"type": ["string", "null"]}, None),
        ("", {"type": ["string", "null"]}, ""),
        (" ", {"type": ["integer", "null"]}, None),
        ("5", {"type": ["string", "integer"]}, 5),
        ("[1", {"anyOf": [INTEGERS, {"type": "string"}]}, "[1"),
        ("1e3", {}, "1e3"),
        ("-5", INTEGERS, [-5]),
        ("1.5", {"type": "array", "items": {"type": "number"}}, [1.5]),
        ("- -5\n\n  * 6\n3) 7\n\u20228\n10. 9", INTEGERS, [-5, 6, 7, 8, 9]),
        ("-", STRINGS, [""]),
        ("a, b", STRINGS, ["a, b"]),
        ("```\n- a\n- b\n```", STRINGS, ["a", "b"]),
        ("```json\n[1, '2',]\n```", INTEGERS, [1, 2]),
        ("```json\n[1]", INTEGERS, [1]),
        ("{k: 1}", {"type": "array", "items": RECORD}, [{"k": 1}]),
        ("- {k: 1}\n- {k: 2}", {"type": "array", "items": RECORD}, [{"k": 1}, {"k": 2}]),
        ("{k} stays", STRINGS, ["{k} stays"]),
        ("```{K: 1}```", RECORD, {"k": 1}),
        ("{a: 1}", {"type": "object"}, {"a": 1}),
    ],
)
def test_texts_fit(text: str, schema: dict[str, Any], value: Any) -> None:
    """Plain text becomes what the schema asks for, strings last in unions."""
    fitted = fit_text(text, schema)
    assert (type(fitted), fitted) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "schema", "code", "path"),
    [
        ("", INTEGERS, "wrong_type", ()),
        ("a\nb", STRINGS, "wrong_type", ()),
        ("- a\nb", STRINGS, "wrong_type", ()),
        ("- 1\n- x", INTEGERS, "wrong_type", (1,)),
        ("[1, 2", INTEGERS, "truncated", ()),
        ("[1, 2] and", INTEGERS, "malformed", ()),
        ("[1;]]", INTEGERS, "malformed", ()),
        ("[1, 'x']", INTEGERS, "wrong_type", (1,)),
        ("[" * 300, INTEGERS, "malformed", ()),
        ("{k: 1", RECORD, "truncated", ()),
        ("[1", {"anyOf": [INTEGERS, {"type": "null"}]}, "truncated", ()),
        ("words", RECORD, "wrong_type", ()),
        ("{}", RECORD, "missing_field", ("k",)),
        ("", {"type": "integer"}, "wrong_type", ()),
        ("null", {"type": "integer"}, "wrong_type", ()),
        ("", {"type": "boolean"}, "wrong_type", ()),
        ("x", {"type": "null"}, "wrong_type", ()),
        ("x", {"type": ["integer", "null"]}, "wrong_type", ()),
        ("a b", {"anyOf": [{"enum": ["a_b", "a-b"]}, {"type": "string"}]}, "ambiguous", ()),
        ("maybe red", {"enum": ["red"]}, "not_in_enum", ()),
    ],
)
def test_texts_refused(text: str, schema: dict[str, Any], code: str, path: tuple[Any, ...]) -> None:
    """What a text cannot stand for is refused with its code and the place inside the value."""
    with pytest.raises(ParseFailure) as caught:
        fit_text(text, schema)
    assert (caught.value.code, caught.value.path) == (code, path)
