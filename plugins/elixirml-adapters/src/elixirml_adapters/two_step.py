"""The `two_step` format: the model answers in its own words, and a second call puts the answer into its fields.

Models that think in words, and small ones, answer better where they need not keep to a form meanwhile. The price is a
second call. It is saved where the first reply happens to be in the form that the second call would ask for.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from attrs import evolve

from elixirml.contracts import (
    Demo,
    Field,
    FormatCall,
    Mended,
    ModelRequest,
    ModelResponse,
    Observation,
    RepairingAdapter,
    Signature,
    StreamingAdapter,
    StreamParser,
)
from elixirml.errors import ParseError
from elixirml.identity import Json
from elixirml.variables import Choice, Variable
from elixirml_adapters.chat import CHAT_DOMAINS, chat_variables, ordered
from elixirml_adapters.conversation import Turn, converse
from elixirml_adapters.json_format import JsonAdapter, input_lines
from elixirml_adapters.options import Domains, settled
from elixirml_adapters.parsing import ParseFailure, answer_of
from elixirml_adapters.rendering import feedback_note, field_lines, paragraphs, present, value_text, worked
from elixirml_adapters.sections import SectionsAdapter

__all__ = ["TwoStepAdapter"]


class _Extraction(RepairingAdapter, StreamingAdapter, Protocol):
    """A format that the second call can have."""


_EXTRACTIONS: Final[Mapping[str, _Extraction]] = {"json": JsonAdapter(), "sections": SectionsAdapter()}
_DOMAINS: Final[Domains] = {"extraction": tuple(_EXTRACTIONS), **CHAT_DOMAINS}
_ASKED: Final = {
    "full": "Think about it, then answer in plain words. Say clearly what you find for each of these.",
    "brief": "Answer in plain words.",
}
_EXTRACT: Final = (
    "Below is somebody's answer to a task, as data. Take from it what it says, and add nothing of your own; "
    "where it changes its mind, its last word counts."
)


class TwoStepAdapter:
    """Asks for an answer in plain words, then for the fields it holds."""

    def suits(self, signature: Signature) -> int:
        """Return 10, since every answer takes two calls; 0 for one label, which needs no second step."""
        return 0 if len(signature.outputs) == 1 and signature.outputs[0].choices else 10

    def variables(self, signature: Signature) -> tuple[Variable, ...]:
        """Return `extraction` (the format of the second call) and those of all chats, for the first."""
        extraction = Choice(
            "extraction",
            default=_DOMAINS["extraction"][0],
            options=_DOMAINS["extraction"],
            hint="the format in which the second call asks for the fields",
        )
        return (extraction.freeze(), *chat_variables(signature))

    def format(self, call: FormatCall) -> ModelRequest:
        """Return the first request: instruction and fields; demos; the example."""
        options = settled(call.options, _DOMAINS)
        signature = ordered(call.signature, options["field_order"])
        chat = converse(
            _system(signature, options),
            demos=[
                Turn(input_lines(signature, demo.inputs), _answer(signature, demo.outputs))
                for demo in worked(signature, call.demos)
            ],
            example=paragraphs(input_lines(signature, call.values), feedback_note(call.feedback)),
            layout=options["demo_layout"],
        )
        return ModelRequest(
            messages=chat.messages, stable=chat.stable, max_tokens=call.max_tokens, temperature=call.temperature
        )

    def follow(self, call: FormatCall, response: ModelResponse) -> ModelRequest | None:
        """Return the second request: the fields that the answer holds, at temperature 0.

        There is none where the first reply holds the fields in the form of the second, or holds no answer.
        """
        options = settled(call.options, _DOMAINS)
        try:
            answer = answer_of(response.text)
        except ParseFailure:
            return None
        if self._reads(call, response):
            return None
        signature = ordered(call.signature, options["field_order"])
        name = _free_name(signature)
        asked = Signature(
            signature.name,
            paragraphs(_EXTRACT, "The task was:", signature.instruction) if signature.instruction else _EXTRACT,
            (Field(name, str, {"type": "string"}, description="what was answered"),),
            signature.outputs,
        )
        second = evolve(
            call,
            signature=asked,
            values={name: answer.strip()},
            demos=tuple(Demo({name: _answer(signature, each.outputs)}, each.outputs) for each in _first(call)),
            options={},
            temperature=0.0,
        )
        return _EXTRACTIONS[options["extraction"]].format(second)

    def parse(self, signature: Signature, response: ModelResponse, *, options: Mapping[str, Any]) -> dict[str, Json]:
        """Return the output fields of the reply to the second request.

        Raises:
            ParseError: With the field, the reason and the reply.
        """
        return _extraction(options).parse(signature, response, options={})

    def repair(
        self, signature: Signature, response: ModelResponse, error: ParseError, *, options: Mapping[str, Any]
    ) -> Mended:
        """Return the output fields of a refused reply to the second request, mended.

        Raises:
            ParseError: It cannot be mended.
        """
        return _extraction(options).repair(signature, response, error, options={})

    def stream_parser(self, signature: Signature, *, options: Mapping[str, Any]) -> StreamParser:
        """Return a reader of the reply to the second request."""
        return _extraction(options).stream_parser(signature, options={})

    def fit(
        self, signature: Signature, observations: Sequence[Observation], *, options: Mapping[str, Any]
    ) -> Mapping[str, Json]:
        """Return nothing: the format has no fitted variables."""
        _ = signature, observations, options
        return {}

    def _reads(self, call: FormatCall, response: ModelResponse) -> bool:
        try:
            self.parse(call.signature, response, options=call.options)
        except ParseError:
            return False
        return True


def _extraction(options: Mapping[str, Any]) -> _Extraction:
    return _EXTRACTIONS[settled(options, _DOMAINS)["extraction"]]


def _system(signature: Signature, options: Mapping[str, Any]) -> str:
    notes = options["field_notes"]
    return paragraphs(
        signature.instruction,
        field_lines("You are given:", signature.inputs, notes=notes),
        field_lines("You find:", signature.outputs, notes=notes),
        _ASKED[options["wording"]],
    )


def _answer(signature: Signature, values: Mapping[str, Any]) -> str:
    """Return the outputs of a demo as an answer, in lines."""
    return "\n".join(f"{each.name}: {value_text(value)}" for each, value in present(signature.outputs, values))


def _first(call: FormatCall) -> Sequence[Demo]:
    """Return the demo that shows how an answer is put into its fields; one is enough for that."""
    return worked(call.signature, call.demos)[:1]


def _free_name(signature: Signature) -> str:
    """Return what the answer is called in the second request: a name that no output has."""
    taken = {each.name for each in signature.outputs}
    name = "answer_given"
    while name in taken:
        name += "_"
    return name
