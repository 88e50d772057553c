"""Readers of replies that arrive in pieces: what they tell is what the whole reply says, whatever the cuts."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elixirml.contracts import FieldDelta, StreamParser
from elixirml_adapters.parsing import ParseFailure, parse_json_reply, parse_sections_reply, parse_xml_reply
from elixirml_adapters.parsing.streams import JsonStream, SectionsStream, TextStream, XmlStream
from elixirml_adapters.parsing.values import same
from elixirml_adapters.xml_format import element_text

CASES = Path(__file__).parents[4] / "tests" / "cases"
HASHES: dict[str, Any] = {"template": "[[ ## {name} ## ]]", "end": "completed"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "a": {"type": "string"},
        "n": {"type": ["integer", "null"]},
        "l": {"type": "array", "items": {}},
        "u": {},
    },
    "required": ["a"],
}
FORMATS: dict[str, tuple[Callable[[], StreamParser], Callable[[str], dict[str, Any]]]] = {
    "json": (lambda: JsonStream(SCHEMA), lambda reply: parse_json_reply(reply, SCHEMA)),
    "xml": (lambda: XmlStream(SCHEMA), lambda reply: parse_xml_reply(reply, SCHEMA)),
    "sections": (lambda: SectionsStream(SCHEMA, **HASHES), lambda reply: parse_sections_reply(reply, SCHEMA, **HASHES)),
    "lines": (
        lambda: SectionsStream(SCHEMA, template="{name}:", end=None),
        lambda reply: parse_sections_reply(reply, SCHEMA, template="{name}:", end=None),
    ),
    "signs": (
        lambda: SectionsStream(SCHEMA, template="@@{name}@@", end="done"),
        lambda reply: parse_sections_reply(reply, SCHEMA, template="@@{name}@@", end="done"),
    ),
}
FRAGMENTS = [
    "{", "}", "[", "]", ":", ",", '"', "'", "\\", "\\u12", "\\ud83d", "\\ude80", "\u201c", "\u201d", "#", "//", "/*",
    "*/", "/", "\n", "\n  ", " ", "a", "a:", "\na:", "n", "A", '"a"', '"a":"', '{"a": "', "1", "-", "null", "true",
    "True", "x", "```", "`", "```json\n", "\n```\n", "<think>", "</think>", "<a>", "</a>", "<a/>", "</A >", "<l>",
    "</l>", "<item>", "</item>", "<![CDATA[", "]]>", "<!--", "-->", "<!", "<?", "?>", "&", "&#65;", "&lt;", "[[ ## ",
    "[[ ## a ## ]]", " ## ]]", "[[ ## completed ## ]]", "@@", "@@a@@", "\ufeff", "\r", "\r\n", "arguments:",
]  # fmt: skip
replies = st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join) | st.text(max_size=30)
plain = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.lists(
    st.sampled_from(["x", " ", "\n", '"', "\\", "{", "}", "<", "&", "</b>", "é", "🚀", ",", ": ", "'", "#", "]"])
).map("".join)
cuts = st.lists(st.integers(0, 200), max_size=12)


def pieces(text: str, places: Sequence[int]) -> list[str]:
    """Return the text cut at these places."""
    ends = sorted(min(place, len(text)) for place in places)
    return [text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]


def heard(parser: StreamParser, chunks: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Return each field's joined text and the fields that were told to have ended; nothing comes after an end."""
    texts: dict[str, str] = {}
    ended: list[str] = []
    deltas: list[FieldDelta] = [delta for chunk in chunks for delta in parser.feed(chunk)]
    for delta in [*deltas, *parser.close()]:
        assert delta.field not in ended
        texts[delta.field] = texts.get(delta.field, "") + delta.text
        ended += [delta.field] if delta.last else []
    return texts, ended


def rows() -> list[Any]:
    lines = (CASES / "stream_chunks.jsonl").read_text(encoding="utf-8").splitlines()
    return [pytest.param(row, id=row["id"]) for row in map(json.loads, lines)]


def reader(case: dict[str, Any]) -> StreamParser:
    match case["format"]:
        case "json":
            return JsonStream(case["schema"])
        case "xml":
            return XmlStream(case["schema"])
        case _:
            return SectionsStream(case["schema"], **case["marker"])


def whole(case: dict[str, Any]) -> dict[str, Any]:
    reply = "".join(case["chunks"])
    try:
        match case["format"]:
            case "json":
                return {"ok": parse_json_reply(reply, case["schema"])}
            case "xml":
                return {"ok": parse_xml_reply(reply, case["schema"])}
            case _:
                return {"ok": parse_sections_reply(reply, case["schema"], **case["marker"])}
    except ParseFailure as failure:
        return {"error": failure.code} | ({"path": list(failure.path)} if failure.path else {})


@pytest.mark.parametrize("row", rows())
def test_streams_are_read_by_the_table(row: dict[str, Any]) -> None:
    """Every row gives its fields, its ends, and the outcome of the whole reply."""
    case, expected = row["input"], row["expected"]

    assert heard(reader(case), case["chunks"]) == (expected["fields"], expected["last"]), row["why"]
    assert same(whole(case), {key: expected[key] for key in ("ok", "error", "path") if key in expected}), row["why"]


@pytest.mark.parametrize("row", rows())
@settings(max_examples=15, deadline=None)
@given(places=cuts)
def test_the_cuts_make_no_difference_to_the_table(row: dict[str, Any], places: list[int]) -> None:
    """Every row gives the same in one piece, sign by sign, and cut anywhere."""
    case, expected = row["input"], row["expected"]
    reply = "".join(case["chunks"])
    for chunks in ([reply], list(reply), pieces(reply, places)):
        assert heard(reader(case), chunks) == (expected["fields"], expected["last"])


@pytest.mark.parametrize("table", ["parse_json", "parse_sections", "parse_xml"])
def test_the_cuts_make_no_difference_to_whole_replies(table: str) -> None:
    """The replies of the other tables give the same in one piece, sign by sign and by sevens."""
    for line in (CASES / f"{table}.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        case = {"format": table.removeprefix("parse_"), **row["input"]}
        reply = case.get("reply") or "".join(text * times for text, times in case.get("reply_parts", ()))
        whole_reply = heard(reader(case), [reply])
        for chunks in (list(reply), pieces(reply, range(7, min(len(reply), 5000), 7))):
            assert heard(reader(case), chunks) == whole_reply, row["id"]


@pytest.mark.parametrize("name", list(FORMATS))
@settings(max_examples=150, deadline=None)
@given(reply=replies, places=cuts)
def test_the_cuts_make_no_difference_to_anything(name: str, reply: str, places: list[int]) -> None:
    """However broken a reply is, the cuts change nothing and nothing is raised."""
    make, _ = FORMATS[name]
    in_one = heard(make(), [reply])

    assert heard(make(), list(reply)) == in_one
    assert heard(make(), pieces(reply, places)) == in_one


@pytest.mark.parametrize("name", ["xml", "sections", "lines", "signs"])
@settings(max_examples=150, deadline=None)
@given(reply=replies)
def test_what_is_told_is_what_the_reply_says(name: str, reply: str) -> None:
    """Where the whole reply can be read, its text field was told of, complete and equal."""
    make, parse = FORMATS[name]
    try:
        value = parse(reply)["a"]
    except ParseFailure:
        return
    texts, ended = heard(make(), list(reply))

    assert texts["a"] == value
    assert "a" in ended


@settings(max_examples=150, deadline=None)
@given(
    text=plain,
    other=plain,
    number=st.integers(),
    around=st.sampled_from(["%s", "So:\n```json\n%s\n```\nDone.", "<think>{}</think>%s", "[%s]", "{x} %s {"]),
    ascii_only=st.booleans(),
    indent=st.sampled_from([None, 1]),
    places=cuts,
)
def test_json_is_told_as_it_is_meant(
    text: str, other: str, number: int, around: str, places: list[int], *, ascii_only: bool, indent: int | None
) -> None:
    """Texts come decoded and untrimmed, other values as they are written, wherever the object stands."""
    values = [number, other]
    written = json.dumps({"a": text, "l": values, "x": other, "n": number}, ensure_ascii=ascii_only, indent=indent)
    reply = around.replace("%s", written)

    texts, ended = heard(JsonStream(SCHEMA), pieces(reply, places))

    assert texts["a"] == text
    assert json.loads(texts["l"]) == values
    assert texts["n"] == str(number)
    assert ended == ["a", "l", "n"]


@pytest.mark.parametrize("wrap", [json.dumps, lambda text: f'{{"name": "f", "arguments": {text}}}'])
def test_json_in_strings_and_wrappers_is_told(wrap: Callable[[str], str]) -> None:
    """A reply that is one JSON string counts as what it says, and an object around the fields is looked through."""
    reply = wrap('{"a": "one \\"two\\" \\ud83d\\ude80", "n": 3}')

    assert heard(JsonStream(SCHEMA), list(reply)) == ({"a": 'one "two" 🚀', "n": "3"}, ["a", "n"])


@settings(max_examples=150, deadline=None)
@given(text=plain, places=cuts)
def test_elements_are_told_decoded(text: str, places: list[int]) -> None:
    """What was escaped for XML comes back as it was."""
    reply = f"<reply>\n<a>{element_text(text)}</a><n> 3 </n>"

    assert heard(XmlStream(SCHEMA), pieces(reply, places)) == ({"a": text, "n": "3"}, ["a", "n"])


@pytest.mark.parametrize(
    ("name", "before", "held", "after"),
    [
        ("json", '{"a": "', '"', "x"),
        ("json", '{"a": "', '" /', "x"),
        ("xml", "<a>", " ", "x"),
        ("xml", "<a>", "<", "2"),
        ("xml", "<a>", "</", "b"),
        ("xml", "<a>", "&am", "x"),
        ("sections", "[[ ## a ## ]]\n", "\n[", "x"),
        ("sections", "[[ ## a ## ]]\n", " [[ ## ", "x"),
        ("sections", "[[ ## a ## ]]\n", "\n[[ ## other", "?"),
        ("lines", "a:", "\nn", " - "),
    ],
)
def test_only_what_is_undecided_is_held_back(name: str, before: str, held: str, after: str) -> None:
    """What is no marker is told at once; what may be one waits, and the sign that decides sets it free."""
    parser = FORMATS[name][0]()

    told = [
        "".join(delta.text for delta in parser.feed(piece)) for piece in (f"{before}one", held, f"{after.rstrip()}!")
    ]

    assert told == ["one", "", f"{held}{after.rstrip()}!"]


@pytest.mark.parametrize(
    ("name", "head", "piece"),
    [
        ("json", '{"a": "', "x\\n"),
        ("json", '{"a": "', '" '),
        ("json", '{"a": [', "[1],"),
        ("json", "", "{"),
        ("json", "", "{'a "),
        ("json", "", "{a: b "),
        ("json", "", "{a: b\n"),
        ("json", "", "{#{\n"),
        ("json", "", "<think>"),
        ("json", "", "</think>{"),
        ("json", '"', '\\"{'),
        ("json", "```\n", "` "),
        ("json", "{", "   "),
        ("json", "{/*", "x"),
        ("xml", "<a>", "<![CDATA["),
        ("xml", "<a>", "</a"),
        ("xml", "<a>", "&#0"),
        ("xml", "<a>", "   "),
        ("xml", "", "<?"),
        ("xml", "", "<!D ["),
        ("xml", "<a ", "x='1' "),
        ("sections", "[[ ## a ## ]]", "[[ ##"),
        ("sections", "[[ ## a ## ]]", "  "),
        ("sections", "[[ ## a ## ]] [[", "  "),
        ("lines", "a:", "\nb c "),
    ],
)
def test_endless_streams_are_taken_in_time(name: str, head: str, piece: str) -> None:
    """Whatever is held back, a long stream costs time in proportion to its length; its square would be minutes."""
    parser = FORMATS[name][0]()
    parser.feed(head)
    for _ in range(60_000):
        parser.feed(piece)
    parser.close()


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        ('{"a": null, "n": null}', {"n": "null"}),
        ('{"a": True, "n": "4"}', {"a": "true", "n": "4"}),
        ('{"a": ["x"], "n": [4]}', {"a": "x", "n": "[4]"}),
        ('{"a": ["x", "y"]}', {"a": '["x", "y"]'}),
        ("{a: two words, n: 4 }", {"a": "two words", "n": "4"}),
        ('{"a": 1.50, "l": { "k" : 1 } }', {"a": "1.50", "l": '{ "k" : 1 }'}),
        ('{"a": "x", "a": "x", "A": "y"}', {"a": "x"}),
    ],
)
def test_values_of_other_kinds_are_told_as_what_they_become(reply: str, told: dict[str, str]) -> None:
    """A text field gets the text that its value stands for; null where it is not allowed is no value."""
    for chunks in ([reply], list(reply)):
        assert heard(JsonStream(SCHEMA), chunks) == (told, list(told))


def test_too_many_brackets_end_the_stream() -> None:
    """Nothing in a reply that is nested too deeply counts from there on."""
    reply = '{"u": ' + "[" * 300 + "]" * 300 + ', "a": "x"}'

    assert "a" not in heard(JsonStream(SCHEMA), list(reply))[0]


def test_a_single_value_is_told_at_the_end() -> None:
    """Only a whole text shows which value it stands for; where it stands for none, nothing is told."""
    labels = {"good.": "good"}

    assert heard(TextStream("label", labels.get), ["go", "od."]) == ({"label": "good"}, ["label"])
    assert heard(TextStream("label", labels.get), ["bad"]) == ({}, [])
