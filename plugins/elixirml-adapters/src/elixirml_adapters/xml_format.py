"""The `xml` format: every field an element of its own, such as `<answer>...</answer>`.

Values are written as text, other kinds as compact JSON inside their element. Only what would read as markup is
escaped, so ordinary text with `<` and `&` stays legible.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from elixirml.contracts import (
    Field,
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
from elixirml.variables import Variable
from elixirml_adapters.chat import CHAT_DOMAINS, chat_variables, ordered
from elixirml_adapters.conversation import Turn, converse
from elixirml_adapters.mending import mend
from elixirml_adapters.options import settled
from elixirml_adapters.parsing import parse_xml_reply
from elixirml_adapters.parsing.streams import XmlStream
from elixirml_adapters.rendering import (
    feedback_note,
    field_lines,
    output_schema,
    paragraphs,
    present,
    value_text,
    worked,
)
from elixirml_adapters.replies import reading

__all__ = ["XmlAdapter", "element_text"]

_MARKUP: Final = re.compile(r"<(?=[^\W\d]|[/!?_])|&(?=#?\w+;)|\A\s+|\s+\Z")
_NAMED: Final = {"<": "&lt;", "&": "&amp;"}
_ASKED: Final = {
    "full": "Reply with these elements, each around its value, and nothing else:",
    "brief": "Format of the reply:",
}


class XmlAdapter:
    """Writes and reads fields as elements."""

    def suits(self, signature: Signature) -> int:
        """Return 30."""
        _ = signature
        return 30

    def variables(self, signature: Signature) -> tuple[Variable, ...]:
        """Return those of all chat formats."""
        return chat_variables(signature, free=("demo_layout", "field_notes"))

    def format(self, call: FormatCall) -> ModelRequest:
        """Return a chat: instruction, fields and format; demos; the example."""
        options = settled(call.options, CHAT_DOMAINS)
        signature = ordered(call.signature, options["field_order"])
        chat = converse(
            _system(signature, options),
            demos=[
                Turn(_elements(signature.inputs, demo.inputs), _elements(signature.outputs, demo.outputs))
                for demo in worked(signature, call.demos)
            ],
            example=paragraphs(_elements(signature.inputs, call.values), feedback_note(call.feedback)),
            layout=options["demo_layout"],
        )
        return ModelRequest(
            messages=chat.messages, stable=chat.stable, max_tokens=call.max_tokens, temperature=call.temperature
        )

    def parse(self, signature: Signature, response: ModelResponse, *, options: Mapping[str, Any]) -> dict[str, Json]:
        """Return the output fields of a reply.

        Raises:
            ParseError: With the field, the reason and the reply.
        """
        settled(options, CHAT_DOMAINS)
        with reading(response.text):
            return parse_xml_reply(response.text, output_schema(signature.outputs))

    def repair(
        self, signature: Signature, response: ModelResponse, error: ParseError, *, options: Mapping[str, Any]
    ) -> Mended:
        """Return the output fields of a refused reply, mended.

        Raises:
            ParseError: It cannot be mended.
        """
        settled(options, CHAT_DOMAINS)
        return mend(response.text, output_schema(signature.outputs), parse_xml_reply, error=error)

    def stream_parser(self, signature: Signature, *, options: Mapping[str, Any]) -> StreamParser:
        """Return a reader of one reply as it arrives."""
        settled(options, CHAT_DOMAINS)
        return XmlStream(output_schema(signature.outputs))

    def fit(
        self, signature: Signature, observations: Sequence[Observation], *, options: Mapping[str, Any]
    ) -> Mapping[str, Json]:
        """Return nothing: the format has no fitted variables."""
        _ = signature, observations, options
        return {}


def element_text(value: object) -> str:
    """Return a value as the text of an element.

    Escaped are only a `<` that could open a tag, an `&` that could begin an entity, and outer blanks, which readers
    trim.

    Example:
        >>> element_text("a < b, AT&T, <b> &amp;")
        'a < b, AT&T, &lt;b> &amp;amp;'
    """
    return _MARKUP.sub(_escape, value_text(value))


def _escape(found: re.Match[str]) -> str:
    sign = found.group()
    return _NAMED.get(sign) or "".join(f"&#{ord(each)};" for each in sign)


def _elements(fields: Iterable[Field], values: Mapping[str, Any]) -> str:
    return "\n".join(f"<{each.name}>{element_text(value)}</{each.name}>" for each, value in present(fields, values))


def _system(signature: Signature, options: Mapping[str, Any]) -> str:
    notes = options["field_notes"]
    return paragraphs(
        signature.instruction,
        field_lines("You are given:", signature.inputs, notes=notes),
        field_lines("You find:", signature.outputs, notes=notes),
        _ASKED[options["wording"]],
        "\n".join(f"<{each.name}>...</{each.name}>" for each in signature.outputs),
    )
