"""The `tools` format: the outputs are the arguments of one tool that the model must call.

Models trained to call tools keep to a tool's parameters more firmly than to a shape shown in words. A model without
tools is asked for a JSON object in words instead, as the adapter `json` does; so is a model that replies in text read.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from elixirml.contracts import (
    Capability,
    Demo,
    FormatCall,
    Mended,
    Message,
    ModelRequest,
    ModelResponse,
    Observation,
    Role,
    Signature,
    StreamParser,
    ToolCall,
    ToolSpec,
)
from elixirml.errors import ParseError
from elixirml.identity import Json
from elixirml.variables import Variable
from elixirml_adapters.chat import CHAT_DOMAINS, chat_variables, ordered
from elixirml_adapters.conversation import Turn, converse
from elixirml_adapters.json_format import JsonAdapter, input_lines, reply_text
from elixirml_adapters.mending import mend
from elixirml_adapters.options import settled
from elixirml_adapters.parsing import parse_json_reply
from elixirml_adapters.parsing.streams import ToolsStream
from elixirml_adapters.rendering import feedback_note, field_lines, output_schema, paragraphs, worked
from elixirml_adapters.replies import reading

__all__ = ["TOOL", "ToolsAdapter"]

TOOL: Final = "reply"
"""The name of the tool that takes the outputs."""

_ASKED: Final = {"full": f"Reply by calling the tool `{TOOL}`, and say nothing else.", "brief": f"Call `{TOOL}`."}
_RECEIVED: Final = "Received."


class ToolsAdapter:
    """Asks for the outputs as one tool call."""

    def suits(self, signature: Signature) -> int:
        """Return 20: not every model can call tools, and where none can this is `json` with fewer choices."""
        _ = signature
        return 20

    def variables(self, signature: Signature) -> tuple[Variable, ...]:
        """Return those of all chat formats."""
        return chat_variables(signature)

    def format(self, call: FormatCall) -> ModelRequest:
        """Return a chat and the tool to call; demos are calls that were made."""
        options = settled(call.options, CHAT_DOMAINS)
        if Capability.TOOLS not in call.capabilities:
            return JsonAdapter().format(call)
        signature = ordered(call.signature, options["field_order"])
        demos = worked(signature, call.demos)
        inline = options["demo_layout"] == "inline"
        chat = converse(
            _system(signature, options),
            demos=[_turn(signature, demo) for demo in demos] if inline else (),
            example=paragraphs(input_lines(signature, call.values), feedback_note(call.feedback)),
            layout="inline",
        )
        made = (
            () if inline else tuple(each for index, demo in enumerate(demos) for each in _call(signature, demo, index))
        )
        return ModelRequest(
            messages=(*chat.messages[: chat.stable], *made, *chat.messages[chat.stable :]),
            stable=chat.stable + len(made),
            max_tokens=call.max_tokens,
            temperature=call.temperature,
            tools=(_tool(signature),),
            tool_choice=TOOL,
        )

    def parse(self, signature: Signature, response: ModelResponse, *, options: Mapping[str, Any]) -> dict[str, Json]:
        """Return the output fields: the call's arguments, or the JSON object in the text where no call came.

        Raises:
            ParseError: With the field, the reason and the reply; `ambiguous` for several calls that differ.
        """
        settled(options, CHAT_DOMAINS)
        reply = _reply(response)
        with reading(reply):
            return parse_json_reply(reply, output_schema(signature.outputs))

    def repair(
        self, signature: Signature, response: ModelResponse, error: ParseError, *, options: Mapping[str, Any]
    ) -> Mended:
        """Return the output fields of a refused reply, mended.

        Raises:
            ParseError: It cannot be mended.
        """
        settled(options, CHAT_DOMAINS)
        return mend(_reply(response), output_schema(signature.outputs), parse_json_reply, error=error)

    def stream_parser(self, signature: Signature, *, options: Mapping[str, Any]) -> StreamParser:
        """Return a reader of one reply as it arrives, be it a call or a text."""
        settled(options, CHAT_DOMAINS)
        return ToolsStream(output_schema(signature.outputs), tool=TOOL)

    def fit(
        self, signature: Signature, observations: Sequence[Observation], *, options: Mapping[str, Any]
    ) -> Mapping[str, Json]:
        """Return nothing: the format has no fitted variables."""
        _ = signature, observations, options
        return {}


def _reply(response: ModelResponse) -> str:
    """Return the arguments of the calls of the tool, or of any call; the text where none came."""
    calls = [each for each in response.tool_calls if each.name == TOOL] or response.tool_calls
    return "\n".join(each.arguments for each in calls) if calls else response.text


def _tool(signature: Signature) -> ToolSpec:
    schema = output_schema(signature.outputs)
    for each in signature.outputs:
        if each.description:
            schema["properties"][each.name] = {**schema["properties"][each.name], "description": each.description}
    return ToolSpec(TOOL, "Takes your reply.", schema)


def _call(signature: Signature, demo: Demo, index: int) -> tuple[Message, ...]:
    """Return a demo as three turns: what is asked, the call, and that it arrived, which services want to hear."""
    turn = _turn(signature, demo)
    asked = converse("", demos=(), example=turn.user).messages
    name = f"demo-{index + 1}"
    call = Message(Role.ASSISTANT, "", tool_calls=(ToolCall(name, TOOL, turn.assistant),))
    return (*asked, call, Message(Role.TOOL, _RECEIVED, tool_call_id=name))


def _turn(signature: Signature, demo: Demo) -> Turn:
    return Turn(input_lines(signature, demo.inputs), reply_text(signature, demo.outputs))


def _system(signature: Signature, options: Mapping[str, Any]) -> str:
    notes = options["field_notes"]
    return paragraphs(
        signature.instruction,
        field_lines("You are given:", signature.inputs, notes=notes),
        field_lines("You find:", signature.outputs, notes=notes),
        _ASKED[options["wording"]],
    )
