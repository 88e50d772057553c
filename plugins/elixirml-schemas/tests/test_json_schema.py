"""The validator for JSON Schema: what the table of cases does not hold."""

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elixirml.errors import DeclarationError
from elixirml_schemas.json_schema import Validator, validate
from elixirml_schemas.json_schema.equality import identity_of

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2) | st.sampled_from(["", "a", "1", "true", "é"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
TREE = {
    "$defs": {
        "tree": {
            "anyOf": [
                {"type": "array", "items": {"$ref": "#/$defs/tree"}, "minItems": 3},
                {"type": "array", "items": {"$ref": "#/$defs/tree"}},
                {"type": "integer"},
            ]
        }
    },
    "$ref": "#/$defs/tree",
}


def nested(depth: int, value: Any = None) -> Any:
    """Return a value inside so many lists."""
    for _ in range(depth):
        value = [value]
    return value


def found(schema: Any, value: Any, **options: bool) -> list[tuple[str, tuple[str | int, ...]]]:
    """Return code and path of every error."""
    return [(each.code, each.path) for each in validate(schema, value, **options).errors]


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date", ["2024-02-29", "0000-01-01", "2000-02-29"], ["1900-02-29", "2024-2-01", "2024-04-31", "२०२४-01-01"]),
        (
            "date-time",
            [
                "2024-01-05t12:30:00.25z",
                "2024-01-05T12:30:00+05:45",
                "1998-12-31T23:59:60Z",
                "1998-12-31T15:59:60-08:00",
            ],
            ["2024-01-05T24:00:00Z", "2024-01-05T12:60:00Z", "2024-01-05T12:30:00+24:00", "2024-01-05T12:30Z"],
        ),
        (
            "uuid",
            ["0F8B7D1E-3C2A-4B5D-9E6F-7A8B9C0D1E2F"],
            ["0f8b7d1e3c2a4b5d9e6f7a8b9c0d1e2f", "{0f8b7d1e-3c2a-4b5d-9e6f-7a8b9c0d1e2f}", "0f8b7d1e-3c2a-4b5d-9e6f"],
        ),
        (
            "email",
            ["te~st@example.org", "a@io", "a@c--n.org", "a@123.org"],
            [
                ".a@x.org",
                "a.@x.org",
                "a..b@x.org",
                "a b@x.org",
                "a@x=y.org",
                "a@-x.org",
                "a@x..org",
                "é@x.org",
                "a@x.org\n",
            ],
        ),
        ("ipv4", ["10.0.0.0", "255.255.255.255"], ["1.2.3.4.5", "01.2.3.4", "1.2.3.4\n", "1.2.3.\u0661", "0x7f.0.0.1"]),
        ("ipv6", ["::", "::ffff:192.168.0.1", "1:2:3:4:5:6:7::"], ["1:2", "fe80::1%eth0", "::1/64", "1::2::3", "::g"]),
        (
            "uri",
            ["urn:isbn:1", "mailto:a@x.org", "http://[2001:db8::7]/a?b?c#d", "tel:+1-2", "http://u:p@x:80/"],
            ["//x.org/a", "/a", "a", "http://x.org/a b", "http://x.org/ä", "a,b:c", "http://x.org/<>", "1a:b", ":a"],
        ),
    ],
)
def test_formats_are_those_of_their_standards(name: str, good: list[str], bad: list[str]) -> None:
    """A format takes what its standard takes and nothing else; what is no text is left to `type`."""
    schema = {"format": name}
    assert [each for each in good if found(schema, each)] == []
    assert [each for each in bad if found(schema, each) != [("format", ())]] == []
    assert found(schema, 7) == found({"format": "of-somebody-else"}, "x") == []


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"$defs": {"a/b~c%d": {"type": "integer"}}, "$ref": "#/$defs/a~1b~0c%25d"}, 1, "x"),
        ({"$defs": {"a": {"$anchor": "here", "type": "integer"}}, "$ref": "#here"}, 1, "x"),
        ({"$id": "http://x.org/a/b", "$defs": {"c": {"$id": "c", "type": "integer"}}, "$ref": "c"}, 1, "x"),
        ({"$id": "urn:x:y", "$defs": {"c": {"type": "integer"}}, "$ref": "urn:x:y#/$defs/c"}, 1, "x"),
        ({"$id": "urn:x:y", "$defs": {"c": {"type": "integer"}}, "$ref": "#/$defs/c"}, 1, "x"),
        ({"definitions": {"a": {"type": "integer"}}, "$ref": "#/definitions/a"}, 1, "x"),
        ({"elsewhere": {"a": {"type": "integer"}}, "$ref": "#/elsewhere/a"}, 1, "x"),
        ({"prefixItems": [{"type": "integer"}, {"$ref": "#/prefixItems/0"}]}, ["1", 1][1:], [1, "x"]),
        (
            {"$dynamicAnchor": "n", "properties": {"a": {"$dynamicRef": "#n"}}, "required": ["v"]},
            {"v": 1},
            {"v": 1, "a": {}},
        ),
        ({"allOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}], "$defs": {"a": {"minimum": 2}}}, 2, 1),
        ({"dependentSchemas": {"a": {"required": ["b"]}}}, {"b": 1}, {"a": 1}),
        ({"properties": {"a": {}}, "unevaluatedProperties": False}, {"a": 1}, {"b": 1}),
        ({"allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": False}, {"a": 1}, {"a": 1, "b": 1}),
        (
            {"anyOf": [{"required": ["a"], "properties": {"a": {}}}, {}], "unevaluatedProperties": False},
            {"a": 1},
            {"b": 1},
        ),
        ({"not": {"not": {"properties": {"a": {}}}}, "unevaluatedProperties": False}, {}, {"a": 1}),
        ({"if": {"properties": {"a": {"const": 1}}}, "unevaluatedProperties": False}, {"a": 1}, {"a": 2}),
        (
            {"$defs": {"A": {"unevaluatedProperties": False}}, "properties": {"a": {}}, "$ref": "#/$defs/A"},
            {},
            {"a": 1},
        ),
        ({"prefixItems": [{}], "unevaluatedItems": False}, [1], [1, 2]),
        ({"contains": {"const": 1}, "unevaluatedItems": False}, [1, 1], [1, 2]),
        ({"unevaluatedItems": {"type": "integer"}}, [1, 2], ["x"]),
        ({"multipleOf": 0.01}, 19.99, 19.999),
        ({"multipleOf": 1e-8}, 12391239123, 1.5e-8),
        ({"enum": [[{"a": 1}]]}, [{"a": 1.0}], [{"a": True}]),
        ({"maximum": 10**400}, 10**399, 10**401),
        ({"type": "integer"}, 1e300, float("inf")),
    ],
)
def test_schemas_of_every_make_are_understood(schema: dict[str, Any], good: Any, bad: Any) -> None:
    """References, anchors, addresses, unevaluated parts and exact numbers mean what draft 2020-12 says."""
    assert found(schema, good) == []
    assert found(schema, bad) != []


def test_numbers_of_any_size_are_judged() -> None:
    """Whole numbers have no limit, even those that Python does not write down."""
    assert found({"multipleOf": 3, "type": "integer"}, 3 * 10**5000) == []
    assert found({"multipleOf": 3, "const": 1}, 10**5000) == [("multipleOf", ()), ("const", ())]
    assert validate({"type": "string"}, 10**5000, coerce=True).errors[0].code == "type"


def test_names_are_judged_at_the_object_that_holds_them() -> None:
    """A name is no part of the value, so its errors carry the path of the object; each keyword is named once."""
    schema = {"properties": {"o": {"propertyNames": {"maxLength": 2, "pattern": "^a"}}}}
    assert sorted(found(schema, {"o": {"aaa": 1, "bbb": 2, "a": 3}})) == [("maxLength", ("o",)), ("pattern", ("o",))]


@pytest.mark.parametrize(
    "schema",
    [
        *(
            {"$ref": "#/nope"},
            {"$ref": "http://x.org/s"},
            {"type": "strin"},
            {"pattern": "("},
            {"items": [{}]},
            {"enum": 1},
        ),
        *(
            {"required": "a"},
            {"minLength": -1},
            {"maximum": "1"},
            {"exclusiveMinimum": True},
            {"multipleOf": 0},
            5,
            None,
        ),
        *({"properties": {"a": 1}}, {"anyOf": {}}, {"$defs": []}, {"anyOf": [{"$ref": "#"}]}, {"not": {"$ref": "#"}}),
        json.loads('{"not":' * 300 + "{}" + "}" * 300),
    ],
    ids=lambda schema: json.dumps(schema)[:40],
)
def test_what_is_no_schema_is_refused(schema: Any) -> None:
    """A schema that cannot be meant is an error of its own, never a verdict about a value."""
    with pytest.raises(DeclarationError) as caught:
        validate(schema, "x")
    assert caught.value.code == "json-schema"


def test_no_depth_exhausts_the_stack() -> None:
    """Values too deep are refused by name, whatever holds them; as deep as is allowed, every option still works."""
    endless: list[Any] = []
    endless.extend([endless, endless])
    for value in (nested(100_000), endless):
        assert found({"items": {"$ref": "#"}}, value, defaults=True, coerce=True) == [("depth", ())]
    deep = nested(190, "5")
    schema = {**TREE, "uniqueItems": True, "not": {"const": 1}}
    assert validate(schema, deep, defaults=True, coerce=True, strict=True).value == nested(190, 5)


def test_crossing_references_cost_no_more_than_their_sum() -> None:
    """Each schema judges each place once, so that doubled references and unions do not double the work each time."""
    doubled = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(60)} | {
        "d60": {"type": "integer"}
    }
    assert found({"$defs": doubled, "$ref": "#/$defs/d0"}, "x") == [("type", ())]
    either = {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(60)} | {"d60": {"type": "integer"}}
    assert found({"$defs": either, "$ref": "#/$defs/d0"}, "x") == [("anyOf", ())]
    assert found({"$defs": either, "$ref": "#/$defs/d0"}, "5", coerce=True) == []
    assert found(TREE, nested(150, "no"), coerce=True) == [("anyOf", ())]


def test_a_reference_to_itself_adds_nothing() -> None:
    """A cycle that does not go into the value ends."""
    assert found({"$ref": "#", "type": "integer"}, "x") == [("type", ())]
    assert validate({"$ref": "#"}, "x", defaults=True, coerce=True).ok


def test_what_cannot_be_read_is_not_judged_further() -> None:
    """A text that is no number is one error, though it breaks limits and types too; its neighbours are judged."""
    schema = {"properties": {"n": {"type": "integer", "minimum": 1, "enum": [1]}, "m": {"maximum": 1}}}
    assert found(schema, {"n": "few", "m": 2}, coerce=True) == [("coercion", ("n",)), ("maximum", ("m",))]
    assert found({"type": ["integer", "null"]}, "x", coerce=True) == [("coercion", ())]
    assert [found({"type": "number"}, each, coerce=True) for each in ("1e999", "0x1", "1_0", "")] == [
        [("coercion", ())]
    ] * 4


def test_defaults_are_copies_and_go_through_references() -> None:
    """Two values never share a default, and the schema stays as it is."""
    schema = {
        "$defs": {"o": {"type": "object", "default": {}, "properties": {"l": {"default": []}}}},
        "properties": {"a": {"$ref": "#/$defs/o"}, "b": {"$ref": "#/$defs/o"}},
        "additionalProperties": {"properties": {"z": {"default": 1}}},
    }
    before = deepcopy(schema)
    value: Any = validate(schema, {"c": {}, "d": 1}, defaults=True).value
    assert value == {"a": {"l": []}, "b": {"l": []}, "c": {"z": 1}, "d": 1}
    value["a"]["l"].append(1)
    assert value["b"] == {"l": []}
    assert schema == before


@given(PLAIN, PLAIN)
def test_identity_is_equality_of_json(one: Any, other: Any) -> None:
    """Identities agree with canonical texts in which whole floats are written as whole numbers."""

    def text(value: Any) -> str:
        if isinstance(value, dict):
            return json.dumps({key: text(each) for key, each in value.items()}, sort_keys=True)
        if isinstance(value, list):
            return json.dumps([text(each) for each in value])
        return json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value)

    assert (identity_of(one) == identity_of(other)) is (text(one) == text(other))


KEYWORDS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["integer", "number", "boolean", "string", "array", "object", ["null", "integer"]]),
        "minimum": st.integers(-1, 1),
        "minLength": st.integers(0, 2),
        "enum": st.lists(PLAIN, max_size=2),
        "required": st.lists(st.sampled_from("ab"), max_size=2),
        "default": PLAIN,
    },
)
SCHEMAS = st.recursive(
    st.booleans() | KEYWORDS,
    lambda inner: st.builds(
        lambda base, more: base | more,
        KEYWORDS,
        st.fixed_dictionaries(
            {},
            optional={
                "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
                "additionalProperties": inner,
                "items": inner,
                "anyOf": st.lists(inner, min_size=1, max_size=2),
                "oneOf": st.lists(inner, min_size=1, max_size=2),
                "allOf": st.lists(inner, max_size=2),
                "not": inner,
            },
        ),
    ),
    max_leaves=6,
)


OPTIONS = st.fixed_dictionaries({}, optional=dict.fromkeys(("defaults", "coerce", "strict"), st.booleans()))


@given(SCHEMAS, PLAIN, OPTIONS)
def test_the_laws_of_the_options(schema: Any, value: Any, options: dict[str, bool]) -> None:
    """Nothing given is changed; without options the value is the same; what came out fits without coercion."""
    before = deepcopy((schema, value))
    outcome = Validator(schema).validate(value, **options)
    assert (schema, value) == before
    assert len({(each.code, each.path) for each in outcome.errors}) == len(outcome.errors)
    if not (options.get("defaults") or options.get("coerce")):
        assert outcome.value is value
    if outcome.ok:
        assert validate(schema, outcome.value, strict=options.get("strict", False)).ok


@given(SCHEMAS, SCHEMAS, PLAIN)
def test_the_laws_of_logic(one: Any, other: Any, value: Any) -> None:
    """`not`, `allOf`, `anyOf` and `oneOf` agree with the verdicts of their members."""
    fits = [validate(each, value).ok for each in (one, other)]
    assert validate({"not": one}, value).ok is not fits[0]
    assert validate({"allOf": [one, other]}, value).ok is all(fits)
    assert validate({"anyOf": [one, other]}, value).ok is any(fits)
    assert validate({"oneOf": [one, other]}, value).ok is (sum(fits) == 1)
    assert validate({"if": one, "then": other, "else": {"not": other}}, value).ok is (fits[0] is fits[1])
