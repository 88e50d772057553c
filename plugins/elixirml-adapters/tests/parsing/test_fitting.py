"""Fitting JSON values to the schema of a field."""

from typing import Any

import pytest

from elixirml_adapters.parsing import ParseFailure, parse_json_reply

INTEGER, NUMBER, STRING, BOOLEAN, NULL = ({"type": kind} for kind in ("integer", "number", "string", "boolean", "null"))


def fitted(written: str, schema: dict[str, Any], *, required: bool = True) -> Any:
    whole = {"type": "object", "properties": {"v": schema}, "required": ["v"] if required else []}
    return parse_json_reply(f'{{"v": {written}}}', whole).get("v", "absent")


def refusal(written: str, schema: dict[str, Any]) -> tuple[Any, ...]:
    with pytest.raises(ParseFailure) as caught:
        fitted(written, schema)
    return caught.value.code, *caught.value.path[1:]


def kind_and_value(value: Any) -> tuple[type, Any]:
    return type(value), value


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"-$1,234"', -1234),
        ('"$-5"', -5),
        ('"\\u00a3 1_000"', 1000),
        ('"2.50e2"', 250),
        ('"1,000.0"', 1000),
        ("1200e-2", 12),
        ("0e999", 0),
        ('"1e+0003"', 1000),
        ("123456789012345678901234567890.0", 123456789012345678901234567890),
        ("[[7]]", 7),
    ],
)
def test_whole_numbers(written: str, value: int) -> None:
    """Spellings of whole numbers are read exactly."""
    assert kind_and_value(fitted(written, INTEGER)) == (int, value)


@pytest.mark.parametrize(
    "written",
    [
        '"- 5"', '"5$"', '"$$5"', '"+-5"', '"1,0000"', '"1,000_000"', '"12,34"', '"1 000"', '"\\u0663"',
        '"NaN"', "Infinity",
        '"0x10"', '"1e"', '"."', '""', '"3.5"', "1e-3", '"five"', '"1.000,0"', "1e999", "[1, 2]", "[]", "{}",
        "null", "false",
        '"1e99999999999999999999999"', '"1e-99999999999999999999999"',
    ],
)  # fmt: skip
def test_what_is_no_whole_number(written: str) -> None:
    """Nothing is rounded, guessed or searched for."""
    assert refusal(written, INTEGER) == ("wrong_type",)


def test_long_numbers_are_refused_not_crashed_on() -> None:
    """Digits beyond what Python converts count as overflow, in every notation."""
    for digits in ("9" * 5000, "9" * 5000 + ".0", "1e" + "9" * 5000, "1e" + "0" * 5000 + "400"):
        assert refusal(digits, INTEGER) == ("wrong_type",)
    assert fitted("1e" + "0" * 5000 + "4", INTEGER) == 10_000
    assert fitted("0." + "3" * 5000, NUMBER) == pytest.approx(1 / 3)


@pytest.mark.parametrize(("written", "value"), [("yes", True), ('" T "', True), ('"OFF"', False), ("1.0", True)])
def test_booleans(written: str, *, value: bool) -> None:
    """Words for yes and no, and the numbers one and zero, are truth values."""
    assert fitted(written, BOOLEAN) is value


def test_texts() -> None:
    """A text field takes numbers as written and booleans in lower case, keeps blanks, refuses objects and null."""
    assert [fitted(each, STRING) for each in ("1.50", "[-0]", "True", '"  a "')] == ["1.50", "-0", "true", "  a "]
    for written in ("{}", "[1, 2]", "null", "[null]"):
        assert refusal(written, STRING) == ("wrong_type",)


@pytest.mark.parametrize(
    ("written", "members", "value"),
    [
        ('"`Red`."', ["red"], "red"),
        ('"\\u201cred.\\u201d"', ["red"], "red"),
        ('"U.S."', ["U.S."], "U.S."),
        ("\"'U.S.'\"", ["U.S."], "U.S."),
        ("[red]", ["red"], "red"),
        ("1", ["1", 1], 1),
        ("1", ["1", "2"], "1"),
        ("2.0", [1, 2], 2),
        ('"$1,000"', [1000], 1000),
        ("true", ["true", "false"], "true"),
        ('"True"', [True, False], True),
        ('"none"', ["a", None], None),
        ("null", ["a", None], None),
        ('{"a": 1.0}', [{"a": 1}], {"a": 1}),
    ],
)
def test_members(written: str, members: list[Any], value: Any) -> None:
    """The exact member of the same kind comes first, then what the undressed text names."""
    assert kind_and_value(fitted(written, {"enum": members})) == kind_and_value(value)


def test_members_refused() -> None:
    """Two hits are ambiguous; no hit, sentences, other lists and objects are no members."""
    assert refusal('"dark blue"', {"enum": ["dark_blue", "Dark-Blue"]}) == ("ambiguous",)
    for written in ('"red."', "{}", "[]", '["red", "red"]', '"it is red"', '"*"', "true"):
        assert refusal(written, {"enum": ["-", 1]}) == ("not_in_enum",)
    assert refusal("2", {"const": 1}) == ("not_in_enum",)


@pytest.mark.parametrize(
    ("written", "members", "value"),
    [
        ('"5"', [INTEGER, STRING], "5"),
        ("5", [STRING, INTEGER], 5),
        ("true", [STRING, INTEGER], "true"),
        ("3.0", [INTEGER, STRING], 3),
        ('"5"', [BOOLEAN, INTEGER], 5),
        ('"1"', [BOOLEAN, INTEGER], True),
        ('"None"', [{"type": "array", "items": STRING}, NULL], None),
        ('"none"', [{"enum": ["none"]}, NULL], "none"),
        ("[1]", [INTEGER, {"type": "array", "items": INTEGER}], [1]),
        ('["1"]', [INTEGER, {"type": "array", "items": INTEGER}], 1),
        ("2", [{"anyOf": [NULL, {"anyOf": [STRING, NUMBER]}]}], 2),
        ('"x"', [{"enum": ["X"]}, STRING], "x"),
        ('"X."', [{"enum": ["X"]}, {"enum": [1]}], "X"),
    ],
)
def test_unions(written: str, members: list[Any], value: Any) -> None:
    """The first exact member is taken, else the first that fits with coercion, plain strings last."""
    assert kind_and_value(fitted(written, {"anyOf": members})) == kind_and_value(value)


def test_a_list_of_types_is_a_union() -> None:
    """Several types in one schema mean the same as `anyOf`."""
    assert fitted("2", {"type": ["string", "array", "integer"], "items": INTEGER}) == 2
    assert fitted('"none"', {"type": ["array", "null"], "items": INTEGER}) is None
    assert refusal("{}", {"type": ["integer", "null"]}) == ("wrong_type",)


def test_ambiguity_passes_through_unions() -> None:
    """A member that is ambiguous ends the search: nothing else is tried."""
    assert refusal('"a b"', {"anyOf": [{"enum": ["a_b", "a-b"]}, INTEGER]}) == ("ambiguous",)


def test_lists() -> None:
    """Single values become lists of one, whole JSON in a text is parsed, nothing is split at commas."""
    integers, strings = ({"type": "array", "items": item} for item in (INTEGER, STRING))
    assert fitted("\" [1, '2'] \"", integers) == [1, 2]
    assert fitted('"a, b"', strings) == ["a, b"]
    assert fitted('"[draft] a"', strings) == ["[draft] a"]
    assert fitted('"{\\"a\\": 1}"', strings) == ['{"a": 1}']
    assert fitted('["[1]", 2]', {"type": "array", "items": integers}) == [[1], [2]]
    assert refusal('"[1, 2"', integers) == ("wrong_type",)
    assert refusal("null", integers) == ("wrong_type",)
    assert refusal('[1, [2, "x"]]', {"type": "array", "items": integers}) == ("wrong_type", 1, 1)


def test_records() -> None:
    """All leniency holds inside records, which may come as JSON text or in a list of one."""
    inner = {"type": "object", "properties": {"a_b": INTEGER, "c": {**STRING, "default": "d"}}, "required": ["a_b"]}
    for written in ('{"A-B": "1"}', '"{\\"aB\\": 1}"', '["[{\\"aB\\": 1}]"]', '{"a_b": 1, "c": null}'):
        assert fitted(written, inner) == {"a_b": 1, "c": "d"}
    assert refusal('"{a_b: 1"', inner) == ("wrong_type",)
    assert refusal('{"a_b": 1, "c": {}}', inner) == ("wrong_type", "c")
    assert refusal('[{"a_b": 1}, {"a_b": 1}]', inner) == ("wrong_type",)
    assert refusal('{"a_b": 1, "aB": 2, "AB": 3, "a_b": 2}', inner) == ("ambiguous", "a_b")


def test_maps() -> None:
    """Maps keep their keys as written; a repeated key must repeat its value."""
    scores = {"type": "object", "additionalProperties": INTEGER}
    assert fitted('{"A": "1", "a": 2, "A": 1}', scores) == {"A": 1, "a": 2}
    assert fitted('{"A": 1}', {"type": "object", "additionalProperties": False}) == {}
    assert refusal('{"A": 1, "A": 2}', scores) == ("ambiguous", "A")
    assert refusal('{"A": 1, "A": true}', {}) == ("ambiguous", "A")


def test_absent_and_null() -> None:
    """Null counts as absent where it is optional and not allowed; defaults are copies."""
    schema = {"type": "array", "items": INTEGER, "default": [1]}
    first, second = (fitted("null", schema, required=False) for _ in range(2))
    assert first == second == [1]
    assert first is not second
    assert fitted("null", INTEGER, required=False) == "absent"
    assert fitted("null", {"type": ["integer", "null"], "default": 1}, required=False) is None
    assert refusal("null", {"enum": ["null"]}) == ("not_in_enum",)


def test_a_field_is_required_even_with_a_default() -> None:
    """A default fills in for optional fields only."""
    schema = {"type": "object", "properties": {"v": {"type": "integer", "default": 1}}, "required": ["v"]}
    with pytest.raises(ParseFailure, match="missing_field at v"):
        parse_json_reply("{}", schema)


def test_a_schema_nested_beyond_reason_is_a_failure() -> None:
    """A schema deeper than the stack gives `too_deep`, not a crash."""
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    for _ in range(3000):
        schema = {"type": "object", "properties": {"a": schema}}
    with pytest.raises(ParseFailure, match="too_deep"):
        parse_json_reply("{}", schema)
