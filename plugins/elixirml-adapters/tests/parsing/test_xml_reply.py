"""Finding elements in replies that are XML more or less."""

from typing import Any

import pytest

from elixirml_adapters.parsing import ParseFailure, parse_xml_reply

STRING, INTEGER = {"type": "string"}, {"type": "integer"}
RECORD = {"type": "object", "properties": {"k": INTEGER, "tags": {"type": "array", "items": STRING}}, "required": ["k"]}


def list_of(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


def map_of(value: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": value}


def parsed(reply: str | None, schema: dict[str, Any], name: str = "v") -> Any:
    return parse_xml_reply(reply, {"type": "object", "properties": {name: schema}, "required": [name]})[name]


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("```xml\n<V a='>' b=\"/\">x</V >\n```", "x"),
        ("<!-- <v>a</v> --><![CDATA[<v>b</v>]]><?pi <v>c</v>?><!DOCTYPE r [<!ENTITY e '<v>d</v>'>]><v>x</v>", "x"),
        ("<r><s><v>x</v></r>", "x"),
        ("<v>a<v>b</v>c</v>", "a<v>b</v>c"),
        ("<v>a<v/>b</v>", "a<v/>b"),
        ("<v>1 <2 & 3 > 2 <b> c</v>", "1 <2 & 3 > 2 <b> c"),
        ("<v>&lt;&#x41;&#65;&amp;amp;&#0;&#xD800;&nope;&#9999999999;</v>", "<AA&amp;&#0;&#xD800;&nope;&#9999999999;"),
        ("<v> <![CDATA[ &lt; </v> ]]> &lt; </v>", " &lt; </v>  <"),
        ("<v><![CDATA[ open</v>", "<![CDATA[ open"),
        ("<vv>a</vv><v>x</v><!-- <v>y", "x"),
        ("<v>\n a\r\n b \n</v>", "a\r\n b"),
        ("<think>x</think><v><think>y</think></v>", "<think>y</think>"),
        ("</think><v>x</v>", "x"),
        ("<v>x</v><V>x</V>", "x"),
        ("<v/>", ""),
        ("<v a='1' />", ""),
    ],
)
def test_texts(reply: str, text: str) -> None:
    """Markup around a field is ignored, markup inside it is text, entities are decoded once."""
    assert parsed(reply, STRING) == text


@pytest.mark.parametrize(
    ("reply", "schema", "value"),
    [
        ("<v> <item>a</item> <Item>b</Item> </v>", list_of(STRING), ["a", "b"]),
        ("<v>1</v><w/><v>2</v>", list_of(INTEGER), [1, 2]),
        ("<v><item>1</item></v><v><item>2</item></v>", list_of(INTEGER), [1, 2]),
        ("<v><item>1</item></v><v><item>2</item></v>", list_of(list_of(INTEGER)), [[1], [2]]),
        ("<v>```json\n[1, '2']\n```</v>", list_of(INTEGER), [1, 2]),
        ("<v>[&quot;a&quot;]</v>", list_of(STRING), ["a"]),
        ("<v> </v>", list_of(STRING), []),
        ("<v>a\nb</v>", list_of(STRING), ["a\nb"]),
        ("<v>a <br> b</v>", list_of(STRING), ["a <br> b"]),
        ("<v><item><item>1</item></item></v>", list_of(list_of(INTEGER)), [[1]]),
        ("<v><k>1</k><tags><item>a</item></tags></v>", list_of(RECORD), [{"k": 1, "tags": ["a"]}]),
        ("<v><item><k>1</k></item><item>{k: 2}</item></v>", list_of(RECORD), [{"k": 1}, {"k": 2}]),
        ("<v>{k: 1, tags: a}</v>", RECORD, {"k": 1, "tags": ["a"]}),
        ("<v>so <w><K>1</K></w> <tags>a</tags><tags>b</tags></v>", RECORD, {"k": 1, "tags": ["a", "b"]}),
        ("<v><a>1</a><entry key='b &amp; c'>2</entry></v>", map_of(INTEGER), {"a": 1, "b & c": 2}),
        ("<v><entry id='1'>3</entry></v>", map_of(INTEGER), {"entry": 3}),
        ("<v><A>1</A><a>2</a><A>1</A></v>", map_of(INTEGER), {"A": 1, "a": 2}),
        ("<v><a><item>1</item><item>2</item></a></v>", map_of(list_of(INTEGER)), {"a": [1, 2]}),
        ("<v>{'a': 1}</v>", map_of(INTEGER), {"a": 1}),
        ("<v> None </v>", {"anyOf": [RECORD, {"type": "null"}]}, None),
        ("<v/>", {"anyOf": [list_of(STRING), {"type": "null"}]}, None),
        ("<v>a</v><v>b</v>", {"anyOf": [list_of(STRING), {"type": "null"}]}, ["a", "b"]),
        ("<v><k>1</k></v>", {"anyOf": [INTEGER, RECORD, STRING]}, {"k": 1}),
        ("<v>plain</v>", {"anyOf": [INTEGER, RECORD, STRING]}, "plain"),
        ("<v>2</v><v>2.0</v>", INTEGER, 2),
    ],
)  # fmt: skip
def test_values(reply: str, schema: dict[str, Any], value: Any) -> None:
    """Lists, records, maps, unions and null are read from elements or from JSON inside."""
    assert parsed(reply, schema) == value


@pytest.mark.parametrize(
    ("reply", "schema", "code", "path"),
    [
        (" ", STRING, "empty", ()),
        ("<thinking>", STRING, "truncated", ()),
        ("<v>a<v>b</v>", STRING, "truncated", ()),
        ("<v>a</v", STRING, "truncated", ()),
        ("<v><a>1</v>", map_of(INTEGER), "truncated", ()),
        ("<v>[1</v>", list_of(INTEGER), "truncated", ("v",)),
        ("<v>[1] x</v>", list_of(INTEGER), "malformed", ("v",)),
        ("<v>words</v>", RECORD, "wrong_type", ("v",)),
        ("<v>words</v>", map_of(INTEGER), "wrong_type", ("v",)),
        ("<v/>", RECORD, "missing_field", ("v", "k")),
        ("<v><item>1</item><item>x</item></v>", list_of(INTEGER), "wrong_type", ("v", 1)),
        ("<v><a>1</a><a>2</a></v>", map_of(INTEGER), "ambiguous", ("v", "a")),
        ("<v><k>1</k></v><v><k>2</k></v>", RECORD, "ambiguous", ("v",)),
        ("&lt;v>1&lt;/v>", STRING, "missing_field", ("v",)),
    ],
)
def test_refusals(reply: str, schema: dict[str, Any], code: str, path: tuple[Any, ...]) -> None:
    """What is cut off, of another kind or given with two values is refused with its place."""
    with pytest.raises(ParseFailure) as caught:
        parsed(reply, schema)
    assert (caught.value.code, caught.value.path) == (code, path)


def test_a_field_may_be_called_thinking() -> None:
    """An element that is a declared field is no thought, even when it leads."""
    assert parsed("<thinking>so</thinking>", STRING, "thinking") == "so"
