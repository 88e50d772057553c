"""The `json` format: one JSON object a reply, kept to by schema or grammar where the model can."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import evolve

from elixirml.contracts import Capability, FormatCall, ModelRequest, ModelResponse, Observation, Signature
from elixirml.identity import Json
from elixirml.variables import Choice, Variable
from elixirml_adapters.conversation import Turn, converse
from elixirml_adapters.grammar import json_grammar
from elixirml_adapters.notation import compact_type
from elixirml_adapters.options import Domains, require, settled
from elixirml_adapters.parsing import parse_json_reply
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

__all__ = ["JsonAdapter"]

_DOMAINS: Final[Domains] = {
    "constraint": ("auto", "schema", "grammar", "none"),
    "schema_style": ("compact", "json_schema"),
}


class JsonAdapter:
    """Writes and reads one JSON object."""

    def suits(self, signature: Signature) -> int:
        """Return 40."""
        _ = signature
        return 40

    def variables(self, signature: Signature) -> tuple[Variable, ...]:
        """Return `constraint` (what keeps the reply to its shape) and `schema_style` (how the shape is shown)."""
        _ = signature
        return (
            Choice(
                "constraint",
                default="auto",
                options=_DOMAINS["constraint"],
                hint="what keeps the reply to its shape; auto is the schema, else the grammar, else nothing",
            ),
            Choice(
                "schema_style",
                default="compact",
                options=_DOMAINS["schema_style"],
                hint="show the reply's shape as a compact type or as a JSON Schema",
            ),
        )

    def format(self, call: FormatCall) -> ModelRequest:
        """Return a chat: instruction, fields and shape; demos; the example.

        Raises:
            ConfigError: The constraint asked for by name needs a capability that the model lacks.
        """
        options = settled(call.options, _DOMAINS)
        signature = call.signature
        schema = output_schema(signature.outputs)
        chat = converse(
            _system(signature, schema, style=options["schema_style"]),
            demos=[
                Turn(_inputs(signature, demo.inputs), _reply(signature, demo.outputs))
                for demo in worked(signature, call.demos)
            ],
            example=paragraphs(_inputs(signature, call.values), feedback_note(call.feedback)),
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

    def fit(
        self, signature: Signature, observations: Sequence[Observation], *, options: Mapping[str, Any]
    ) -> Mapping[str, Json]:
        """Return nothing: the format has no fitted variables."""
        _ = signature, observations, options
        return {}


def _constrained(
    request: ModelRequest, schema: Mapping[str, Any], *, how: str, capabilities: frozenset[Capability]
) -> ModelRequest:
    """Return the request with the schema or the grammar, by the constraint chosen and what the model can do."""
    match how:
        case "schema":
            require(Capability.JSON_SCHEMA, of=capabilities, setting="constraint = schema", instead="`auto` or `none`")
        case "grammar":
            require(Capability.GRAMMAR, of=capabilities, setting="constraint = grammar", instead="`auto` or `none`")
        case "none":
            return request
        case _:
            pass
    if how == "schema" or (how == "auto" and Capability.JSON_SCHEMA in capabilities):
        return evolve(request, json_schema=schema)
    if how == "grammar" or Capability.GRAMMAR in capabilities:
        return evolve(request, grammar=json_grammar(schema))
    return request


def _system(signature: Signature, schema: Mapping[str, Any], *, style: str) -> str:
    shape = compact_type(schema) if style == "compact" else compact_json(schema)
    asked = "of this shape" if style == "compact" else "that fits this JSON Schema"
    return paragraphs(
        signature.instruction,
        field_lines("You are given:", signature.inputs, notes=True),
        field_lines("You find:", signature.outputs, notes=True),
        f"Reply with one JSON object {asked}, and nothing else:",
        shape,
    )


def _inputs(signature: Signature, values: Mapping[str, Any]) -> str:
    return "\n".join(f"{each.name}: {value_text(value)}" for each, value in present(signature.inputs, values))


def _reply(signature: Signature, values: Mapping[str, Any]) -> str:
    """Return the outputs as a model should write them.

    `<` before a slash is escaped: a closing tag of a thinking block inside a text would end one for a reader.
    """
    found = {each.name: value for each, value in present(signature.outputs, values)}
    return compact_json(found).replace("</", "\\u003c/")
