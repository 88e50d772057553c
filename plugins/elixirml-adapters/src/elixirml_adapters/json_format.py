"""The `json` format: one JSON object a reply, kept to by schema or grammar where the model can."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import evolve

from elixirml.contracts import (
    Capability,
    FormatCall,
    Mended,
    ModelRequest,
    ModelResponse,
    Observation,
    Signature,
    StreamParser,
)
from elixirml.errors import ParseError
from elixirml.identity import Json
from elixirml.variables import Choice, Variable
from elixirml_adapters.chat import CHAT_DOMAINS, chat_variables, ordered
from elixirml_adapters.conversation import Turn, converse
from elixirml_adapters.grammar import json_grammar
from elixirml_adapters.mending import mend
from elixirml_adapters.notation import compact_type
from elixirml_adapters.options import Domains, require, settled
from elixirml_adapters.parsing import parse_json_reply
from elixirml_adapters.parsing.streams import JsonStream
from elixirml_adapters.rendering import (
    compact_json,
    feedback_note,
    field_lines,
    output_schema,
    paragraphs,
    present,
    value_text,
    worked,
)
from elixirml_adapters.replies import reading
from elixirml_adapters.strict_schema import strict_schema

__all__ = ["JsonAdapter", "input_lines", "reply_text"]

_DOMAINS: Final[Domains] = {
    "constraint": ("auto", "schema", "grammar", "none"),
    "schema_style": ("compact", "json_schema"),
    **CHAT_DOMAINS,
}
_ASKED: Final = {
    ("full", "compact"): "Reply with one JSON object of this shape, and nothing else:",
    ("full", "json_schema"): "Reply with one JSON object that fits this JSON Schema, and nothing else:",
    ("brief", "compact"): "JSON of this shape:",
    ("brief", "json_schema"): "JSON that fits this schema:",
}
_NEEDED: Final = {
    "schema": Capability.JSON_SCHEMA,
    "grammar": Capability.GRAMMAR,
    "json_mode": Capability.JSON_MODE,
}


class JsonAdapter:
    """Writes and reads one JSON object."""

    def suits(self, signature: Signature) -> int:
        """Return 40."""
        _ = signature
        return 40

    def variables(self, signature: Signature) -> tuple[Variable, ...]:
        """Return `constraint` (what keeps the reply to its shape), `schema_style`, and those of all chat formats."""
        return (
            Choice(
                "constraint",
                default="auto",
                options=_DOMAINS["constraint"],
                hint="what keeps the reply to its shape; auto is the best of these that the model can do",
            ),
            Choice(
                "schema_style",
                default="compact",
                options=_DOMAINS["schema_style"],
                hint="show the reply's shape as a compact type or as a JSON Schema",
            ),
            *chat_variables(signature),
        )

    def format(self, call: FormatCall) -> ModelRequest:
        """Return a chat: instruction, fields and shape; demos; the example.

        Raises:
            ConfigError: The constraint asked for by name needs a capability that the model lacks.
        """
        options = settled(call.options, _DOMAINS)
        signature = ordered(call.signature, options["field_order"])
        schema = output_schema(signature.outputs)
        chat = converse(
            _system(signature, schema, options),
            demos=[
                Turn(input_lines(signature, demo.inputs), reply_text(signature, demo.outputs))
                for demo in worked(signature, call.demos)
            ],
            example=paragraphs(input_lines(signature, call.values), feedback_note(call.feedback)),
            layout=options["demo_layout"],
        )
        request = ModelRequest(
            messages=chat.messages, stable=chat.stable, max_tokens=call.max_tokens, temperature=call.temperature
        )
        return _constrained(request, schema, how=options["constraint"], capabilities=call.capabilities)

    def parse(self, signature: Signature, response: ModelResponse, *, options: Mapping[str, Any]) -> dict[str, Json]:
        """Return the output fields of a reply.

        Raises:
            ParseError: With the field, the reason and the reply.
        """
        settled(options, _DOMAINS)
        with reading(response.text):
            return parse_json_reply(response.text, output_schema(signature.outputs))

    def repair(
        self, signature: Signature, response: ModelResponse, error: ParseError, *, options: Mapping[str, Any]
    ) -> Mended:
        """Return the output fields of a refused reply, mended.

        Raises:
            ParseError: It cannot be mended.
        """
        settled(options, _DOMAINS)
        return mend(response.text, output_schema(signature.outputs), parse_json_reply, error=error)

    def stream_parser(self, signature: Signature, *, options: Mapping[str, Any]) -> StreamParser:
        """Return a reader of one reply as it arrives."""
        settled(options, _DOMAINS)
        return JsonStream(output_schema(signature.outputs))

    def fit(
        self, signature: Signature, observations: Sequence[Observation], *, options: Mapping[str, Any]
    ) -> Mapping[str, Json]:
        """Return nothing: the format has no fitted variables."""
        _ = signature, observations, options
        return {}


def _constrained(
    request: ModelRequest, schema: Mapping[str, Any], *, how: str, capabilities: frozenset[Capability]
) -> ModelRequest:
    """Return the request with what keeps the reply to its shape, by the constraint chosen and what the model can do.

    Where the providers' dialect of JSON Schema cannot say the shape, `auto` passes on to the next means; a schema asked
    for by name is then sent as it is.
    """
    if how == "auto":
        how = _best(schema, capabilities)
    elif how != "none":
        require(_NEEDED[how], of=capabilities, setting=f"constraint = {how}", instead="`auto` or `none`")
    match how:
        case "schema":
            return evolve(request, json_schema=strict_schema(schema) or schema)
        case "grammar":
            return evolve(request, grammar=json_grammar(schema))
        case "json_mode":
            return evolve(request, json_mode=True)
        case _:
            return request


def _best(schema: Mapping[str, Any], capabilities: frozenset[Capability]) -> str:
    """Return the means that holds a reply most firmly, of those the model has."""
    means = (how for how, needed in _NEEDED.items() if needed in capabilities)
    return next((how for how in means if how != "schema" or strict_schema(schema) is not None), "none")


def _system(signature: Signature, schema: Mapping[str, Any], options: Mapping[str, Any]) -> str:
    notes, style = options["field_notes"], options["schema_style"]
    return paragraphs(
        signature.instruction,
        field_lines("You are given:", signature.inputs, notes=notes),
        field_lines("You find:", signature.outputs, notes=notes),
        _ASKED[options["wording"], style],
        compact_type(schema) if style == "compact" else compact_json(schema),
    )


def input_lines(signature: Signature, values: Mapping[str, Any]) -> str:
    """Return the inputs that are there, a line each with its name."""
    return "\n".join(f"{each.name}: {value_text(value)}" for each, value in present(signature.inputs, values))


def reply_text(signature: Signature, values: Mapping[str, Any]) -> str:
    """Return the outputs as a model should write them.

    `<` before a slash is escaped: a closing tag of a thinking block inside a text would end one for a reader.
    """
    found = {each.name: value for each, value in present(signature.outputs, values)}
    return compact_json(found).replace("</", "\\u003c/")
