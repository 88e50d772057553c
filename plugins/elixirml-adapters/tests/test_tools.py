"""The format that asks for one native tool call."""

import json
from collections.abc import Mapping

import pytest

from elixirml.contracts import (
    CallStreamParser,
    Capability,
    Demo,
    Field,
    FormatCall,
    ModelResponse,
    Role,
    Signature,
    ToolCall,
    ToolCallDelta,
)
from elixirml.errors import ParseError
from elixirml_adapters.json_format import JsonAdapter
from elixirml_adapters.tools_format import TOOL, ToolsAdapter

_TASK = Signature(
    "count",
    "Count the words.",
    (Field("text", str, {"type": "string"}),),
    (
        Field("words", int, {"type": "integer"}, description="how many"),
        Field("note", str, {"type": "string"}, required=False, default="-"),
    ),
)
_TOOLS = frozenset({Capability.TOOLS})


def _parse(*arguments: str, text: str = "", name: str = TOOL) -> Mapping[str, object]:
    calls = tuple(ToolCall(str(index), name, each) for index, each in enumerate(arguments))
    return ToolsAdapter().parse(_TASK, ModelResponse(text, tool_calls=calls), options={})


def test_the_outputs_are_the_parameters_of_the_one_tool_to_call() -> None:
    """The tool's schema is the schema of the reply, with what the fields mean."""
    request = ToolsAdapter().format(FormatCall(_TASK, {"text": "a b"}, capabilities=_TOOLS))

    assert [tool.name for tool in request.tools] == [request.tool_choice] == [TOOL]
    assert request.tools[0].parameters == {
        "type": "object",
        "properties": {
            "words": {"type": "integer", "description": "how many"},
            "note": {"type": "string", "default": "-"},
        },
        "required": ["words"],
        "additionalProperties": False,
    }
    assert request.messages[-1].content == "text: a b"


def test_demos_are_calls_that_were_made() -> None:
    """Each call has its result, as services ask for; what the call says reads back as the demo's outputs."""
    demos = tuple(Demo({"text": text}, {"words": count}) for text, count in (("a", 1), ("a b", 2)))
    request = ToolsAdapter().format(FormatCall(_TASK, {"text": "x"}, demos, capabilities=_TOOLS))

    shown = request.messages[1 : request.stable]
    calls = [call for message in shown for call in message.tool_calls]

    assert [message.role for message in shown] == [Role.USER, Role.ASSISTANT, Role.TOOL] * 2
    assert [json.loads(call.arguments) for call in calls] == [{"words": 1}, {"words": 2}]
    assert [message.tool_call_id for message in shown if message.role is Role.TOOL] == [call.id for call in calls]
    assert len({call.id for call in calls}) == 2


def test_a_model_without_tools_is_asked_for_json() -> None:
    """Such a model gets what the adapter `json` would ask it."""
    call = FormatCall(_TASK, {"text": "x"}, capabilities=frozenset({Capability.GRAMMAR}))

    assert ToolsAdapter().format(call) == JsonAdapter().format(call)


def test_the_arguments_are_read_by_the_rules_of_json() -> None:
    """What models write into arguments is no cleaner than what they write into texts."""
    assert _parse('{"Words": "1,000",}') == {"words": 1000, "note": "-"}
    assert _parse('{"input": {"words": 3}}', text="Let me call it: {words: 9}") == {"words": 3, "note": "-"}
    assert _parse('{"words": 3}', '{"words": 3.0}') == {"words": 3, "note": "-"}
    assert _parse('{"words": 3}', name="answer") == {"words": 3, "note": "-"}


def test_a_reply_in_text_is_read_where_no_call_came() -> None:
    """Some models write the call instead of making it."""
    assert _parse(text='{"name": "reply", "arguments": {"words": 2}}') == {"words": 2, "note": "-"}


@pytest.mark.parametrize(
    ("arguments", "failure"),
    [(("",), "empty"), (('{"words": 3',), "truncated"), (('{"words": 3}', '{"words": 4}'), "ambiguous")],
)
def test_arguments_that_do_not_hold_the_outputs_are_refused(arguments: tuple[str, ...], failure: str) -> None:
    """With the code, and with the arguments as the reply."""
    with pytest.raises(ParseError) as caught:
        _parse(*arguments, text="{words: 5}")

    assert caught.value.failure == failure
    assert caught.value.reply == "\n".join(arguments)


def _told(*parts: ToolCallDelta | str) -> list[tuple[str, str, bool]]:
    parser = ToolsAdapter().stream_parser(_TASK, options={})
    assert isinstance(parser, CallStreamParser)
    deltas = [
        each for part in parts for each in (parser.feed(part) if isinstance(part, str) else parser.feed_call(part))
    ]
    return [(each.field, each.text, each.last) for each in [*deltas, *parser.close()] if each.text or each.last]


def test_a_call_is_told_as_its_arguments_arrive() -> None:
    """However they are cut; the words around the call say nothing."""
    pieces = [ToolCallDelta(0, arguments=each) for each in '{"words": 12, "note": "a\\u00e5"}']

    told = _told("Let me call it.", ToolCallDelta(0, "1", TOOL), *pieces, "Done.")

    assert told == [("words", "12", True), ("note", "a", False), ("note", "å", False), ("note", "", True)]


def test_what_may_not_count_is_left_to_the_end_of_the_reply() -> None:
    """A second call, a call of another tool, and a call after a text that has told something."""
    first, again = ToolCallDelta(0, "1", TOOL, '{"words": 1}'), ToolCallDelta(1, "2", TOOL, '{"words": 2}')

    assert _told(first, again) == [("words", "1", True)]
    assert _told(ToolCallDelta(0, "1", "other", '{"words": 1}')) == []
    assert _told('{"words": 3}', first) == [("words", "3", True)]


def test_a_reply_in_text_is_told_as_it_arrives() -> None:
    """The text is read by the rules of JSON."""
    parser = ToolsAdapter().stream_parser(_TASK, options={})

    assert [(delta.field, delta.text, delta.last) for delta in parser.feed('{"words": 12, ')] == [("words", "12", True)]
