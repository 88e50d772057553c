"""What a demo shows as the reply, read as a reply, gives the demo's outputs back."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from elixirml.contracts import Demo, Field, FormatCall, ModelResponse, Role, Signature
from elixirml.errors import ParseError
from elixirml_adapters.json_format import JsonAdapter
from elixirml_adapters.sections import SectionsAdapter
from elixirml_adapters.xml_format import XmlAdapter

_Adapter = SectionsAdapter | JsonAdapter | XmlAdapter
_NASTY = (
    "[[ ## answer ## ]]",
    "[[ ## completed ## ]]",
    "=== kind ===",
    "### tags:",
    "<<answer>>",
    "</answer>",
    "<answer>",
    "<![CDATA[",
    "<!-- x -->",
    "&lt;",
    "&#65;",
    '{"answer": "x"}',
    '\\"',
    "```",
    "</think>",
    "<think>",
    "null",
    "None",
    " ",
    "\n",
    "\r\n",
    "\t",
    "\u2028",
    "'",
    '"',
    "//",
    "#",
    ",",
    "]",
    "}",
    "\\",
    "%s",
    "{name}",
)
_TEXTS = st.lists(st.sampled_from(_NASTY) | st.text(st.characters(exclude_categories=["Cs"])), max_size=5).map("".join)
_TASK = Signature(
    "t",
    "Answer.",
    (Field("question", str, {"type": "string"}),),
    (
        Field("answer", str, {"type": "string"}),
        Field("kind", str, {"enum": ["good", "so-so", "a & b", 3, None]}),
        Field("count", int, {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        Field("share", float, {"type": "number"}),
        Field("sure", bool, {"type": "boolean"}),
        Field("tags", list[str], {"type": "array", "items": {"type": "string"}}),
        Field(
            "place",
            dict[str, Any],
            {
                "type": "object",
                "properties": {"name": {"type": "string"}, "at": {"type": "array", "items": {"type": "number"}}},
                "required": ["name", "at"],
            },
        ),
        Field("names", dict[str, str], {"type": "object", "additionalProperties": {"type": "string"}}),
        Field("note", str, {"type": "string"}, required=False, default="-"),
    ),
)
_NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


def _outputs(texts: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "answer": texts,
            "kind": st.sampled_from(["good", "so-so", "a & b", 3, None]),
            "count": st.none() | st.integers(),
            "share": _NUMBERS,
            "sure": st.booleans(),
            "tags": st.lists(texts, max_size=3),
            "place": st.fixed_dictionaries({"name": texts, "at": st.lists(_NUMBERS, max_size=2)}),
            "names": st.dictionaries(texts, texts, max_size=2),
        },
        optional={"note": texts},
    )


def _read(adapter: _Adapter, outputs: Mapping[str, Any], **options: Any) -> dict[str, Any]:
    """Return what the adapter reads from the reply that it shows in a demo of these outputs."""
    call = FormatCall(_TASK, {"question": "?"}, (Demo({"question": "?"}, outputs),), options=options)
    reply = next(each for each in adapter.format(call).messages if each.role is Role.ASSISTANT)
    return adapter.parse(_TASK, ModelResponse(reply.content), options=options)


@settings(max_examples=200, deadline=None)
@given(outputs=_outputs(_TEXTS))
def test_json_gives_every_value_back(outputs: dict[str, Any]) -> None:
    """No text needs an exception: JSON escapes what it must."""
    assert _read(JsonAdapter(), outputs) == {"note": "-", **outputs}


@settings(max_examples=200, deadline=None)
@given(outputs=_outputs(_TEXTS))
def test_xml_gives_every_value_back(outputs: dict[str, Any]) -> None:
    """No text needs an exception: what would read as markup, and outer blanks, are written as entities."""
    assert _read(XmlAdapter(), outputs) == {"note": "-", **outputs}


@pytest.mark.parametrize("adapter", [JsonAdapter(), XmlAdapter(), SectionsAdapter()])
@settings(max_examples=60, deadline=None)
@given(outputs=_outputs(_TEXTS), cuts=st.lists(st.integers(0, 400), max_size=9))
def test_what_arrives_in_pieces_is_what_is_read_in_the_end(
    adapter: _Adapter, outputs: dict[str, Any], cuts: list[int]
) -> None:
    """Every text field is told of piece by piece, and the pieces are its value."""
    call = FormatCall(_TASK, {"question": "?"}, (Demo({"question": "?"}, outputs),))
    reply = next(each for each in adapter.format(call).messages if each.role is Role.ASSISTANT).content
    try:
        fields = adapter.parse(_TASK, ModelResponse(reply), options={})
    except ParseError:
        assert isinstance(adapter, SectionsAdapter)
        return
    parser = adapter.stream_parser(_TASK, options={})
    ends = sorted(min(cut, len(reply)) for cut in cuts)
    pieces = [reply[start:end] for start, end in zip([0, *ends], [*ends, len(reply)], strict=True)]
    deltas = [*(delta for piece in pieces for delta in parser.feed(piece)), *parser.close()]

    ended = [delta.field for delta in deltas if delta.last]
    assert set(ended) == fields.keys() - ({"note"} - outputs.keys())
    assert len(ended) == len(set(ended))
    assert "".join(delta.text for delta in deltas if delta.field == "answer") == fields["answer"]


def test_a_closing_thinking_tag_inside_a_json_text_ends_no_thinking() -> None:
    """Readers drop what stands before such a tag after an even number of quotes, so demos never show one."""
    outputs = {"answer": 'a " b </think> {', "kind": "good", "count": 1, "share": 0, "sure": True}
    rest = {"tags": [], "place": {"name": "", "at": []}, "names": {}}

    assert _read(JsonAdapter(), {**outputs, **rest})["answer"] == outputs["answer"]


def test_a_field_called_thinking_is_an_element_like_any_other() -> None:
    """A thinking block is dropped from a reply only where the format does not ask for one."""
    task = Signature("t", "", (), (Field("thinking", str, {"type": "string"}),))
    reply = ModelResponse("<thinking>first this</thinking>")

    assert XmlAdapter().parse(task, reply, options={}) == {"thinking": "first this"}


@pytest.mark.parametrize("marker", ["[[ ## name ## ]]", "=== name ===", "<<name>>", "### name:"])
@settings(max_examples=100, deadline=None)
@given(outputs=_outputs(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="[<=#"))))
def test_sections_give_back_every_value_without_headers(marker: str, outputs: dict[str, Any]) -> None:
    """Texts are written as they are: outer blanks and the kind of line break are all that is lost."""
    for name in ("answer", "note"):
        assume(name not in outputs or outputs[name] == outputs[name].replace("\r", "").strip())

    assert _read(SectionsAdapter(), outputs, marker=marker) == {"note": "-", **outputs}


def test_a_header_inside_a_text_is_never_read_as_part_of_it() -> None:
    """Sections have no escape: such a text is refused or cut at the header, and other fields stay what they are."""
    outputs = {
        "answer": "before [[ ## count ## ]] 7",
        "kind": "good",
        "count": 3,
        "share": 1.5,
        "sure": True,
        "tags": [],
        "place": {"name": "x", "at": []},
        "names": {},
    }

    with pytest.raises(ParseError) as caught:
        _read(SectionsAdapter(), outputs)

    assert (caught.value.failure, caught.value.path) == ("ambiguous", ("count",))


@pytest.mark.parametrize("adapter", [SectionsAdapter(), JsonAdapter(), XmlAdapter()])
def test_a_reply_that_lacks_a_field_is_a_parse_error(adapter: _Adapter) -> None:
    """The error carries the stable code, the path and the whole reply."""
    reply = "I cannot answer."

    with pytest.raises(ParseError) as caught:
        adapter.parse(_TASK, ModelResponse(reply), options={})

    assert caught.value.failure in {"missing_field", "no_object"}
    assert caught.value.reply == reply
    assert caught.value.message
