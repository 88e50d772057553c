"""The `choice` format: one output that is one of a list of texts, written, kept to by grammar, or scored.

Decodings: `grammar` writes one of the labels and nothing else; `free` writes what it will; `likelihood` writes nothing:
the model scores every label as the continuation, and calibration may correct the scores.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import evolve

from elixirml.contracts import (
    FREE_OF_CALLS,
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
from elixirml.variables import Boolean, Choice, Fitted, Variable, when
from elixirml_adapters.calibration import ScoredRow, batch_bias, fitted_bias
from elixirml_adapters.choice_layouts import LAYOUTS, TEXT_LAYOUTS, ChoiceTask
from elixirml_adapters.grammar import choice_grammar
from elixirml_adapters.mending import mended_value
from elixirml_adapters.options import Domains, require, settled
from elixirml_adapters.parsing import fit_text
from elixirml_adapters.parsing.streams import TextStream
from elixirml_adapters.readout import PROBES, Readout, ReadoutRow, fit_readout
from elixirml_adapters.rendering import capitalised
from elixirml_adapters.replies import reading

__all__ = ["ChoiceAdapter"]

_DOMAINS: Final[Domains] = {
    "layout": LAYOUTS,
    "decoding": ("grammar", "free", "likelihood"),
    "calibration": ("none", "batch", "fitted", "readout"),
    "bias": (),
    "readout": (),
    "input_name": (),
    "output_name": (),
    "list_labels": (False, True),
}
_INPUT_NAMES: Final = ("Text", "Sentence", "Question", "Input")
_OUTPUT_NAMES: Final = ("Label", "Answer", "Category", "Type")


class ChoiceAdapter:
    """Asks for one of a list of texts."""

    def suits(self, signature: Signature) -> int:
        """Return 90 for a signature whose only output is one of a list of texts, else 0."""
        return 90 if len(signature.outputs) == 1 and signature.outputs[0].choices else 0

    def variables(self, signature: Signature) -> tuple[Variable, ...]:
        """Return layout, decoding, calibration with its bias, and the wording of the text layouts.

        `calibration` and `bias` only change how a reply is read, which their hint says.
        """
        if not self.suits(signature):
            return ()
        return (
            Choice("layout", default=LAYOUTS[0], options=LAYOUTS, hint="a chat, or a text to continue"),
            Choice(
                "decoding",
                default="grammar",
                options=_DOMAINS["decoding"],
                hint="keep to the labels by grammar, write freely, or score every label",
            ),
            Choice(
                "calibration",
                default="none",
                options=_DOMAINS["calibration"],
                active_if=when("decoding").equals("likelihood"),
                hint=FREE_OF_CALLS,
            ),
            Fitted("bias", active_if=when("calibration").one_of(["batch", "fitted"]), hint=FREE_OF_CALLS),
            Fitted("readout", active_if=when("calibration").equals("readout"), hint=FREE_OF_CALLS),
            *_wordings(signature),
        )

    def format(self, call: FormatCall) -> ModelRequest:
        """Return a chat, or a text whose next words are the label.

        Raises:
            ConfigError: The signature is not one choice, or the model lacks what layout or decoding need.
        """
        options = settled(call.options, _DOMAINS)
        task = ChoiceTask.of(call.signature, options)
        if task.in_text:
            setting = f"layout = {task.layout}"
            require(Capability.TEXT, of=call.capabilities, setting=setting, instead="the layout `chat`")
        return _decoded(task, call, how=options["decoding"])

    def parse(self, signature: Signature, response: ModelResponse, *, options: Mapping[str, Any]) -> dict[str, Json]:
        """Return the label: the likeliest of the scored ones after their biases, else the one that was written.

        Raises:
            ParseError: No label was written, or not every label has a score.
        """
        chosen = settled(options, _DOMAINS)
        task = ChoiceTask.of(signature, chosen)
        name = task.output.name
        if response.label_logprobs or chosen["decoding"] == "likelihood":
            return {name: _likeliest(task, response, options=chosen)}
        written = {task.continuation(label): label for label in task.labels}
        if response.text in written:
            return {name: written[response.text]}
        with reading(response.text, field=name):
            return {name: fit_text(response.text, task.output.schema)}

    def repair(
        self, signature: Signature, response: ModelResponse, error: ParseError, *, options: Mapping[str, Any]
    ) -> Mended:
        """Return the output fields of a refused reply, mended.

        Raises:
            ParseError: It cannot be mended.
        """
        task = ChoiceTask.of(signature, settled(options, _DOMAINS))
        name, scored = task.output.name, bool(response.label_logprobs)
        mended = None if scored else mended_value(response.text, task.output.schema)
        if mended is None:
            raise error
        return Mended({name: mended.value}, (f"`{name}`: {mended.change}",))

    def stream_parser(self, signature: Signature, *, options: Mapping[str, Any]) -> StreamParser:
        """Return a reader of one reply as it arrives.

        The label is told of when the reply has ended: the first words of one may be all of another. Of a reply that
        was scored, not written, there is nothing to read.
        """
        name = signature.outputs[0].name
        scored = settled(options, _DOMAINS)["decoding"] == "likelihood"

        def label_of(text: str) -> str | None:
            try:
                label = self.parse(signature, ModelResponse(text), options=options)[name]
            except ParseError:
                return None
            return label if isinstance(label, str) else None

        return TextStream(name, (lambda _: None) if scored else label_of)

    def fit(
        self, signature: Signature, observations: Sequence[Observation], *, options: Mapping[str, Any]
    ) -> Mapping[str, Json]:
        """Return `bias` or `readout`, by the calibration chosen; nothing without one or without scored replies."""
        chosen = settled(options, _DOMAINS)
        if chosen["decoding"] != "likelihood" or chosen["calibration"] == "none":
            return {}
        task = ChoiceTask.of(signature, chosen)
        if chosen["calibration"] == "readout":
            read = fit_readout(_readout_rows(task, observations), task.labels)
            return {} if read is None else {"readout": read.to_json()}
        rows = [_row(task, observation) for observation in observations]
        bias = (batch_bias if chosen["calibration"] == "batch" else fitted_bias)(rows, task.labels)
        return {"bias": {**bias}} if bias else {}


def _wordings(signature: Signature) -> list[Variable]:
    """Return the variables of the text layouts; several inputs go by their own names."""
    in_text = when("layout").one_of(TEXT_LAYOUTS)

    def naming(name: str, field: str, words: Sequence[str]) -> Variable:
        own = capitalised(field)
        options = (own, *(word for word in words if word.casefold() != own.casefold()))
        return Choice(name, default=own, options=options, active_if=in_text, hint=f"what the text calls `{field}`")

    named = [naming("output_name", signature.outputs[0].name, _OUTPUT_NAMES)]
    if len(signature.inputs) == 1:
        named.insert(0, naming("input_name", signature.inputs[0].name, _INPUT_NAMES))
    listed = Boolean("list_labels", default=False, active_if=in_text, hint="name the labels after the instruction")
    return [*named, listed]


def _decoded(task: ChoiceTask, call: FormatCall, *, how: str) -> ModelRequest:
    """Return the prompt with what makes the model give a label.

    A model without grammars writes freely, which asks the same of it; scores cannot be replaced in such a way.
    """
    request = task.prompt(call)
    continuations = [task.continuation(label) for label in task.labels]
    if how == "likelihood":
        setting, instead = "decoding = likelihood", "the decoding `grammar` or `free`"
        require(Capability.LABEL_LOGPROBS, of=call.capabilities, setting=setting, instead=instead)
        # The words are asked for whatever the calibration, so that every calibration is answered by one call.
        probes = tuple(task.continuation(word) for word in PROBES)
        return evolve(request, labels=tuple(continuations), probes=probes, max_tokens=1)
    request = evolve(request, max_tokens=call.max_tokens, temperature=call.temperature)
    if how == "grammar" and Capability.GRAMMAR in call.capabilities:
        return evolve(request, grammar=choice_grammar(continuations))
    return evolve(request, stop=("\n",)) if task.in_text else request


def _likeliest(task: ChoiceTask, response: ModelResponse, *, options: Mapping[str, Any]) -> str:
    """Return the label of the highest corrected score; of equals the one declared first."""
    given = response.label_logprobs
    scores = {label: given.get(task.continuation(label), math.nan) for label in task.labels}
    _refuse_missing(task, response, [label for label, score in scores.items() if math.isnan(score)])
    if options["calibration"] == "readout" and options["readout"]:
        readout = Readout.from_json(options["readout"])
        probes = _probes(task, given)
        words = {word for weights in readout.weights.values() for word in weights}
        _refuse_missing(task, response, sorted(words - probes.keys()))
        return max(task.labels, key=lambda label: readout.score(label, scores, probes))
    bias: Mapping[str, float] = (options["bias"] if options["calibration"] in {"batch", "fitted"} else None) or {}
    return max(task.labels, key=lambda label: scores[label] + bias.get(label, 0.0))


def _refuse_missing(task: ChoiceTask, response: ModelResponse, missing: Sequence[str]) -> None:
    """Raise a `ParseError` when something that decides between the labels was not scored."""
    if missing:
        raise ParseError(
            f"`{task.output.name}` cannot be chosen: the reply has no score for {', '.join(map(repr, missing))}.",
            failure="missing_field",
            path=(task.output.name,),
            reply=response.text,
        )


def _probes(task: ChoiceTask, given: Mapping[str, float]) -> dict[str, float]:
    """Return the log-probabilities of the probe words that were scored."""
    return {word: given[task.continuation(word)] for word in PROBES if task.continuation(word) in given}


def _readout_rows(task: ChoiceTask, observations: Sequence[Observation]) -> list[ReadoutRow]:
    """Return the answered observations that have a score for every label."""
    rows: list[ReadoutRow] = []
    for observation in observations:
        row = _row(task, observation)
        if row.expected in task.labels and len(row.scores) == len(task.labels):
            rows.append(ReadoutRow(row.scores, _probes(task, observation.response.label_logprobs), row.expected))
    return rows


def _row(task: ChoiceTask, observation: Observation) -> ScoredRow:
    """Return what an observation says about the labels."""
    given = observation.response.label_logprobs
    scores = {label: given[task.continuation(label)] for label in task.labels if task.continuation(label) in given}
    answer: object = (observation.expected or {}).get(task.output.name)
    return ScoredRow(scores, answer if isinstance(answer, str) else None)
