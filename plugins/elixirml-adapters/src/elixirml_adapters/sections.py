"""The `sections` format: every field under a header of its own, such as `[[ ## answer ## ]]`.

It needs nothing of the model but a chat, carries long texts without escapes, and suits every signature. Texts are
written as they are, so a value that itself holds a header of an output field reads as that field; use `json` where
such texts are to be expected.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from attrs import frozen

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
from elixirml.variables import Choice, Variable
from elixirml_adapters.chat import CHAT_DOMAINS, chat_variables, ordered
from elixirml_adapters.conversation import Turn, converse
from elixirml_adapters.mending import Reading, mend
from elixirml_adapters.options import Domains, settled
from elixirml_adapters.parsing import parse_sections_reply
from elixirml_adapters.parsing.streams import SectionsStream
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

__all__ = ["Marker", "SectionsAdapter"]


@frozen
class Marker:
    """How headers look.

    Attributes:
        template: A header with `{name}` where the field's name goes.
        ended: Whether a header of its own closes the reply, so that writing can stop there.
    """

    template: str
    ended: bool = True

    def header(self, name: str) -> str:
        """Return the header of a field."""
        return self.template.replace("{name}", name)

    def end(self, signature: Signature) -> str | None:
        """Return the name in the closing header: the first of a few words that no output field is called."""
        taken = {_folded(each.name) for each in signature.outputs}
        words = ("completed", "end", "done", "end of reply")
        return next((word for word in words if _folded(word) not in taken), None) if self.ended else None

    def write(self, fields: Iterable[Field], values: Mapping[str, Any]) -> str:
        """Return the values that are there, each under its header."""
        return paragraphs(
            *(f"{self.header(each.name)}\n{value_text(value)}" for each, value in present(fields, values))
        )


def _folded(name: str) -> str:
    return "".join(name.split()).replace("_", "").replace("-", "").casefold()


_MARKERS: Final[Mapping[str, Marker]] = {
    "[[ ## name ## ]]": Marker("[[ ## {name} ## ]]"),
    "=== name ===": Marker("=== {name} ==="),
    "<<name>>": Marker("<<{name}>>"),
    "### name:": Marker("### {name}:", ended=False),
}
_DOMAINS: Final[Domains] = {"marker": tuple(_MARKERS), **CHAT_DOMAINS}
_ASKED: Final = {
    "full": "Reply with these headers, each followed by its value on the next line, and nothing else:",
    "brief": "Format of the reply:",
}


class SectionsAdapter:
    """Writes and reads fields under headers."""

    def suits(self, signature: Signature) -> int:
        """Return 50: the default where no format is made for the signature."""
        _ = signature
        return 50

    def variables(self, signature: Signature) -> tuple[Variable, ...]:
        """Return `marker` (how headers look) and those of all chat formats."""
        marker = Choice("marker", default=_DOMAINS["marker"][0], options=_DOMAINS["marker"], hint="how headers look")
        return (marker, *chat_variables(signature, free=("demo_layout", "field_notes")))

    def format(self, call: FormatCall) -> ModelRequest:
        """Return a chat: instruction, fields and format; demos; the example."""
        options = settled(call.options, _DOMAINS)
        marker = _MARKERS[options["marker"]]
        signature = ordered(call.signature, options["field_order"])
        end = marker.end(signature)
        closing = marker.header(end) if end else ""
        chat = converse(
            _system(signature, marker, closing, options),
            demos=[
                Turn(
                    marker.write(signature.inputs, demo.inputs),
                    paragraphs(marker.write(signature.outputs, demo.outputs), closing),
                )
                for demo in worked(signature, call.demos)
            ],
            example=paragraphs(marker.write(signature.inputs, call.values), feedback_note(call.feedback)),
            layout=options["demo_layout"],
        )
        return ModelRequest(
            messages=chat.messages,
            stable=chat.stable,
            max_tokens=call.max_tokens,
            temperature=call.temperature,
            stop=(closing,) if closing else (),
        )

    def parse(self, signature: Signature, response: ModelResponse, *, options: Mapping[str, Any]) -> dict[str, Json]:
        """Return the output fields of a reply.

        Raises:
            ParseError: With the field, the reason and the reply.
        """
        with reading(response.text):
            return _reader(signature, options)(response.text, output_schema(signature.outputs))

    def repair(
        self, signature: Signature, response: ModelResponse, error: ParseError, *, options: Mapping[str, Any]
    ) -> Mended:
        """Return the output fields of a refused reply, mended.

        Raises:
            ParseError: It cannot be mended.
        """
        return mend(response.text, output_schema(signature.outputs), _reader(signature, options), error=error)

    def stream_parser(self, signature: Signature, *, options: Mapping[str, Any]) -> StreamParser:
        """Return a reader of one reply as it arrives."""
        marker = _MARKERS[settled(options, _DOMAINS)["marker"]]
        return SectionsStream(output_schema(signature.outputs), template=marker.template, end=marker.end(signature))

    def fit(
        self, signature: Signature, observations: Sequence[Observation], *, options: Mapping[str, Any]
    ) -> Mapping[str, Json]:
        """Return nothing: the format has no fitted variables."""
        _ = signature, observations, options
        return {}


def _reader(signature: Signature, options: Mapping[str, Any]) -> Reading:
    marker = _MARKERS[settled(options, _DOMAINS)["marker"]]
    return partial(parse_sections_reply, template=marker.template, end=marker.end(signature))


def _system(signature: Signature, marker: Marker, closing: str, options: Mapping[str, Any]) -> str:
    notes = options["field_notes"]
    headers = [marker.header(each.name) for each in signature.outputs]
    return paragraphs(
        signature.instruction,
        field_lines("You are given:", signature.inputs, notes=notes),
        field_lines("You find:", signature.outputs, notes=notes),
        _ASKED[options["wording"]],
        "\n".join([*headers, *([closing] if closing else [])]),
    )
