"""Mending: what can be made out is, what cannot is refused as it was, and every change is said."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elixirml.contracts import Adapter, Field, ModelResponse, RepairingAdapter, Signature
from elixirml.errors import ParseError
from elixirml_adapters.choice import ChoiceAdapter
from elixirml_adapters.json_format import JsonAdapter
from elixirml_adapters.mending import mend, mended_value
from elixirml_adapters.parsing import parse_json_reply
from elixirml_adapters.sections import SectionsAdapter
from elixirml_adapters.tools_format import ToolsAdapter
from elixirml_adapters.xml_format import XmlAdapter

WHOLE = {"type": "integer"}
REAL = {"type": "number"}
MOOD = {"type": "string", "enum": ["positive", "negative", "neutral"]}
TASK = Signature(
    "mood",
    "How is it?",
    (Field("text", str, {"type": "string"}),),
    (Field("note", str, {"type": "string"}), Field("count", int, WHOLE), Field("mood", str, MOOD)),
)
SCHEMA = {
    "type": "object",
    "properties": {"note": {"type": "string"}, "count": WHOLE, "mood": MOOD, "more": {"type": "array", "items": {}}},
    "required": ["note", "count", "mood"],
}
REFUSED = ParseError("as it was", failure="missing_field")
RIGHT = '{"note": "a", "count": 1, "mood": "neutral", "more": [1]}'


def mended(reply: str, schema: Mapping[str, Any] = SCHEMA) -> Any:
    """Return the fields and changes; None where the reply is refused."""
    try:
        found = mend(reply, schema, parse_json_reply, error=REFUSED)
    except ParseError as error:
        if error is not REFUSED:
            raise
        return None
    assert found.changes
    return found


@pytest.mark.parametrize(
    ("written", "schema", "value"),
    [
        ("12 kg", WHOLE, 12),
        ("about 1,200 people", WHOLE, 1200),
        ("-5 degrees", WHOLE, -5),
        ("3.5 kg", REAL, 3.5),
        ("$ 12 in all", WHOLE, 12),
        (["12 kg"], WHOLE, 12),
        ("12 kg", {"anyOf": [WHOLE, {"type": "null"}]}, 12),
        ("It is positive.", MOOD, "positive"),
        ("**Positive** on the whole", MOOD, "positive"),
        ("positve", MOOD, "positive"),
        ("neutrall", MOOD, "neutral"),
    ],
)
def test_a_value_is_made_out(written: object, schema: Mapping[str, Any], value: object) -> None:
    """One number among words, one label in a sentence, a label misspelt by a sign or two."""
    found = mended_value(written, schema)

    assert found is not None
    assert (found.value, type(found.value)) == (value, type(value))


@pytest.mark.parametrize(
    ("written", "schema"),
    [
        ("12 %", WHOLE),
        ("3 million", WHOLE),
        ("5k", WHOLE),
        ("two dozen or 24 dozen", WHOLE),
        ("12 to 14", WHOLE),
        ("B12", WHOLE),
        ("minus 3 degrees", WHOLE),
        ("not 3", WHOLE),
        ("3.5 kg", WHOLE),
        ("a few", WHOLE),
        ("not positive", MOOD),
        ("It isn't positive", MOOD),
        ("positive or negative", MOOD),
        ("unpositive", MOOD),
        ("good", MOOD),
        ("x" * 300 + " positive", MOOD),
        ("12 kg", {"type": "boolean"}),
        (12, WHOLE),
        (["12 kg", "13 kg"], WHOLE),
        ("cat", {"enum": ["car", "bus"]}),
    ],
)
def test_what_may_mean_something_else_is_left(written: object, schema: Mapping[str, Any]) -> None:
    """Scales, denials, prefixes that say the contrary, ranges, several values, short words."""
    assert mended_value(written, schema) is None


def test_each_wrong_value_is_mended_and_said() -> None:
    """Several faults of one reply are mended one after the other; right values stay as they are."""
    found = mended('{"note": "12 kg", "count": "12 kg", "mood": "It is positive"}')

    assert found.fields == {"note": "12 kg", "count": 12, "mood": "positive"}
    assert found.changes == (
        "`count`: 12 was taken from '12 kg'",
        "`mood`: 'positive' was taken from 'It is positive'",
    )


@pytest.mark.parametrize("rest", ["", ",", ', "other": "and so', ', "other": {"a": [1, "}', "\n"])
def test_an_object_that_was_cut_off_behind_its_fields_is_closed(rest: str) -> None:
    """Every declared field is there, whole; what was cut off is none of them."""
    found = mended("Here you are: " + RIGHT[:-1] + rest)

    assert found.fields == json.loads(RIGHT)
    assert found.changes == ("the reply was cut off, behind all of its fields",)


@pytest.mark.parametrize("signs", range(1, len(RIGHT) - 1))
def test_an_object_that_lacks_a_part_of_a_field_is_refused(signs: int) -> None:
    """An optional field that was not reached may have come; a number may go on; a text has no end."""
    assert mended(RIGHT[:signs]) is None


@pytest.mark.parametrize("dress", ["{} No, rather: {}", "```json\n{}\n```\nOr:\n```json\n{}\n```", "{}\n\n{}"])
def test_of_several_objects_the_last_is_taken(dress: str) -> None:
    """Models correct themselves from the front to the back."""
    first, last = RIGHT, RIGHT.replace("neutral", "positive")
    found = mended(dress.replace("{}", first, 1).replace("{}", last, 1))

    assert found.fields["mood"] == "positive"
    assert found.changes == ("several objects differ, and the last one was taken",)


def test_a_bare_value_is_enough_where_only_one_is_asked_for() -> None:
    """A label or a number without its object; a text is left, since any reply would be one."""
    one = {"type": "object", "properties": {"mood": MOOD}, "required": ["mood"]}
    free = {"type": "object", "properties": {"note": {"type": "string"}}, "required": ["note"]}

    assert mended("I would say: positive", one).fields == {"mood": "positive"}
    assert mended("I cannot say.", free) is None


@pytest.mark.parametrize("reply", [RIGHT, "", "no", "{}", '{"note": 1}', "{" * 300, "[" * 70_000])
def test_what_needs_or_allows_no_change_is_refused_as_it_was(reply: str) -> None:
    """A reply that reads well was refused for something else; what is beyond mending stays refused."""
    assert mended(reply) is None


@given(st.text(max_size=60), st.sampled_from([SCHEMA, {"type": "object", "properties": {"mood": MOOD}}]))
def test_nothing_but_the_error_is_raised(reply: str, schema: Mapping[str, Any]) -> None:
    """Whatever a model replies."""
    for text in (reply, "{" + reply, RIGHT + reply, '{"count": "' + reply):
        mended(text, schema)


@pytest.mark.parametrize(
    ("adapter", "reply"),
    [
        (JsonAdapter(), '{"note": "a", "count": "12 kg", "mood": "neutral"}'),
        (SectionsAdapter(), "[[ ## note ## ]]\na\n[[ ## count ## ]]\n12 kg\n[[ ## mood ## ]]\nneutral"),
        (XmlAdapter(), "<note>a</note><count>12 kg</count><mood>neutral</mood>"),
        (ToolsAdapter(), '{"note": "a", "count": "12 kg", "mood": "neutral"}'),
    ],
)
def test_every_format_mends(adapter: Adapter, reply: str) -> None:
    """Values are mended alike, wherever they stand."""
    assert isinstance(adapter, RepairingAdapter)
    response = ModelResponse(reply)
    with pytest.raises(ParseError) as caught:
        adapter.parse(TASK, response, options={})
    found = adapter.repair(TASK, response, caught.value, options={})

    assert found.fields == {"note": "a", "count": 12, "mood": "neutral"}
    assert found.changes == ("`count`: 12 was taken from '12 kg'",)


def test_a_label_is_mended_where_it_was_written() -> None:
    """A reply that was scored has no text to mend."""
    task = Signature("mood", "", TASK.inputs, TASK.outputs[2:])
    adapter = ChoiceAdapter()
    found = adapter.repair(task, ModelResponse("The mood is positive."), REFUSED, options={})

    assert (found.fields, len(found.changes)) == ({"mood": "positive"}, 1)
    with pytest.raises(ParseError, match="as it was"):
        adapter.repair(task, ModelResponse("positve", label_logprobs={"positive": -1.0}), REFUSED, options={})
